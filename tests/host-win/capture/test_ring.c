/* SPDX-License-Identifier: GPL-2.0-or-later
 * The ring against a model: a desktop of cells, slots whose images get only what begin() says they
 * lack, and a reader whose picture gets only what take() says is due. Then every cell must be
 * right. */
#include "capture/ring.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "test.h"

enum { W = 24, H = 20, SLOTS = 4 };

struct image {
    uint32_t cell[H][W];
};

struct model {
    struct capture_ring *ring;
    uint32_t slots;
    /* producer */
    struct image desktop;
    uint32_t version;
    struct image slot[CAPTURE_RING_MAX_SLOTS];
    struct image truth[CAPTURE_RING_MAX_SLOTS]; /* the desktop when the slot was committed */
    uint32_t slot_version[CAPTURE_RING_MAX_SLOTS];
    uint32_t producer_seed;
    /* reader */
    struct image published;
    uint32_t reader_seed, last_version;
    uint32_t taken, refused;
};

static uint32_t random_below(uint32_t *seed, uint32_t n)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % n;
}

static void copy_damage(struct image *to, const struct image *from, const struct damage *d)
{
    struct frame_rect rects[2 * DAMAGE_MAX_RECTS];
    const uint32_t count = damage_sorted_by_bottom(d, W, H, rects, ARRAY_LEN(rects));
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t y = rects[i].y_px; y < rects[i].y_px + rects[i].height_px; y++)
            for (uint32_t x = rects[i].x_px; x < rects[i].x_px + rects[i].width_px; x++)
                to->cell[y][x] = from->cell[y][x];
}

static void check_equal(const struct image *got, const struct image *want, const char *what)
{
    for (uint32_t y = 0; y < H; y++)
        for (uint32_t x = 0; x < W; x++)
            CHECK_MSG(got->cell[y][x] == want->cell[y][x], "%s: cell %u,%u is %u, expected %u",
                      what, x, y, got->cell[y][x], want->cell[y][x]);
}

static void scribble(struct image *image, uint32_t *seed)
{
    for (uint32_t y = 0; y < H; y++)
        for (uint32_t x = 0; x < W; x++)
            image->cell[y][x] = 0x80000000u | random_below(seed, 1u << 20);
}

static void change_desktop(struct model *m, struct damage *news)
{
    damage_clear(news);
    const uint32_t rects = random_below(&m->producer_seed, 4);
    m->version++;
    for (uint32_t i = 0; i < rects; i++) {
        const uint32_t x = random_below(&m->producer_seed, W),
                       y = random_below(&m->producer_seed, H);
        const struct frame_rect r = { x, y, 1 + random_below(&m->producer_seed, W - x),
                                      1 + random_below(&m->producer_seed, H - y) };
        damage_add_rect(news, r);
        for (uint32_t cy = y; cy < y + r.height_px; cy++)
            for (uint32_t cx = x; cx < x + r.width_px; cx++)
                m->desktop.cell[cy][cx] = m->version;
    }
}

static void produce(struct model *m)
{
    struct damage news, stale;
    change_desktop(m, &news);
    const uint32_t slot = capture_ring_begin(m->ring, &news, &stale);
    CHECK(slot < m->slots);
    copy_damage(&m->slot[slot], &m->desktop, &stale);
    if (random_below(&m->producer_seed, 8) == 0) {
        scribble(&m->slot[slot], &m->producer_seed);
        capture_ring_abandon(m->ring);
        return;
    }
    check_equal(&m->slot[slot], &m->desktop, "slot");
    m->truth[slot] = m->desktop;
    m->slot_version[slot] = m->version;
    capture_ring_commit(m->ring);
}

static void reset(struct model *m)
{
    capture_ring_reset(m->ring);
    for (uint32_t i = 0; i < m->slots; i++)
        scribble(&m->slot[i], &m->producer_seed);
    scribble(&m->desktop, &m->producer_seed); /* another mode: nobody says what changed */
}

/* False: nothing was ready. */
static bool read_begin(struct model *m, uint32_t timeout_ms, uint32_t *slot, struct damage *due)
{
    const int err = capture_ring_take(m->ring, timeout_ms, slot, due);
    if (err == -ETIMEDOUT)
        return false;
    CHECK_INT(err, 0);
    CHECK(*slot < m->slots);
    CHECK_MSG(m->slot_version[*slot] >= m->last_version, "picture %u after %u",
              m->slot_version[*slot], m->last_version);
    return true;
}

static void read_end(struct model *m, uint32_t slot, const struct damage *due)
{
    check_equal(&m->slot[slot], &m->truth[slot], "taken");
    m->last_version = m->slot_version[slot];
    if (random_below(&m->reader_seed, 3) == 0) {
        m->refused++;
        capture_ring_release(m->ring, false);
        return;
    }
    copy_damage(&m->published, &m->slot[slot], due);
    check_equal(&m->published, &m->truth[slot], "published");
    m->taken++;
    capture_ring_release(m->ring, true);
}

static void model_init(struct model *m, uint32_t slots, uint32_t seed)
{
    memset(m, 0, sizeof(*m));
    m->producer_seed = seed;
    m->reader_seed = seed ^ 0x5555u;
    m->slots = slots;
    CHECK_INT(capture_ring_create(slots, &m->ring), 0);
    for (uint32_t i = 0; i < slots; i++)
        scribble(&m->slot[i], &m->producer_seed);
    scribble(&m->published, &m->producer_seed);
}

TEST(wrong_slot_counts)
{
    static const uint32_t wrong[] = { 0, 1, 2, CAPTURE_RING_MAX_SLOTS + 1, UINT32_MAX };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct capture_ring *ring = NULL;
        CHECK_INT(capture_ring_create(wrong[i], &ring), -EINVAL);
        CHECK(!ring);
    }
    capture_ring_destroy(NULL);
}

/* Every order of events that one thread can make, the reader holding a picture meanwhile or not. */
TEST(no_damage_is_lost_in_any_order)
{
    static struct model m;
    for (uint32_t run = 0; run < 300; run++) {
        model_init(&m, 3 + run % (CAPTURE_RING_MAX_SLOTS - 2), run);
        bool holding = false;
        uint32_t slot = 0, seed = run * 77;
        struct damage due;
        for (uint32_t step = 0; step < 200; step++) {
            const uint32_t what = random_below(&seed, 16);
            if (what < 8)
                produce(&m);
            else if (what == 8 && !holding)
                reset(&m);
            else if (holding)
                read_end(&m, slot, &due);
            if (what >= 9)
                holding = !holding && read_begin(&m, 0, &slot, &due);
            else if (what >= 8)
                holding = false;
        }
        if (holding)
            capture_ring_release(m.ring, true);
        capture_ring_destroy(m.ring);
        CHECK(m.taken > 0 && m.refused > 0);
    }
}

struct threads {
    struct model m;
    _Atomic bool stop;
};

static void *producer_thread(void *ctx)
{
    struct threads *t = ctx;
    for (uint32_t n = 1; !t->stop; n++) {
        produce(&t->m);
        if (n % 512 == 0)
            reset(&t->m);
    }
    return NULL;
}

static void *wake_thread(void *ctx)
{
    struct threads *t = ctx;
    while (!t->stop) {
        capture_ring_wake(t->m.ring);
        clock_sleep_until_ns(clock_ns() + NS_PER_MS);
    }
    return NULL;
}

TEST(two_threads_and_a_third_that_wakes)
{
    static struct threads t;
    pthread_t threads[2];
    model_init(&t.m, SLOTS, 99);
    CHECK_INT(pthread_create(&threads[0], NULL, producer_thread, &t), 0);
    CHECK_INT(pthread_create(&threads[1], NULL, wake_thread, &t), 0);
    while (t.m.taken < 5000) {
        uint32_t slot;
        struct damage due;
        if (read_begin(&t.m, 50, &slot, &due))
            read_end(&t.m, slot, &due);
    }
    t.stop = true;
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    capture_ring_destroy(t.m.ring);
}

static uint32_t fill(struct capture_ring *ring, struct frame_rect news)
{
    struct damage d = { 0 }, stale;
    damage_add_rect(&d, news);
    const uint32_t slot = capture_ring_begin(ring, &d, &stale);
    capture_ring_commit(ring);
    return slot;
}

TEST(the_newest_wins_and_inherits_the_damage)
{
    struct capture_ring *ring;
    struct damage due;
    uint32_t slot;
    CHECK_INT(capture_ring_create(3, &ring), 0);
    CHECK_INT(capture_ring_take(ring, 0, &slot, &due), -ETIMEDOUT);
    fill(ring, (struct frame_rect){ 0, 0, 1, 1 });
    CHECK_INT(capture_ring_take(ring, 0, &slot, &due), 0);
    CHECK(due.full); /* the first */
    capture_ring_release(ring, true);
    CHECK_INT(capture_ring_take(ring, 0, &slot, &due), -ETIMEDOUT); /* taken once */
    fill(ring, (struct frame_rect){ 10, 10, 5, 5 });
    const uint32_t newest = fill(ring, (struct frame_rect){ 100, 100, 5, 5 });
    CHECK_INT(capture_ring_take(ring, 0, &slot, &due), 0);
    CHECK_INT(slot, newest);
    CHECK(!due.full);
    CHECK_INT(due.count, 2);
    capture_ring_release(ring, false);
    CHECK_INT(capture_ring_take(ring, 0, &slot, &due), 0); /* nothing newer: the same again */
    CHECK_INT(slot, newest);
    CHECK_INT(due.count, 2);
    capture_ring_release(ring, true);
    capture_ring_destroy(ring);
}

/* The reader may hold one and another may be waiting for it: neither is ever written. */
TEST(neither_the_readers_nor_the_newest_is_written)
{
    for (uint32_t slots = 3; slots <= CAPTURE_RING_MAX_SLOTS; slots++) {
        struct capture_ring *ring;
        struct damage due;
        uint32_t held, ready;
        CHECK_INT(capture_ring_create(slots, &ring), 0);
        fill(ring, (struct frame_rect){ 0, 0, 1, 1 });
        CHECK_INT(capture_ring_take(ring, 0, &held, &due), 0);
        ready = fill(ring, (struct frame_rect){ 0, 0, 1, 1 });
        for (uint32_t i = 0; i < 50; i++) {
            const uint32_t slot = fill(ring, (struct frame_rect){ i, i, 1, 1 });
            CHECK(slot != held && slot != ready);
            ready = slot;
        }
        capture_ring_release(ring, true);
        capture_ring_destroy(ring);
    }
}

/* With a reader that is quick, one slot does for every picture, and only the news are copied. */
TEST(the_slot_that_lacks_least_is_filled)
{
    struct capture_ring *ring;
    struct damage due, stale, news = { 0 };
    uint32_t slot;
    CHECK_INT(capture_ring_create(3, &ring), 0);
    const uint32_t first = fill(ring, (struct frame_rect){ 0, 0, 9, 9 });
    CHECK_INT(capture_ring_take(ring, 0, &slot, &due), 0);
    capture_ring_release(ring, true);
    damage_add_rect(&news, (struct frame_rect){ 3, 4, 5, 6 });
    CHECK_INT(capture_ring_begin(ring, &news, &stale), first);
    CHECK(!stale.full);
    CHECK_INT(damage_pixels(&stale, 100, 100), 30);
    capture_ring_commit(ring);
    capture_ring_destroy(ring);
}

/* A picture that is being filled is not there yet: nor is its damage off the books. */
TEST(damage_of_an_unfinished_picture_stays_due)
{
    struct capture_ring *ring;
    struct damage due, stale, news = { 0 };
    uint32_t slot;
    CHECK_INT(capture_ring_create(3, &ring), 0);
    fill(ring, (struct frame_rect){ 0, 0, 1, 1 });
    damage_add_rect(&news, (struct frame_rect){ 50, 60, 7, 8 });
    capture_ring_begin(ring, &news, &stale);
    CHECK_INT(capture_ring_take(ring, 0, &slot, &due), 0); /* the older one */
    capture_ring_release(ring, true);
    capture_ring_abandon(ring);
    fill(ring, (struct frame_rect){ 0, 0, 2, 2 });
    CHECK_INT(capture_ring_take(ring, 0, &slot, &due), 0);
    CHECK_INT(damage_pixels(&due, 100, 100), 7 * 8 + 4);
    capture_ring_release(ring, true);
    capture_ring_destroy(ring);
}

static void *wake_later(void *ctx)
{
    clock_sleep_until_ns(clock_ns() + 20 * NS_PER_MS);
    capture_ring_wake(ctx);
    return NULL;
}

TEST(waiting_ends_in_time)
{
    struct capture_ring *ring;
    struct damage due;
    uint32_t slot;
    pthread_t thread;
    CHECK_INT(capture_ring_create(3, &ring), 0);
    uint64_t from_ns = clock_ns();
    CHECK_INT(capture_ring_take(ring, 30, &slot, &due), -ETIMEDOUT);
    CHECK(clock_ns() - from_ns >= 30 * NS_PER_MS);
    from_ns = clock_ns();
    CHECK_INT(pthread_create(&thread, NULL, wake_later, ring), 0);
    CHECK_INT(capture_ring_take(ring, 20000, &slot, &due), -ETIMEDOUT);
    CHECK(clock_ns() - from_ns < 10000 * NS_PER_MS);
    pthread_join(thread, NULL);
    /* woken beforehand: once, also with a picture there */
    fill(ring, (struct frame_rect){ 0, 0, 1, 1 });
    capture_ring_wake(ring);
    CHECK_INT(capture_ring_take(ring, 20000, &slot, &due), -ETIMEDOUT);
    CHECK_INT(capture_ring_take(ring, 20000, &slot, &due), 0);
    capture_ring_release(ring, true);
    capture_ring_destroy(ring);
}

struct holder {
    struct capture_ring *ring;
    _Atomic bool released;
};

static void *release_later(void *ctx)
{
    struct holder *h = ctx;
    clock_sleep_until_ns(clock_ns() + 20 * NS_PER_MS);
    h->released = true;
    capture_ring_release(h->ring, false);
    uint32_t slot;
    struct damage due;
    CHECK_INT(capture_ring_take(h->ring, 30, &slot, &due), -ETIMEDOUT);
    return NULL;
}

TEST(reset_waits_for_the_reader_and_leaves_nothing)
{
    struct holder h = { 0 };
    struct damage due;
    uint32_t slot;
    pthread_t thread;
    CHECK_INT(capture_ring_create(3, &h.ring), 0);
    fill(h.ring, (struct frame_rect){ 0, 0, 1, 1 });
    CHECK_INT(capture_ring_take(h.ring, 0, &slot, &due), 0);
    CHECK_INT(pthread_create(&thread, NULL, release_later, &h), 0);
    capture_ring_reset(h.ring);
    CHECK(h.released);
    pthread_join(thread, NULL);
    struct damage stale, none = { 0 };
    capture_ring_begin(h.ring, &none, &stale);
    CHECK(stale.full);
    capture_ring_commit(h.ring);
    CHECK_INT(capture_ring_take(h.ring, 0, &slot, &due), 0);
    CHECK(due.full);
    capture_ring_release(h.ring, true);
    capture_ring_destroy(h.ring);
}

/* Of the image, not of the news: a picture that was refused keeps its time. */
TEST(pictures_keep_their_times)
{
    struct capture_ring *ring;
    struct damage news = { 0 }, stale, due;
    uint32_t slot;
    CHECK_INT(capture_ring_create(3, &ring), 0);
    damage_set_full(&news);
    capture_ring_note_time(ring, 1000);
    (void)capture_ring_begin(ring, &news, &stale);
    capture_ring_commit(ring);
    CHECK_INT(capture_ring_take(ring, 0, &slot, &due), 0);
    CHECK_INT(capture_ring_taken_ns(ring), 1000);
    capture_ring_note_time(ring, 2000);
    CHECK_INT(capture_ring_taken_ns(ring), 1000);
    capture_ring_release(ring, false);
    CHECK_INT(capture_ring_take(ring, 0, &slot, &due), 0);
    CHECK_INT(capture_ring_taken_ns(ring), 1000);
    capture_ring_release(ring, true);
    (void)capture_ring_begin(ring, &news, &stale);
    capture_ring_note_time(ring, 3000);
    capture_ring_commit(ring);
    CHECK_INT(capture_ring_take(ring, 0, &slot, &due), 0);
    CHECK_INT(capture_ring_taken_ns(ring), 3000);
    capture_ring_release(ring, true);
    capture_ring_destroy(ring);
}
