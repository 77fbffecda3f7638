/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audio/sample_ring.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SAMPLES = 1 << 24 };

int sample_ring_init(struct sample_ring *ring, uint32_t channels, uint32_t min_frames,
                     uint32_t kept_frames)
{
    if (channels == 0 || min_frames == 0 || min_frames > MAX_SAMPLES || channels > MAX_SAMPLES ||
        kept_frames > MAX_SAMPLES)
        return -EINVAL;
    uint32_t frames = 1;
    while (frames < min_frames + kept_frames)
        frames *= 2;
    if ((uint64_t)frames * channels > MAX_SAMPLES)
        return -EINVAL;
    float *samples = calloc((size_t)frames * channels, sizeof(*samples));
    if (!samples)
        return -ENOMEM;
    ring->samples = samples;
    ring->frames = frames;
    ring->channels = channels;
    ring->kept = kept_frames;
    atomic_init(&ring->head, 0);
    atomic_init(&ring->tail, 0);
    return 0;
}

void sample_ring_fini(struct sample_ring *ring)
{
    free(ring->samples);
    ring->samples = NULL;
}

uint64_t sample_ring_head(const struct sample_ring *ring)
{
    /* acquire: pairs with the release in commit_write(); the samples before it can be read. */
    return atomic_load_explicit(&ring->head, memory_order_acquire);
}

uint64_t sample_ring_tail(const struct sample_ring *ring)
{
    /* acquire: pairs with the release in commit_read(); the reader is done with what is before. */
    return atomic_load_explicit(&ring->tail, memory_order_acquire);
}

uint32_t sample_ring_fill(const struct sample_ring *ring)
{
    /* The tail first: it can only grow up to the head that is read after it. */
    const uint64_t tail = sample_ring_tail(ring);
    const uint64_t fill = sample_ring_head(ring) - tail;
    return fill > ring->frames ? ring->frames : (uint32_t)fill;
}

static uint32_t one_piece(const struct sample_ring *ring, uint64_t position, uint64_t frames)
{
    const uint64_t to_end = ring->frames - (position & (ring->frames - 1));
    return (uint32_t)(frames < to_end ? frames : to_end);
}

static float *sample_at(const struct sample_ring *ring, uint64_t position)
{
    return ring->samples + (size_t)(position & (ring->frames - 1)) * ring->channels;
}

uint32_t sample_ring_write_span(struct sample_ring *ring, float **at)
{
    const uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed); /* our own */
    *at = sample_at(ring, head);
    const uint64_t used = head - sample_ring_tail(ring), limit = ring->frames - ring->kept;
    return one_piece(ring, head, used < limit ? limit - used : 0);
}

void sample_ring_commit_write(struct sample_ring *ring, uint32_t frames)
{
    const uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    assert(head + frames - sample_ring_tail(ring) <=
           ring->frames); /* a rewind may have come between */
    /* release: pairs with the acquire in sample_ring_head(); publishes the samples. */
    atomic_store_explicit(&ring->head, head + frames, memory_order_release);
}

uint32_t sample_ring_read_span(struct sample_ring *ring, const float **at)
{
    const uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed); /* our own */
    *at = sample_at(ring, tail);
    return one_piece(ring, tail, sample_ring_head(ring) - tail);
}

void sample_ring_commit_read(struct sample_ring *ring, uint32_t frames)
{
    const uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    assert(frames <= sample_ring_head(ring) - tail);
    /* release: pairs with the acquire in sample_ring_tail(); the samples may be overwritten. */
    atomic_store_explicit(&ring->tail, tail + frames, memory_order_release);
}

float *sample_ring_peek(struct sample_ring *ring, uint32_t offset)
{
    assert(offset < sample_ring_fill(ring));
    return sample_at(ring, atomic_load_explicit(&ring->tail, memory_order_relaxed) + offset);
}

void sample_ring_rewind(struct sample_ring *ring, uint32_t frames)
{
    const uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    assert(frames <= ring->kept && frames <= tail);
    /* relaxed: nothing is given to the writer. If it just read the later tail it still keeps away
     * from what is unread now: that is what `kept` is for. */
    atomic_store_explicit(&ring->tail, tail - frames, memory_order_relaxed);
}

float *sample_ring_peek_back(struct sample_ring *ring, uint32_t back)
{
    const uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    assert(back >= 1 && back <= ring->kept && back <= tail);
    return sample_at(ring, tail - back);
}

uint32_t sample_ring_write(struct sample_ring *ring, const float *samples, uint32_t frames)
{
    uint32_t done = 0;
    while (done < frames) {
        float *at;
        uint32_t n = sample_ring_write_span(ring, &at);
        if (n == 0)
            break;
        n = n < frames - done ? n : frames - done;
        memcpy(at, samples + (size_t)done * ring->channels,
               (size_t)n * ring->channels * sizeof(*samples));
        sample_ring_commit_write(ring, n);
        done += n;
    }
    return done;
}

uint32_t sample_ring_read(struct sample_ring *ring, float *samples, uint32_t frames)
{
    uint32_t done = 0;
    while (done < frames) {
        const float *at;
        uint32_t n = sample_ring_read_span(ring, &at);
        if (n == 0)
            break;
        n = n < frames - done ? n : frames - done;
        memcpy(samples + (size_t)done * ring->channels, at,
               (size_t)n * ring->channels * sizeof(*samples));
        sample_ring_commit_read(ring, n);
        done += n;
    }
    return done;
}
