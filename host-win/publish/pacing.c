/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "publish/pacing.h"

#include "base/checked.h"
#include "base/clock.h"

#define BUSY_NS        (1 * NS_PER_MS)
#define LONG_BUSY_NS   (4 * NS_PER_MS)
#define LONG_NS        (50 * NS_PER_MS)

#define LASTED_NS      NS_PER_S /* a capture that lasted so long was a good one */
#define PATIENT_LOSSES 16u
#define LONGEST_NS     (50 * NS_PER_MS)

void pacing_init(struct pacing *p, uint32_t max_fps)
{
    *p = (struct pacing){ .period_ns = max_fps ? NS_PER_S / max_fps : 0 };
}

void pacing_published(struct pacing *p, uint64_t now_ns)
{
    p->busy_since = 0;
    /* On its beat while there is more to publish than is allowed; after a pause a new one. */
    p->next_ns =
        p->next_ns + p->period_ns > now_ns ? p->next_ns + p->period_ns : now_ns + p->period_ns;
    p->due_ns = p->period_ns ? p->next_ns : 0;
}

void pacing_busy(struct pacing *p, uint64_t now_ns)
{
    if (p->busy_since == 0)
        p->busy_since = now_ns;
    p->due_ns = now_ns + (now_ns - p->busy_since < LONG_NS ? BUSY_NS : LONG_BUSY_NS);
}

void backoff_started(struct backoff *b, uint64_t now_ns)
{
    b->failures = 0;
    b->started_ns = now_ns;
}

static uint64_t storm_ns(const struct backoff *b)
{
    if (b->losses <= PATIENT_LOSSES)
        return 0;
    const uint32_t doublings = min_u32(b->losses - PATIENT_LOSSES, 3);
    return min_u64((10 * NS_PER_MS) << doublings, LONGEST_NS);
}

uint64_t backoff_failed_ns(struct backoff *b)
{
    const uint32_t n = b->failures++;
    return (n < 5 ? 10 : n < 50 ? 20 : 50) * NS_PER_MS;
}

uint64_t backoff_lost_ns(struct backoff *b, uint64_t now_ns)
{
    if (now_ns - b->started_ns >= LASTED_NS)
        b->losses = 0;
    else
        b->losses++;
    return storm_ns(b);
}
