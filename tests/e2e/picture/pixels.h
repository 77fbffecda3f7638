/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/e2e/picture/pixels.h - an XRGB8888 picture in private memory, to and from PNG. One thread.
 */
#ifndef ESPELHO_E2E_PIXELS_H
#define ESPELHO_E2E_PIXELS_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

struct pixels {
    uint32_t width_px, height_px;
    uint32_t *px; /* rows without padding, 0xXXRRGGBB; owned: pixels_fini() */
};

static inline uint32_t *pixels_at(const struct pixels *p, uint32_t x, uint32_t y)
{
    return p->px + (size_t)y * p->width_px + x;
}

/* 0 or -ENOMEM. */
int pixels_init(struct pixels *p, uint32_t width_px, uint32_t height_px) MUST_CHECK;
void pixels_fini(struct pixels *p);
/* 0; -EIO with the reason on stderr. */
int pixels_load_png(struct pixels *p, const char *path) MUST_CHECK;
int pixels_save_png(const struct pixels *p, const char *path) MUST_CHECK;
/* Turns by quarter turns clockwise, in place. 0 or -ENOMEM. */
int pixels_turn(struct pixels *p, uint32_t quarter_turns) MUST_CHECK;
/* The mean of the source pixels that each target pixel covers. 0 or -ENOMEM. */
int pixels_resample(struct pixels *p, uint32_t width_px, uint32_t height_px) MUST_CHECK;

#endif
