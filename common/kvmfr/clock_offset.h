/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/kvmfr/clock_offset.h - how far a peer's monotonic clock is from ours, from pings
 * (docs/extensions.md section 3).
 *
 * A sample says that the peer read its clock at some time between our send and our receive. Half
 * the round trip is what it can be wrong by, so the shortest of the last few counts. Older ones
 * leave the window, since clocks drift. What the peer says may be any number: the result is then as
 * wrong, never more. Embedded, no heap, one thread. */
#ifndef ESPELHO_KVMFR_CLOCK_OFFSET_H
#define ESPELHO_KVMFR_CLOCK_OFFSET_H

#include <stdbool.h>
#include <stdint.h>

enum { CLOCK_OFFSET_SAMPLES = 16 };

struct clock_offset {
    struct {
        uint64_t offset_ns; /* peer's clock less ours, modulo 2^64 */
        uint64_t trip_ns;
    } samples[CLOCK_OFFSET_SAMPLES];
    uint32_t count; /* all that were ever added */
};

/* An answer that came before it was asked for is not taken. */
void clock_offset_add(struct clock_offset *c, uint64_t sent_ns, uint64_t received_ns,
                      uint64_t peer_ns);
/* False: nothing is known yet. error_ns: half the round trip. */
bool clock_offset_get(const struct clock_offset *c, uint64_t *offset_ns, uint64_t *error_ns);

#endif
