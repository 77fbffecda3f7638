/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/commands/setup_ask.h - what `espelho setup input` asks a person to do. */
#ifndef ESPELHO_COMMANDS_SETUP_ASK_H
#define ESPELHO_COMMANDS_SETUP_ASK_H

#include "setup/evdev_find.h"

struct setup_ask {
    char keyboard[EVDEV_PATH_BYTES], mouse[EVDEV_PATH_BYTES];
};

/* Waits for a key press and a motion; says what went wrong. `prefix`: of paths. An exit status. */
int setup_ask(const char *prefix, struct setup_ask *out);
/* The lines for the VM's XML, to be pasted. */
void setup_ask_print(const struct setup_ask *ask, const char *toggle);

#endif
