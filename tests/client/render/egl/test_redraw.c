/* SPDX-License-Identifier: GPL-2.0-or-later
 * Buffer ages, and rectangles carried from frame to window. */
#include "render/egl/redraw.h"

#include "test.h"

static struct frame_rect at(uint32_t i)
{
    return (struct frame_rect){ 20 * i, 0, 5, 5 };
}

TEST(ages)
{
    struct redraw r = { 0 };
    struct damage out;
    redraw_reset(&r);
    redraw_for_age(&r, 1, &out);
    CHECK(out.full); /* pending */
    redraw_presented(&r);
    for (uint32_t i = 1; i <= 6; i++) { /* present i changes at(i) */
        damage_add_rect(&r.pending, at(i));
        redraw_for_age(&r, 0, &out);
        CHECK(out.full);
        redraw_for_age(&r, 1, &out);
        CHECK(!out.full && out.count == 1 && out.rects[0].x_px == 20 * i);
        redraw_for_age(&r, 3, &out); /* lacks the pending one and the last two */
        CHECK_INT(out.full, i <= 2); /* one of those two was the full first present */
        CHECK(out.full || out.count == 3);
        redraw_for_age(&r, REDRAW_HISTORY + 2, &out);
        CHECK(out.full);
        redraw_for_age(&r, UINT32_MAX, &out);
        CHECK(out.full);
        redraw_presented(&r);
    }
    redraw_for_age(&r, 5, &out);
    CHECK(!out.full && out.count == 4);
    redraw_reset(&r);
    redraw_for_age(&r, 1, &out);
    CHECK(out.full);
}

/* Every guest pixel of a rectangle lies inside what it becomes, in all rotations, sizes and
 * positions. */
TEST(frame_rectangles_reach_the_window)
{
    static const struct geometry_config configs[] = {
        { .keep_aspect = true },
        { .keep_aspect = false },
        { .integer_upscale = true, .keep_aspect = true },
        { .no_upscale = true },
    };
    uint32_t seed = 1;
    for (uint32_t run = 0; run < 4000; run++) {
        struct geometry g;
        uint32_t v[10];
        for (size_t i = 0; i < ARRAY_LEN(v); i++)
            v[i] = (seed = seed * 1664525u + 1013904223u) >> 10;
        const uint32_t w = 1 + v[0] % 100, h = 1 + v[1] % 100;
        const enum frame_rotation rotation = (enum frame_rotation)(v[2] % 4);
        geometry_compute(&configs[v[3] % 4], 1 + v[4] % 300, 1 + v[5] % 300, 120, w, h, rotation,
                         &g);
        const struct frame_rect r = { v[6] % w, v[7] % h, 1 + v[8] % w, 1 + v[9] % h };
        const struct frame_rect got = redraw_frame_to_window(&g, r, run % 2);
        for (uint32_t y = r.y_px; y < h && y < r.y_px + r.height_px; y++) {
            for (uint32_t x = r.x_px; x < w && x < r.x_px + r.width_px; x++) {
                /* centre of the pixel, upright, then in the window */
                const double cx = x + 0.5, cy = y + 0.5;
                const double ux = rotation == 0   ? cx
                                  : rotation == 1 ? h - cy
                                  : rotation == 2 ? w - cx
                                                  : cy;
                const double uy = rotation == 0   ? cy
                                  : rotation == 1 ? cx
                                  : rotation == 2 ? h - cy
                                                  : w - cx;
                double px, py;
                geometry_guest_to_px(&g, ux, uy, &px, &py);
                if (px < 0 || py < 0 || px >= g.window_width_px || py >= g.window_height_px)
                    continue;
                CHECK_MSG(px >= got.x_px && px < got.x_px + got.width_px && py >= got.y_px &&
                              py < got.y_px + got.height_px,
                          "run %u: pixel %u,%u lost", run, x, y);
            }
        }
        CHECK(got.x_px + got.width_px <= g.window_width_px &&
              got.y_px + got.height_px <= g.window_height_px);
    }
}

TEST(rectangles_off_the_picture)
{
    struct geometry g;
    const struct geometry_config config = { .keep_aspect = true };
    geometry_compute(&config, 200, 100, 120, 100, 100, FRAME_ROTATE_0, &g);
    static const struct {
        int64_t x, y;
        uint32_t w, h;
    } rows[] = {
        { -10, 0, 10, 10 }, { 100, 0, 10, 10 },        { 0, -10, 10, 10 },
        { 0, 100, 10, 10 }, { INT32_MIN, 0, 1024, 1 }, { INT32_MAX, INT32_MAX, 1024, 1024 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct frame_rect r =
            redraw_upright_to_window(&g, rows[i].x, rows[i].y, rows[i].w, rows[i].h);
        CHECK(r.width_px == 0 && r.height_px == 0);
    }
    const struct frame_rect part =
        redraw_upright_to_window(&g, -3, 98, 10, 10); /* picture at 50,0 */
    CHECK(part.x_px == 50 && part.width_px == 7 && part.y_px == 98 && part.height_px == 2);
}

TEST(egl_counts_rows_from_the_bottom)
{
    struct damage d = { 0 };
    int32_t rects[4 * DAMAGE_MAX_RECTS];
    CHECK_INT(redraw_egl_rects(&d, 100, rects), 0);
    damage_add_rect(&d, (struct frame_rect){ 1, 2, 3, 4 });
    damage_add_rect(&d, (struct frame_rect){ 50, 90, 7, 10 });
    CHECK_INT(redraw_egl_rects(&d, 100, rects), 2);
    static const int32_t want[] = { 1, 94, 3, 4, 50, 0, 7, 10 };
    CHECK(memcmp(rects, want, sizeof(want)) == 0);
    CHECK_INT(redraw_egl_rects(&d, 99, rects), 0); /* does not fit: everything */
    damage_set_full(&d);
    CHECK_INT(redraw_egl_rects(&d, 100, rects), 0);
}
