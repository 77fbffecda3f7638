/* SPDX-License-Identifier: GPL-2.0-or-later
 * The relay as a whole: a host that publishes frames and pointer shapes, and 1, 2 or 8 viewers, as
 * processes that are stopped and killed at random points.
 *
 * Every frame is a pattern derived from a number in its first pixel. A viewer follows the write
 * pointer row by row; when it is told at the end that the frame is intact, all of it must be of one
 * frame. Frames whose host died in the middle stay incomplete and are given up, like those of an
 * evicted reader (trap T10). */
#include "test.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "chaos.h"
#include "kvmfr/client.h"
#include "kvmfr/host.h"

enum {
    SPEED = 20, /* protocol time over real time */
    WIDTH_PX = 96,
    HEIGHT_PX = 64,
    SHAPE_PX = 16,
    REGION_BYTES = 4 << 20,
    TICK_MS = 10,
    FRAME_WAIT_MS = 500, /* a viewer's patience with a write pointer that stands still */
};

struct scene {
    struct shm_region region; /* memory shared by all processes */
};

static uint64_t now_ms(void)
{
    return clock_ns() / (NS_PER_MS / SPEED);
}

static uint32_t pattern(uint32_t number, uint32_t i)
{
    if (i == 0)
        return number;
    return (number + i) * UINT32_C(0x9E3779B1) ^ number;
}

static void pause_us(uint64_t *random, uint32_t most_us)
{
    clock_sleep_until_ns(clock_ns() + chaos_random(random) % most_us * NS_PER_US);
}

/* ---- host ---- */

struct producer {
    struct chaos_stats *stats;
    uint64_t random;
    struct kvmfr_host *host;
    uint32_t number;
    uint64_t tick_at_ms;
};

static void write_rows(struct producer *p, const struct kvmfr_frame_writer *w)
{
    for (uint32_t y = 0; y < w->rows_px; y++) {
        uint32_t row[WIDTH_PX];
        for (uint32_t x = 0; x < WIDTH_PX; x++)
            row[x] = pattern(p->number, y * WIDTH_PX + x);
        kvmfr_copy_rows(w->pixels + (size_t)y * w->pitch_bytes, w->pitch_bytes,
                        (const uint8_t *)row, sizeof(row), sizeof(row), 1);
        if (y % 8 == 7)
            kvmfr_host_raise_rows(p->host, w, y + 1);
        if (y == HEIGHT_PX / 2 && chaos_random(&p->random) % 16 == 0)
            pause_us(&p->random, 2000);
    }
}

static void publish_frame(struct producer *p)
{
    const struct kvmfr_frame_desc desc = { .format = FRAME_FORMAT_BGRA,
                                           .width_px = WIDTH_PX,
                                           .height_px = HEIGHT_PX };
    struct kvmfr_frame_writer w;
    const int err = kvmfr_host_begin_frame(p->host, &desc, now_ms(), &w);
    if (err == -EAGAIN) {
        kvmfr_host_repeat_frame(p->host, now_ms());
        return;
    }
    if (err || w.rows_px != HEIGHT_PX)
        _exit(5);
    p->number++;
    write_rows(p, &w);
    kvmfr_host_end_frame(p->host, &w);
    if (kvmfr_host_wanted(p->host))
        atomic_fetch_add(&p->stats->good, 1);
}

static void publish_pointer(struct producer *p)
{
    uint32_t pixels[SHAPE_PX * SHAPE_PX];
    struct cursor_shape shape = { .type = CURSOR_COLOUR,
                                  .width_px = SHAPE_PX,
                                  .height_px = SHAPE_PX,
                                  .pitch_bytes = SHAPE_PX * 4,
                                  .data_bytes = sizeof(pixels),
                                  .data = (uint8_t *)pixels };
    for (uint32_t i = 0; i < ARRAY_LEN(pixels); i++)
        pixels[i] = pattern(p->number, i);
    const bool with_shape = chaos_random(&p->random) % 2;
    const int err = kvmfr_host_pointer(p->host, (int32_t)(p->number % WIDTH_PX), 5, true,
                                       with_shape ? &shape : NULL, now_ms());
    if (err && err != -EAGAIN)
        _exit(6);
}

static void run_producer(struct chaos_worker *self)
{
    const struct scene *scene = self->arg;
    struct producer p = { .stats = self->stats, .random = self->seed, .number = self->seed };
    const struct kvmfr_host_config config = { .now_ms = now_ms() };
    if (kvmfr_host_create(scene->region.mem, scene->region.len_bytes, &config, &p.host) != 0)
        _exit(4);
    atomic_fetch_add(&self->stats->restarts, 1);
    for (;;) {
        const uint64_t before_ns = clock_ns();
        if (now_ms() >= p.tick_at_ms) {
            p.tick_at_ms = now_ms() + TICK_MS;
            bool restarted = false;
            if (kvmfr_host_tick(p.host, now_ms(), &restarted) != 0 || restarted)
                _exit(7); /* nobody here overwrites the header */
            kvmfr_host_pointer_repeat(p.host, now_ms());
        }
        publish_frame(&p);
        publish_pointer(&p);
        chaos_note_call(self->stats, clock_ns() - before_ns);
        atomic_fetch_add(&self->stats->steps, 1);
        pause_us(&p.random, 200);
    }
}

/* ---- viewer ---- */

struct viewer {
    struct chaos_stats *stats;
    uint64_t random;
    struct kvmfr_client *client;
    uint64_t step_at_ms;
    uint32_t generation;
};

static void torn(struct viewer *v, const char *what, uint32_t at, uint32_t got, uint32_t expected)
{
    fprintf(stderr, "%s: word %u is 0x%x, expected 0x%x\n", what, at, got, expected);
    atomic_fetch_add(&v->stats->torn, 1);
}

static void check_words(struct viewer *v, const char *what, const uint32_t *words, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        if (words[i] != pattern(words[0], i)) {
            torn(v, what, i, words[i], pattern(words[0], i));
            return;
        }
    }
    atomic_fetch_add(&v->stats->good, 1);
}

/* Copies rows as they become final. False: they did not come. */
static bool copy_rows(struct viewer *v, const struct frame_view *frame, uint32_t *copy)
{
    const uint64_t give_up_ms = now_ms() + FRAME_WAIT_MS;
    for (uint32_t done = 0; done < HEIGHT_PX;) {
        const uint32_t ready = frame_view_ready_rows(frame);
        for (; done < ready; done++) {
            const volatile uint32_t *row =
                (const volatile uint32_t *)(const volatile void *)(frame->pixels +
                                                                   (size_t)done *
                                                                       frame->pitch_bytes);
            for (uint32_t x = 0; x < WIDTH_PX; x++)
                copy[done * WIDTH_PX + x] = row[x];
            if (done == HEIGHT_PX / 2 && chaos_random(&v->random) % 128 == 0)
                pause_us(&v->random, 3 * 1000 * 1000 / SPEED); /* until the eviction comes */
        }
        if (now_ms() > give_up_ms)
            return false;
    }
    return true;
}

static void read_frame(struct viewer *v)
{
    static uint32_t copy[WIDTH_PX * HEIGHT_PX];
    struct frame_view frame;
    const enum kvmfr_read result = kvmfr_client_peek_frame(v->client, &frame);
    if (result == KVMFR_READ_OK) {
        const bool good_size = frame.width_px == WIDTH_PX && frame.rows_px == HEIGHT_PX;
        const bool whole = good_size && copy_rows(v, &frame, copy);
        if (whole && kvmfr_client_frame_intact(v->client))
            check_words(v, "frame", copy, ARRAY_LEN(copy));
        else
            atomic_fetch_add(&v->stats->discarded, 1);
        (void)!kvmfr_client_finish_frame(v->client);
    }
    if (result == KVMFR_READ_RESTART)
        v->step_at_ms = 0;
}

static void read_pointer(struct viewer *v)
{
    struct cursor_update update;
    const enum kvmfr_read result = kvmfr_client_read_cursor(v->client, &update);
    if (result == KVMFR_READ_RESTART)
        v->step_at_ms = 0;
    if (result != KVMFR_READ_OK || !update.has_shape)
        return;
    uint32_t words[SHAPE_PX * SHAPE_PX];
    if (update.shape.data_bytes != sizeof(words)) {
        torn(v, "shape size", 0, update.shape.data_bytes, sizeof(words));
    } else {
        memcpy(words, update.shape.data, sizeof(words));
        check_words(v, "shape", words, ARRAY_LEN(words));
    }
    cursor_shape_fini(&update.shape);
}

static void turn(struct viewer *v)
{
    if (now_ms() >= v->step_at_ms) {
        v->step_at_ms = now_ms() + 50;
        (void)kvmfr_client_step(v->client, now_ms());
        if (kvmfr_client_generation(v->client) != v->generation) {
            v->generation = kvmfr_client_generation(v->client);
            atomic_fetch_add(&v->stats->restarts, 1);
        }
    }
    read_frame(v);
    for (int i = 0; i < 4; i++)
        read_pointer(v);
}

static void run_viewer(struct chaos_worker *self)
{
    const struct scene *scene = self->arg;
    struct viewer v = { .stats = self->stats, .random = self->seed };
    const uint64_t end_ns = clock_ns() + 200 * NS_PER_MS + self->seed % 1000 * NS_PER_MS;
    if (kvmfr_client_create(&scene->region, (struct lgmp_random){ 0 }, &v.client) != 0)
        _exit(4);
    for (;;) {
        const uint64_t before_ns = clock_ns();
        turn(&v);
        chaos_note_call(self->stats, clock_ns() - before_ns);
        atomic_fetch_add(&self->stats->steps, 1);
        pause_us(&v.random, 200);
        if (before_ns > end_ns &&
            chaos_random(&v.random) % 1000 == 0) { /* an orderly end, and a new start */
            kvmfr_client_destroy(v.client);
            v.generation = 0;
            if (kvmfr_client_create(&scene->region, (struct lgmp_random){ 0 }, &v.client) != 0)
                _exit(4);
        }
    }
}

/* ---- the tests ---- */

static void stress(unsigned viewers)
{
    struct scene scene = { .region = { .len_bytes = REGION_BYTES } };
    const int fd = memfd_create("espelho-stress", MFD_CLOEXEC);
    CHECK(fd >= 0 && ftruncate(fd, REGION_BYTES) == 0);
    scene.region.mem = mmap(NULL, REGION_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(scene.region.mem != MAP_FAILED);

    static const char *const names[] = { "viewer 0", "viewer 1", "viewer 2", "viewer 3",
                                         "viewer 4", "viewer 5", "viewer 6", "viewer 7" };
    struct chaos_worker workers[CHAOS_MAX_WORKERS] = { 0 };
    struct chaos_stats *stats = chaos_stats_create(CHAOS_MAX_WORKERS);
    CHECK(stats);
    workers[0] =
        (struct chaos_worker){ .name = "host", .run = run_producer, .arg = &scene, .stats = stats };
    for (unsigned i = 1; i <= viewers; i++)
        workers[i] = (struct chaos_worker){
            .name = names[i - 1], .run = run_viewer, .arg = &scene, .stats = &stats[i]
        };
    const struct chaos_plan plan = {
        .length_ns = chaos_length_ns(9, 3),
        .calm_every_ns = 2 * NS_PER_S,
        .calm_limit_ns =
            5 * NS_PER_S, /* protocol: 2 time-outs, 100 ms here; the rest is for a busy machine */
        .calm_good = 10,
        .hang_limit_ns = 5 * NS_PER_S,
        .mean_pause_ns = 20 * NS_PER_MS,
        .longest_stop_ns =
            120 * NS_PER_MS, /* longer than a time-out and than any wait for a lock */
    };
    const uint32_t seed = random_u32();
    fprintf(stderr, "seed %u\n", seed);
    CHECK(chaos_run(&plan, workers, viewers + 1, seed));
}

TEST(one_viewer)
{
    stress(1);
}

TEST(two_viewers)
{
    stress(2);
}

TEST(eight_viewers)
{
    stress(8);
}
