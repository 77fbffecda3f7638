/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/client/audio/rig/tone.h - a tone with time marks, made on one side and judged on the other.
 *
 * 1000 Hz at 48000 frames/s whose amplitude changes between TONE_HIGH and TONE_LOW every 250 ms, at
 * a zero crossing. The judge looks at windows of 1 ms: pitch by zero crossings, gaps by loudness,
 * marks by changes of loudness. One thread each; the marks of a judge may be read by another. */
#ifndef ESPELHO_TESTS_TONE_H
#define ESPELHO_TESTS_TONE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { TONE_RATE = 48000, TONE_HZ = 1000, TONE_WINDOW = TONE_RATE / TONE_HZ, TONE_MARKS = 4096 };
enum { TONE_MARK_FRAMES = TONE_RATE / 4 };
#define TONE_HIGH 0.5f
#define TONE_LOW  0.25f

struct tone_mark {
    uint64_t at_ns;
    bool up;
};

struct tone_marks { /* one writer; read by others up to `count` */
    struct tone_mark mark[TONE_MARKS];
    _Atomic uint32_t count; /* stops at TONE_MARKS */
};
void tone_mark_add(struct tone_marks *marks, uint64_t at_ns, bool up);
/* Median and 99th percentile of the time from each of `to`'s marks back to the same mark in `from`,
 * in ms; from `skip_ns` on. Number of marks compared. */
unsigned tone_latency_ms(const struct tone_marks *from, const struct tone_marks *to,
                         uint64_t since_ns, double *median_ms, double *p99_ms);

struct tone_source {
    uint64_t frame;
};
/* Mono. Marks the changes that are in these frames with `now_ns`. */
void tone_make(struct tone_source *source, float *out, uint32_t frames, uint64_t now_ns,
               struct tone_marks *marks);

struct tone_judge {
    struct tone_marks marks;
    float window[TONE_WINDOW], previous;
    uint32_t filled;
    _Atomic int loudness; /* 0 silent, 1 low, 2 high: of the last two equal windows */
    int candidate;
    _Atomic bool reset; /* another thread: forget the counts below */
    _Atomic uint64_t frames, crossings, silent_windows, loud_windows;
    _Atomic uint64_t first_loud_ns;
};
/* `end_ns`: when the last of these frames was there. */
void tone_hear(struct tone_judge *judge, const float *samples, uint32_t frames, uint32_t stride,
               uint64_t end_ns);
void tone_judge_restart(struct tone_judge *judge); /* any thread */
/* Of what was heard: silence does not count. Each gap may still cost or add a period. */
double tone_pitch_hz(const struct tone_judge *judge);

#endif
