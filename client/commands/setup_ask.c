/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "commands/setup_ask.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "base/text.h"
#include "commands/commands.h"

enum { INPUT_WAIT_MS = 15000 };

static int ask_for(const char *prefix, enum evdev_kind kind, char path[EVDEV_PATH_BYTES])
{
    printf("%s\n", kind == EVDEV_KEYBOARD ? _("Press a key on the keyboard for the VM.")
                                          : _("Move the mouse for the VM."));
    fflush(stdout);
    switch (evdev_find(prefix, kind, INPUT_WAIT_MS, path)) {
    case 0:
        printf("  %s\n", path);
        return COMMAND_OK;
    case -ETIMEDOUT:
        return command_fail(&command_setup, "%s", _("Nothing came; please run it again."));
    case -EACCES:
        return command_fail(&command_setup, "%s",
                            _("These devices are root's: run the same with sudo."));
    default:
        return command_fail(&command_setup, "%s", _("There is no such device in /dev/input."));
    }
}

/* A path in XML; names of devices come from the devices. */
static void print_evdev(const char *path, bool keyboard, const char *toggle)
{
    printf("  <input type='evdev'>\n    <source dev='");
    for (const char *c = path; *c; c++)
        fputs(*c == '&'    ? "&amp;"
              : *c == '\'' ? "&apos;"
              : *c == '<'  ? "&lt;"
                           : (char[]){ *c, 0 },
              stdout);
    if (keyboard)
        printf("' grab='all' grabToggle='%s' repeat='on", toggle);
    printf("'/>\n  </input>\n");
}

int setup_ask(const char *prefix, struct setup_ask *out)
{
    int status = ask_for(prefix, EVDEV_KEYBOARD, out->keyboard);
    if (status == COMMAND_OK)
        status = ask_for(prefix, EVDEV_MOUSE, out->mouse);
    tcflush(STDIN_FILENO, TCIFLUSH); /* the key came to the terminal too, and answers nothing */
    return status;
}

void setup_ask_print(const struct setup_ask *ask, const char *toggle)
{
    printf("\n%s\n\n", _("For virsh edit, inside <devices>:"));
    print_evdev(ask->mouse, false, toggle);
    print_evdev(ask->keyboard, true, toggle);
    printf("  <input type='mouse' bus='virtio'/>\n  <input type='keyboard' bus='virtio'/>\n\n");
}
