/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/win/desktop.h - attaches a thread to the desktop that has the input: the user's, or
 * Windows' own of the lock screen and of UAC ("Winlogon"). Captures fail on any other. Windows.
 * One object per thread, used by that thread, which has no windows. */
#ifndef ESPELHO_WIN_DESKTOP_H
#define ESPELHO_WIN_DESKTOP_H

#include <stdbool.h>

#include "base/macros.h"

struct desktop {
    void *handle;   /* HDESK, owned; NULL: the thread is where it began */
    void *original; /* borrowed: the thread's own */
    char name[64];  /* "Default", "Winlogon"; "": not known */
};

void desktop_init(struct desktop *d);
/* To be called again before each start of a capture. 0: attached, ->name says to what; -EACCES: not
 * allowed (the secure desktop is for LocalSystem only) and the thread stays where it was; -EIO. */
int desktop_enter(struct desktop *d) MUST_CHECK;
/* Back to where the thread began. */
void desktop_leave(struct desktop *d);
/* The lock screen, a log-on or a question of UAC. */
bool desktop_is_secure(const struct desktop *d);

#endif
