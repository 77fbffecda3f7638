/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "viewer/latency.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"

const char *latency_stage_name(enum latency_stage stage)
{
    static const char *const names[LATENCY_STAGES] = {
        [LATENCY_CAPTURE_TO_POST] = "capture_to_post",
        [LATENCY_POST_TO_NOTICE] = "post_to_notice",
        [LATENCY_NOTICE_TO_COMPLETE] = "notice_to_complete",
        [LATENCY_COMPLETE_TO_COMMIT] = "complete_to_commit",
        [LATENCY_COMMIT_TO_PRESENT] = "commit_to_present",
        [LATENCY_TOTAL] = "total",
    };
    return names[stage];
}

/* Clocks of two machines: a step may seem to go back by their error, and counts as none. */
static void add(struct latency *l, enum latency_stage stage, uint64_t from_ns, uint64_t to_ns)
{
    if (from_ns == 0 || to_ns == 0)
        return;
    const uint64_t ns = to_ns > from_ns ? to_ns - from_ns : 0;
    l->stages[stage].ns[l->stages[stage].count++ % LATENCY_PICTURES] =
        (uint32_t)min_u64(ns, UINT32_MAX);
}

void latency_committed(struct latency *l, const struct source_frame_times *t, uint64_t tag,
                       uint64_t commit_ns)
{
    const uint64_t ready_ns = t->complete_ns > t->notice_ns ? t->complete_ns : t->notice_ns;
    add(l, LATENCY_CAPTURE_TO_POST, t->capture_ns, t->post_ns);
    add(l, LATENCY_POST_TO_NOTICE, t->post_ns, t->notice_ns);
    add(l, LATENCY_NOTICE_TO_COMPLETE, t->notice_ns, t->complete_ns);
    add(l, LATENCY_COMPLETE_TO_COMMIT, ready_ns, commit_ns);
    if (tag == 0)
        return;
    l->under_way[tag % LATENCY_ON_THE_WAY].times = *t;
    l->under_way[tag % LATENCY_ON_THE_WAY].commit_ns = commit_ns;
}

void latency_presented(struct latency *l, uint64_t tag, uint64_t presented_ns)
{
    const struct source_frame_times *t = &l->under_way[tag % LATENCY_ON_THE_WAY].times;
    add(l, LATENCY_COMMIT_TO_PRESENT, l->under_way[tag % LATENCY_ON_THE_WAY].commit_ns,
        presented_ns);
    add(l, LATENCY_TOTAL, t->capture_ns ? t->capture_ns : t->post_ns, presented_ns);
}

static int by_size(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

bool latency_quantiles(const struct latency *l, enum latency_stage stage, uint64_t *median_ns,
                       uint64_t *p99_ns)
{
    uint32_t sorted[LATENCY_PICTURES];
    const size_t n = (size_t)min_u64(l->stages[stage].count, LATENCY_PICTURES);
    if (n == 0)
        return false;
    memcpy(sorted, l->stages[stage].ns, n * sizeof(sorted[0]));
    qsort(sorted, n, sizeof(sorted[0]), by_size);
    *median_ns = sorted[(n - 1) / 2];
    *p99_ns = sorted[(n - 1) * 99 / 100];
    return true;
}
