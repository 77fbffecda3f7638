/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/audio/jitter.h - between sound that arrives in packets when it likes and a device that
 * takes frames at its own clock: an adaptive buffer with drift correction.
 *
 * Pure: no clock is read (time is an argument, CLOCK_MONOTONIC or simulated), no PipeWire.
 * Threads: "writer" functions from one thread, jitter_pull() from one other; it never allocates,
 * locks or logs. jitter_stats() from any thread.
 *
 * Level: how far what arrived by now (had every packet been as early as the earliest of the last
 * two seconds) is ahead of what was taken. Target: one pull + the lateness that 998 of 1000 packets
 * stay below + a margin. Learned lateness grows at once with an underrun and shrinks slowly. The
 * level is led to the target by a resampling ratio within +-0.5 %; a level far off is cut: what is
 * taken out and what follows are cross-faded where their waves fit. Where a packet is later than
 * the target allows, the last wave is played again until it comes, for 40 ms at most. */
#ifndef ESPELHO_AUDIO_JITTER_H
#define ESPELHO_AUDIO_JITTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

enum { JITTER_MAX_CHANNELS = 8 };

struct jitter_config {
    uint32_t rate_in_hz, rate_out_hz; /* 8000..192000 */
    uint32_t channels;                /* 1..JITTER_MAX_CHANNELS, the same on both sides */
    uint32_t latency_ms;              /* target; 0: learned. At most 2000 */
    bool linear;                      /* linear interpolation instead of a sinc: cheaper, duller */
};

struct jitter_stats {
    double target_ms, level_ms; /* level_ms 0 while nothing plays */
    double drift_ppm; /* the sender's clock against the device's; positive: it sends faster */
    double ratio_ppm; /* correction in force; drift_ppm and the way back to the target */
    uint64_t underruns, cuts; /* nothing there for long: a gap; too much there */
    uint64_t repeats;         /* nothing there in time, bridged by playing the last wave again */
    uint64_t missed_pulls;    /* the device came a pull late or more: it played silence meanwhile */
    uint64_t frames_in, frames_out, frames_dropped;
    bool playing;
};

struct jitter;

/* 0; -EINVAL: config out of its limits; -ENOMEM. */
int jitter_create(const struct jitter_config *config, struct jitter **out) MUST_CHECK;
void jitter_destroy(struct jitter *jitter); /* NULL is fine; both threads have left */

/* Writer: sound begins. What is still there of the last one is played. */
void jitter_begin(struct jitter *jitter);
/* Writer: `frames` frames arrived at `now_ns`. What finds no room is dropped and counted. */
void jitter_push(struct jitter *jitter, const int16_t *samples, size_t frames, uint64_t now_ns);
/* Writer: no more comes; the rest is played, and what follows is no underrun. */
void jitter_end(struct jitter *jitter);

/* Reader: fills `out` with exactly `frames` frames, silence included. */
void jitter_pull(struct jitter *jitter, float *out, uint32_t frames, uint64_t now_ns);

void jitter_stats(const struct jitter *jitter, struct jitter_stats *out);

#endif
