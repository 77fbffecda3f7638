/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "testcard/strip.h"

#include <stddef.h>

#include "testcard/testcard.h"

enum { DARK_MAX = 40, LIGHT_MIN = 215 }; /* beyond: a blend of two frames, or no strip at all */

static uint64_t code_of(uint32_t serial)
{
    uint32_t h = (serial ^ 0x5bd1e995u) * 0x9e3779b1u;
    h ^= h >> 15;
    h *= 0x2c1b3c6du;
    h ^= h >> 16;
    return (uint64_t)serial << 16 | (h & 0xffff);
}

uint32_t strip_pixel(uint32_t serial, uint32_t x, uint32_t y)
{
    const uint32_t bit = y / STRIP_BLOCK_PX * STRIP_COLUMNS + x / STRIP_BLOCK_PX;
    return code_of(serial) >> (STRIP_COLUMNS * STRIP_ROWS - 1 - bit) & 1 ? 0xffffff : 0;
}

/* 0 or 1; -1 neither. */
static int read_bit(uint32_t rgb)
{
    bool dark = true, light = true;
    for (int shift = 0; shift < 24; shift += 8) {
        const uint32_t c = rgb >> shift & 0xff;
        dark &= c <= DARK_MAX;
        light &= c >= LIGHT_MIN;
    }
    return light ? 1 : dark ? 0 : -1;
}

bool testcard_read_serial(const uint32_t *xrgb, uint32_t stride_bytes, uint32_t width_px,
                          uint32_t height_px, uint32_t *serial)
{
    if (width_px < STRIP_WIDTH_PX || height_px < STRIP_HEIGHT_PX)
        return false;
    uint64_t code = 0;
    for (uint32_t row = 0; row < STRIP_ROWS; row++) {
        for (uint32_t column = 0; column < STRIP_COLUMNS; column++) {
            const uint32_t x = column * STRIP_BLOCK_PX + STRIP_BLOCK_PX / 2,
                           y = row * STRIP_BLOCK_PX + STRIP_BLOCK_PX / 2;
            const uint32_t *line =
                (const uint32_t *)(const void *)((const uint8_t *)xrgb + (size_t)y * stride_bytes);
            const int bit = read_bit(line[x]);
            if (bit < 0)
                return false;
            code = code << 1 | (uint64_t)bit;
        }
    }
    if (code_of((uint32_t)(code >> 16)) != code)
        return false;
    *serial = (uint32_t)(code >> 16);
    return true;
}
