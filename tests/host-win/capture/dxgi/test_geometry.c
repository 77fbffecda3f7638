/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "capture/dxgi/geometry.h"

TEST(unknown_rotations_are_none)
{
    static const uint32_t rows[] = { 0, 1, 5, 90, UINT32_MAX };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_INT(geometry_rotation(rows[i]), FRAME_ROTATE_0);
}

TEST(rotations_are_turns_clockwise)
{
    CHECK_INT(geometry_rotation(2), FRAME_ROTATE_90);
    CHECK_INT(geometry_rotation(3), FRAME_ROTATE_180);
    CHECK_INT(geometry_rotation(4), FRAME_ROTATE_270);
}

TEST(rects)
{
    static const struct {
        int32_t in[4];
        struct frame_rect want;
    } rows[] = {
        { { INT32_MIN, INT32_MIN, INT32_MAX, INT32_MAX }, { 0, 0, INT32_MAX, INT32_MAX } },
        { { INT32_MAX, INT32_MAX, INT32_MIN, INT32_MIN }, { 0, 0, 0, 0 } },
        { { -10, -20, 0, 5 }, { 0, 0, 0, 0 } },
        { { 10, 10, 10, 20 }, { 0, 0, 0, 0 } },
        { { 10, 20, 5, 30 }, { 0, 0, 0, 0 } },
        { { -10, -20, 30, 5 }, { 0, 0, 30, 5 } },
        { { 1, 2, 4, 8 }, { 1, 2, 3, 6 } },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const int32_t *in = rows[i].in;
        const struct frame_rect got = geometry_rect(in[0], in[1], in[2], in[3]);
        CHECK_INT(got.x_px, rows[i].want.x_px);
        CHECK_INT(got.y_px, rows[i].want.y_px);
        CHECK_INT(got.width_px, rows[i].want.width_px);
        CHECK_INT(got.height_px, rows[i].want.height_px);
    }
}

TEST(fit)
{
    static const struct {
        struct geometry_size picture;
        enum frame_rotation rotation;
        struct geometry_size box, want;
    } rows[] = {
        { { 16384, 16384 }, FRAME_ROTATE_0, { 1, 1 }, { 2048, 2048 } }, /* an eighth at most */
        { { 16384, 1 }, FRAME_ROTATE_0, { 1, 1 }, { 2048, 1 } },
        { { 1, 1 }, FRAME_ROTATE_0, { 1, 1 }, { 1, 1 } },
        { { 1001, 9 }, FRAME_ROTATE_0, { 10, 0 }, { 126, 2 } },
        { { 1920, 1080 }, FRAME_ROTATE_0, { 0, 0 }, { 1920, 1080 } },
        { { 1920, 1080 }, FRAME_ROTATE_0, { UINT32_MAX, UINT32_MAX }, { 1920, 1080 } },
        { { 1920, 1080 }, FRAME_ROTATE_0, { 2560, 1440 }, { 1920, 1080 } },
        { { 3840, 2160 }, FRAME_ROTATE_0, { 1920, 1080 }, { 1920, 1080 } },
        { { 3840, 2160 }, FRAME_ROTATE_180, { 1920, 0 }, { 1920, 1080 } },
        { { 3840, 2160 }, FRAME_ROTATE_0, { 0, 1080 }, { 1920, 1080 } },
        { { 3840, 1600 }, FRAME_ROTATE_0, { 1920, 1080 }, { 1920, 800 } },
        { { 1600, 1200 }, FRAME_ROTATE_0, { 1280, 720 }, { 960, 720 } },
        { { 1366, 768 }, FRAME_ROTATE_0, { 1000, 1000 }, { 1000, 562 } },
        /* The box is what the user sees: turned, it lies across the picture. */
        { { 3840, 2160 }, FRAME_ROTATE_90, { 1080, 1920 }, { 1920, 1080 } },
        { { 3840, 2160 }, FRAME_ROTATE_270, { 1920, 1080 }, { 1080, 608 } },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct geometry_size got =
            geometry_fit(rows[i].picture, rows[i].rotation, rows[i].box);
        CHECK_MSG(got.width_px == rows[i].want.width_px && got.height_px == rows[i].want.height_px,
                  "row %zu: %ux%u", i, got.width_px, got.height_px);
    }
}
