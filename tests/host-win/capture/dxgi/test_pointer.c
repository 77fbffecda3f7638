/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "capture/dxgi/pointer.h"

static uint8_t data[4096 * 4];

TEST(hostile_shapes_are_refused)
{
    static const struct {
        struct pointer_info info;
        uint32_t data_bytes;
    } rows[] = {
        { { 0, 32, 32, 128, 0, 0 }, 4096 },
        { { 3, 32, 32, 128, 0, 0 }, 4096 },
        { { 8, 32, 32, 128, 0, 0 }, 4096 },
        { { UINT32_MAX, 32, 32, 128, 0, 0 }, 4096 },
        { { 2, 0, 32, 128, 0, 0 }, 4096 },
        { { 2, 32, 0, 128, 0, 0 }, 4096 },
        { { 2, 1025, 32, 1025 * 4, 0, 0 }, UINT32_MAX },
        { { 2, UINT32_MAX, UINT32_MAX, UINT32_MAX, 0, 0 }, UINT32_MAX },
        { { 2, 32, 32, 127, 0, 0 }, 4096 },        /* rows overlap */
        { { 2, 32, 32, UINT32_MAX, 0, 0 }, 4096 }, /* 4 GiB */
        { { 2, 32, 32, 128, 0, 0 }, 4095 },        /* a byte short */
        { { 4, 32, 32, 128, 0, 0 }, 0 },
        { { 1, 32, 63, 4, 0, 0 }, 4096 }, /* two masks of one height */
        { { 1, 32, 1, 4, 0, 0 }, 4096 },
        { { 1, 33, 64, 4, 0, 0 }, 4096 },
        { { 1, 32, 64, 4, 0, 0 }, 255 },
        { { 1, 32, 2050, 4, 0, 0 }, 1 << 20 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct cursor_shape out = { .width_px = 77 };
        CHECK_MSG(pointer_shape_of(&rows[i].info, data, rows[i].data_bytes, &out), "row %zu", i);
        CHECK_INT(out.width_px, 77);
    }
}

TEST(three_types)
{
    static const struct {
        struct pointer_info info;
        struct cursor_shape want;
    } rows[] = {
        { { 1, 32, 64, 4, 3, 5 }, { CURSOR_MONOCHROME, 32, 32, 4, 3, 5, 256, data } },
        { { 2, 32, 32, 128, 0, 255 }, { CURSOR_COLOUR, 32, 32, 128, 0, 255, 4096, data } },
        { { 4, 48, 20, 200, 47, 19 }, { CURSOR_MASKED_COLOUR, 48, 20, 200, 47, 19, 4000, data } },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct cursor_shape out;
        CHECK(pointer_shape_of(&rows[i].info, data, sizeof(data), &out) == NULL);
        CHECK_INT(out.type, rows[i].want.type);
        CHECK_INT(out.width_px, rows[i].want.width_px);
        CHECK_INT(out.height_px, rows[i].want.height_px);
        CHECK_INT(out.pitch_bytes, rows[i].want.pitch_bytes);
        CHECK_INT(out.hot_x_px, rows[i].want.hot_x_px);
        CHECK_INT(out.hot_y_px, rows[i].want.hot_y_px);
        CHECK_INT(out.data_bytes, rows[i].want.data_bytes);
        CHECK(out.data == data);
    }
}

TEST(hot_spots_are_moved_inside)
{
    static const struct {
        int32_t in;
        uint32_t want;
    } rows[] = { { INT32_MIN, 0 }, { -1, 0 }, { 255, 255 }, { 256, 255 }, { INT32_MAX, 255 } };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct pointer_info info = { 2, 32, 32, 128, rows[i].in, rows[i].in };
        struct cursor_shape out;
        CHECK(pointer_shape_of(&info, data, sizeof(data), &out) == NULL);
        CHECK_INT(out.hot_x_px, rows[i].want);
        CHECK_INT(out.hot_y_px, rows[i].want);
    }
}
