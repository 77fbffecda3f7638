/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/rects.h"

#include <math.h>

#include "test.h"

enum { W = 100, H = 80 };

static uint32_t random_state = 1;
static uint32_t random_below(uint32_t n)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % n;
}

struct bitmap {
    bool hit[H][W];
};

/* Signed: what a driver says, in the widest meaning. */
static void paint(struct bitmap *b, int64_t x, int64_t y, int64_t width, int64_t height)
{
    for (int64_t py = 0; py < H; py++)
        for (int64_t px = 0; px < W; px++)
            if (px >= x && px < x + width && py >= y && py < y + height)
                b->hit[py][px] = true;
}

static void paint_damage(struct bitmap *b, const struct damage *d)
{
    for (uint32_t i = 0; i < d->count; i++) {
        const struct frame_rect *r = &d->rects[i];
        CHECK(r->width_px > 0 && r->height_px > 0);
        CHECK(r->x_px < W && r->width_px <= W - r->x_px);
        CHECK(r->y_px < H && r->height_px <= H - r->y_px);
        paint(b, r->x_px, r->y_px, r->width_px, r->height_px);
    }
    if (d->full)
        paint(b, 0, 0, W, H);
}

static bool covers(const struct bitmap *outer, const struct bitmap *inner)
{
    for (uint32_t y = 0; y < H; y++)
        for (uint32_t x = 0; x < W; x++)
            if (inner->hit[y][x] && !outer->hit[y][x])
                return false;
    return true;
}

TEST(hostile_dirty_rectangles)
{
    static const struct {
        struct frame_rect in;
        uint32_t count;
        struct frame_rect want;
    } rows[] = {
        { { 0, 0, 0, 0 }, 0, { 0 } },
        { { 10, 10, 0, 5 }, 0, { 0 } },
        { { W, 0, 5, 5 }, 0, { 0 } },
        { { 0, H, 5, 5 }, 0, { 0 } },
        { { (uint32_t)-5, 3, 5, 5 }, 0, { 0 } }, /* ends where the picture begins */
        { { (uint32_t)-5, (uint32_t)-3, 15, 7 }, 1, { 0, 0, 10, 4 } },
        { { 90, 70, 1000, 1000 }, 1, { 90, 70, 10, 10 } },
        { { 90, 70, UINT32_MAX, UINT32_MAX }, 1, { 90, 70, 10, 10 } },
        { { INT32_MAX, INT32_MAX, UINT32_MAX, UINT32_MAX }, 0, { 0 } },
        { { (uint32_t)INT32_MIN, (uint32_t)INT32_MIN, UINT32_MAX, UINT32_MAX }, 1, { 0, 0, W, H } },
        { { (uint32_t)INT32_MIN, 0, 5, 5 }, 0, { 0 } },
        { { 7, 8, (uint32_t)-1, 2 }, 1, { 7, 8, W - 7, 2 } }, /* right < left: too much, not none */
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct damage d;
        rects_collect(&rows[i].in, 1, NULL, 0, W, H, &d);
        CHECK(!d.full);
        CHECK_MSG(d.count == rows[i].count, "row %zu: %u rectangles", i, d.count);
        CHECK_MSG(d.count == 0 || memcmp(&d.rects[0], &rows[i].want, sizeof(d.rects[0])) == 0,
                  "row %zu: %u,%u %ux%u", i, d.rects[0].x_px, d.rects[0].y_px, d.rects[0].width_px,
                  d.rects[0].height_px);
    }
}

TEST(hostile_moves)
{
    static const struct {
        struct rects_move in;
        uint32_t want_px;
    } rows[] = {
        { { INT32_MIN, INT32_MIN, { 10, 10, 5, 5 } }, 25 },
        { { INT32_MAX, INT32_MAX, { 10, 10, 5, 5 } }, 25 },
        { { 10, 10, { W, H, 5, 5 } }, 25 },
        { { -3, -3, { 90, 70, 5, 5 } }, 4 + 25 },
        { { 0, 0, { 0, 0, 0, 0 } }, 0 },
        { { 0, 0, { (uint32_t)INT32_MIN, 0, UINT32_MAX, UINT32_MAX } }, W * H },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct damage d;
        struct bitmap got = { 0 };
        uint32_t px = 0;
        rects_collect(NULL, 0, &rows[i].in, 1, W, H, &d);
        /* far apart ones may be joined on a picture as small as this: look at one side only */
        for (uint32_t r = 0; r < d.count; r++)
            px += d.rects[r].width_px * d.rects[r].height_px;
        paint_damage(&got, &d);
        CHECK_MSG(px >= rows[i].want_px, "row %zu: %u pixels", i, px);
        CHECK_MSG((px == 0) == (rows[i].want_px == 0), "row %zu: %u pixels", i, px);
    }
}

TEST(moves_damage_source_and_target)
{
    const struct rects_move move = { 10, 20, { 1000, 800, 300, 200 } };
    struct damage d;
    rects_collect(NULL, 0, &move, 1, 1920, 1080, &d);
    CHECK_INT(d.count, 2);
    CHECK_INT(damage_pixels(&d, 1920, 1080), 2 * 300 * 200);
}

TEST(nothing_reported_is_nothing)
{
    struct damage d = { .full = true };
    rects_collect(NULL, 0, NULL, 0, W, H, &d);
    CHECK(damage_is_empty(&d));
}

TEST(more_than_anybody_looks_at_is_full)
{
    static struct frame_rect dirty[RECTS_MAX_IN + 1];
    static struct rects_move moves[RECTS_MAX_IN / 2 + 1];
    struct damage d;
    rects_collect(dirty, RECTS_MAX_IN + 1, NULL, 0, W, H, &d);
    CHECK(d.full);
    rects_collect(NULL, 0, moves, RECTS_MAX_IN / 2 + 1, W, H, &d);
    CHECK(d.full);
    rects_collect(dirty, UINT32_MAX, moves, UINT32_MAX, W, H, &d); /* not read */
    CHECK(d.full);
    rects_collect(dirty, RECTS_MAX_IN, NULL, 0, W, H, &d);
    CHECK(damage_is_empty(&d));
}

/* At the cost rule's edge: what joining adds is compared with RECTS_COST_PX. */
TEST(the_cost_rule)
{
    static const struct {
        const char *what;
        struct frame_rect a, b;
        uint32_t count;
    } rows[] = {
        { "touching", { 0, 0, 500, 500 }, { 500, 0, 500, 500 }, 1 },
        { "inside", { 0, 0, 500, 500 }, { 100, 100, 10, 10 }, 1 },
        { "4095 more", { 0, 0, 1, 1 }, { 4096, 0, 1, 1 }, 1 },
        { "4096 more", { 0, 0, 1, 1 }, { 4097, 0, 1, 1 }, 2 },
        { "two letters of a line", { 100, 100, 8, 16 }, { 300, 100, 8, 16 }, 1 },
        { "letters of two paragraphs", { 100, 100, 8, 16 }, { 300, 400, 8, 16 }, 2 },
        { "a gap of 8 columns of 512 rows", { 0, 0, 100, 512 }, { 108, 0, 100, 512 }, 2 },
        { "a gap of 7 columns of 512 rows", { 0, 0, 100, 512 }, { 107, 0, 100, 512 }, 1 },
        { "overlapping corner", { 0, 0, 100, 100 }, { 50, 50, 100, 100 }, 1 }, /* 22500 for 20000 */
        { "large cross", { 0, 200, 600, 100 }, { 250, 0, 100, 600 }, 2 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (uint32_t swap = 0; swap < 2; swap++) {
            struct damage d = { 0 };
            damage_add_rect(&d, swap ? rows[i].b : rows[i].a);
            damage_add_rect(&d, swap ? rows[i].a : rows[i].b);
            rects_merge(&d);
            CHECK_MSG(d.count == rows[i].count, "%s: %u rectangles", rows[i].what, d.count);
        }
    }
    struct damage full = { .full = true };
    rects_merge(&full);
    CHECK(full.full && full.count == 0);
}

static uint64_t cost(const struct damage *d)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < d->count; i++)
        sum += RECTS_COST_PX + (uint64_t)d->rects[i].width_px * d->rects[i].height_px;
    return sum;
}

/* Merging never makes a list dearer, and afterwards no pair is left that pays. */
TEST(random_lists_become_no_dearer)
{
    for (uint32_t run = 0; run < 2000; run++) {
        struct damage d = { 0 };
        const uint32_t adds = 1 + random_below(100);
        for (uint32_t i = 0; i < adds; i++)
            damage_add_rect(&d,
                            (struct frame_rect){ random_below(3000), random_below(2000),
                                                 1 + random_below(400), 1 + random_below(200) });
        const struct damage before = d;
        rects_merge(&d);
        CHECK(cost(&d) <= cost(&before));
        for (uint32_t a = 0; a < d.count; a++) {
            for (uint32_t b = a + 1; b < d.count; b++) {
                struct damage pair = { .count = 2, .rects = { d.rects[a], d.rects[b] } };
                rects_merge(&pair);
                CHECK_INT(pair.count, 2);
            }
        }
        for (uint32_t i = 0; i < before.count; i++) { /* each lies inside one that is left */
            const struct frame_rect *r = &before.rects[i];
            bool inside = false;
            for (uint32_t k = 0; k < d.count; k++)
                inside |= r->x_px >= d.rects[k].x_px && r->y_px >= d.rects[k].y_px &&
                          r->x_px + r->width_px <= d.rects[k].x_px + d.rects[k].width_px &&
                          r->y_px + r->height_px <= d.rects[k].y_px + d.rects[k].height_px;
            CHECK(inside);
        }
    }
}

static uint32_t hostile_number(void)
{
    static const uint32_t special[] = {
        0, 1, W - 1, W, H, INT32_MAX, (uint32_t)INT32_MIN, UINT32_MAX, UINT32_MAX - 5
    };
    return random_below(4) == 0 ? special[random_below(ARRAY_LEN(special))] : random_below(W + 20);
}

TEST(random_reports_are_covered)
{
    for (uint32_t run = 0; run < 3000; run++) {
        struct frame_rect dirty[90];
        struct rects_move moves[20];
        struct bitmap want = { 0 }, got = { 0 };
        const uint32_t dirty_count = random_below(ARRAY_LEN(dirty)),
                       move_count = random_below(ARRAY_LEN(moves));
        for (uint32_t i = 0; i < dirty_count; i++) {
            dirty[i] = (struct frame_rect){ hostile_number(), hostile_number(), hostile_number(),
                                            random_below(4) };
            paint(&want, (int32_t)dirty[i].x_px, (int32_t)dirty[i].y_px, dirty[i].width_px,
                  dirty[i].height_px);
        }
        for (uint32_t i = 0; i < move_count; i++) {
            const struct frame_rect to = { hostile_number(), hostile_number(), random_below(9),
                                           hostile_number() };
            moves[i] =
                (struct rects_move){ (int32_t)hostile_number(), (int32_t)hostile_number(), to };
            paint(&want, moves[i].from_x_px, moves[i].from_y_px, to.width_px, to.height_px);
            paint(&want, (int32_t)to.x_px, (int32_t)to.y_px, to.width_px, to.height_px);
        }
        struct damage d;
        rects_collect(dirty, dirty_count, moves, move_count, W, H, &d);
        CHECK(d.count <= FRAME_MAX_DAMAGE);
        paint_damage(&got, &d);
        CHECK(covers(&got, &want));
    }
}

/* Which source pixels along one axis a bilinear filter reads for image pixel `i`, and which a box
 * filter does: first and last. */
static void footprint(uint32_t i, uint32_t from_px, uint32_t to_px, double *first, double *last)
{
    const double step = (double)from_px / to_px;
    const double centre = (i + 0.5) * step - 0.5;
    *first = fmin(floor(centre), floor(i * step));
    *last = fmax(floor(centre) + 1, ceil((i + 1) * step) - 1);
}

static bool axis_covered(uint32_t at, uint32_t len, uint32_t out_at, uint32_t out_len,
                         uint32_t from_px, uint32_t to_px)
{
    for (uint32_t i = 0; i < to_px; i++) {
        double first, last;
        footprint(i, from_px, to_px, &first, &last);
        if (last >= at && first < (double)at + len && (i < out_at || i >= out_at + out_len))
            return false;
    }
    return true;
}

TEST(scaled_damage_covers_every_filtered_pixel)
{
    for (uint32_t run = 0; run < 20000; run++) {
        const uint32_t from_w = 1 + random_below(400), from_h = 1 + random_below(300);
        const uint32_t to_w = 1 + random_below(from_w + from_w / 2),
                       to_h = 1 + random_below(from_h + from_h / 2);
        const uint32_t x = random_below(from_w), y = random_below(from_h);
        const struct frame_rect r = { x, y, 1 + random_below(from_w - x),
                                      1 + random_below(from_h - y) };
        struct damage in = { 0 }, out;
        damage_add_rect(&in, r);
        rects_scale(&in, from_w, from_h, to_w, to_h, &out);
        CHECK_INT(out.count, 1);
        const struct frame_rect *o = &out.rects[0];
        CHECK(o->x_px + o->width_px <= to_w && o->y_px + o->height_px <= to_h);
        CHECK(axis_covered(r.x_px, r.width_px, o->x_px, o->width_px, from_w, to_w));
        CHECK(axis_covered(r.y_px, r.height_px, o->y_px, o->height_px, from_h, to_h));
        CHECK(o->width_px <= ((double)r.width_px + 2) * to_w / from_w + 2); /* and little more */
    }
}

TEST(scaling_the_edges)
{
    struct damage in = { .full = true }, out;
    rects_scale(&in, 3840, 2160, 1920, 1080, &out);
    CHECK(out.full && out.count == 0);
    damage_clear(&in);
    rects_scale(&in, 3840, 2160, 1920, 1080, &out);
    CHECK(damage_is_empty(&out));
    damage_add_rect(&in, (struct frame_rect){ 3839, 2159, 1, 1 });
    damage_add_rect(&in, (struct frame_rect){ 9000, 0, 5, 5 }); /* outside */
    rects_scale(&in, 3840, 2160, 1920, 1080, &out);
    CHECK_INT(out.count, 1);
    CHECK_INT(out.rects[0].x_px + out.rects[0].width_px, 1920);
    CHECK_INT(out.rects[0].y_px + out.rects[0].height_px, 1080);
    damage_clear(&in);
    damage_add_rect(&in, (struct frame_rect){ 10, 10, 10, 10 });
    rects_scale(&in, 0, 0, 0, 0, &in); /* no picture; in place */
    CHECK(damage_is_empty(&in));
}
