/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/shm/shm_layout.h"

#include <assert.h>
#include <wayland-client-protocol.h>

#include "base/checked.h"

static_assert((int)FRAME_ROTATE_90 == (int)WL_OUTPUT_TRANSFORM_90 &&
                  (int)FRAME_ROTATE_270 == (int)WL_OUTPUT_TRANSFORM_270,
              "a buffer's transform is undone by turning clockwise by as much");

/* Device to logical pixels, to the nearest. */
static int32_t to_logical(double px, uint32_t scale_120)
{
    return (int32_t)(px * 120.0 / scale_120 + 0.5);
}

static uint32_t at_least_one(int32_t v)
{
    return v > 0 ? (uint32_t)v : 1;
}

struct frame_rect shm_layout_unrotate(struct frame_rect r, enum frame_rotation rotation,
                                      uint32_t width_px, uint32_t height_px)
{
    switch (rotation) {
    case FRAME_ROTATE_90:
        return (struct frame_rect){ r.y_px, width_px - r.x_px - r.width_px, r.height_px,
                                    r.width_px };
    case FRAME_ROTATE_180:
        return (struct frame_rect){ width_px - r.x_px - r.width_px,
                                    height_px - r.y_px - r.height_px, r.width_px, r.height_px };
    case FRAME_ROTATE_270:
        return (struct frame_rect){ height_px - r.y_px - r.height_px, r.x_px, r.height_px,
                                    r.width_px };
    case FRAME_ROTATE_0:
        break;
    }
    return r;
}

static void layout_on_root(const struct geometry *g, struct shm_layout *out)
{
    const struct frame_rect window = { 0, 0, g->window_width_px, g->window_height_px };
    const struct frame_rect image = { (uint32_t)g->image_px.x, (uint32_t)g->image_px.y,
                                      g->image_px.width, g->image_px.height };
    const struct frame_rect buffer =
        shm_layout_unrotate(window, g->rotation, window.width_px, window.height_px);
    const struct frame_rect picture =
        shm_layout_unrotate(image, g->rotation, window.width_px, window.height_px);
    out->on_root = true;
    out->buffer_width_px = buffer.width_px;
    out->buffer_height_px = buffer.height_px;
    out->picture_x_px = picture.x_px;
    out->picture_y_px = picture.y_px;
}

void shm_layout_compute(const struct geometry *g, uint32_t scale_120, uint32_t logical_width,
                        uint32_t logical_height, uint32_t frame_width_px, uint32_t frame_height_px,
                        struct shm_layout *out)
{
    *out = (struct shm_layout){ .rotation = g->rotation };
    if (!g->image_px.width || !g->image_px.height)
        return;
    if (g->exact) {
        layout_on_root(g, out);
        out->logical = (struct geometry_rect){ 0, 0, logical_width, logical_height };
        return;
    }
    const struct geometry_rect *i = &g->image_px;
    const int32_t x = to_logical(i->x, scale_120), y = to_logical(i->y, scale_120);
    out->buffer_width_px = frame_width_px;
    out->buffer_height_px = frame_height_px;
    out->logical =
        (struct geometry_rect){ x, y,
                                at_least_one(to_logical(i->x + (double)i->width, scale_120) - x),
                                at_least_one(to_logical(i->y + (double)i->height, scale_120) - y) };
}

bool shm_layout_same_buffers(const struct shm_layout *a, const struct shm_layout *b)
{
    /* Not on another surface: when the compositor lets go of a buffer that is on two is undefined.
     */
    return a->on_root == b->on_root && a->buffer_width_px == b->buffer_width_px &&
           a->buffer_height_px == b->buffer_height_px && a->picture_x_px == b->picture_x_px &&
           a->picture_y_px == b->picture_y_px;
}

static uint32_t common_divisor(uint32_t a, uint32_t b)
{
    while (b) {
        const uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* One axis of an exact cursor: `step_px` device pixels are `step` logical ones, the smallest whole
 * pair. The surface starts on such a step, and transparent pixels fill it up to the cursor and to
 * the next step behind it. */
static void exact_axis(uint32_t px, uint32_t len_px, uint32_t step_px, uint32_t step,
                       uint32_t *lead_px, uint32_t *buffer_px, int32_t *position, uint32_t *len)
{
    *lead_px = px % step_px;
    *buffer_px = (*lead_px + len_px + step_px - 1) / step_px * step_px;
    *position = (int32_t)(px / step_px * step);
    *len = *buffer_px / step_px * step;
}

void shm_layout_cursor(const struct geometry *g, uint32_t scale_120, struct frame_rect clip,
                       struct shm_cursor_layout *out)
{
    if (g->exact) {
        const uint32_t divisor = common_divisor(scale_120, 120);
        const uint32_t step_px = scale_120 / divisor, step = 120 / divisor;
        exact_axis((uint32_t)g->image_px.x + clip.x_px, clip.width_px, step_px, step, &out->left_px,
                   &out->buffer_width_px, &out->logical.x, &out->logical.width);
        exact_axis((uint32_t)g->image_px.y + clip.y_px, clip.height_px, step_px, step, &out->top_px,
                   &out->buffer_height_px, &out->logical.y, &out->logical.height);
        return;
    }
    double left, top, right, bottom;
    geometry_guest_to_px(g, clip.x_px, clip.y_px, &left, &top);
    geometry_guest_to_px(g, clip.x_px + clip.width_px, clip.y_px + clip.height_px, &right, &bottom);
    const int32_t x = to_logical(left, scale_120), y = to_logical(top, scale_120);
    *out = (struct shm_cursor_layout){
        .buffer_width_px = clip.width_px,
        .buffer_height_px = clip.height_px,
        .logical = { x, y, at_least_one(to_logical(right, scale_120) - x),
                     at_least_one(to_logical(bottom, scale_120) - y) },
    };
}
