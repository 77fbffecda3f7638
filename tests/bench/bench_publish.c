/* SPDX-License-Identifier: GPL-2.0-or-later
 * The Windows host's way of a picture from staging memory into the region: the real publish with
 * both of its threads and a viewer, measured from the moment the copy thread has the picture to the
 * moment it gives it back, so with everything around the copy. Against the best plain copy of the
 * same pixels by the same thread in the same turn, in changing order. Allocations are counted in
 * all threads. */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "base/clock.h"
#include "figure.h"
#include "kvmfr/client.h"
#include "kvmfr/sizing.h"
#include "publish/publish.h"

enum { TURNS = 48, WARM_UP = 4, WAYS = 2, RECTS = 4 };

/* ---- allocations: the linker sends ours here (--wrap) ---- */

static _Atomic uint64_t allocations;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

void *__wrap_malloc(size_t n)
{
    allocations++;
    return __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    allocations++;
    return __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    allocations++;
    return __real_realloc(p, n);
}

/* ---- a backend that always has a picture ---- */

struct bench {
    struct capture base;
    struct capture_layout layout;
    struct damage damage; /* of every picture but the first ones */
    size_t bytes;
    uint8_t *staging; /* two pictures */
    /* Where the frames of even and odd serials lie in the region, and the last serial: by the
     * viewer. The plain copies go there as well, as what a buffer's lines were written with before
     * makes a difference. */
    _Atomic uintptr_t buffers[2];
    _Atomic uint32_t serial;
    uint32_t own_serial; /* of this turn's frame */
    double ours_ns[TURNS], plain_ns[WAYS][TURNS];
    uint32_t turn; /* copy thread; WARM_UP before the first measured one */
    uint64_t taken_ns, allocations_before;
    _Atomic uint32_t published, finished; /* frames; the second by the viewer */
    _Atomic bool done;
    _Atomic uint64_t allocated;
};

static struct bench *the_bench; /* create() has no other way to it */

static void copy_memcpy(uint8_t *to, const uint8_t *from, size_t bytes)
{
    memcpy(to, from, bytes);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void copy_avx2(uint8_t *to, const uint8_t *from,
                                                      size_t bytes)
{
    for (size_t i = 0; i < bytes; i += 64) {
        const __m256i a = _mm256_load_si256((const __m256i *)(const void *)(from + i));
        const __m256i b = _mm256_load_si256((const __m256i *)(const void *)(from + i + 32));
        _mm256_stream_si256((__m256i *)(void *)(to + i), a);
        _mm256_stream_si256((__m256i *)(void *)(to + i + 32), b);
    }
    _mm_sfence();
}
#endif

static void copy_streamed(uint8_t *to, const uint8_t *from, size_t bytes)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) {
        copy_avx2(to, from, bytes);
        return;
    }
#endif
    memcpy(to, from, bytes);
}

/* Who comes first finds the source cold: each of the three in turn. Ours comes after so many of the
 * plain ones. */
static uint32_t plain_before(const struct bench *b)
{
    return (b->turn - WARM_UP) / 2 % (WAYS + 1);
}

/* The plain copies number `first` up to `end` of this turn. */
static void copy_plainly(struct bench *b, uint32_t first, uint32_t end)
{
    static void (*const ways[WAYS])(uint8_t *, const uint8_t *, size_t) = { copy_memcpy,
                                                                            copy_streamed };
    const uint32_t turn = b->turn - WARM_UP;
    for (uint32_t i = first; i < end; i++) {
        const uint32_t w = (i + turn / (2 * (WAYS + 1))) % WAYS;
        uint8_t *to = (uint8_t *)b->buffers[b->own_serial % 2];
        const uint64_t from_ns = clock_ns();
        ways[w](to, b->staging + turn % 2 * b->bytes, b->bytes);
        b->plain_ns[w][turn] = (double)(clock_ns() - from_ns);
    }
}

static bool measuring(const struct bench *b)
{
    return b->turn >= WARM_UP && b->turn < WARM_UP + TURNS;
}

static int create(const struct capture_config *config, struct capture **out)
{
    (void)config;
    *out = &the_bench->base;
    return 0;
}

static void destroy(struct capture *self)
{
    (void)self;
}

static enum capture_result start(struct capture *self)
{
    (void)self;
    return CAPTURE_OK;
}

static void stop(struct capture *self)
{
    (void)self;
}

static enum capture_result next(struct capture *self, uint32_t timeout_ms,
                                struct capture_update *out)
{
    (void)self;
    clock_sleep_until_ns(clock_ns() + timeout_ms * NS_PER_MS);
    static _Atomic int32_t x;
    *out = (struct capture_update){ .pointer = true,
                                    .pointer_news = { .has_position = true, .x_px = x++ % 500 } };
    return CAPTURE_OK;
}

static enum capture_result take(struct capture *self, uint32_t timeout_ms,
                                struct capture_picture *out)
{
    struct bench *b = container_of(self, struct bench, base);
    if (b->turn == WARM_UP + TURNS) {
        if (!b->done)
            b->allocated = allocations - b->allocations_before;
        b->done = true;
        clock_sleep_until_ns(clock_ns() + timeout_ms * NS_PER_MS);
        return CAPTURE_TIMEOUT;
    }
    if (b->turn == WARM_UP)
        b->allocations_before = allocations;
    if (b->finished != b->published) { /* so that the copy has nothing to wait for in between */
        clock_sleep_until_ns(clock_ns() + 50 * NS_PER_US);
        return CAPTURE_TIMEOUT;
    }
    b->own_serial = b->serial + 1;
    if (measuring(b))
        copy_plainly(b, 0, plain_before(b));
    *out = (struct capture_picture){ .layout = b->layout,
                                     .pixels = b->staging + b->turn % 2 * b->bytes,
                                     .pitch_bytes = b->layout.width_px * 4,
                                     .damage = b->damage };
    if (b->turn < WARM_UP)
        damage_set_full(&out->damage);
    b->taken_ns = clock_ns();
    return CAPTURE_OK;
}

static void release(struct capture *self, bool published)
{
    struct bench *b = container_of(self, struct bench, base);
    const uint64_t now_ns = clock_ns();
    if (!published) /* the session was not up yet: no turn */
        return;
    if (measuring(b)) {
        b->ours_ns[b->turn - WARM_UP] = (double)(now_ns - b->taken_ns);
        copy_plainly(b, plain_before(b), WAYS);
    }
    b->turn++;
    b->published++;
}

static void wake(struct capture *self)
{
    (void)self;
}

static void describe(struct capture *self, char *text, uint32_t text_bytes)
{
    (void)self;
    snprintf(text, text_bytes, "staging memory");
}

static const struct capture_ops bench_ops = { "bench", create, destroy, start, stop,
                                              next,    take,   release, wake,  describe };
static const struct capture_ops *const backends[] = { &bench_ops, NULL };

/* ---- one run ---- */

static uint8_t *map_shared(size_t bytes)
{
    const int fd = memfd_create("bench", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, (off_t)bytes) < 0)
        exit(2);
    uint8_t *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
    close(fd);
    if (mem == MAP_FAILED)
        exit(2);
    return mem;
}

struct ticker {
    struct publish *publish;
    _Atomic bool stop;
};

static void *tick(void *ctx)
{
    struct ticker *t = ctx;
    while (!t->stop) {
        if (publish_tick(t->publish, clock_ms()) < 0)
            exit(2);
        clock_sleep_until_ns(clock_ns() + 10 * NS_PER_MS);
    }
    return NULL;
}

/* Finishes every frame as soon as it is whole. */
static void view_until_done(const struct shm_region *region, struct bench *b)
{
    struct kvmfr_client *client;
    uint64_t step_ns = 0;
    if (kvmfr_client_create(region, (struct lgmp_random){ 0 }, &client) < 0)
        exit(2);
    while (!b->done) {
        struct frame_view f;
        struct cursor_update u;
        if (clock_ns() > step_ns) {
            (void)kvmfr_client_step(client, clock_ms());
            step_ns = clock_ns() + 50 * NS_PER_MS;
        }
        if (kvmfr_client_peek_frame(client, &f) == KVMFR_READ_OK &&
            frame_view_ready_rows(&f) == f.rows_px) {
            b->serial = f.serial;
            b->buffers[f.serial % 2] = (uintptr_t)f.pixels;
            if (kvmfr_client_finish_frame(client) == KVMFR_READ_OK)
                b->finished++;
        }
        (void)!kvmfr_client_read_cursor(client, &u);
        clock_sleep_until_ns(clock_ns() + 100 * NS_PER_US);
    }
    kvmfr_client_destroy(client);
}

static uint64_t run(struct bench *b, uint8_t *region_mem, size_t region_bytes)
{
    const struct publish_config config = { .mem = region_mem,
                                           .len_bytes = region_bytes,
                                           .session = { .host_version = "bench" },
                                           .backends = backends };
    const struct shm_region region = { .mem = region_mem, .len_bytes = region_bytes, .fd = -1 };
    struct ticker t = { 0 };
    struct publish_status status;
    pthread_t thread;
    b->turn = 0;
    b->published = b->finished = 0;
    b->done = false;
    the_bench = b;
    if (publish_create(&config, &t.publish) < 0 || pthread_create(&thread, NULL, tick, &t) != 0)
        exit(2);
    view_until_done(&region, b);
    publish_status(t.publish, &status);
    t.stop = true;
    pthread_join(thread, NULL);
    publish_destroy(t.publish);
    return status.bytes_copied;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The best quarter's worst: both threads, the tick and whatever else runs share the cores. */
static double quartile(double *values)
{
    qsort(values, TURNS, sizeof(*values), by_value);
    return values[TURNS / 4];
}

/* A tenth of the picture, as `RECTS` windows would change. */
static struct damage tenth_of(uint32_t width_px, uint32_t height_px)
{
    struct damage d = { 0 };
    for (uint32_t i = 0; i < RECTS; i++)
        damage_add_rect(&d, (struct frame_rect){ i % 2 * (width_px / 2) + 40,
                                                 i / 2 * (height_px / 2) + 30, width_px / 4,
                                                 height_px / 10 });
    return d;
}

static void measure(const char *name, uint32_t width_px, uint32_t height_px)
{
    static struct bench b;
    char text[4][80];
    const uint64_t region_bytes = (uint64_t)kvmfr_region_mib_for_mode(width_px, height_px, 4) << 20;
    b.base.ops = &bench_ops;
    b.layout = (struct capture_layout){ FRAME_FORMAT_BGRA, width_px,       height_px, width_px,
                                        height_px,         FRAME_ROTATE_0, 0 };
    b.bytes = (size_t)width_px * height_px * 4;
    b.staging = aligned_alloc(4096, 2 * b.bytes);
    uint8_t *region = map_shared((size_t)region_bytes);
    if (!b.staging)
        exit(2);
    for (size_t i = 0; i < 2 * b.bytes; i++)
        b.staging[i] = (uint8_t)(i >> 5);

    damage_set_full(&b.damage);
    run(&b, region, (size_t)region_bytes);
    const double full_ns = quartile(b.ours_ns), first = quartile(b.plain_ns[0]),
                 second = quartile(b.plain_ns[1]), best_ns = first < second ? first : second;
    uint64_t allocated = b.allocated;
    b.damage = tenth_of(width_px, height_px);
    memset(region, 0, (size_t)region_bytes);
    const uint64_t copied = run(&b, region, (size_t)region_bytes);
    const double tenth_ns = quartile(b.ours_ns);
    allocated += b.allocated;

    snprintf(text[0], sizeof(text[0]), "publish %s, all / best plain copy", name);
    figure_at_least(text[0], best_ns / full_ns, 0.9, "x");
    snprintf(text[1], sizeof(text[1]), "publish %s, a tenth / all", name);
    figure_at_most(text[1], tenth_ns / full_ns, 0.2, "x");
    snprintf(text[2], sizeof(text[2]), "publish %s, allocations in %d frames", name, 2 * TURNS);
    figure_hard(text[2], (double)allocated, 0, "");
    snprintf(text[3], sizeof(text[3]), "publish %s, all", name);
    figure_note(text[3], (double)b.bytes / full_ns, "GB/s");
    /* the right pixels, and no more of them than were needed */
    if (copied < WARM_UP * b.bytes || copied > (WARM_UP + 1) * b.bytes + TURNS * b.bytes / 9) {
        fprintf(stderr, "%llu bytes were copied\n", (unsigned long long)copied);
        exit(1);
    }
    munmap(region, (size_t)region_bytes);
    free(b.staging);
}

int main(void)
{
    do {
        measure("1920x1080", 1920, 1080);
        measure("3840x2160", 3840, 2160);
    } while (bench_again());
    return bench_result();
}
