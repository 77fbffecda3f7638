/* SPDX-License-Identifier: GPL-2.0-or-later
 * Cursor shapes: the truth table of docs/protocol/kvmfr.md section 4, and the composite of the
 * golden image. */
#include "frame/cursor_image.h"

#include <errno.h>

#include "golden.h"
#include "test.h"

static struct cursor_shape shape_of(enum cursor_type type, uint32_t w, uint32_t h, uint32_t pitch,
                                    uint8_t *data, uint32_t bytes)
{
    return (struct cursor_shape){ .type = type,
                                  .width_px = w,
                                  .height_px = h,
                                  .pitch_bytes = pitch,
                                  .data = data,
                                  .data_bytes = bytes };
}

static uint32_t random_state = 1;
static uint32_t random_u32(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

TEST(monochrome_truth_table)
{
    uint8_t data[] = { 0x30, 0xff, 0x50, 0xff }; /* AND 0011, then XOR 0101; pitch 2 */
    const struct cursor_shape s = shape_of(CURSOR_MONOCHROME, 4, 1, 2, data, sizeof(data));
    struct cursor_image image;
    CHECK(cursor_image_from_shape(&s, &image) == 0);
    uint32_t px[4] = { 0xff123456, 0xff123456, 0xff123456, 0xff123456 };
    cursor_image_draw(&image, px, sizeof(px), 4, 1, 0, 0);
    CHECK_INT(px[0], 0xff000000); /* 00 */
    CHECK_INT(px[1], 0xffffffff); /* 01 */
    CHECK_INT(px[2], 0xff123456); /* 10 */
    CHECK_INT(px[3], 0xffedcba9); /* 11 */
    cursor_image_fini(&image);
}

TEST(masked_colour_truth_table)
{
    uint8_t data[] = { 1, 2, 3, 0, 1, 2, 3, 255, 0, 0, 0, 255, 9, 9, 9, 1 };
    const struct cursor_shape s = shape_of(CURSOR_MASKED_COLOUR, 4, 1, 16, data, sizeof(data));
    struct cursor_image image;
    CHECK(cursor_image_from_shape(&s, &image) == 0);
    uint32_t px[4] = { 0xff123456, 0xff123456, 0xff123456, 0xff123456 };
    cursor_image_draw(&image, px, sizeof(px), 4, 1, 0, 0);
    CHECK_INT(px[0], 0xff030201);
    CHECK_INT(px[1], 0xff123456 ^ 0x030201);
    CHECK_INT(px[2], 0xff123456);
    CHECK_INT(px[3], 0xff123456 ^ 0x090909);
    cursor_image_fini(&image);
}

TEST(colour_blends_straight_alpha)
{
    for (uint32_t run = 0; run < 100000; run++) {
        const uint32_t v = random_u32(), under = random_u32() | 0xff000000u, a = v >> 24;
        uint8_t data[4] = { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)a };
        const struct cursor_shape s = shape_of(CURSOR_COLOUR, 1, 1, 4, data, 4);
        struct cursor_image image;
        CHECK(cursor_image_from_shape(&s, &image) == 0);
        CHECK(!image.xor_rgb);
        uint32_t px = under;
        cursor_image_draw(&image, &px, 4, 1, 1, 0, 0);
        cursor_image_fini(&image);
        CHECK_INT(px >> 24, 0xff);
        for (uint32_t c = 0; c < 24; c += 8) {
            const double src = v >> c & 0xff, dst = under >> c & 0xff;
            const double want = (src * a + dst * (255 - a)) / 255, got = px >> c & 0xff;
            CHECK(got - want <= 1 &&
                  want - got <= 1); /* two roundings: the image is pre-multiplied */
            CHECK(a != 255 || got == src);
            CHECK(a != 0 || got == dst);
        }
    }
}

TEST(planes_exclude_each_other)
{
    uint8_t data[4 * 16 * 16];
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(random_u32() % 3 ? random_u32() : 0);
    static const enum cursor_type types[] = { CURSOR_COLOUR, CURSOR_MONOCHROME,
                                              CURSOR_MASKED_COLOUR };
    for (size_t t = 0; t < ARRAY_LEN(types); t++) {
        const struct cursor_shape s = shape_of(types[t], 16, 8, 64, data, sizeof(data));
        struct cursor_image image;
        CHECK(cursor_image_from_shape(&s, &image) == 0);
        for (size_t i = 0; i < 16 * 8; i++) {
            CHECK(!image.xor_rgb || image.argb[i] >> 24 == 0 || image.xor_rgb[i] == 0);
            CHECK(types[t] == CURSOR_COLOUR || image.argb[i] == 0 || image.argb[i] >> 24 == 255);
        }
        cursor_image_fini(&image);
        CHECK(!image.argb && !image.xor_rgb && image.width_px == 0);
    }
}

TEST(hostile_shapes_are_refused)
{
    uint8_t data[64] = { 0 };
    const struct cursor_shape rows[] = {
        shape_of(CURSOR_NONE, 4, 4, 16, data, 64),
        shape_of((enum cursor_type)99, 4, 4, 16, data, 64),
        shape_of(CURSOR_COLOUR, 0, 4, 16, data, 64),
        shape_of(CURSOR_COLOUR, 4, 0, 16, data, 64),
        shape_of(CURSOR_COLOUR, 4, 4, 15, data, 64),
        shape_of(CURSOR_COLOUR, 4, 5, 16, data, 64),
        shape_of(CURSOR_COLOUR, UINT32_MAX, 1, 4, data, 64),
        shape_of(CURSOR_COLOUR, 1, UINT32_MAX, 4, data, 64),
        shape_of(CURSOR_MASKED_COLOUR, 4, 4, UINT32_MAX, data, 64),
        shape_of(CURSOR_MONOCHROME, 9, 4, 1, data, 64),
        shape_of(CURSOR_MONOCHROME, 8, 33, 1, data, 64),
        shape_of(CURSOR_COLOUR, 4, 4, 16, NULL, 64),
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct cursor_image image = { .width_px = 77 };
        CHECK_MSG(cursor_image_from_shape(&rows[i], &image) == -EINVAL, "row %zu", i);
        CHECK_INT(image.width_px, 77);
    }
}

/* Drawing at any position equals a clipped loop, and never leaves the destination. */
TEST(drawing_is_clipped)
{
    enum { W = 20, H = 15 };
    uint8_t data[4 * 8 * 6];
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)random_u32();
    for (size_t i = 3; i < sizeof(data); i += 4)
        data[i] = random_u32() % 2 ? 255 : 0;
    const struct cursor_shape s = shape_of(CURSOR_MASKED_COLOUR, 8, 6, 32, data, sizeof(data));
    struct cursor_image image;
    CHECK(cursor_image_from_shape(&s, &image) == 0);
    static const int32_t far[] = { INT32_MIN, INT32_MAX, -1000000, 1000000 };
    for (int32_t run = 0; run < 40 * 40 + 16; run++) {
        const int32_t x = run < 1600 ? run % 40 - 10 : far[run % 4],
                      y = run < 1600 ? run / 40 - 10 : far[run / 4 % 4];
        uint32_t got[(H + 2) * W], want[(H + 2) * W]; /* a guard row above and below */
        for (size_t i = 0; i < ARRAY_LEN(got); i++)
            got[i] = want[i] = 0xff406080;
        for (int64_t cy = 0; cy < 6; cy++) {
            for (int64_t cx = 0; cx < 8; cx++) {
                const uint8_t *p = &data[cy * 32 + cx * 4];
                const uint32_t rgb = (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
                if (x + cx >= 0 && x + cx < W && y + cy >= 0 && y + cy < H) {
                    uint32_t *to = &want[(y + cy + 1) * W + x + cx];
                    *to = p[3] ? *to ^ rgb : 0xff000000 | rgb;
                }
            }
        }
        cursor_image_draw(&image, got + W, W * 4, W, H, x, y);
        CHECK_MSG(memcmp(got, want, sizeof(got)) == 0, "at %d,%d", x, y);
    }
    cursor_image_fini(&image);
}

TEST(quarter_turns)
{
    /* 3 x 2: 1 2 3 / 4 5 6 as blue, all opaque but pixel 5, which inverts */
    uint8_t data[24] = { 0 };
    for (uint8_t i = 0; i < 6; i++) {
        data[4 * i] = (uint8_t)(i + 1);
        data[4 * i + 3] = i == 4 ? 255 : 0;
    }
    const struct cursor_shape s = shape_of(CURSOR_MASKED_COLOUR, 3, 2, 12, data, sizeof(data));
    struct cursor_image image;
    CHECK(cursor_image_from_shape(&s, &image) == 0);
    static const uint32_t want[4][6] = {
        { 1, 2, 3, 4, 5, 6 },
        { 4, 1, 5, 2, 6, 3 },
        { 6, 5, 4, 3, 2, 1 },
        { 3, 6, 2, 5, 1, 4 },
    };
    for (uint32_t turns = 0; turns < 8; turns++) {
        struct cursor_image turned;
        CHECK(cursor_image_rotate(&image, turns, &turned) == 0);
        CHECK_INT(turned.width_px, turns % 2 ? 2 : 3);
        CHECK_INT(turned.height_px, turns % 2 ? 3 : 2);
        for (int i = 0; i < 6; i++) {
            const uint32_t v = want[turns % 4][i];
            CHECK_INT(turned.argb[i], v == 5 ? 0 : 0xff000000 | v);
            CHECK_INT(turned.xor_rgb[i], v == 5 ? 5 : 0);
        }
        cursor_image_fini(&turned);
    }
    cursor_image_fini(&image);
}

/* The golden image holds a colour shape; its expectation file has the SHA-256 of the shape over R
 * 0x20 G 0x40 B 0x60. */
TEST(golden_colour_composite)
{
    enum {
        SHAPE_AT = 6824,
        W = 32,
        H = 32
    }; /* 04-pointer-color-and-move.json: shape_data_offset, width, height */
    static uint8_t data[4 * W * H];
    golden_read("04-pointer-color-and-move", SHAPE_AT, data, sizeof(data));
    const struct cursor_shape s = shape_of(CURSOR_COLOUR, W, H, 128, data, sizeof(data));
    struct cursor_image image;
    CHECK(cursor_image_from_shape(&s, &image) == 0);
    static uint32_t px[W * H];
    static uint8_t rgb[3 * W * H];
    for (size_t i = 0; i < ARRAY_LEN(px); i++)
        px[i] = 0xff204060;
    cursor_image_draw(&image, px, W * 4, W, H, 0, 0);
    cursor_image_fini(&image);
    for (size_t i = 0; i < ARRAY_LEN(px); i++) {
        rgb[3 * i] = (uint8_t)(px[i] >> 16);
        rgb[3 * i + 1] = (uint8_t)(px[i] >> 8);
        rgb[3 * i + 2] = (uint8_t)px[i];
    }
    golden_check_sha256(rgb, sizeof(rgb),
                        "e79df63b18ba4ce23a54b6c3513bde25593789a1c9ddcc9dd37c0a0e3e4f490e",
                        "composite");
}
