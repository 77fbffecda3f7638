/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/clock.h"
#include "base/cond.h"
#include "capture/ring.h"
#include "test.h"

enum { SLOTS = 3 };

static struct desk *the_desk;

struct desk_capture {
    struct capture base;
    struct desk *desk;
    struct capture_ring *ring;
    struct capture_layout layout; /* since start() */
    uint8_t *slots[SLOTS];
    uint32_t pitch_bytes;
    bool started, taken, any_frame;
    pthread_t capture_thread;
};

uint32_t desk_random(uint32_t *seed, uint32_t n)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % n;
}

static uint32_t columns(const struct capture_layout *l)
{
    return (l->width_px + DESK_CELL_PX - 1) / DESK_CELL_PX;
}

static uint32_t cell_rows(const struct capture_layout *l)
{
    return (l->height_px + DESK_CELL_PX - 1) / DESK_CELL_PX;
}

static uint32_t bytes_per_pixel(const struct capture_layout *l)
{
    return frame_format_find((uint32_t)l->format)->bytes_per_pixel;
}

/* `version` and `cells` are the picture's. */
static uint8_t byte_at(const struct capture_layout *l, uint32_t version, const uint32_t *cells,
                       uint32_t x_byte, uint32_t y)
{
    if (y == 0 && x_byte < 4)
        return (uint8_t)(version >> (8 * x_byte));
    const uint32_t x = x_byte / bytes_per_pixel(l);
    const uint32_t cell = cells[y / DESK_CELL_PX * columns(l) + x / DESK_CELL_PX];
    const uint32_t h = (cell * 2654435761u) ^ (x_byte * 40503u) ^ (y * 9176u);
    return (uint8_t)(h >> 11);
}

/* Lock held. */
static void remember(struct desk *d)
{
    const size_t bytes = (size_t)columns(&d->layout) * cell_rows(&d->layout) * sizeof(uint32_t);
    struct desk_truth *t = &d->truths[d->version % DESK_TRUTHS];
    free(t->cells);
    *t = (struct desk_truth){ .version = d->version, .layout = d->layout, .cells = malloc(bytes) };
    CHECK(t->cells);
    memcpy(t->cells, d->cells, bytes);
}

/* Lock held. */
static void new_cells(struct desk *d)
{
    const uint32_t count = columns(&d->layout) * cell_rows(&d->layout);
    free(d->cells);
    d->cells = malloc(count * sizeof(*d->cells));
    CHECK(d->cells);
    for (uint32_t i = 0; i < count; i++)
        d->cells[i] = desk_random(&d->seed, 1u << 20);
    d->version++;
    damage_set_full(&d->news);
    d->frame_due = true;
    remember(d);
}

void desk_init(struct desk *d, enum frame_format format, uint32_t width_px, uint32_t height_px)
{
    memset(d, 0, sizeof(*d));
    pthread_mutex_init(&d->lock, NULL);
    CHECK_INT(cond_init(&d->changed), 0);
    d->layout = (struct capture_layout){ .format = format,
                                         .width_px = width_px,
                                         .height_px = height_px,
                                         .screen_width_px = width_px,
                                         .screen_height_px = height_px };
    d->count.shortest_start_gap_ns = UINT64_MAX;
    d->seed = 5;
    new_cells(d);
    the_desk = d;
}

void desk_fini(struct desk *d)
{
    the_desk = NULL;
    CHECK_INT(d->count.creates, d->count.destroys);
    CHECK_INT(d->count.wrong_thread, 0);
    for (uint32_t i = 0; i < DESK_TRUTHS; i++)
        free(d->truths[i].cells);
    free(d->cells);
    pthread_cond_destroy(&d->changed);
    pthread_mutex_destroy(&d->lock);
}

/* Lock held. */
static void change_cells(struct desk *d, uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
    const uint32_t c = DESK_CELL_PX;
    for (uint32_t cy = y; cy < y + height; cy++)
        for (uint32_t cx = x; cx < x + width; cx++)
            d->cells[cy * columns(&d->layout) + cx] = desk_random(&d->seed, 1u << 20);
    damage_add_rect(
        &d->news, (struct frame_rect){ x * c, y * c, min_u32(width * c, d->layout.width_px - x * c),
                                       min_u32(height * c, d->layout.height_px - y * c) });
}

uint32_t desk_draw(struct desk *d, uint32_t rects)
{
    pthread_mutex_lock(&d->lock);
    const uint32_t w = columns(&d->layout), h = cell_rows(&d->layout);
    change_cells(d, 0, 0, 1, 1);
    for (uint32_t i = 0; i < rects; i++) {
        const uint32_t x = desk_random(&d->seed, w), y = desk_random(&d->seed, h);
        change_cells(d, x, y, 1 + desk_random(&d->seed, w - x), 1 + desk_random(&d->seed, h - y));
    }
    const uint32_t version = ++d->version;
    remember(d);
    d->frame_due = true;
    pthread_cond_broadcast(&d->changed);
    pthread_mutex_unlock(&d->lock);
    return version;
}

uint32_t desk_set_mode(struct desk *d, const struct capture_layout *layout)
{
    pthread_mutex_lock(&d->lock);
    d->layout = *layout;
    d->mode_changed = true;
    new_cells(d);
    const uint32_t version = d->version;
    pthread_cond_broadcast(&d->changed);
    pthread_mutex_unlock(&d->lock);
    return version;
}

void desk_move_pointer(struct desk *d, int32_t x_px, int32_t y_px, bool visible,
                       const struct cursor_shape *shape)
{
    pthread_mutex_lock(&d->lock);
    d->pointer.has_position = true;
    d->pointer.x_px = x_px;
    d->pointer.y_px = y_px;
    d->pointer.visible = visible;
    if (shape) {
        d->pointer.has_shape = true;
        d->pointer.shape = shape;
    }
    d->pointer_due = true;
    pthread_cond_broadcast(&d->changed);
    pthread_mutex_unlock(&d->lock);
}

void desk_say(struct desk *d, enum capture_result result)
{
    pthread_mutex_lock(&d->lock);
    d->next_result = result;
    pthread_cond_broadcast(&d->changed);
    pthread_mutex_unlock(&d->lock);
}

static bool rows_are(const struct desk_truth *t, const uint8_t *pixels, uint32_t pitch_bytes,
                     uint32_t rows)
{
    const uint32_t row_bytes = t->layout.width_px * bytes_per_pixel(&t->layout);
    for (uint32_t y = 0; y < rows; y++) {
        for (uint32_t x = 0; x < row_bytes; x++) {
            const uint8_t want = byte_at(&t->layout, t->version, t->cells, x, y);
            if (pixels[(size_t)y * pitch_bytes + x] != want) {
                fprintf(stderr, "version %u: byte %u of row %u is %u, expected %u\n", t->version, x,
                        y, pixels[(size_t)y * pitch_bytes + x], want);
                return false;
            }
        }
    }
    return true;
}

bool desk_check(struct desk *d, const uint8_t *pixels, uint32_t pitch_bytes, uint32_t rows,
                const struct capture_layout *layout, uint32_t *version)
{
    const uint32_t v = (uint32_t)pixels[0] | (uint32_t)pixels[1] << 8 | (uint32_t)pixels[2] << 16 |
                       (uint32_t)pixels[3] << 24;
    pthread_mutex_lock(&d->lock);
    const struct desk_truth *t = &d->truths[v % DESK_TRUTHS];
    const bool known =
        t->cells && t->version == v && memcmp(&t->layout, layout, sizeof(*layout)) == 0;
    if (!known)
        fprintf(stderr, "no picture %u of %ux%u was ever there\n", v, layout->width_px,
                layout->height_px);
    const bool right = known && rows_are(t, pixels, pitch_bytes, rows);
    pthread_mutex_unlock(&d->lock);
    *version = v;
    return right;
}

/* ---- the backends ---- */

static struct desk_capture *desk_capture_of(struct capture *self)
{
    return container_of(self, struct desk_capture, base);
}

static int create(const struct capture_ops *ops, struct capture **out)
{
    struct desk_capture *c = calloc(1, sizeof(*c));
    CHECK(c);
    c->base.ops = ops;
    c->desk = the_desk;
    CHECK_INT(capture_ring_create(SLOTS, &c->ring), 0);
    pthread_mutex_lock(&c->desk->lock);
    c->desk->count.creates++;
    pthread_mutex_unlock(&c->desk->lock);
    *out = &c->base;
    return 0;
}

static int create_a(const struct capture_config *config, struct capture **out)
{
    (void)config;
    return create(&desk_a_ops, out);
}

static int create_b(const struct capture_config *config, struct capture **out)
{
    (void)config;
    return create(&desk_b_ops, out);
}

static void destroy(struct capture *self)
{
    struct desk_capture *c = desk_capture_of(self);
    CHECK(!c->started && !c->taken);
    pthread_mutex_lock(&c->desk->lock);
    c->desk->count.destroys++;
    pthread_mutex_unlock(&c->desk->lock);
    capture_ring_destroy(c->ring);
    for (uint32_t i = 0; i < SLOTS; i++)
        free(c->slots[i]);
    free(c);
}

/* Lock held. */
static enum capture_result start_result(struct desk_capture *c)
{
    struct desk *d = c->desk;
    const uint64_t now_ns = clock_ns();
    if (d->count.last_start_ns)
        d->count.shortest_start_gap_ns =
            min_u64(d->count.shortest_start_gap_ns, now_ns - d->count.last_start_ns);
    d->count.last_start_ns = now_ns;
    d->count.starts++;
    const enum capture_result always = d->always[c->base.ops == &desk_b_ops];
    if (always != CAPTURE_NONE)
        return always;
    if (d->fail_starts > 0) {
        d->fail_starts--;
        return d->fail_with;
    }
    return CAPTURE_OK;
}

static enum capture_result start(struct capture *self)
{
    struct desk_capture *c = desk_capture_of(self);
    struct desk *d = c->desk;
    CHECK(!c->started);
    capture_ring_reset(c->ring);
    pthread_mutex_lock(&d->lock);
    const enum capture_result r = start_result(c);
    if (r == CAPTURE_OK) {
        c->layout = d->layout;
        c->pitch_bytes = c->layout.width_px * bytes_per_pixel(&c->layout) + 12; /* an odd one */
        for (uint32_t i = 0; i < SLOTS; i++) {
            c->slots[i] = realloc(c->slots[i], (size_t)c->pitch_bytes * c->layout.height_px);
            CHECK(c->slots[i]);
        }
        d->mode_changed = false;
        damage_set_full(&d->news);
        d->frame_due = true;
        d->pointer_due = d->pointer.has_position;
        d->pointer.has_shape = d->pointer.shape != NULL;
        c->capture_thread = pthread_self();
        c->started = true;
        c->any_frame = false;
        d->count.good_starts++;
    }
    pthread_mutex_unlock(&d->lock);
    return r;
}

static void stop(struct capture *self)
{
    struct desk_capture *c = desk_capture_of(self);
    CHECK(c->started);
    capture_ring_reset(c->ring);
    pthread_mutex_lock(&c->desk->lock);
    c->started = false;
    c->desk->count.stops++;
    pthread_mutex_unlock(&c->desk->lock);
}

/* Lock held. */
static void fill(struct desk_capture *c)
{
    struct desk *d = c->desk;
    struct frame_rect rects[2 * DAMAGE_MAX_RECTS];
    struct damage stale;
    const uint32_t slot = capture_ring_begin(c->ring, &d->news, &stale);
    const uint32_t count = damage_sorted_by_bottom(&stale, c->layout.width_px, c->layout.height_px,
                                                   rects, ARRAY_LEN(rects));
    const uint32_t bpp = bytes_per_pixel(&c->layout);
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t y = rects[i].y_px; y < rects[i].y_px + rects[i].height_px; y++)
            for (uint32_t x = rects[i].x_px * bpp; x < (rects[i].x_px + rects[i].width_px) * bpp;
                 x++)
                c->slots[slot][(size_t)y * c->pitch_bytes + x] =
                    byte_at(&c->layout, d->version, d->cells, x, y);
    capture_ring_commit(c->ring);
    damage_clear(&d->news);
}

/* Lock held. CAPTURE_NONE: nothing yet. */
static enum capture_result look(struct desk_capture *c, struct capture_update *out)
{
    struct desk *d = c->desk;
    const enum capture_result said = d->next_result;
    if (said != CAPTURE_NONE) {
        d->next_result = CAPTURE_NONE;
        return said;
    }
    if (d->mode_changed)
        return CAPTURE_REBUILD;
    if (c->any_frame && d->lose_every_frame)
        return d->storm_result;
    *out = (struct capture_update){ .frame = d->frame_due, .pointer = d->pointer_due };
    if (d->frame_due)
        fill(c);
    c->any_frame |= d->frame_due;
    if (d->pointer_due)
        out->pointer_news = d->pointer;
    d->pointer.has_shape = d->pointer.has_shape && !d->pointer_due;
    d->frame_due = d->pointer_due = false;
    return out->frame || out->pointer ? CAPTURE_OK : CAPTURE_NONE;
}

static enum capture_result next(struct capture *self, uint32_t timeout_ms,
                                struct capture_update *out)
{
    struct desk_capture *c = desk_capture_of(self);
    const uint64_t deadline_ns = clock_ns() + timeout_ms * NS_PER_MS;
    CHECK(c->started);
    pthread_mutex_lock(&c->desk->lock);
    c->desk->count.nexts++;
    c->desk->count.wrong_thread += !pthread_equal(c->capture_thread, pthread_self());
    enum capture_result r = look(c, out);
    while (r == CAPTURE_NONE && clock_ns() < deadline_ns) {
        cond_wait_until(&c->desk->changed, &c->desk->lock, deadline_ns);
        r = look(c, out);
    }
    pthread_mutex_unlock(&c->desk->lock);
    return r == CAPTURE_NONE ? CAPTURE_TIMEOUT : r;
}

static enum capture_result take(struct capture *self, uint32_t timeout_ms,
                                struct capture_picture *out)
{
    struct desk_capture *c = desk_capture_of(self);
    uint32_t slot;
    struct damage due;
    pthread_mutex_lock(&c->desk->lock);
    c->desk->count.takes++;
    const bool fail = c->desk->short_takes > 0;
    c->desk->short_takes -= fail;
    pthread_mutex_unlock(&c->desk->lock);
    if (fail)
        return CAPTURE_REBUILD;
    if (capture_ring_take(c->ring, timeout_ms, &slot, &due) < 0)
        return CAPTURE_TIMEOUT;
    c->taken = true;
    *out = (struct capture_picture){
        .layout = c->layout, .pixels = c->slots[slot], .pitch_bytes = c->pitch_bytes, .damage = due
    };
    return CAPTURE_OK;
}

static void release(struct capture *self, bool published)
{
    struct desk_capture *c = desk_capture_of(self);
    CHECK(c->taken);
    c->taken = false;
    pthread_mutex_lock(&c->desk->lock);
    c->desk->count.taken += published;
    c->desk->count.refused += !published;
    pthread_mutex_unlock(&c->desk->lock);
    capture_ring_release(c->ring, published);
}

static void wake(struct capture *self)
{
    capture_ring_wake(desk_capture_of(self)->ring);
}

static void describe(struct capture *self, char *text, uint32_t text_bytes)
{
    snprintf(text, text_bytes, "%s of the test", self->ops->name);
}

const struct capture_ops desk_a_ops = {
    "desk A", create_a, destroy, start, stop, next, take, release, wake, describe,
};
const struct capture_ops desk_b_ops = {
    "desk B", create_b, destroy, start, stop, next, take, release, wake, describe,
};
