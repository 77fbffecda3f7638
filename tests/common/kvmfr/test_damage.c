/* SPDX-License-Identifier: GPL-2.0-or-later
 * Damage lists against a bitmap of the pixels they have to cover. */
#include "kvmfr/damage.h"

#include "test.h"

enum { W = 96, H = 80 };

static uint32_t random_state = 1;
static uint32_t random_below(uint32_t n)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % n;
}

struct bitmap {
    uint8_t hits[H][W];
};

static void paint(struct bitmap *b, const struct frame_rect *r)
{
    for (uint64_t y = r->y_px; y < (uint64_t)r->y_px + r->height_px && y < H; y++)
        for (uint64_t x = r->x_px; x < (uint64_t)r->x_px + r->width_px && x < W; x++)
            b->hits[y][x]++;
}

static uint32_t count_hits(const struct bitmap *b)
{
    uint32_t n = 0;
    for (uint32_t y = 0; y < H; y++)
        for (uint32_t x = 0; x < W; x++)
            n += b->hits[y][x] != 0;
    return n;
}

static struct frame_rect random_rect(uint32_t max_px)
{
    const struct frame_rect r = { random_below(W), random_below(H), 1 + random_below(max_px),
                                  1 + random_below(max_px) };
    return r;
}

TEST(hostile_rectangles)
{
    static const struct {
        struct frame_rect r;
        uint32_t count;
        struct frame_rect want;
    } rows[] = {
        { { 0, 0, 0, 5 }, 0, { 0 } },
        { { 0, 0, 5, 0 }, 0, { 0 } },
        { { UINT32_MAX, 0, 5, 5 }, 0, { 0 } },
        { { 0, FRAME_MAX_PX, 5, 5 }, 0, { 0 } },
        { { 5, 6, UINT32_MAX, UINT32_MAX }, 1, { 5, 6, FRAME_MAX_PX - 5, FRAME_MAX_PX - 6 } },
        { { FRAME_MAX_PX - 1, FRAME_MAX_PX - 1, 2, 2 },
          1,
          { FRAME_MAX_PX - 1, FRAME_MAX_PX - 1, 1, 1 } },
        { { UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX }, 0, { 0 } },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct damage d = { 0 };
        damage_add_rect(&d, rows[i].r);
        CHECK_INT(d.count, rows[i].count);
        CHECK(d.count == 0 || memcmp(&d.rects[0], &rows[i].want, sizeof(d.rects[0])) == 0);
        CHECK_INT(damage_is_empty(&d), rows[i].count == 0);
    }
}

TEST(merging_rule)
{
    static const struct {
        const char *what;
        struct frame_rect a, b;
        uint32_t count;
    } rows[] = {
        { "equal", { 3, 4, 10, 10 }, { 3, 4, 10, 10 }, 1 },
        { "b inside a", { 0, 0, 50, 50 }, { 10, 10, 5, 5 }, 1 },
        { "a inside b", { 10, 10, 5, 5 }, { 0, 0, 50, 50 }, 1 },
        { "tiles", { 0, 0, 10, 10 }, { 10, 0, 10, 10 }, 1 },
        { "tiles downwards", { 0, 0, 10, 10 }, { 0, 10, 10, 3 }, 1 },
        { "large overlap", { 0, 0, 10, 10 }, { 1, 1, 10, 10 }, 1 },  /* 121 for 200 */
        { "corner overlap", { 0, 0, 10, 10 }, { 9, 9, 10, 10 }, 2 }, /* 361 for 200 */
        { "one pixel apart", { 0, 0, 10, 10 }, { 11, 0, 10, 10 }, 2 },
        { "far apart", { 0, 0, 1, 1 }, { 90, 70, 1, 1 }, 2 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct damage d = { 0 };
        damage_add_rect(&d, rows[i].a);
        damage_add_rect(&d, rows[i].b);
        CHECK_MSG(d.count == rows[i].count, "%s: %u rectangles", rows[i].what, d.count);
    }
}

/* Whatever is added: all of it is covered, and as long as the list never filled up, nothing is
 * copied that costs more than the rectangles one by one. */
TEST(random_lists_cover_what_was_added)
{
    for (uint32_t run = 0; run < 3000; run++) {
        struct bitmap want = { 0 }, got = { 0 };
        struct damage d = { 0 };
        const uint32_t adds = random_below(run % 3 == 0 ? 300 : 40), max_px = 1 + random_below(30);
        uint64_t one_by_one = 0;
        for (uint32_t i = 0; i < adds; i++) {
            const struct frame_rect r = random_rect(max_px);
            paint(&want, &r);
            one_by_one += (uint64_t)r.width_px * r.height_px;
            damage_add_rect(&d, r);
            CHECK(d.count <= DAMAGE_MAX_RECTS);
        }
        uint64_t copied = 0;
        for (uint32_t i = 0; i < d.count; i++) {
            paint(&got, &d.rects[i]);
            copied += (uint64_t)d.rects[i].width_px * d.rects[i].height_px;
        }
        for (uint32_t y = 0; y < H; y++)
            for (uint32_t x = 0; x < W; x++)
                CHECK_MSG(!want.hits[y][x] || got.hits[y][x], "run %u: pixel %u,%u lost", run, x,
                          y);
        CHECK(adds > DAMAGE_MAX_RECTS || copied <= one_by_one);
        CHECK(damage_pixels(&d, W, H) >= count_hits(&want));
        CHECK(damage_pixels(&d, W, H) <= (uint64_t)W * H);
    }
}

TEST(sorted_rectangles_are_disjoint_and_the_same_pixels)
{
    static struct frame_rect out[8192];
    for (uint32_t run = 0; run < 3000; run++) {
        struct bitmap want = { 0 }, got = { 0 };
        struct damage d = { 0 };
        const uint32_t adds = random_below(70), max_px = 1 + random_below(50);
        for (uint32_t i = 0; i < adds; i++)
            damage_add_rect(&d, random_rect(max_px));
        for (uint32_t i = 0; i < d.count; i++)
            paint(&want, &d.rects[i]);
        const uint32_t cap = run % 2 ? ARRAY_LEN(out) : 1 + random_below(20);
        const uint32_t count = damage_sorted_by_bottom(&d, W, H, out, cap);
        CHECK(count <= cap);
        for (uint32_t i = 0; i < count; i++) {
            CHECK(out[i].width_px > 0 && out[i].height_px > 0);
            CHECK(out[i].x_px + out[i].width_px <= W && out[i].y_px + out[i].height_px <= H);
            CHECK(i == 0 ||
                  out[i - 1].y_px + out[i - 1].height_px <= out[i].y_px + out[i].height_px);
            paint(&got, &out[i]);
        }
        for (uint32_t y = 0; y < H; y++) {
            for (uint32_t x = 0; x < W; x++) {
                CHECK_MSG(!want.hits[y][x] || got.hits[y][x], "run %u: pixel %u,%u lost", run, x,
                          y);
                if (cap == ARRAY_LEN(out)) {
                    CHECK_MSG(got.hits[y][x] <= 1, "run %u: pixel %u,%u copied twice", run, x, y);
                    CHECK(want.hits[y][x] || !got.hits[y][x]);
                }
            }
        }
    }
}

TEST(full_damage)
{
    struct damage d = { 0 }, more = { 0 };
    damage_add_rect(&d, (struct frame_rect){ 1, 2, 3, 4 });
    damage_set_full(&more);
    damage_add(&d, &more);
    CHECK(d.full && d.count == 0 && !damage_is_empty(&d));
    damage_add_rect(&d, (struct frame_rect){ 1, 2, 3, 4 });
    CHECK_INT(d.count, 0);
    CHECK_INT(damage_pixels(&d, 640, 480), 640 * 480);
    struct frame_rect out[2];
    CHECK_INT(damage_sorted_by_bottom(&d, 640, 480, out, 2), 1);
    CHECK(out[0].x_px == 0 && out[0].y_px == 0 && out[0].width_px == 640 &&
          out[0].height_px == 480);
    CHECK_INT(damage_sorted_by_bottom(&d, 640, 0, out, 2), 0);
    CHECK_INT(damage_sorted_by_bottom(&d, 640, 480, out, 0), 0);
    damage_clear(&d);
    CHECK(damage_is_empty(&d));
    CHECK_INT(damage_sorted_by_bottom(&d, 640, 480, out, 2), 0);
}

TEST(frame_header_counts)
{
    struct frame_view view = { .width_px = W, .height_px = H };
    struct damage d = { 0 };
    view.damage_count = 2;
    view.damage[0] = (struct frame_rect){ 1, 1, 2, 2 };
    view.damage[1] = (struct frame_rect){ 50, 50, 2, 2 };
    damage_add_frame(&d, &view);
    CHECK_INT(d.count, 2);
    CHECK(!d.full);
    view.damage_count = FRAME_MAX_DAMAGE +
                        1; /* nobody should hand us that: then everything, not the memory behind */
    damage_add_frame(&d, &view);
    CHECK(d.full);
    damage_clear(&d);
    view.damage_count = 0;
    damage_add_frame(&d, &view);
    CHECK(d.full);
}
