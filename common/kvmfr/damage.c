/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Cost rule. Copying a list costs the sum of the areas of its rectangles (overlaps are copied
 * twice). Two rectangles are merged into their bounding box when the box is no larger than the two
 * areas together, so a merge never adds a pixel to what is copied: duplicates, contained, tiling
 * and well-overlapping rectangles join; distant small ones stay apart. Only when the list is full
 * is the pair merged whose box adds the fewest pixels. With 64 entries both searches are a few
 * thousand compares at most.
 *
 * Rectangles outside FRAME_MAX_PX are cut there: no image is larger, and sums of coordinates then
 * fit 32 bits everywhere. */
#include "kvmfr/damage.h"

#include "base/checked.h"

static bool is_empty(const struct frame_rect *r)
{
    return r->width_px == 0 || r->height_px == 0;
}

static uint64_t area(const struct frame_rect *r)
{
    return (uint64_t)r->width_px * r->height_px;
}

/* Cuts `r` at width x height; what lies outside becomes empty. Any values are allowed. */
static struct frame_rect cut(struct frame_rect r, uint32_t width_px, uint32_t height_px)
{
    if (r.x_px >= width_px || r.y_px >= height_px)
        return (struct frame_rect){ 0 };
    r.width_px = min_u32(r.width_px, width_px - r.x_px);
    r.height_px = min_u32(r.height_px, height_px - r.y_px);
    return r;
}

static struct frame_rect bounding_box(const struct frame_rect *a, const struct frame_rect *b)
{
    const uint32_t x = min_u32(a->x_px, b->x_px), y = min_u32(a->y_px, b->y_px);
    return (struct frame_rect){
        .x_px = x,
        .y_px = y,
        .width_px = max_u32(a->x_px + a->width_px, b->x_px + b->width_px) - x,
        .height_px = max_u32(a->y_px + a->height_px, b->y_px + b->height_px) - y,
    };
}

static bool overlaps(const struct frame_rect *a, const struct frame_rect *b)
{
    return a->x_px < b->x_px + b->width_px && b->x_px < a->x_px + a->width_px &&
           a->y_px < b->y_px + b->height_px && b->y_px < a->y_px + a->height_px;
}

/* Pixels that the bounding box has more than both together; 0 if it saves some. */
static uint64_t merge_cost(const struct frame_rect *a, const struct frame_rect *b)
{
    const struct frame_rect box = bounding_box(a, b);
    const uint64_t apart = area(a) + area(b), joined = area(&box);
    return joined > apart ? joined - apart : 0;
}

static void remove_rect(struct damage *d, uint32_t index)
{
    d->rects[index] = d->rects[--d->count];
}

/* Takes every rectangle out of the list that `r` can join for nothing; returns the joined one. */
static struct frame_rect absorb(struct damage *d, struct frame_rect r)
{
    for (uint32_t i = 0; i < d->count;) {
        if (merge_cost(&d->rects[i], &r) == 0) {
            r = bounding_box(&d->rects[i], &r);
            remove_rect(d, i);
            i = 0; /* the larger one may now reach those looked at before */
        } else {
            i++;
        }
    }
    return r;
}

/* Makes room for one more: joins the cheapest pair of the list and `r`. Returns what still has to
 * be added. */
static struct frame_rect join_cheapest(struct damage *d, struct frame_rect r)
{
    uint64_t best = UINT64_MAX;
    uint32_t best_a = 0, best_b = d->count; /* index d->count stands for `r` */
    for (uint32_t a = 0; a < d->count; a++) {
        for (uint32_t b = a + 1; b <= d->count; b++) {
            const uint64_t cost = merge_cost(&d->rects[a], b == d->count ? &r : &d->rects[b]);
            if (cost < best) {
                best = cost;
                best_a = a;
                best_b = b;
            }
        }
    }
    if (best_b == d->count) {
        r = bounding_box(&d->rects[best_a], &r);
        remove_rect(d, best_a);
        return r;
    }
    const struct frame_rect joined = bounding_box(&d->rects[best_a], &d->rects[best_b]);
    remove_rect(d, best_b); /* b first: it is behind a, so a keeps its place */
    d->rects[best_a] = r;
    return joined;
}

void damage_clear(struct damage *d)
{
    d->full = false;
    d->count = 0;
}

void damage_set_full(struct damage *d)
{
    d->full = true;
    d->count = 0;
}

void damage_add_rect(struct damage *d, struct frame_rect r)
{
    r = cut(r, FRAME_MAX_PX, FRAME_MAX_PX);
    if (d->full || is_empty(&r))
        return;
    r = absorb(d, r);
    while (d->count == DAMAGE_MAX_RECTS)
        r = absorb(d, join_cheapest(d, r));
    d->rects[d->count++] = r;
}

void damage_add(struct damage *d, const struct damage *more)
{
    if (more->full)
        damage_set_full(d);
    for (uint32_t i = 0; i < more->count; i++)
        damage_add_rect(d, more->rects[i]);
}

void damage_add_frame(struct damage *d, const struct frame_view *frame)
{
    if (frame->damage_count == 0 || frame->damage_count > FRAME_MAX_DAMAGE) {
        damage_set_full(d);
        return;
    }
    for (uint32_t i = 0; i < frame->damage_count; i++)
        damage_add_rect(d, frame->damage[i]);
}

uint64_t damage_pixels(const struct damage *d, uint32_t width_px, uint32_t height_px)
{
    const uint64_t whole = (uint64_t)width_px * height_px;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < d->count; i++) {
        const struct frame_rect r = cut(d->rects[i], width_px, height_px);
        sum += area(&r);
    }
    return d->full ? whole : min_u64(sum, whole);
}

static bool sorts_before(const struct frame_rect *a, const struct frame_rect *b)
{
    const uint32_t bottom_a = a->y_px + a->height_px, bottom_b = b->y_px + b->height_px;
    return bottom_a != bottom_b ? bottom_a < bottom_b : a->x_px < b->x_px;
}

static void sort_by_bottom(struct frame_rect *rects, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        const struct frame_rect r = rects[i];
        uint32_t at = i;
        for (; at > 0 && sorts_before(&r, &rects[at - 1]); at--)
            rects[at] = rects[at - 1];
        rects[at] = r;
    }
}

static bool any_overlap(const struct frame_rect *rects, uint32_t count)
{
    for (uint32_t a = 0; a < count; a++)
        for (uint32_t b = a + 1; b < count; b++)
            if (overlaps(&rects[a], &rects[b]))
                return true;
    return false;
}

/* The nearest edge (top or bottom) below `y`, or UINT32_MAX. */
static uint32_t next_edge(const struct frame_rect *rects, uint32_t count, uint32_t y)
{
    uint32_t next = UINT32_MAX;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t top = rects[i].y_px, bottom = top + rects[i].height_px;
        if (top > y)
            next = min_u32(next, top);
        if (bottom > y)
            next = min_u32(next, bottom);
    }
    return next;
}

/* The leftmost stretch of columns at or right of `from_x` that some rectangle covers in row `y`.
 * False: none. */
static bool next_stretch(const struct frame_rect *rects, uint32_t count, uint32_t y,
                         uint32_t from_x, uint32_t *start, uint32_t *end)
{
    uint32_t x0 = UINT32_MAX, x1 = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct frame_rect *r = &rects[i];
        if (y >= r->y_px && y < r->y_px + r->height_px && r->x_px + r->width_px > from_x)
            x0 = min_u32(x0, max_u32(r->x_px, from_x));
    }
    if (x0 == UINT32_MAX)
        return false;
    for (bool grew = true; grew;) {
        grew = false;
        for (uint32_t i = 0; i < count; i++) {
            const struct frame_rect *r = &rects[i];
            const uint32_t right = r->x_px + r->width_px;
            if (y >= r->y_px && y < r->y_px + r->height_px && r->x_px <= max_u32(x0, x1) &&
                right > max_u32(x0, x1)) {
                x1 = right;
                grew = true;
            }
        }
    }
    *start = x0;
    *end = x1;
    return true;
}

/* Appends `r`, or lengthens the band just above with the same columns. False: no room. */
static bool append_band(struct frame_rect *out, uint32_t *count, uint32_t cap, struct frame_rect r)
{
    for (uint32_t i = 0; i < *count; i++) {
        struct frame_rect *above = &out[i];
        if (above->x_px == r.x_px && above->width_px == r.width_px &&
            above->y_px + above->height_px == r.y_px) {
            above->height_px += r.height_px;
            return true;
        }
    }
    if (*count == cap)
        return false;
    out[(*count)++] = r;
    return true;
}

/* The union of `rects` as disjoint rectangles. 0: does not fit into `cap`. */
static uint32_t split_disjoint(const struct frame_rect *rects, uint32_t count,
                               struct frame_rect *out, uint32_t cap)
{
    uint32_t made = 0, top = 0;
    for (uint32_t i = 0; i < count; i++)
        top = i == 0 ? rects[i].y_px : min_u32(top, rects[i].y_px);
    for (uint32_t bottom; (bottom = next_edge(rects, count, top)) != UINT32_MAX; top = bottom) {
        uint32_t x0, x1 = 0;
        for (uint32_t from = 0; next_stretch(rects, count, top, from, &x0, &x1); from = x1) {
            const struct frame_rect band = { x0, top, x1 - x0, bottom - top };
            if (!append_band(out, &made, cap, band))
                return 0;
        }
    }
    return made;
}

/* Joins neighbours of the sorted list until it fits: cheap rather than clever, `cap` is rarely that
 * short. */
static uint32_t squeeze(struct frame_rect *rects, uint32_t count, uint32_t cap)
{
    while (count > cap) {
        uint32_t best = 0;
        for (uint32_t i = 1; i + 1 < count; i++)
            if (merge_cost(&rects[i], &rects[i + 1]) < merge_cost(&rects[best], &rects[best + 1]))
                best = i;
        rects[best] = bounding_box(&rects[best], &rects[best + 1]);
        for (uint32_t i = best + 1; i + 1 < count; i++)
            rects[i] = rects[i + 1];
        count--;
        sort_by_bottom(rects, count);
    }
    return count;
}

uint32_t damage_sorted_by_bottom(const struct damage *d, uint32_t width_px, uint32_t height_px,
                                 struct frame_rect *out, uint32_t cap)
{
    struct frame_rect rects[DAMAGE_MAX_RECTS];
    uint32_t count = 0;
    if (cap == 0 || width_px == 0 || height_px == 0)
        return 0;
    if (d->full) {
        out[0] = (struct frame_rect){ 0, 0, width_px, height_px };
        return 1;
    }
    for (uint32_t i = 0; i < d->count; i++) {
        const struct frame_rect r = cut(d->rects[i], width_px, height_px);
        if (!is_empty(&r))
            rects[count++] = r;
    }
    if (any_overlap(rects, count)) {
        const uint32_t made = split_disjoint(rects, count, out, cap);
        if (made > 0) {
            sort_by_bottom(out, made);
            return made;
        }
    }
    sort_by_bottom(rects, count);
    count = squeeze(rects, count, cap);
    for (uint32_t i = 0; i < count; i++)
        out[i] = rects[i];
    return count;
}
