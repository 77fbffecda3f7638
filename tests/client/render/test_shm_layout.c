/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "render/shm/shm_layout.h"

static struct shm_layout layout_of(uint32_t width, uint32_t height, uint32_t scale_120,
                                   uint32_t frame_width, uint32_t frame_height,
                                   enum frame_rotation rotation)
{
    const struct geometry_config config = { .keep_aspect = true, .no_upscale = true };
    struct geometry g;
    struct shm_layout out;
    geometry_compute(&config, width, height, scale_120, frame_width, frame_height, rotation, &g);
    shm_layout_compute(&g, scale_120, width, height, frame_width, frame_height, &out);
    return out;
}

TEST(nothing_to_show)
{
    CHECK_INT(layout_of(0, 0, 120, 100, 100, 0).buffer_width_px, 0);
    CHECK_INT(layout_of(100, 100, 120, 0, 100, 0).buffer_width_px, 0);
}

TEST(exact_picture_lies_in_a_buffer_of_the_window)
{
    static const struct {
        uint32_t width, height, scale_120, frame_width, frame_height;
        enum frame_rotation rotation;
        uint32_t buffer_width, buffer_height, x, y;
    } rows[] = {
        { 800, 600, 120, 800, 600, FRAME_ROTATE_0, 800, 600, 0, 0 },
        { 800, 600, 120, 640, 480, FRAME_ROTATE_0, 800, 600, 80, 60 },
        { 801, 601, 120, 640, 480, FRAME_ROTATE_180, 801, 601, 81,
          61 }, /* the odd line changes sides */
        { 601, 801, 120, 640, 480, FRAME_ROTATE_90, 801, 601, 80, 61 },
        { 601, 801, 120, 640, 480, FRAME_ROTATE_270, 801, 601, 81, 60 },
        { 1093, 615, 150, 1360, 760, FRAME_ROTATE_0, 1366, 769, 3, 4 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct shm_layout l =
            layout_of(rows[i].width, rows[i].height, rows[i].scale_120, rows[i].frame_width,
                      rows[i].frame_height, rows[i].rotation);
        CHECK_MSG(l.on_root && l.buffer_width_px == rows[i].buffer_width &&
                      l.buffer_height_px == rows[i].buffer_height && l.picture_x_px == rows[i].x &&
                      l.picture_y_px == rows[i].y && l.logical.width == rows[i].width &&
                      l.logical.height == rows[i].height,
                  "row %zu: root %d buffer %ux%u picture at %u,%u", i, l.on_root, l.buffer_width_px,
                  l.buffer_height_px, l.picture_x_px, l.picture_y_px);
    }
}

TEST(scaled_picture_has_a_surface_of_its_own)
{
    const struct shm_layout l = layout_of(400, 400, 240, 1600, 800, FRAME_ROTATE_0);
    CHECK(!l.on_root && l.buffer_width_px == 1600 && l.buffer_height_px == 800);
    CHECK(l.logical.x == 0 && l.logical.y == 100 && l.logical.width == 400 &&
          l.logical.height == 200);
    const struct shm_layout thin = layout_of(100, 100, 120, 16384, 1, FRAME_ROTATE_0);
    CHECK(thin.logical.width == 100 && thin.logical.height == 1);
}

TEST(unrotate_is_undone_by_the_opposite_turn)
{
    const struct frame_rect r = { 3, 7, 20, 11 };
    for (unsigned turn = 0; turn < 4; turn++) {
        const bool sideways = turn & 1;
        const struct frame_rect there = shm_layout_unrotate(r, (enum frame_rotation)turn, 100, 50);
        const struct frame_rect back = shm_layout_unrotate(
            there, (enum frame_rotation)((4 - turn) & 3), sideways ? 50 : 100, sideways ? 100 : 50);
        CHECK_MSG(memcmp(&r, &back, sizeof(r)) == 0, "turn %u", turn);
    }
    /* Upright top right corner of a picture that is turned clockwise by 90: stored at the top left.
     */
    const struct frame_rect corner =
        shm_layout_unrotate((struct frame_rect){ 99, 0, 1, 1 }, FRAME_ROTATE_90, 100, 50);
    CHECK(corner.x_px == 0 && corner.y_px == 0);
}

/* For any scale and position: the surface begins and ends on whole logical pixels, the clip on the
 * right device pixel. */
TEST(exact_cursor_hits_its_pixel)
{
    static const uint32_t scales[] = { 120, 150, 180, 210, 240, 133 };
    for (size_t s = 0; s < ARRAY_LEN(scales); s++) {
        const struct geometry g = { .exact = true, .image_px = { 7, 11, 1000, 1000 } };
        for (uint32_t at = 0; at < 300; at++) {
            struct shm_cursor_layout l;
            shm_layout_cursor(&g, scales[s], (struct frame_rect){ at, 2 * at, 32, 17 }, &l);
            CHECK_INT((uint64_t)l.logical.x * scales[s] / 120 + l.left_px, 7 + at);
            CHECK_INT((uint64_t)l.logical.y * scales[s] / 120 + l.top_px, 11 + 2 * at);
            CHECK_INT((uint64_t)l.logical.width * scales[s], (uint64_t)l.buffer_width_px * 120);
            CHECK_INT((uint64_t)l.logical.height * scales[s], (uint64_t)l.buffer_height_px * 120);
            CHECK(l.left_px + 32 <= l.buffer_width_px && l.top_px + 17 <= l.buffer_height_px);
        }
    }
}
