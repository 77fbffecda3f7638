/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/egl/redraw.h"

#include <string.h>

void redraw_reset(struct redraw *r)
{
    r->past_count = 0;
    damage_set_full(&r->pending);
}

void redraw_for_age(const struct redraw *r, uint32_t age, struct damage *out)
{
    *out = r->pending;
    if (age == 0 || age - 1 > r->past_count) {
        damage_set_full(out);
        return;
    }
    for (uint32_t i = 0; i < age - 1; i++)
        damage_add(out, &r->past[i]);
}

void redraw_presented(struct redraw *r)
{
    memmove(&r->past[1], &r->past[0], sizeof(r->past) - sizeof(r->past[0]));
    r->past[0] = r->pending;
    if (r->past_count < REDRAW_HISTORY)
        r->past_count++;
    damage_clear(&r->pending);
}

int32_t redraw_egl_rects(const struct damage *d, uint32_t window_height_px, int32_t *out)
{
    for (uint32_t i = 0; i < d->count; i++) {
        const struct frame_rect *r = &d->rects[i];
        if (r->y_px + r->height_px > window_height_px)
            return 0; /* of a taller window, before a resize: draw all */
        *out++ = (int32_t)r->x_px;
        *out++ = (int32_t)(window_height_px - r->y_px - r->height_px);
        *out++ = (int32_t)r->width_px;
        *out++ = (int32_t)r->height_px;
    }
    return (int32_t)d->count;
}

static int64_t clamp(int64_t v, int64_t low, int64_t high)
{
    return v < low ? low : v > high ? high : v;
}

static int64_t div_up(int64_t a, int64_t b)
{
    return (a + b - 1) / b; /* a >= 0 */
}

struct frame_rect redraw_upright_to_window(const struct geometry *g, int64_t x, int64_t y,
                                           uint32_t width, uint32_t height)
{
    const int64_t gw = g->upright_width_px, gh = g->upright_height_px, iw = g->image_px.width,
                  ih = g->image_px.height;
    const int64_t x0 = clamp(x, 0, gw), x1 = clamp(x + width, 0, gw), y0 = clamp(y, 0, gh),
                  y1 = clamp(y + height, 0, gh);
    if (x0 >= x1 || y0 >= y1)
        return (struct frame_rect){ 0 };
    const int64_t left = clamp(g->image_px.x + x0 * iw / gw, 0, g->window_width_px);
    const int64_t right = clamp(g->image_px.x + div_up(x1 * iw, gw), 0, g->window_width_px);
    const int64_t top = clamp(g->image_px.y + y0 * ih / gh, 0, g->window_height_px);
    const int64_t bottom = clamp(g->image_px.y + div_up(y1 * ih, gh), 0, g->window_height_px);
    if (left >= right || top >= bottom)
        return (struct frame_rect){ 0 };
    return (struct frame_rect){ (uint32_t)left, (uint32_t)top, (uint32_t)(right - left),
                                (uint32_t)(bottom - top) };
}

struct frame_rect redraw_frame_to_window(const struct geometry *g, struct frame_rect r,
                                         uint32_t spread)
{
    const bool sideways = g->rotation % 2 == 1;
    const int64_t w = sideways ? g->upright_height_px : g->upright_width_px,
                  h = sideways ? g->upright_width_px : g->upright_height_px;
    const int64_t x = (int64_t)r.x_px - spread, y = (int64_t)r.y_px - spread;
    const uint32_t rw = r.width_px + 2 * spread, rh = r.height_px + 2 * spread;
    switch (g->rotation) {
    case FRAME_ROTATE_90:
        return redraw_upright_to_window(g, h - y - rh, x, rh, rw);
    case FRAME_ROTATE_180:
        return redraw_upright_to_window(g, w - x - rw, h - y - rh, rw, rh);
    case FRAME_ROTATE_270:
        return redraw_upright_to_window(g, y, w - x - rw, rh, rw);
    default:
        return redraw_upright_to_window(g, x, y, rw, rh);
    }
}
