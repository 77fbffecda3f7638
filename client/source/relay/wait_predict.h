/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/source/relay/wait_predict.h - when to look next: the thinking part of wait_adaptive,
 * without clock, sleep or thread.
 *
 * The owner tells what each look found (wait_predict_seen) and asks for the time of the next one
 * (wait_predict_next_ns). All times are of one monotonic clock, in ns; they may jump forward by any
 * amount (suspend) but not back. Embedded, no heap, one thread. The algorithm is described in
 * wait_predict.c. */
#ifndef ESPELHO_SOURCE_RELAY_WAIT_PREDICT_H
#define ESPELHO_SOURCE_RELAY_WAIT_PREDICT_H

#include <stdbool.h>
#include <stdint.h>

enum { WAIT_PREDICT_RECENT = 8 };

struct wait_predict {
    uint64_t looked_ns; /* the last look */
    uint64_t frame_ns;  /* the look that found the last frame; 0: none yet */
    uint64_t cursor_ns; /* likewise for pointer messages */
    uint64_t expect_ns; /* the last local input */
    uint64_t credit_ns; /* looks saved up, as time that a 1 ms poll takes for as many */

    uint64_t
        recent_ns[WAIT_PREDICT_RECENT]; /* estimated publication of the last frames, oldest first */
    uint32_t recent_count;

    bool locked;        /* the fields below describe a cadence that holds */
    uint64_t period_ns; /* kept after the lock is lost: a hint that makes the next lock faster; 0:
                           none */
    uint64_t grid_ns;   /* where the cadence's last frame lay, smoothed */
    uint64_t spread_ns; /* smoothed distance of frames from the grid */
    uint32_t margin_q4; /* window begins margin * spread before the grid; in sixteenths */
    uint32_t age;       /* frames since the lock, as far as the filter's gains care */
    uint32_t early;     /* frames in a row that were there before the window began */
    uint32_t off_grid;  /* bit per recent frame: 1 = far from the grid */
    uint32_t sparse;    /* frames in a row that came two or more periods after the one before */
};

void wait_predict_init(struct wait_predict *p, uint64_t now_ns);
/* A look at `now_ns` found new frame messages, new pointer messages, both or nothing. */
void wait_predict_seen(struct wait_predict *p, uint64_t now_ns, bool frame, bool cursor);
/* Local input at `now_ns`. */
void wait_predict_expect(struct wait_predict *p, uint64_t now_ns);
/* When to look next, after a look at `now_ns`: later than now_ns, by at most WAIT_PREDICT_IDLE_NS.
 */
uint64_t wait_predict_next_ns(const struct wait_predict *p, uint64_t now_ns);
/* Would local input now bring the next look forward? Not while frames come regularly and fast: they
 * are looked for in time. */
bool wait_predict_heeds_input(const struct wait_predict *p);
/* The learned period, or 0. */
uint64_t wait_predict_period_ns(const struct wait_predict *p);

/* The bounds that the algorithm keeps; tests know them too. */
#define WAIT_PREDICT_IDLE_NS                                                                       \
    UINT64_C(18000000) /* longest sleep: 56 looks per second, first frame noticed within 20 ms */
#define WAIT_PREDICT_HUNT_NS                                                                       \
    UINT64_C(1100000) /* while frames come without a cadence; cheaper than a 1 ms poll */
#define WAIT_PREDICT_EXPECT_NS                                                                     \
    UINT64_C(800000) /* while local input lets us expect a frame: noticed within 1 ms */
#define WAIT_PREDICT_CURSOR_NS UINT64_C(1000000) /* while the pointer moves */

#endif
