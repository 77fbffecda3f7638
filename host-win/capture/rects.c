/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/rects.h"

#include "base/checked.h"

static int64_t clamp_to(int64_t v, uint32_t limit)
{
    return v < 0 ? 0 : v > limit ? limit : v;
}

/* The part of `r` inside width x height, x and y signed. */
static struct frame_rect clip(struct frame_rect r, uint32_t width_px, uint32_t height_px)
{
    const int64_t x = (int32_t)r.x_px, y = (int32_t)r.y_px;
    const int64_t left = clamp_to(x, width_px), right = clamp_to(x + r.width_px, width_px);
    const int64_t top = clamp_to(y, height_px), bottom = clamp_to(y + r.height_px, height_px);
    return (struct frame_rect){ (uint32_t)left, (uint32_t)top, (uint32_t)(right - left),
                                (uint32_t)(bottom - top) };
}

static int64_t area(const struct frame_rect *r)
{
    return (int64_t)r->width_px * r->height_px;
}

static struct frame_rect bounding_box(const struct frame_rect *a, const struct frame_rect *b)
{
    const uint32_t x = min_u32(a->x_px, b->x_px), y = min_u32(a->y_px, b->y_px);
    return (struct frame_rect){
        .x_px = x,
        .y_px = y,
        .width_px = max_u32(a->x_px + a->width_px, b->x_px + b->width_px) - x,
        .height_px = max_u32(a->y_px + a->height_px, b->y_px + b->height_px) - y,
    };
}

/* One rectangle instead of two pays when the pixels it adds cost less than a rectangle. */
static bool worth_joining(const struct frame_rect *a, const struct frame_rect *b)
{
    const struct frame_rect box = bounding_box(a, b);
    return area(&box) - area(a) - area(b) < RECTS_COST_PX;
}

void rects_merge(struct damage *damage)
{
    for (uint32_t a = 0; a < damage->count; a++) {
        for (uint32_t b = a + 1; b < damage->count; b++) {
            if (!worth_joining(&damage->rects[a], &damage->rects[b]))
                continue;
            damage->rects[a] = bounding_box(&damage->rects[a], &damage->rects[b]);
            damage->rects[b] = damage->rects[--damage->count];
            a = 0; /* the larger one may now reach those looked at before */
            b = 0;
        }
    }
}

void rects_collect(const struct frame_rect *dirty, uint32_t dirty_count,
                   const struct rects_move *moves, uint32_t move_count, uint32_t width_px,
                   uint32_t height_px, struct damage *out)
{
    damage_clear(out);
    if ((uint64_t)dirty_count + 2 * (uint64_t)move_count > RECTS_MAX_IN) {
        damage_set_full(out);
        return;
    }
    for (uint32_t i = 0; i < dirty_count; i++)
        damage_add_rect(out, clip(dirty[i], width_px, height_px));
    for (uint32_t i = 0; i < move_count; i++) {
        const struct frame_rect *to = &moves[i].to;
        const struct frame_rect from = { (uint32_t)moves[i].from_x_px, (uint32_t)moves[i].from_y_px,
                                         to->width_px, to->height_px };
        damage_add_rect(out, clip(from, width_px, height_px));
        damage_add_rect(out, clip(*to, width_px, height_px));
    }
    rects_merge(out);
}

/* The pixels of an axis of `to_px` that pixels `*at`..+`*len` of one of `from_px` have a part in: a
 * filter reaches one source pixel beyond its own share. */
static void scale_axis(uint32_t *at, uint32_t *len, uint32_t from_px, uint32_t to_px)
{
    const uint64_t first = *at > 0 ? *at - 1 : 0, end = (uint64_t)*at + *len + 1;
    const uint64_t first_out = first * to_px / from_px;
    const uint64_t end_out = min_u64((end * to_px + from_px - 1) / from_px, to_px);
    *at = (uint32_t)first_out;
    *len = (uint32_t)(end_out - first_out);
}

void rects_scale(const struct damage *in, uint32_t screen_width_px, uint32_t screen_height_px,
                 uint32_t width_px, uint32_t height_px, struct damage *out)
{
    struct damage scaled = { .full = in->full };
    for (uint32_t i = 0; i < in->count; i++) {
        struct frame_rect r = clip(in->rects[i], screen_width_px, screen_height_px);
        if (r.width_px == 0 || r.height_px == 0)
            continue;
        scale_axis(&r.x_px, &r.width_px, screen_width_px, width_px);
        scale_axis(&r.y_px, &r.height_px, screen_height_px, height_px);
        damage_add_rect(&scaled, r);
    }
    *out = scaled;
}
