/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/audio/sample_ring.h - interleaved float frames from one thread to one other, without
 * locks.
 *
 * Threads: the write functions from one thread, the read functions from one thread; they may be
 * different ones. Nothing allocates or blocks after init. A frame is one sample of each channel.
 * Positions are frames since init and never wrap in practice (64 bits). */
#ifndef ESPELHO_AUDIO_SAMPLE_RING_H
#define ESPELHO_AUDIO_SAMPLE_RING_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

struct sample_ring {
    float *samples;  /* owned */
    uint32_t frames; /* capacity, a power of two */
    uint32_t channels;
    uint32_t kept;         /* frames behind the tail that the writer leaves alone */
    _Atomic uint64_t head; /* frames written; stored by the writer */
    _Atomic uint64_t tail; /* frames read; stored by the reader */
};

/* `min_frames` + `kept_frames` is rounded up to a power of two. 0; -EINVAL: no or too many frames
 * or channels (the limit is 16 million samples); -ENOMEM. */
int sample_ring_init(struct sample_ring *ring, uint32_t channels, uint32_t min_frames,
                     uint32_t kept_frames) MUST_CHECK;
void sample_ring_fini(struct sample_ring *ring); /* a zeroed ring is fine */

/* Writer: room in one piece at *at (its frames are the result, 0: full); then commit what was
 * filled in. */
uint32_t sample_ring_write_span(struct sample_ring *ring, float **at);
void sample_ring_commit_write(struct sample_ring *ring, uint32_t frames);
/* Reader: frames in one piece at *at; then commit what was used. */
uint32_t sample_ring_read_span(struct sample_ring *ring, const float **at);
void sample_ring_commit_read(struct sample_ring *ring, uint32_t frames);
/* Reader: the frame `offset` after the tail, which must be below the fill. The reader may change
 * what it has not committed yet. */
float *sample_ring_peek(struct sample_ring *ring, uint32_t offset);
/* Reader, when the ring is empty: makes the last `frames` frames, at most `kept_frames` and at most
 * what was ever written, unread again. */
void sample_ring_rewind(struct sample_ring *ring, uint32_t frames);
/* Reader: the frame `back` before the tail, 1..kept_frames, at most what was ever read; its own to
 * change. */
float *sample_ring_peek_back(struct sample_ring *ring, uint32_t back);
/* Copies as much as fits, or as there is. Frames copied. */
uint32_t sample_ring_write(struct sample_ring *ring, const float *samples, uint32_t frames);
uint32_t sample_ring_read(struct sample_ring *ring, float *samples, uint32_t frames);

/* Either thread; the other one may be moving its end meanwhile. */
uint64_t sample_ring_head(const struct sample_ring *ring);
uint64_t sample_ring_tail(const struct sample_ring *ring);
uint32_t sample_ring_fill(const struct sample_ring *ring);

#endif
