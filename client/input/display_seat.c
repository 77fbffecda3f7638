/* SPDX-License-Identifier: GPL-2.0-or-later
 * The router's seat, made of the real one. */
#include "input/input.h"

static void lock(void *ctx)
{
    display_seat_lock_pointer(ctx);
}

static void confine(void *ctx)
{
    display_seat_confine_pointer(ctx);
}

static void unlock(void *ctx)
{
    display_seat_unlock_pointer(ctx);
}

static void set_unlock_position(void *ctx, double x, double y)
{
    display_seat_set_unlock_position(ctx, x, y);
}

static void warp(void *ctx, double x, double y)
{
    display_seat_warp_pointer(ctx, x, y);
}

static void inhibit_shortcuts(void *ctx, bool on)
{
    display_seat_inhibit_shortcuts(ctx, on);
}

static void show_arrow(void *ctx)
{
    display_seat_show_arrow(ctx);
}

static void hide_pointer(void *ctx)
{
    display_seat_hide_pointer(ctx);
}

static int show_image(void *ctx, const struct display_pointer_image *image)
{
    return display_seat_show_image(ctx, image);
}

const struct input_seat_ops input_display_seat_ops = {
    .lock = lock,
    .confine = confine,
    .unlock = unlock,
    .set_unlock_position = set_unlock_position,
    .warp = warp,
    .inhibit_shortcuts = inhibit_shortcuts,
    .show_arrow = show_arrow,
    .hide_pointer = hide_pointer,
    .show_image = show_image,
};
