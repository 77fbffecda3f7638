/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "audio/lateness.h"

#include <string.h>

#include "base/clock.h"

#define SLOT_NS        (250 * NS_PER_MS)
#define MARGIN_NS      (3 * NS_PER_MS)
#define FIRST_NS       (14 * NS_PER_MS)  /* with pulls of 5 ms the target is then about 20 ms */
#define SHRINK_NS      (NS_PER_MS / 100) /* per packet: 1 ms per second of 10 ms packets */
#define PEAK_FADE_NS   (3 * NS_PER_S)    /* a peak loses 1 ms in that time */
#define PEAK_LIMIT_NS  (80 * NS_PER_MS)  /* a pause of the VM is nothing to learn from */
#define COUNT_LIMIT_NS (200 * NS_PER_MS)
#define BURST_NS       NS_PER_MS /* what comes together was late together: counted once */
#define ENOUGH_PACKETS 100u
#define FORGET_PACKETS 3000u /* then every count is halved: the memory is half a minute */

void lateness_reset(struct lateness *l)
{
    *l = (struct lateness){ .allowance_ns = FIRST_NS };
    lateness_restart(l);
}

void lateness_restart(struct lateness *l)
{
    for (unsigned i = 0; i < LATENESS_SLOTS; i++)
        l->slot_min_ns[i] = INT64_MAX;
    l->slot_begin_ns = 0;
}

int64_t lateness_earliest_ns(const struct lateness *l)
{
    int64_t min = INT64_MAX;
    for (unsigned i = 0; i < LATENESS_SLOTS; i++)
        min = l->slot_min_ns[i] < min ? l->slot_min_ns[i] : min;
    return min;
}

static void into_slot(struct lateness *l, int64_t anchor_ns, uint64_t now_ns)
{
    if (l->slot_begin_ns == 0 || now_ns - l->slot_begin_ns > LATENESS_SLOTS * SLOT_NS) {
        lateness_restart(l);
        l->slot_begin_ns = now_ns;
    }
    while (now_ns - l->slot_begin_ns >= SLOT_NS) {
        l->slot_begin_ns += SLOT_NS;
        l->slot = (l->slot + 1) % LATENESS_SLOTS;
        l->slot_min_ns[l->slot] = INT64_MAX;
    }
    if (anchor_ns < l->slot_min_ns[l->slot])
        l->slot_min_ns[l->slot] = anchor_ns;
}

static void count(struct lateness *l, uint64_t late_ns)
{
    const uint64_t bin = late_ns / NS_PER_MS;
    l->bins[bin < LATENESS_BINS ? bin : LATENESS_BINS - 1]++;
    if (++l->packets < FORGET_PACKETS)
        return;
    l->packets = 0;
    for (unsigned i = 0; i < LATENESS_BINS; i++) {
        l->bins[i] /= 2;
        l->packets += l->bins[i];
    }
}

/* Below it are 998 of 1000 packets. */
static uint64_t percentile_ns(const struct lateness *l)
{
    uint32_t above = 0;
    for (unsigned i = LATENESS_BINS; i-- > 0;) {
        above += l->bins[i];
        if (above * 500 > l->packets)
            return (i + 1) * NS_PER_MS;
    }
    return 0;
}

static void follow_peak(struct lateness *l, uint64_t late_ns, uint64_t now_ns, bool after_underrun)
{
    while (l->peak_ns > 0 && now_ns - l->peak_set_ns > PEAK_FADE_NS) {
        l->peak_ns -= l->peak_ns < NS_PER_MS ? l->peak_ns : NS_PER_MS;
        l->peak_set_ns += PEAK_FADE_NS;
    }
    if (after_underrun && late_ns > l->peak_ns && late_ns <= PEAK_LIMIT_NS) {
        l->peak_ns = late_ns;
        l->peak_set_ns = now_ns;
    }
}

void lateness_add(struct lateness *l, int64_t anchor_ns, uint64_t now_ns, bool after_underrun)
{
    into_slot(l, anchor_ns, now_ns);
    const uint64_t late_ns = (uint64_t)(anchor_ns - lateness_earliest_ns(l));
    follow_peak(l, late_ns, now_ns, after_underrun);
    if (after_underrun) { /* the sender may have paused: what is in time is found anew */
        lateness_restart(l);
        into_slot(l, anchor_ns, now_ns);
    }
    if (late_ns <= COUNT_LIMIT_NS && now_ns - l->arrived_ns >= BURST_NS)
        count(l, late_ns);
    l->arrived_ns = now_ns;
    uint64_t wish_ns = l->packets < ENOUGH_PACKETS ? FIRST_NS - MARGIN_NS : percentile_ns(l);
    wish_ns = (wish_ns > l->peak_ns ? wish_ns : l->peak_ns) + MARGIN_NS;
    if (wish_ns >= l->allowance_ns)
        l->allowance_ns = wish_ns;
    else if (l->allowance_ns - wish_ns > SHRINK_NS)
        l->allowance_ns -= SHRINK_NS;
    else
        l->allowance_ns = wish_ns;
}

uint64_t lateness_ns(const struct lateness *l)
{
    return l->allowance_ns;
}
