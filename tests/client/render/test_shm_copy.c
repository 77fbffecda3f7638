/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <stdatomic.h>

#include "render/shm/shm_copy.h"

static _Atomic uint32_t write_pointer;

static void check_copy(enum frame_format format, uint32_t width_px, uint32_t height_px,
                       struct frame_rect rect)
{
    const struct frame_format_info *fmt = frame_format_find(format);
    const uint32_t pitch_bytes = width_px * fmt->bytes_per_pixel + 64, guard = 0x5a5a5a5a;
    uint8_t *pixels = malloc((size_t)pitch_bytes * height_px);
    uint32_t *out = malloc((size_t)width_px * height_px * 4), *want = malloc((size_t)width_px * 4);
    CHECK(pixels && out && want);
    for (size_t i = 0; i < (size_t)pitch_bytes * height_px; i++)
        pixels[i] = (uint8_t)(i * 7 + i / 251);
    for (size_t i = 0; i < (size_t)width_px * height_px; i++)
        out[i] = guard;
    const struct frame_view frame = {
        .fmt = fmt,
        .width_px = width_px,
        .height_px = height_px,
        .rows_px = height_px,
        .pitch_bytes = pitch_bytes,
        .row_bytes = width_px * fmt->bytes_per_pixel,
        .pixels = pixels,
        .pixels_bytes = (uint64_t)pitch_bytes * height_px,
        .write_pointer = &write_pointer,
    };
    atomic_store(&write_pointer, pitch_bytes * height_px);
    const struct damage damage = { .count = 1, .rects = { rect } };
    const struct shm_copy_target target = {
        .origin = (uint8_t *)out,
        .stride_bytes = width_px * 4,
        .format = PIXEL_OUT_XRGB8888,
    };
    const struct shm_copy_result got = shm_copy_frame(&frame, &damage, &target);
    CHECK(got.complete && !got.waited);
    CHECK_INT(got.bytes, (uint64_t)rect.width_px * rect.height_px * fmt->bytes_per_pixel);
    for (uint32_t y = 0; y < height_px; y++) {
        CHECK(convert_row(fmt, 0, pixels + (size_t)y * pitch_bytes, 0, width_px, PIXEL_OUT_XRGB8888,
                          want));
        for (uint32_t x = 0; x < width_px; x++) {
            const bool inside = x >= rect.x_px && x - rect.x_px < rect.width_px && y >= rect.y_px &&
                                y - rect.y_px < rect.height_px;
            const uint32_t v = out[(size_t)y * width_px + x];
            CHECK_MSG(inside ? (v & 0xffffff) == (want[x] & 0xffffff) : v == guard,
                      "%s %ux%u: pixel %u,%u is %08x", fmt->name, width_px, height_px, x, y, v);
        }
    }
    free(pixels);
    free(out);
    free(want);
}

TEST(small_and_streamed_rectangles)
{
    static const enum frame_format formats[] = { FRAME_FORMAT_BGRA, FRAME_FORMAT_RGBA,
                                                 FRAME_FORMAT_RGB_24 };
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        check_copy(formats[i], 1000, 700, (struct frame_rect){ 0, 0, 1000, 700 }); /* streamed */
        check_copy(formats[i], 1001, 703, (struct frame_rect){ 3, 5, 991, 690 });
        check_copy(formats[i], 1000, 700, (struct frame_rect){ 17, 600, 64, 64 });
        check_copy(formats[i], 33, 7, (struct frame_rect){ 32, 6, 1, 1 });
    }
}

TEST(only_rows_that_exist)
{
    const uint32_t pixels[4] = { 1, 2, 3, 4 };
    uint32_t out[4] = { 9, 9, 9, 9 };
    const struct frame_view truncated = {
        .fmt = frame_format_find(FRAME_FORMAT_BGRA),
        .width_px = 1,
        .height_px = 4,
        .rows_px = 2,
        .pitch_bytes = 4,
        .row_bytes = 4,
        .pixels = (const uint8_t *)pixels,
        .pixels_bytes = 8,
        .write_pointer = &write_pointer,
    };
    const struct damage full = { .full = true };
    const struct shm_copy_target target = {
        .origin = (uint8_t *)out,
        .stride_bytes = 4,
        .format = PIXEL_OUT_XRGB8888,
    };
    atomic_store(&write_pointer, 0xffffffff);
    CHECK(shm_copy_frame(&truncated, &full, &target).complete);
    CHECK(out[0] == 1 && out[1] == 2 && out[2] == 9 && out[3] == 9);
}
