/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rowtag.h"

#include <string.h>

#define COLOURS 0x00ffffffu
#define PATTERN 0x005a3cc3u /* black and white pictures are not tags */

static void put_pair(uint8_t *at, uint32_t tag)
{
    const uint32_t pair[2] = { (tag ^ PATTERN) | ~COLOURS, ~tag | ~COLOURS };
    memcpy(at, pair, sizeof(pair));
}

static bool get_pair(const uint8_t *at, uint32_t *tag)
{
    uint32_t pair[2];
    memcpy(pair, at, sizeof(pair));
    *tag = (pair[0] ^ PATTERN) & COLOURS;
    return (~pair[1] & COLOURS) == *tag;
}

static const uint8_t *right_end(const uint8_t *row, const struct rowtag_area *area)
{
    return row + (area->width_px - 2) * 4;
}

void rowtag_write(uint8_t *pixels, uint32_t stride_bytes, const struct rowtag_area *area,
                  uint32_t tag)
{
    for (uint32_t y = 0; y < area->rows; y++) {
        uint8_t *row = pixels + (size_t)y * stride_bytes;
        put_pair(row, tag & COLOURS);
        put_pair(row + (area->width_px - 2) * 4, tag & COLOURS);
    }
}

bool rowtag_read(const uint8_t *pixels, const struct rowtag_area *area, uint32_t *tag)
{
    (void)area;
    return get_pair(pixels, tag);
}

bool rowtag_whole(const uint8_t *pixels, uint32_t stride_bytes, const struct rowtag_area *area,
                  uint32_t tag)
{
    for (uint32_t y = 0; y < area->rows; y++) {
        const uint8_t *row = pixels + (size_t)y * stride_bytes;
        uint32_t left, right;
        if (!get_pair(row, &left) || !get_pair(right_end(row, area), &right) || left != tag ||
            right != tag)
            return false;
    }
    return true;
}
