/* SPDX-License-Identifier: GPL-2.0-or-later
 * The relay between threads of one process, for ThreadSanitizer: timer, frame and pointer thread of
 * a host, and viewers with a second thread that watches for posts. Pixels are plain memory: the
 * write pointer and the message's life must order them. */
#include "test.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "kvmfr/client.h"
#include "kvmfr/host.h"
#include "plain.h"

enum {
    VIEWERS = 2,
    WIDTH_PX = 64,
    HEIGHT_PX = 32,
    SHAPE_PX = 8,
    REGION_BYTES = 4 << 20,
    SLOWER = 20, /* protocol time: nobody is evicted, however busy the machine is */
    RUN_MS = 3000,
};

struct scene {
    struct shm_region region; /* constant while the threads run */
    struct kvmfr_host *host;
    _Atomic bool stop;
    _Atomic uint32_t frames, shapes, moved;
};

struct watch {
    struct scene *scene;
    struct kvmfr_client *client;
    _Atomic bool stop;
    _Atomic uint32_t changes;
};

static uint64_t now_ms(void)
{
    return clock_ms() / SLOWER;
}

static void nap_us(uint64_t us)
{
    clock_sleep_until_ns(clock_ns() + us * NS_PER_US);
}

static void *run_timer(void *arg)
{
    struct scene *s = arg;
    while (!atomic_load(&s->stop)) {
        CHECK_INT(kvmfr_host_tick(s->host, now_ms(), NULL), 0);
        nap_us(2000);
    }
    return NULL;
}

static void *run_frames(void *arg)
{
    struct scene *s = arg;
    const struct kvmfr_frame_desc desc = { .format = FRAME_FORMAT_BGRA,
                                           .width_px = WIDTH_PX,
                                           .height_px = HEIGHT_PX };
    while (!atomic_load(&s->stop)) {
        struct kvmfr_frame_writer w;
        const int err = kvmfr_host_begin_frame(s->host, &desc, now_ms(), &w);
        if (err == -EAGAIN) {
            kvmfr_host_repeat_frame(s->host, now_ms());
            nap_us(20);
            continue;
        }
        CHECK_INT(err, 0);
        for (uint32_t y = 0; y < HEIGHT_PX; y++) {
            plain_fill(w.pixels + (size_t)y * w.pitch_bytes, w.serial & 0xFF, WIDTH_PX * 4);
            if (y % 4 == 3)
                kvmfr_host_raise_rows(s->host, &w, y + 1);
        }
        kvmfr_host_end_frame(s->host, &w);
    }
    return NULL;
}

static void *run_pointer(void *arg)
{
    struct scene *s = arg;
    uint8_t pixels[SHAPE_PX * SHAPE_PX * 4];
    const struct cursor_shape shape = { .type = CURSOR_COLOUR,
                                        .width_px = SHAPE_PX,
                                        .height_px = SHAPE_PX,
                                        .pitch_bytes = SHAPE_PX * 4,
                                        .data_bytes = sizeof(pixels),
                                        .data = pixels };
    for (uint32_t n = 0; !atomic_load(&s->stop); n++) {
        memset(pixels, (int)(n & 0xFF), sizeof(pixels));
        const int err = kvmfr_host_pointer(s->host, (int32_t)(n % 50), 1, true,
                                           n % 4 ? NULL : &shape, now_ms());
        CHECK(err == 0 || err == -EAGAIN);
        kvmfr_host_pointer_repeat(s->host, now_ms());
        nap_us(50);
    }
    return NULL;
}

static void *run_watch(void *arg)
{
    struct watch *w = arg;
    uint32_t frame, cursor, last = 0;
    while (!atomic_load(&w->stop)) {
        kvmfr_client_activity(w->client, &frame, &cursor);
        if (frame + cursor != last)
            atomic_fetch_add(&w->changes, 1);
        last = frame + cursor;
        nap_us(50);
    }
    return NULL;
}

static void read_frame(struct scene *s, struct kvmfr_client *client)
{
    struct frame_view frame;
    if (kvmfr_client_peek_frame(client, &frame) != KVMFR_READ_OK)
        return;
    for (uint32_t done = 0; done < HEIGHT_PX && !atomic_load(&s->stop);) {
        for (const uint32_t ready = frame_view_ready_rows(&frame); done < ready; done++) {
            const uint8_t *row = frame.pixels + (size_t)done * frame.pitch_bytes;
            CHECK_INT(plain_count_others(row, frame.serial & 0xFF, WIDTH_PX * 4), 0);
        }
    }
    CHECK(kvmfr_client_frame_intact(client));
    CHECK_INT(kvmfr_client_finish_frame(client), KVMFR_READ_OK);
    atomic_fetch_add(&s->frames, 1);
}

static void read_pointer(struct scene *s, struct kvmfr_client *client)
{
    struct cursor_update update;
    if (kvmfr_client_read_cursor(client, &update) != KVMFR_READ_OK || !update.has_shape)
        return;
    for (uint32_t i = 1; i < update.shape.data_bytes; i++)
        CHECK_INT(update.shape.data[i], update.shape.data[0]);
    cursor_shape_fini(&update.shape);
    atomic_fetch_add(&s->shapes, 1);
}

static void view(struct scene *s, struct kvmfr_client *client)
{
    struct watch watch = { .scene = s, .client = client };
    pthread_t thread;
    uint32_t serial;
    CHECK(pthread_create(&thread, NULL, run_watch, &watch) == 0);
    for (int i = 0; i < 500 && !atomic_load(&s->stop); i++) {
        read_frame(s, client);
        read_pointer(s, client);
        (void)kvmfr_client_unread_frames(client);
        if (i % 50 == 0)
            (void)!kvmfr_client_set_cursor_position(client, 3, 4, &serial);
        nap_us(20);
    }
    atomic_store(&watch.stop, true);
    pthread_join(thread, NULL);
    CHECK(atomic_load(&watch.changes) > 0 || atomic_load(&s->stop));
}

static void *run_viewer(void *arg)
{
    struct scene *s = arg;
    while (!atomic_load(&s->stop)) {
        struct kvmfr_client *client;
        CHECK_INT(kvmfr_client_create(&s->region, (struct lgmp_random){ 0 }, &client), 0);
        while (!atomic_load(&s->stop) &&
               kvmfr_client_step(client, now_ms()) != KVMFR_STATE_CONNECTED)
            nap_us(1000);
        if (!atomic_load(&s->stop))
            view(s, client);
        kvmfr_client_destroy(client);
    }
    return NULL;
}

static void on_moved(void *ctx, int32_t x_px, int32_t y_px)
{
    struct scene *s = ctx;
    CHECK(x_px == 3 && y_px == 4);
    atomic_fetch_add(&s->moved, 1);
}

TEST(everything_is_ordered)
{
    static struct scene s;
    static void *(*const run[])(void *) = { run_timer, run_frames, run_pointer };
    pthread_t thread[ARRAY_LEN(run) + VIEWERS];
    s.region.len_bytes = REGION_BYTES;
    s.region.mem = aligned_alloc(4096, REGION_BYTES);
    CHECK(s.region.mem);
    memset(s.region.mem, 0, REGION_BYTES);
    const struct kvmfr_host_config config = { .now_ms = now_ms(),
                                              .extension = true, /* viewers that do not know it */
                                              .set_cursor_position = on_moved,
                                              .ctx = &s };
    CHECK_INT(kvmfr_host_create(s.region.mem, REGION_BYTES, &config, &s.host), 0);
    for (size_t i = 0; i < ARRAY_LEN(thread); i++)
        CHECK(pthread_create(&thread[i], NULL, i < ARRAY_LEN(run) ? run[i] : run_viewer, &s) == 0);
    clock_sleep_until_ns(clock_ns() + RUN_MS * NS_PER_MS);
    atomic_store(&s.stop, true);
    for (size_t i = 0; i < ARRAY_LEN(thread); i++)
        pthread_join(thread[i], NULL);
    fprintf(stderr, "%u frames, %u shapes read; %u positions set\n", atomic_load(&s.frames),
            atomic_load(&s.shapes), atomic_load(&s.moved));
    CHECK(atomic_load(&s.frames) > 50 && atomic_load(&s.shapes) > 10 && atomic_load(&s.moved) > 0);
    kvmfr_host_destroy(s.host);
    free(s.region.mem);
}
