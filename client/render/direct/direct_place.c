/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/direct/direct_renderer.h"

/* Device to logical pixels. *whole: it is a whole number of them; else to the nearest. */
static int32_t to_logical(int64_t px, uint32_t scale_120, bool *whole)
{
    const int64_t times_120 = px * 120;
    *whole = *whole && times_120 % scale_120 == 0;
    return (int32_t)((times_120 + scale_120 / 2) / scale_120);
}

bool direct_place(const struct geometry *g, const struct display_state *state,
                  struct geometry_rect *out)
{
    const struct geometry_rect *i = &g->image_px;
    bool whole = true;
    if (i->width == 0 || i->height == 0 || state->scale_120 == 0 || i->x < 0 || i->y < 0)
        return false;
    if (i->x == 0 && i->y == 0 && i->width == g->window_width_px &&
        i->height == g->window_height_px) {
        *out = (struct geometry_rect){ 0, 0, state->width, state->height };
        return true;
    }
    const int32_t left = to_logical(i->x, state->scale_120, &whole),
                  top = to_logical(i->y, state->scale_120, &whole),
                  right = to_logical((int64_t)i->x + i->width, state->scale_120, &whole),
                  bottom = to_logical((int64_t)i->y + i->height, state->scale_120, &whole);
    /* A picture that is scaled anyway may be so by a fraction more; one shown 1:1 may not. */
    if ((g->exact && !whole) || left >= right || top >= bottom)
        return false;
    *out = (struct geometry_rect){ left, top, (uint32_t)(right - left), (uint32_t)(bottom - top) };
    return true;
}
