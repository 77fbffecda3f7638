/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/testcard/picture.h - what the card looks like: 8-bit sRGB on the upright desktop. Inside
 * common/testcard only. Pure functions, any thread. */
#ifndef ESPELHO_TESTCARD_PICTURE_H
#define ESPELHO_TESTCARD_PICTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "testcard/testcard.h"

struct picture {
    enum testcard_damage damage;
    uint32_t width_px, height_px; /* upright */
    uint32_t hz;
};

/* 0x00RRGGBB of `count_px` pixels of row `y`, from `x` on. */
void picture_row(const struct picture *p, uint32_t serial, uint32_t x, uint32_t y,
                 uint32_t count_px, uint32_t *out);
/* Upright rectangles in which `serial` may differ from `serial - 1`, clipped to the picture; at
 * most 8. 0: all of it. */
uint32_t picture_damage(const struct picture *p, uint32_t serial, struct frame_rect out[8]);

#endif
