/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/dxgi/geometry.h"

#include <stdbool.h>

#include "base/checked.h"
#include "base/macros.h"

enum frame_rotation geometry_rotation(uint32_t mode_rotation)
{
    static const enum frame_rotation rotations[] = {
        FRAME_ROTATE_0, FRAME_ROTATE_0, FRAME_ROTATE_90, FRAME_ROTATE_180, FRAME_ROTATE_270,
    };
    return mode_rotation < ARRAY_LEN(rotations) ? rotations[mode_rotation] : FRAME_ROTATE_0;
}

struct frame_rect geometry_rect(int32_t left_px, int32_t top_px, int32_t right_px,
                                int32_t bottom_px)
{
    const int32_t x = left_px < 0 ? 0 : left_px, y = top_px < 0 ? 0 : top_px;
    if (right_px <= x || bottom_px <= y)
        return (struct frame_rect){ 0 };
    return (struct frame_rect){ (uint32_t)x, (uint32_t)y, (uint32_t)(right_px - x),
                                (uint32_t)(bottom_px - y) };
}

/* round(a * b / c), at least `least` and at most `a`. */
static uint32_t scaled(uint32_t a, uint32_t b, uint32_t c, uint32_t least)
{
    const uint64_t v = ((uint64_t)a * b + c / 2) / c;
    return max_u32((uint32_t)min_u64(v, a), least);
}

struct geometry_size geometry_fit(struct geometry_size picture, enum frame_rotation rotation,
                                  struct geometry_size box)
{
    const bool turned = rotation == FRAME_ROTATE_90 || rotation == FRAME_ROTATE_270;
    const uint32_t w = picture.width_px, h = picture.height_px;
    const uint32_t box_w = turned ? box.height_px : box.width_px;
    const uint32_t box_h = turned ? box.width_px : box.height_px;
    const uint32_t least_w = (w + GEOMETRY_MAX_RATIO - 1) / GEOMETRY_MAX_RATIO;
    const uint32_t least_h = (h + GEOMETRY_MAX_RATIO - 1) / GEOMETRY_MAX_RATIO;
    const uint32_t fit_w = box_w == 0 ? w : min_u32(w, box_w);
    const uint32_t fit_h = box_h == 0 ? h : min_u32(h, box_h);
    /* The side that has to shrink more decides. */
    if ((uint64_t)fit_w * h <= (uint64_t)fit_h * w)
        return (struct geometry_size){ max_u32(fit_w, least_w), scaled(h, fit_w, w, least_h) };
    return (struct geometry_size){ scaled(w, fit_h, h, least_w), max_u32(fit_h, least_h) };
}
