/* SPDX-License-Identifier: GPL-2.0-or-later
 * Every difference is inside the damage, and nothing is beyond the tiles that have one. */
#include "capture/gdi/tile_diff.h"

#include "base/checked.h"
#include "test.h"

static uint32_t random_state = 1;
static uint32_t random_below(uint32_t n)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % n;
}

static bool tile_differs(const uint32_t *a, const uint32_t *b, uint32_t pitch_px, uint32_t width,
                         uint32_t height, uint32_t x, uint32_t y)
{
    const uint32_t left = x / TILE_DIFF_PX * TILE_DIFF_PX, top = y / TILE_DIFF_PX * TILE_DIFF_PX;
    for (uint32_t py = top; py < min_u32(top + TILE_DIFF_PX, height); py++)
        if (memcmp(a + (size_t)py * pitch_px + left, b + (size_t)py * pitch_px + left,
                   (size_t)(min_u32(left + TILE_DIFF_PX, width) - left) * 4) != 0)
            return true;
    return false;
}

static bool covered(const struct damage *d, uint32_t x, uint32_t y)
{
    for (uint32_t i = 0; i < d->count; i++) {
        const struct frame_rect *r = &d->rects[i];
        if (x >= r->x_px && x < r->x_px + r->width_px && y >= r->y_px && y < r->y_px + r->height_px)
            return true;
    }
    return false;
}

/* As long as the list has room, damage is exactly the tiles that differ. */
static void check(const uint32_t *a, const uint32_t *b, uint32_t pitch_px, uint32_t width,
                  uint32_t height, bool exact)
{
    struct damage d = { .full = true };
    tile_diff((const uint8_t *)a, (const uint8_t *)b, pitch_px * 4, width, height, &d);
    CHECK(!d.full);
    for (uint32_t i = 0; i < d.count; i++)
        CHECK(d.rects[i].x_px + d.rects[i].width_px <= width &&
              d.rects[i].y_px + d.rects[i].height_px <= height);
    for (uint32_t top = 0; top < height; top += TILE_DIFF_PX) {
        for (uint32_t left = 0; left < width; left += TILE_DIFF_PX) {
            const bool differs = tile_differs(a, b, pitch_px, width, height, left, top);
            const uint32_t right = min_u32(left + TILE_DIFF_PX, width) - 1,
                           bottom = min_u32(top + TILE_DIFF_PX, height) - 1;
            const uint32_t points[][2] = { { left, top },
                                           { right, bottom },
                                           { left, bottom },
                                           { right, top },
                                           { left + random_below(right - left + 1),
                                             top + random_below(bottom - top + 1) } };
            for (size_t i = 0; i < ARRAY_LEN(points); i++) {
                const bool hit = covered(&d, points[i][0], points[i][1]);
                CHECK_MSG(!differs || hit, "%u,%u is missing", points[i][0], points[i][1]);
                CHECK_MSG(differs || !exact || !hit, "%u,%u is too much", points[i][0],
                          points[i][1]);
            }
        }
    }
}

TEST(sizes_and_single_pixels)
{
    static const struct {
        uint32_t width, height, spare;
    } rows[] = { { 1, 1, 0 },   { 63, 63, 0 }, { 64, 64, 0 },   { 65, 65, 3 },
                 { 128, 1, 0 }, { 1, 200, 1 }, { 300, 200, 7 }, { 1000, 70, 0 } };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const uint32_t w = rows[i].width, h = rows[i].height, pitch = w + rows[i].spare;
        uint32_t *a = calloc((size_t)pitch * h, 4), *b = calloc((size_t)pitch * h, 4);
        CHECK(a && b);
        check(a, b, pitch, w, h, true);
        if (rows[i].spare > 0)
            b[w] = 1; /* behind the row: not part of the picture */
        check(a, b, pitch, w, h, true);
        for (uint32_t n = 0; n < 60; n++) {
            const uint32_t x = random_below(w), y = random_below(h);
            uint8_t *byte = (uint8_t *)&b[(size_t)y * pitch + x] + random_below(4);
            *byte ^= (uint8_t)(1u << random_below(8));
            check(a, b, pitch, w, h, true);
            *byte = 0;
        }
        free(a);
        free(b);
    }
}

TEST(many_differences)
{
    enum { W = 700, H = 500 };
    static uint32_t a[W * H], b[W * H];
    for (uint32_t run = 0; run < 60; run++) {
        memcpy(b, a, sizeof(a));
        for (uint32_t n = random_below(200); n > 0; n--)
            b[random_below(W * H)] ^= 1 + random_below(1u << 20);
        check(a, b, W, W, H, false);
    }
}

/* One rectangle where a window changed, not dozens. */
TEST(neighbours_are_joined)
{
    enum { W = 1920, H = 256 };
    static uint32_t a[W * H], b[W * H];
    struct damage d;
    for (uint32_t y = 10; y < 200; y++)
        for (uint32_t x = 100; x < 900; x++)
            b[y * W + x] = 1;
    tile_diff((const uint8_t *)a, (const uint8_t *)b, W * 4, W, H, &d);
    CHECK_INT(d.count, 1);
    CHECK_INT(d.rects[0].x_px, 64);
    CHECK_INT(d.rects[0].width_px, 960 - 64);
    CHECK_INT(d.rects[0].height_px, 256);
}
