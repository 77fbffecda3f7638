/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "commands/wayland_ask.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>

#include "base/clock.h"

enum { PATIENCE_MS = 2500 };

/* Its complaints are ours to tell. */
static void PRINTF_LIKE(1, 0) say_nothing(const char *fmt, va_list args)
{
    (void)fmt;
    (void)args;
}

int wayland_ask_open(const char *name, struct wl_display **out)
{
    wl_log_set_handler_client(say_nothing);
    struct wl_display *display = wl_display_connect(name);
    if (!display)
        return errno ? -errno : -ENOENT;
    *out = display;
    return 0;
}

static void on_done(void *ctx, struct wl_callback *callback, uint32_t serial)
{
    (void)callback;
    (void)serial;
    *(bool *)ctx = true;
}

/* A compositor that hangs must not hang us. */
static int wait_for(struct wl_display *display, const bool *done)
{
    const uint64_t end_ns = clock_ns() + PATIENCE_MS * NS_PER_MS;
    while (!*done) {
        if (wl_display_dispatch_pending(display) < 0 || wl_display_flush(display) < 0)
            return -EPIPE;
        if (*done)
            return 0;
        if (clock_ns() >= end_ns)
            return -ETIMEDOUT;
        if (wl_display_prepare_read(display) < 0)
            continue;
        struct pollfd fd = { .fd = wl_display_get_fd(display), .events = POLLIN };
        if (poll(&fd, 1, 100) <= 0)
            wl_display_cancel_read(display);
        else if (wl_display_read_events(display) < 0)
            return -EPIPE;
    }
    return 0;
}

int wayland_ask_wait(struct wl_display *display)
{
    static const struct wl_callback_listener done_listener = { on_done };
    bool done = false;
    struct wl_callback *callback = wl_display_sync(display);
    if (!callback)
        return -ENOMEM;
    wl_callback_add_listener(callback, &done_listener, &done);
    const int err = wait_for(display, &done);
    wl_callback_destroy(callback);
    return err;
}
