/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/commands/setup_screens.h - what the desktop shows, asked of its compositor. Threads: main
 * thread. */
#ifndef ESPELHO_COMMANDS_SETUP_SCREENS_H
#define ESPELHO_COMMANDS_SETUP_SCREENS_H

#include "setup/displays.h"

/* The screens of this session's Wayland compositor; for root, who has none, of that user's. Nothing
 * in *out where no compositor answers. */
void setup_screens(const char *user, struct displays_shown *out);

#endif
