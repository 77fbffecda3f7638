/* SPDX-License-Identifier: GPL-2.0-or-later
 * Which pointer is seen: the desktop's arrow, the guest's shape as the desktop's pointer (then it
 * moves without any delay), or only what the renderer draws. */
#define LOG_MODULE "input"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "input/input_private.h"

enum { SCALE_ONE = 120 };

/* What to show, as the first row that fits says; `drawn`: by the renderer. */
static enum input_pointer_kind choose(const struct input *in, bool *drawn)
{
    const struct input_cursor *c = &in->cursor.shape;
    *drawn = true;
    if (in->capture.on && !in->capture.confined && input_may_send(in))
        return INPUT_POINTER_HIDDEN;
    if (!input_may_send(in) || !input_pointer_over_picture(in) || !in->config.hide_cursor)
        return INPUT_POINTER_ARROW;
    if (!in->cursor.argb && !c->inverts && c->visible)
        return INPUT_POINTER_ARROW; /* shape unknown: better two pointers than none */
    if (!input_pointer_absolute(in) || !c->visible || c->inverts)
        return INPUT_POINTER_HIDDEN;
    *drawn = false;
    return INPUT_POINTER_IMAGE;
}

/* A pixel of the turned image comes from this one. */
static size_t source_of(enum frame_rotation turn, uint32_t x, uint32_t y, uint32_t width,
                        uint32_t height)
{
    switch (turn) {
    case FRAME_ROTATE_90:
        return (size_t)(height - 1 - x) * width + y;
    case FRAME_ROTATE_180:
        return (size_t)(height - 1 - y) * width + (width - 1 - x);
    case FRAME_ROTATE_270:
        return (size_t)x * width + (width - 1 - y);
    default:
        return (size_t)y * width + x;
    }
}

static struct input_point turned_hot_spot(const struct input_cursor *c, enum frame_rotation turn)
{
    const double x = c->hot_x_px, y = c->hot_y_px, right = c->width_px - 1.0,
                 bottom = c->height_px - 1.0;
    switch (turn) {
    case FRAME_ROTATE_90:
        return (struct input_point){ bottom - y, x };
    case FRAME_ROTATE_180:
        return (struct input_point){ right - x, bottom - y };
    case FRAME_ROTATE_270:
        return (struct input_point){ y, right - x };
    default:
        return (struct input_point){ x, y };
    }
}

/* As large as the picture shows it. False: it cannot be shown so. */
static bool show_image(struct input *in)
{
    const struct input_cursor *c = &in->cursor.shape;
    const enum frame_rotation turn = in->view.user_rotation;
    const bool sideways = turn == FRAME_ROTATE_90 || turn == FRAME_ROTATE_270;
    const uint32_t width = sideways ? c->height_px : c->width_px,
                   height = sideways ? c->width_px : c->height_px;
    uint32_t *turned = malloc((size_t)width * height * sizeof(*turned));
    if (!turned)
        return false;
    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width; x++)
            turned[(size_t)y * width + x] =
                in->cursor.argb[source_of(turn, x, y, c->width_px, c->height_px)];
    const struct geometry *g = &in->view.geometry;
    const double to_logical = (double)SCALE_ONE / in->view.scale_120,
                 sx = to_logical * g->image_px.width / g->upright_width_px,
                 sy = to_logical * g->image_px.height / g->upright_height_px;
    const struct input_point hot = turned_hot_spot(c, turn);
    const int err = in->seat.show_image(in->seat_ctx, &(struct display_pointer_image){
                                                          .argb = turned,
                                                          .width_px = width,
                                                          .height_px = height,
                                                          .width = width * sx,
                                                          .height = height * sy,
                                                          .hot_x = hot.x * sx,
                                                          .hot_y = hot.y * sy,
                                                      });
    free(turned);
    return err == 0;
}

static void show(struct input *in, enum input_pointer_kind kind, bool *drawn)
{
    if (!in->seat.show_arrow ||
        (in->cursor.shown == kind && (kind != INPUT_POINTER_IMAGE || !in->cursor.image_stale)))
        return;
    in->cursor.shown = kind;
    if (kind == INPUT_POINTER_ARROW)
        in->seat.show_arrow(in->seat_ctx);
    else if (kind == INPUT_POINTER_HIDDEN)
        in->seat.hide_pointer(in->seat_ctx);
    else if (show_image(in))
        in->cursor.image_stale = false;
    else
        *drawn = true;
}

void input_cursor_update(struct input *in)
{
    bool drawn;
    show(in, choose(in, &drawn), &drawn);
    if (drawn == in->cursor.drawn)
        return;
    in->cursor.drawn = drawn;
    if (in->listener.on_cursor_drawn)
        in->listener.on_cursor_drawn(in->listener.ctx, drawn);
}

void input_set_guest_cursor(struct input *in, const struct input_cursor *cursor)
{
    struct input_cursor c = *cursor;
    uint32_t *argb = NULL;
    if (c.argb && c.width_px && c.height_px && c.width_px <= DISPLAY_POINTER_MAX_PX &&
        c.height_px <= DISPLAY_POINTER_MAX_PX) {
        const size_t bytes = (size_t)c.width_px * c.height_px * sizeof(*argb);
        argb = malloc(bytes);
        if (argb)
            memcpy(argb, c.argb, bytes);
    }
    if (c.argb && !argb)
        c.inverts = true; /* too large for a pointer: the renderer draws it */
    c.argb = NULL;
    free(in->cursor.argb);
    in->cursor.argb = argb;
    in->cursor.shape = c;
    in->cursor.image_stale = true;
    input_cursor_update(in);
}
