/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/display/seat.h - keyboards and pointers of the window, on a thread of their own: nothing
 * that the render thread does delays a key.
 *
 * The seat shares the window's connection but has its own event queue, registry and proxies.
 * Threads: everything on the thread of `input_loop`, callbacks too; that loop's prepare and
 * after-wait hooks belong to the seat. Create after display_create(), from the input thread or
 * before it runs its loop; destroy before display_destroy(), from the input thread or after it was
 * joined. All seats of the compositor are used as if they were one: keys held on any of them are
 * held, and the pointer that entered last is the pointer.
 *
 * Units: x, y are logical coordinates of the window's content. Keys and buttons are evdev codes. */
#ifndef ESPELHO_DISPLAY_SEAT_H
#define ESPELHO_DISPLAY_SEAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "loop/loop.h"

struct display;
struct display_seat;
struct seat_native;

/* The desktop's lock state; the same bits as SPICE has on the wire. */
enum { DISPLAY_LOCK_SCROLL = 1, DISPLAY_LOCK_NUM = 2, DISPLAY_LOCK_CAPS = 4 };

enum display_constraint {
    DISPLAY_UNCONSTRAINED,
    DISPLAY_LOCKED,   /* the pointer stands still; relative motion comes */
    DISPLAY_CONFINED, /* the pointer cannot leave the window */
};

/* What one wl_pointer.frame said about position and relative motion. */
struct display_motion {
    bool moved; /* x, y are new */
    double x, y;
    bool relative; /* the four below are set */
    double dx, dy; /* logical, with the desktop's acceleration */
    double raw_dx, raw_dy;
};

/* One frame's wheel. Positive: down and right. 120 is one notch; a continuous device (touchpad)
 * gives 120 for each 10 logical pixels, as compositors do for a mouse wheel. */
struct display_wheel {
    int32_t vertical_120, horizontal_120;
};

struct display_seat_listener { /* every entry is optional */
    /* Focus came; `keys` are held already (they were pressed elsewhere). on_locks follows. */
    void (*on_keyboard_enter)(void *ctx, const uint32_t *keys, size_t count);
    void (*on_keyboard_leave)(void *ctx); /* no key counts as held any more */
    void (*on_key)(void *ctx, uint32_t key, bool down);
    void (*on_locks)(void *ctx, uint32_t locks); /* DISPLAY_LOCK_*: changed, or focus came */
    void (*on_pointer_enter)(void *ctx, double x, double y);
    void (*on_pointer_leave)(void *ctx); /* buttons still held will not be reported as released */
    void (*on_motion)(void *ctx, const struct display_motion *motion);
    void (*on_button)(void *ctx, uint32_t button, bool down); /* BTN_LEFT ... */
    void (*on_wheel)(void *ctx, const struct display_wheel *wheel);
    /* What the compositor made of lock, confine or unlock: at once, later (focus), never, or undone
     * by itself. */
    void (*on_constraint)(void *ctx, enum display_constraint active);
    /* The compositor is gone; the display tells as well. Leave events came before. */
    void (*on_lost)(void *ctx);
    void *ctx;
};

/* The pointer's picture: pre-multiplied ARGB, drawn `width` x `height` logical units large. */
struct display_pointer_image {
    const uint32_t *argb; /* width_px * height_px; copied */
    uint32_t width_px, height_px;
    double width, height; /* logical; rounded to whole units, at least 1 */
    double hot_x, hot_y;  /* logical, from the top left */
};
enum { DISPLAY_POINTER_MAX_PX = 512 }; /* larger images are refused: they are no pointers */

/* What this compositor can do; those that it can't do are silently ignored when asked for. */
struct display_seat_abilities {
    bool relative, constraints, inhibit_shortcuts, warp, scaled_images, shapes;
};

/* 0 or -errno, logged. Does two roundtrips on its own queue: focus events may come within. */
int display_seat_create(struct display *display, struct loop *input_loop,
                        const struct display_seat_listener *listener,
                        struct display_seat **out) MUST_CHECK;
void display_seat_destroy(struct display_seat *seat); /* NULL is fine */

const struct display_seat_abilities *display_seat_get_abilities(const struct display_seat *seat);
/* For the selections (display/wayland/seat_native.h). */
const struct seat_native *display_seat_native(struct display_seat *seat);

/* Wanted from now on, also when another pointer enters. */
void display_seat_lock_pointer(struct display_seat *seat);
void display_seat_confine_pointer(struct display_seat *seat);
void display_seat_unlock_pointer(struct display_seat *seat);
/* Where the pointer shall be when the lock ends. Takes effect with the next commit of the window's
 * surface (the next picture), so give it while locked, whenever it changes, not just before the
 * unlock. */
void display_seat_set_unlock_position(struct display_seat *seat, double x, double y);
/* Moves the pointer now; nothing where abilities.warp is false. */
void display_seat_warp_pointer(struct display_seat *seat, double x, double y);
/* The desktop's own shortcuts go to the window while it has the focus (the user may forbid it). */
void display_seat_inhibit_shortcuts(struct display_seat *seat, bool on);

/* The pointer over the window, from now on. Default arrow at first. */
void display_seat_show_arrow(struct display_seat *seat);
void display_seat_hide_pointer(struct display_seat *seat);
/* 0; -EINVAL size; -ENOMEM or another -errno: then the arrow is shown. */
int display_seat_show_image(struct display_seat *seat,
                            const struct display_pointer_image *image) MUST_CHECK;

#endif
