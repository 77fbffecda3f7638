/* SPDX-License-Identifier: GPL-2.0-or-later
 * What the renderers do with bytes of the guest: conversion of rows, cursor shapes, damage lists.
 * The sanitizers are the judge; the input chooses geometry within what the checkers of common/kvmfr
 * let through, and cursor geometry beyond it. */
#include <stdlib.h>
#include <string.h>

#include "frame/convert.h"
#include "frame/cursor_image.h"
#include "kvmfr/damage.h"

struct input {
    const uint8_t *data;
    size_t left;
};

static uint32_t take_u32(struct input *in)
{
    uint32_t v = 0;
    const size_t n = in->left < 4 ? in->left : 4;
    memcpy(&v, in->data, n);
    in->data += n;
    in->left -= n;
    return v;
}

static void fuzz_convert(struct input *in)
{
    static const uint32_t bytes[] = { 1, 4, 4, 4, 8, 3, 3 };
    const uint32_t choice = take_u32(in), format = choice % 7;
    const struct frame_format_info info = { (enum frame_format)format, "fuzz", bytes[format], 4 };
    const uint32_t width = (uint32_t)(in->left / info.bytes_per_pixel);
    const uint32_t x = width ? (choice >> 8) % width : 0, count = width - x;
    /* exact allocations, so that one byte too many is seen */
    uint8_t *row = malloc(in->left + 1);
    uint32_t *out = malloc((size_t)count * 4 + 1);
    if (!row || !out)
        abort();
    memcpy(row, in->data, in->left);
    (void)convert_row(&info, choice >> 3, row, x, count, (enum pixel_out)(choice >> 5 & 7), out);
    free(row);
    free(out);
}

static void fuzz_cursor(struct input *in)
{
    const uint32_t choice = take_u32(in);
    struct cursor_shape shape = { .type = (enum cursor_type)(choice & 3),
                                  .width_px = choice >> 2 & 0x7ff,
                                  .height_px = choice >> 13 & 0x7ff };
    shape.pitch_bytes = take_u32(in) & (choice >> 31 ? 0xff : UINT32_MAX);
    const int32_t x = (int32_t)take_u32(in), y = (int32_t)take_u32(in);
    shape.data_bytes = (uint32_t)in->left;
    shape.data = malloc(in->left + 1);
    if (!shape.data)
        abort();
    memcpy(shape.data, in->data, in->left);
    struct cursor_image image, turned;
    if (cursor_image_from_shape(&shape, &image) == 0) {
        uint32_t px[16 * 9] = { 0 };
        cursor_image_draw(&image, px, 16 * 4, 16, 9, x, y);
        cursor_image_draw(&image, px, 16 * 4, 16, 9, x % 32, y % 32);
        if (cursor_image_rotate(&image, choice >> 24, &turned) == 0)
            cursor_image_fini(&turned);
        cursor_image_fini(&image);
    }
    free(shape.data);
}

static void fuzz_damage(struct input *in)
{
    struct damage d = { 0 };
    struct frame_rect out[2 * DAMAGE_MAX_RECTS];
    const uint32_t width = take_u32(in) % (FRAME_MAX_PX + 1),
                   height = take_u32(in) % (FRAME_MAX_PX + 1);
    const uint32_t cap = take_u32(in) % (2 * DAMAGE_MAX_RECTS + 1);
    while (in->left >= 16) {
        const struct frame_rect r = { take_u32(in), take_u32(in), take_u32(in), take_u32(in) };
        damage_add_rect(&d, r);
        if (d.count > DAMAGE_MAX_RECTS)
            abort();
    }
    const uint32_t count = damage_sorted_by_bottom(&d, width, height, out, cap);
    if (count > cap || damage_pixels(&d, width, height) > (uint64_t)width * height)
        abort();
    for (uint32_t i = 0; i < count; i++)
        if (out[i].x_px + out[i].width_px > width || out[i].y_px + out[i].height_px > height)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
    struct input in = { data, len_bytes };
    switch (take_u32(&in) % 3) {
    case 0:
        fuzz_convert(&in);
        break;
    case 1:
        fuzz_cursor(&in);
        break;
    default:
        fuzz_damage(&in);
    }
    return 0;
}
