/* SPDX-License-Identifier: GPL-2.0-or-later
 * A reader on the heels of the copy: every row that the write pointer has passed must be final, at
 * that moment. */
#include "publish/bands.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "kvmfr/client.h"
#include "publish/history.h"
#include "test.h"

enum { W = 1000, H = 900, SNAPSHOTS = 4, FRAMES = 150, REGION_BYTES = 16 << 20 };

static uint32_t desktop[H][W], snapshots[SNAPSHOTS][H][W]; /* by serial */
static struct shm_region region;
static struct kvmfr_client *client;
static _Atomic bool stop;
static uint32_t frames_read, rows_early; /* reader */

static uint32_t random_below(uint32_t n)
{
    static uint32_t state = 11;
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % n;
}

static void draw(uint32_t serial, struct damage *due)
{
    damage_clear(due);
    if (serial % 3 == 0)
        damage_set_full(due);
    const uint32_t rects = serial % 3 == 0 ? 1 : random_below(6);
    for (uint32_t i = 0; i <= rects; i++) {
        const uint32_t x = random_below(W), y = random_below(H);
        const struct frame_rect r =
            serial % 3 == 0
                ? (struct frame_rect){ 0, 0, W, H }
                : (struct frame_rect){ x, y, 1 + random_below(W - x), 1 + random_below(H - y) };
        damage_add_rect(due, r);
        for (uint32_t py = r.y_px; py < r.y_px + r.height_px; py++)
            for (uint32_t px = r.x_px; px < r.x_px + r.width_px; px++)
                desktop[py][px] = serial * 977u + py;
    }
    memcpy(snapshots[serial % SNAPSHOTS], desktop, sizeof(desktop));
}

static void follow(const struct frame_view *f)
{
    const uint64_t end_ns = clock_ns() + 20 * NS_PER_S;
    for (uint32_t done = 0; done < H;) {
        const uint32_t ready = frame_view_ready_rows(f);
        rows_early += ready > done && ready < H; /* it was seen on its way */
        for (; done < ready; done++)
            CHECK_MSG(memcmp(f->pixels + (size_t)done * f->pitch_bytes,
                             snapshots[f->serial % SNAPSHOTS][done], sizeof(desktop[0])) == 0,
                      "frame %u: row %u was not final", f->serial, done);
        CHECK(clock_ns() < end_ns);
    }
}

static void *read_frames(void *ctx)
{
    (void)ctx;
    while (!stop) {
        struct frame_view f;
        if (kvmfr_client_peek_frame(client, &f) != KVMFR_READ_OK)
            continue;
        follow(&f);
        frames_read++;
        CHECK(kvmfr_client_finish_frame(client) == KVMFR_READ_OK);
    }
    return NULL;
}

static void publish(struct kvmfr_host *host, struct history *history, uint32_t serial)
{
    struct damage due, lacks;
    struct kvmfr_frame_writer writer;
    const struct kvmfr_frame_desc desc = { .format = FRAME_FORMAT_BGRA,
                                           .width_px = W,
                                           .height_px = H };
    const struct capture_picture picture = {
        .layout = { .format = FRAME_FORMAT_BGRA, .width_px = W, .height_px = H },
        .pixels = (const uint8_t *)desktop,
        .pitch_bytes = sizeof(desktop[0]),
    };
    draw(serial, &due);
    while (kvmfr_host_begin_frame(host, &desc, 1000, &writer) < 0)
        clock_sleep_until_ns(clock_ns() + 100 * NS_PER_US);
    CHECK_INT(writer.serial, serial);
    history_begin(history, &writer, &due, &lacks);
    const uint64_t bytes = bands_copy(host, &writer, &picture, &lacks);
    CHECK(lacks.full ? bytes == sizeof(desktop) : bytes <= sizeof(desktop));
    kvmfr_host_end_frame(host, &writer);
}

TEST(rows_behind_the_write_pointer_are_final)
{
    static _Alignas(4096) uint8_t memory[REGION_BYTES];
    const struct kvmfr_host_config config = { .session = { .host_version = "test" },
                                              .now_ms = 1000 };
    struct kvmfr_host *host;
    struct history history = { 0 };
    pthread_t thread;
    region.mem = memory;
    region.len_bytes = sizeof(memory);
    CHECK_INT(kvmfr_host_create(memory, sizeof(memory), &config, &host), 0);
    CHECK_INT(kvmfr_client_create(&region, (struct lgmp_random){ 0 }, &client), 0);
    for (uint64_t ms = 1000; kvmfr_client_step(client, ms) != KVMFR_STATE_CONNECTED; ms += 10)
        CHECK_INT(kvmfr_host_tick(host, ms, NULL), 0);
    CHECK_INT(pthread_create(&thread, NULL, read_frames, NULL), 0);
    for (uint32_t serial = 0; serial < FRAMES; serial++)
        publish(host, &history, serial);
    const uint64_t end_ns = clock_ns() + 200 * NS_PER_MS;
    while (clock_ns() < end_ns)
        clock_sleep_until_ns(clock_ns() + 10 * NS_PER_MS);
    stop = true;
    pthread_join(thread, NULL);
    CHECK(frames_read > FRAMES / 2);
    printf("%u frames, %u times seen on their way\n", frames_read, rows_early);
    kvmfr_client_destroy(client);
    kvmfr_host_destroy(host);
}
