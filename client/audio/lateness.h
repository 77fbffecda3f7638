/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/audio/lateness.h - learns how late packets of sound come. Used by jitter.c.
 *
 * Each packet gives an anchor: its arrival minus the play time of everything before it. The
 * smallest anchor of the last two seconds is "in time"; what is above it is late. Pure; one thread.
 */
#ifndef ESPELHO_AUDIO_LATENESS_H
#define ESPELHO_AUDIO_LATENESS_H

#include <stdbool.h>
#include <stdint.h>

enum { LATENESS_SLOTS = 8, LATENESS_BINS = 256 /* of 1 ms */ };

struct lateness {
    int64_t
        slot_min_ns[LATENESS_SLOTS]; /* smallest anchor per quarter of a second, INT64_MAX: none */
    uint64_t slot_begin_ns;          /* of the newest; 0: no packet yet */
    unsigned slot;
    uint64_t arrived_ns;          /* the last packet */
    uint32_t bins[LATENESS_BINS]; /* how many packets came so late; fades */
    uint32_t packets;
    uint64_t peak_ns, peak_set_ns; /* of a packet that came after an underrun; fades */
    uint64_t allowance_ns;
};

void lateness_reset(struct lateness *l);
/* A new stream of packets: what "in time" is must be found anew; what was learned stays. */
void lateness_restart(struct lateness *l);
/* `after_underrun`: the device found nothing since the last packet. */
void lateness_add(struct lateness *l, int64_t anchor_ns, uint64_t now_ns, bool after_underrun);
int64_t lateness_earliest_ns(const struct lateness *l);
/* What should be kept ready for late packets, margin included. */
uint64_t lateness_ns(const struct lateness *l);

#endif
