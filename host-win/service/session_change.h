/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/service/session_change.h - what the service does when Windows says that something
 * happened to a session. Portable, pure, any thread.
 *
 * Locking, unlocking and a UAC question are nothing to do for the service: the capture process
 * follows the input desktop inside its session by itself. */
#ifndef ESPELHO_SERVICE_SESSION_CHANGE_H
#define ESPELHO_SERVICE_SESSION_CHANGE_H

#include <stdbool.h>
#include <stdint.h>

struct session_reaction {
    bool look_at_screen; /* ask again which session owns the screen */
    bool refresh_trays;  /* see that every session with a user at it has a tray icon */
};

/* `event`: WTS_CONSOLE_CONNECT and so on. One that we do not know is looked at. */
struct session_reaction session_change_reaction(uint32_t event);
/* "a user logged on": for the log. */
const char *session_change_text(uint32_t event);

#endif
