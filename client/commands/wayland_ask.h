/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/commands/wayland_ask.h - a compositor that is asked something and left again: for verbs
 * that have no window. One that hangs is not waited for longer than some seconds, and what
 * libwayland has to complain of is not printed. Threads: main thread. */
#ifndef ESPELHO_COMMANDS_WAYLAND_ASK_H
#define ESPELHO_COMMANDS_WAYLAND_ASK_H

#include <wayland-client.h>

#include "base/macros.h"

/* `name`: a socket, or NULL: the session's. *out is closed by wl_display_disconnect(). -errno. */
int wayland_ask_open(const char *name, struct wl_display **out) MUST_CHECK;
/* Until all that was asked is answered; -ETIMEDOUT, or -EPIPE: it hung up. */
int wayland_ask_wait(struct wl_display *display) MUST_CHECK;

#endif
