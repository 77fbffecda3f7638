/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/tray/tray.h - the icon beside the clock: `espelho-host --tray`. Windows.
 *
 * A process of its own with the rights of the user, at the user's desktop only (never on the secure
 * one). It asks the capture process over the control pipe about once a second, shows what it hears,
 * and passes a user's wishes on. Ends when the service wants it (control/stop_event.h), when the
 * user quits, and at log-off. One per session. Threads: the main one. */
#ifndef ESPELHO_TRAY_TRAY_H
#define ESPELHO_TRAY_TRAY_H

/* `pipe_suffix`: of the control pipe's name, for tests; NULL: none. Returns an exit status: 0
 * ended, or there is one in this session already; 1 no icon could be made. */
int tray_run(const char *pipe_suffix);

#endif
