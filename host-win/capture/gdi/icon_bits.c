/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/gdi/icon_bits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"

static bool has_alpha(const struct icon_bits *b)
{
    for (uint32_t i = 0; i < b->width_px * b->height_px; i++)
        if (b->colour[i] >> 24)
            return true;
    return false;
}

static bool masked(const struct icon_bits *b, uint32_t x, uint32_t y)
{
    return b->mask[(size_t)y * b->mask_pitch_bytes + x / 8] >> (7 - x % 8) & 1;
}

/* The highest byte: 0 replaces, 255 is XORed. */
static void fill_masked(const struct icon_bits *b, uint32_t *to)
{
    for (uint32_t y = 0; y < b->height_px; y++)
        for (uint32_t x = 0; x < b->width_px; x++)
            to[y * b->width_px + x] =
                (b->colour[y * b->width_px + x] & 0xffffffu) | (masked(b, x, y) ? 0xff000000u : 0);
}

static void fill_monochrome(const struct icon_bits *b, uint32_t pitch_bytes, uint8_t *to)
{
    for (uint32_t y = 0; y < 2 * b->height_px; y++)
        memcpy(to + (size_t)y * pitch_bytes, b->mask + (size_t)y * b->mask_pitch_bytes,
               pitch_bytes);
}

int icon_bits_to_shape(const struct icon_bits *b, struct cursor_shape *out)
{
    struct cursor_shape s = {
        .type = !b->colour ? CURSOR_MONOCHROME : CURSOR_COLOUR,
        .width_px = b->width_px,
        .height_px = b->height_px,
        .pitch_bytes = !b->colour ? (b->width_px + 7) / 8 : b->width_px * 4,
        .hot_x_px = min_u32(b->hot_x_px, 255), /* the wire has no more */
        .hot_y_px = min_u32(b->hot_y_px, 255),
    };
    if (b->width_px == 0 || b->width_px > CURSOR_MAX_PX || b->height_px == 0 ||
        b->height_px > CURSOR_MAX_PX || cursor_shape_fault(&s))
        return -EINVAL;
    if (b->colour && !has_alpha(b))
        s.type = CURSOR_MASKED_COLOUR;
    s.data_bytes = s.pitch_bytes * cursor_shape_rows(&s);
    s.data = malloc(s.data_bytes);
    if (!s.data)
        return -ENOMEM;
    if (s.type == CURSOR_MONOCHROME)
        fill_monochrome(b, s.pitch_bytes, s.data);
    else if (s.type == CURSOR_COLOUR)
        memcpy(s.data, b->colour, s.data_bytes);
    else
        fill_masked(b, (uint32_t *)(void *)s.data);
    *out = s;
    return 0;
}
