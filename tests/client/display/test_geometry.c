/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "display/geometry.h"

static const struct geometry_config keep = { .keep_aspect = true };
static const struct geometry_config fill = { 0 };
static const struct geometry_config whole = { .keep_aspect = true, .integer_upscale = true };
static const struct geometry_config centre = { .keep_aspect = true, .no_upscale = true };
static const struct geometry_config turned = { .keep_aspect = true, .rotation = FRAME_ROTATE_90 };

struct row {
    const char *name;
    const struct geometry_config *config;
    uint32_t width, height, scale_120;
    uint32_t frame_width, frame_height;
    enum frame_rotation rotation;
    struct geometry_rect want;
    bool exact;
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct row *r = &rows[i];
        struct geometry g;
        geometry_compute(r->config, r->width, r->height, r->scale_120, r->frame_width,
                         r->frame_height, r->rotation, &g);
        CHECK_MSG(g.image_px.x == r->want.x && g.image_px.y == r->want.y &&
                      g.image_px.width == r->want.width && g.image_px.height == r->want.height &&
                      g.exact == r->exact,
                  "%s: %ux%u%+d%+d exact %d, expected %ux%u%+d%+d exact %d", r->name,
                  g.image_px.width, g.image_px.height, g.image_px.x, g.image_px.y, g.exact,
                  r->want.width, r->want.height, r->want.x, r->want.y, r->exact);
    }
}

TEST(hostile_sizes)
{
    static const struct row rows[] = {
        { "no window", &keep, 0, 0, 120, 800, 600, 0, { 0, 0, 0, 0 }, false },
        { "no frame", &keep, 800, 600, 120, 0, 0, 0, { 0, 0, 0, 0 }, false },
        { "no frame height", &keep, 800, 600, 120, 800, 0, 0, { 0, 0, 0, 0 }, false },
        { "scale 0 is 1", &keep, 800, 600, 0, 800, 600, 0, { 0, 0, 800, 600 }, true },
        { "one pixel in one pixel", &keep, 1, 1, 120, 1, 1, 0, { 0, 0, 1, 1 }, true },
        { "thin line keeps a pixel", &keep, 100, 100, 120, 16384, 1, 0, { 0, 49, 100, 1 }, false },
        { "thin column keeps a pixel",
          &keep,
          100,
          100,
          120,
          1,
          16384,
          0,
          { 49, 0, 1, 100 },
          false },
        { "largest frame", &keep, 100, 100, 120, 16384, 16384, 0, { 0, 0, 100, 100 }, false },
        { "huge window",
          &centre,
          0xFFFFFFFF,
          100,
          960,
          100,
          100,
          0,
          { 1073741773, 350, 100, 100 },
          true },
    };
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(letterbox)
{
    static const struct row rows[] = {
        { "1:1", &keep, 1920, 1080, 120, 1920, 1080, 0, { 0, 0, 1920, 1080 }, true },
        { "bars above", &keep, 1000, 1000, 120, 500, 250, 0, { 0, 250, 1000, 500 }, false },
        { "bars beside", &keep, 1000, 500, 120, 500, 500, 0, { 250, 0, 500, 500 }, true },
        { "shrunk", &keep, 960, 540, 120, 1920, 1080, 0, { 0, 0, 960, 540 }, false },
        { "filled", &fill, 1000, 1000, 120, 500, 250, 0, { 0, 0, 1000, 1000 }, false },
        { "filled 1:1", &fill, 500, 250, 120, 500, 250, 0, { 0, 0, 500, 250 }, true },
        { "odd bars", &keep, 1001, 500, 120, 500, 500, 0, { 250, 0, 500, 500 }, true },
        { "whole factor 2", &whole, 1500, 1100, 120, 600, 500, 0, { 150, 50, 1200, 1000 }, false },
        { "whole factor 1", &whole, 1100, 900, 120, 600, 500, 0, { 250, 200, 600, 500 }, true },
        { "whole when shrinking", &whole, 300, 250, 120, 600, 500, 0, { 0, 0, 300, 250 }, false },
        { "never enlarged", &centre, 1500, 1100, 120, 600, 500, 0, { 450, 300, 600, 500 }, true },
        { "shrunk though", &centre, 300, 250, 120, 600, 500, 0, { 0, 0, 300, 250 }, false },
    };
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(scales_that_do_not_divide)
{
    /* 1366 px at 1.25 are 1092.8 logical: 1093 of them are 1366.25, rounded 1366; 614 are 767.5,
     * rounded 768. */
    static const struct row rows[] = {
        { "1.25", &keep, 1093, 614, 150, 1366, 768, 0, { 0, 0, 1366, 768 }, true },
        { "1.25 filled", &fill, 1093, 614, 150, 1366, 768, 0, { 0, 0, 1366, 768 }, true },
        { "1.25 divides", &keep, 1536, 864, 150, 1920, 1080, 0, { 0, 0, 1920, 1080 }, true },
        { "1.5", &keep, 1280, 720, 180, 1920, 1080, 0, { 0, 0, 1920, 1080 }, true },
        { "1.75", &keep, 1097, 617, 210, 1920, 1080, 0, { 0, 0, 1920, 1080 }, true },
        { "2, odd: lines to spare", &fill, 683, 384, 240, 1365, 767, 0, { 0, 0, 1365, 767 }, true },
        { "2, a logical line too many is enlarged",
          &keep,
          684,
          385,
          240,
          1366,
          768,
          0,
          { 0, 0, 1368, 769 },
          false },
    };
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(rotation)
{
    static const struct row rows[] = {
        { "guest by 90",
          &keep,
          600,
          800,
          120,
          800,
          600,
          FRAME_ROTATE_90,
          { 0, 0, 600, 800 },
          true },
        { "guest by 180",
          &keep,
          800,
          600,
          120,
          800,
          600,
          FRAME_ROTATE_180,
          { 0, 0, 800, 600 },
          true },
        { "user by 90",
          &turned,
          600,
          800,
          120,
          800,
          600,
          FRAME_ROTATE_0,
          { 0, 0, 600, 800 },
          true },
        { "both: 180",
          &turned,
          800,
          600,
          120,
          800,
          600,
          FRAME_ROTATE_90,
          { 0, 0, 800, 600 },
          true },
        { "both: 360",
          &turned,
          800,
          600,
          120,
          800,
          600,
          FRAME_ROTATE_270,
          { 0, 0, 800, 600 },
          true },
    };
    check_rows(rows, ARRAY_LEN(rows));
    struct geometry g;
    geometry_compute(&turned, 100, 100, 120, 8, 6, FRAME_ROTATE_270, &g);
    CHECK_INT(g.rotation, FRAME_ROTATE_0);
    geometry_compute(&keep, 100, 100, 120, 8, 6, FRAME_ROTATE_270, &g);
    CHECK(g.upright_width_px == 6 && g.upright_height_px == 8);
}

/* For each size and scale, the window asked for shows the guest pixel by pixel, and no smaller one
 * would hold it. */
TEST(window_for_the_guest_is_exact)
{
    static const uint32_t scales[] = { 120, 150, 180, 210, 240, 133, 360 };
    for (size_t s = 0; s < ARRAY_LEN(scales); s++) {
        for (uint32_t px = 1; px < 4200; px++) {
            uint32_t width, height;
            struct geometry g;
            geometry_size_for_guest(&fill, scales[s], px, 4200 - px, FRAME_ROTATE_90, &height,
                                    &width);
            geometry_compute(&fill, width, height, scales[s], px, 4200 - px, FRAME_ROTATE_0, &g);
            CHECK_MSG(g.exact && g.image_px.width == px, "%u px at %u/120", px, scales[s]);
            CHECK_MSG(geometry_to_px(width - 1, scales[s]) < px, "%u px at %u/120: %u is too wide",
                      px, scales[s], width);
            CHECK(g.image_px.x >= 0 &&
                  (uint32_t)g.image_px.x + g.image_px.width <= g.window_width_px);
        }
    }
}

TEST(points_map_there_and_back)
{
    struct geometry g;
    double x, y;
    geometry_compute(&keep, 1000, 1000, 150, 500, 250, FRAME_ROTATE_0, &g);
    geometry_guest_to_px(&g, 0, 0, &x, &y);
    CHECK(x == g.image_px.x && y == g.image_px.y);
    for (double gx = -20; gx < 600; gx += 7.25) {
        double back_x, back_y;
        geometry_guest_to_px(&g, gx, gx / 2, &x, &y);
        geometry_px_to_guest(&g, x, y, &back_x, &back_y);
        CHECK(back_x > gx - 1e-6 && back_x < gx + 1e-6 && back_y > gx / 2 - 1e-6 &&
              back_y < gx / 2 + 1e-6);
    }
    const struct geometry empty = { 0 };
    geometry_px_to_guest(&empty, 5, 5, &x, &y); /* no picture: no division by zero */
    CHECK(x == 0 && y == 0);
}
