/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/display/wayland/seat_native.h - the seat's connection for others that live on the input
 * thread: clipboard and drag and drop. Threads: input thread. */
#ifndef ESPELHO_DISPLAY_WAYLAND_SEAT_NATIVE_H
#define ESPELHO_DISPLAY_WAYLAND_SEAT_NATIVE_H

#include <stdint.h>
#include <wayland-client.h>

/* What selection.c needs; owned by the seat, valid until it is destroyed. */
struct seat_native {
    struct wl_display *display;   /* the real one */
    struct wl_event_queue *queue; /* all proxies made for the input thread belong to it */
    struct wl_surface
        *surface;           /* the window's root; compare only, it belongs to the render thread */
    const uint32_t *serial; /* of the newest key, button or enter event; 0: none yet */
};

#endif
