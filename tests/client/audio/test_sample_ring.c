/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "audio/jitter.h"
#include "audio/sample_ring.h"
#include "base/clock.h"

TEST(bad_sizes_are_refused)
{
    struct sample_ring r = { 0 };
    CHECK_INT(sample_ring_init(&r, 0, 16, 0), -EINVAL);
    CHECK_INT(sample_ring_init(&r, 2, 0, 0), -EINVAL);
    CHECK_INT(sample_ring_init(&r, 2, UINT32_MAX, 0), -EINVAL);
    CHECK_INT(sample_ring_init(&r, UINT32_MAX, 16, 0), -EINVAL);
    CHECK_INT(sample_ring_init(&r, 8, 1 << 24, 0), -EINVAL);
    sample_ring_fini(&r);
}

TEST(what_was_read_can_be_read_again)
{
    struct sample_ring r = { 0 };
    CHECK_INT(sample_ring_init(&r, 1, 5, 3), 0); /* 8 frames, of which the writer gets 5 */
    float in[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, out[8];
    for (int round = 0; round < 20; round++) {
        CHECK_INT(sample_ring_write(&r, in, 8), 5);
        CHECK_INT(sample_ring_read(&r, out, 8), 5);
        CHECK(*sample_ring_peek_back(&r, 1) == 5 && *sample_ring_peek_back(&r, 3) == 3);
        sample_ring_rewind(&r, 3);
        CHECK_INT(sample_ring_write(&r, in, 8), 2); /* and keeps off the three */
        CHECK_INT(sample_ring_read(&r, out, 8), 5);
        CHECK(out[0] == 3 && out[2] == 5 && out[3] == 1 && out[4] == 2);
    }
    sample_ring_fini(&r);
}

TEST(full_and_empty_and_round_the_end)
{
    struct sample_ring r = { 0 };
    CHECK_INT(sample_ring_init(&r, 2, 5, 0), 0); /* 8 frames */
    float in[20], out[20];
    for (int i = 0; i < 20; i++)
        in[i] = (float)i;
    CHECK_INT(sample_ring_read(&r, out, 10), 0);
    for (int round = 0; round < 10; round++) {
        CHECK_INT(sample_ring_write(&r, in, 3), 3);
        CHECK_INT(sample_ring_write(&r, in + 6, 7), 5);
        CHECK_INT(sample_ring_fill(&r), 8);
        CHECK_INT(sample_ring_write(&r, in, 1), 0);
        CHECK_INT(sample_ring_read(&r, out, 10), 8);
        CHECK(memcmp(in, out, 16 * sizeof(float)) == 0);
        CHECK_INT(sample_ring_fill(&r), 0);
        CHECK_INT(sample_ring_write(&r, in, 1), 1); /* shifts the next round by one */
        CHECK_INT(sample_ring_read(&r, out, 1), 1);
    }
    sample_ring_fini(&r);
}

enum { STRESS_FRAMES = 2000000 };

static void *write_numbers(void *ctx)
{
    struct sample_ring *r = ctx;
    float chunk[64 * 2];
    for (uint32_t n = 0; n < STRESS_FRAMES;) {
        const uint32_t frames = 1 + n % 61 < STRESS_FRAMES - n ? 1 + n % 61 : STRESS_FRAMES - n;
        for (uint32_t i = 0; i < frames; i++) {
            chunk[2 * i] = (float)(n + i);
            chunk[2 * i + 1] = -(float)(n + i);
        }
        n += sample_ring_write(r, chunk, frames); /* what did not fit is written again */
    }
    return NULL;
}

TEST(stress_every_frame_once_and_in_order)
{
    struct sample_ring r = { 0 };
    CHECK_INT(sample_ring_init(&r, 2, 256, 0), 0);
    pthread_t t;
    CHECK_INT(pthread_create(&t, NULL, write_numbers, &r), 0);
    float chunk[50 * 2];
    for (uint32_t n = 0; n < STRESS_FRAMES;) {
        const uint32_t frames = sample_ring_read(&r, chunk, 1 + n % 47);
        for (uint32_t i = 0; i < frames; i++, n++)
            CHECK(chunk[2 * i] == (float)n && chunk[2 * i + 1] == -(float)n);
    }
    pthread_join(t, NULL);
    CHECK_INT(sample_ring_fill(&r), 0);
    sample_ring_fini(&r);
}

static void *push_packets(void *ctx)
{
    int16_t packet[480 * 2] = { 0 };
    for (uint64_t i = 0; i < 20000; i++) {
        if (i % 500 == 0)
            jitter_begin(ctx);
        jitter_push(ctx, packet, 480, NS_PER_S + i * 10 * NS_PER_MS);
        if (i % 500 == 499)
            jitter_end(ctx);
    }
    return NULL;
}

struct watcher {
    struct jitter *jitter;
    _Atomic bool stop;
};

static void *watch_figures(void *ctx)
{
    struct watcher *w = ctx;
    struct jitter_stats stats;
    while (!atomic_load(&w->stop))
        jitter_stats(w->jitter, &stats);
    return NULL;
}

TEST(stress_jitter_with_a_writer_a_reader_and_a_watcher)
{
    struct watcher w = { 0 };
    const struct jitter_config config = {
        .rate_in_hz = 48000, .rate_out_hz = 48000, .channels = 2, .linear = true
    };
    CHECK_INT(jitter_create(&config, &w.jitter), 0);
    pthread_t writer, watcher;
    CHECK_INT(pthread_create(&writer, NULL, push_packets, w.jitter), 0);
    CHECK_INT(pthread_create(&watcher, NULL, watch_figures, &w), 0);
    float out[256 * 2];
    for (uint64_t i = 0; i < 30000; i++)
        jitter_pull(w.jitter, out, 256, NS_PER_S + i * 256 * NS_PER_S / 48000);
    pthread_join(writer, NULL);
    atomic_store(&w.stop, true);
    pthread_join(watcher, NULL);
    struct jitter_stats stats;
    jitter_stats(w.jitter, &stats);
    CHECK_INT(stats.frames_out, 30000 * 256);
    jitter_destroy(w.jitter);
}
