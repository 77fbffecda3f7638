/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "win/pointer_place.h"

#include "test.h"

TEST(every_pixel_leads_back_to_itself)
{
    static const int32_t extents[] = { 1, 2, 3, 640, 1279, 1920, 2560, 3840, 5120, 11520, 32767 };
    static const int32_t origins[] = { 0, -1920, 300 };
    for (size_t e = 0; e < ARRAY_LEN(extents); e++) {
        for (size_t o = 0; o < ARRAY_LEN(origins); o++) {
            for (int32_t px = 0; px < extents[e]; px++) {
                const int64_t step = pointer_place(origins[o] + px, origins[o], extents[e]);
                CHECK(step >= 0 && step <= 65535);
                CHECK_INT(step * extents[e] / 65536, px);
            }
        }
    }
}

TEST(outside_goes_to_the_edge)
{
    CHECK_INT(pointer_place(INT32_MIN, 0, 1920), 0);
    CHECK_INT(pointer_place(-1, 0, 1920), 0);
    CHECK_INT(pointer_place(INT32_MIN, INT32_MAX, 1920), 0);
    CHECK_INT(pointer_place(INT32_MAX, INT32_MIN, 1920), pointer_place(1919, 0, 1920));
    CHECK_INT(pointer_place(1920, 0, 1920), pointer_place(1919, 0, 1920));
}
