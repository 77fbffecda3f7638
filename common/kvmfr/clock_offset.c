/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kvmfr/clock_offset.h"

#include "base/checked.h"

void clock_offset_add(struct clock_offset *c, uint64_t sent_ns, uint64_t received_ns,
                      uint64_t peer_ns)
{
    if (received_ns < sent_ns)
        return;
    const uint64_t trip_ns = received_ns - sent_ns;
    c->samples[c->count % CLOCK_OFFSET_SAMPLES].trip_ns = trip_ns;
    c->samples[c->count % CLOCK_OFFSET_SAMPLES].offset_ns = peer_ns - (sent_ns + trip_ns / 2);
    c->count++;
    if (c->count == 2 * CLOCK_OFFSET_SAMPLES) /* for ever between one and two windows */
        c->count = CLOCK_OFFSET_SAMPLES;
}

bool clock_offset_get(const struct clock_offset *c, uint64_t *offset_ns, uint64_t *error_ns)
{
    const uint32_t known = min_u32(c->count, CLOCK_OFFSET_SAMPLES);
    uint32_t best = 0;
    for (uint32_t i = 1; i < known; i++) {
        if (c->samples[i].trip_ns < c->samples[best].trip_ns)
            best = i;
    }
    if (known == 0)
        return false;
    *offset_ns = c->samples[best].offset_ns;
    *error_ns = (c->samples[best].trip_ns + 1) / 2;
    return true;
}
