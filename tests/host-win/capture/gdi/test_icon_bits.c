/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/gdi/icon_bits.h"

#include <errno.h>

#include "test.h"

TEST(impossible_sizes)
{
    static const uint32_t colour[4] = { 0 };
    static const uint8_t mask[16] = { 0 };
    static const struct {
        uint32_t width_px, height_px;
    } rows[] = { { 0, 1 },
                 { 1, 0 },
                 { CURSOR_MAX_PX + 1, 1 },
                 { 1, CURSOR_MAX_PX + 1 },
                 { UINT32_MAX, UINT32_MAX },
                 { 1024, 1024 } };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct icon_bits bits = { .width_px = rows[i].width_px,
                                        .height_px = rows[i].height_px,
                                        .colour = colour,
                                        .mask = mask,
                                        .mask_pitch_bytes = 4 };
        struct cursor_shape s;
        CHECK_MSG(icon_bits_to_shape(&bits, &s) == -EINVAL, "row %zu", i);
    }
}

TEST(alpha_anywhere_is_colour)
{
    static const uint32_t colour[6] = { 0x00112233, 0, 0, 0, 0, 0x80aabbcc };
    static const uint8_t mask[8] = { 0xe0, 0, 0, 0, 0xe0 };
    const struct icon_bits bits = { 3, 2, 300, 1, colour, mask, 4 };
    struct cursor_shape s;
    CHECK_INT(icon_bits_to_shape(&bits, &s), 0);
    CHECK_INT(s.type, CURSOR_COLOUR);
    CHECK_INT(s.width_px, 3);
    CHECK_INT(s.height_px, 2);
    CHECK_INT(s.pitch_bytes, 12);
    CHECK_INT(s.hot_x_px, 255); /* what the wire can say */
    CHECK_INT(s.hot_y_px, 1);
    CHECK(s.data_bytes == sizeof(colour) && memcmp(s.data, colour, sizeof(colour)) == 0);
    cursor_shape_fini(&s);
}

TEST(without_alpha_the_mask_decides)
{
    static const uint32_t colour[10] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 0xffffff };
    static const uint8_t mask[8] = { 0xa5, 0x40, 0, 0, 0, 0, 0, 0 }; /* 10 px: 1010 0101 01 */
    static const uint32_t want[10] = { 0xff000001, 2, 0xff000003, 4, 5,
                                       0xff000006, 7, 0xff000008, 9, 0xffffffff };
    const struct icon_bits bits = { 10, 1, 0, 0, colour, mask, 4 };
    struct cursor_shape s;
    CHECK_INT(icon_bits_to_shape(&bits, &s), 0);
    CHECK_INT(s.type, CURSOR_MASKED_COLOUR);
    CHECK(memcmp(s.data, want, sizeof(want)) == 0);
    cursor_shape_fini(&s);
}

TEST(no_colour_is_monochrome)
{
    static const uint8_t mask[16] = { 0x12, 0x80, 0xee, 0xee, 0x34, 0x00, 0xee, 0xee,
                                      0x56, 0x80, 0xee, 0xee, 0x78, 0x00, 0xee, 0xee };
    static const uint8_t want[8] = { 0x12, 0x80, 0x34, 0x00, 0x56, 0x80, 0x78, 0x00 };
    const struct icon_bits bits = { 9, 2, 4, 1, NULL, mask, 4 };
    struct cursor_shape s;
    CHECK_INT(icon_bits_to_shape(&bits, &s), 0);
    CHECK_INT(s.type, CURSOR_MONOCHROME);
    CHECK_INT(s.height_px, 2);
    CHECK_INT(s.pitch_bytes, 2);
    CHECK_INT(s.data_bytes, sizeof(want));
    CHECK(memcmp(s.data, want, sizeof(want)) == 0);
    CHECK(!cursor_shape_fault(&s));
    cursor_shape_fini(&s);
}
