/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/viewer/latency.h - where a picture's time goes, from the guest's capture to the screen:
 * median and 99th percentile of the last pictures, stage by stage. What is not known of a picture
 * (a host without timing blocks, no presentation feedback) is left out. Embedded, no heap; one
 * thread. */
#ifndef ESPELHO_VIEWER_LATENCY_H
#define ESPELHO_VIEWER_LATENCY_H

#include <stdbool.h>
#include <stdint.h>

#include "source/source.h"

enum latency_stage {
    LATENCY_CAPTURE_TO_POST,
    LATENCY_POST_TO_NOTICE,
    LATENCY_NOTICE_TO_COMPLETE,
    LATENCY_COMPLETE_TO_COMMIT, /* from the notice, if that was later or the other is not known */
    LATENCY_COMMIT_TO_PRESENT,
    LATENCY_TOTAL, /* from capture, or post, to the screen */
    LATENCY_STAGES,
};

enum { LATENCY_PICTURES = 256, LATENCY_ON_THE_WAY = 64 };

struct latency {
    struct {
        uint32_t ns[LATENCY_PICTURES]; /* the last `count` of them, in a ring */
        uint64_t count;
    } stages[LATENCY_STAGES];
    struct { /* committed, by tag */
        struct source_frame_times times;
        uint64_t commit_ns;
    } under_way[LATENCY_ON_THE_WAY];
};

/* "capture_to_post" ... */
const char *latency_stage_name(enum latency_stage stage);
/* A picture with these times was committed. `tag`: what its feedback will be called; 0: none. */
void latency_committed(struct latency *l, const struct source_frame_times *times, uint64_t tag,
                       uint64_t commit_ns);
void latency_presented(struct latency *l, uint64_t tag, uint64_t presented_ns);
/* False: no picture so far. */
bool latency_quantiles(const struct latency *l, enum latency_stage stage, uint64_t *median_ns,
                       uint64_t *p99_ns);

#endif
