/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/demo/producer.h - a synthetic guest in a thread: the real host side of common/ publishing
 * the test card.
 *
 * Threads: create, stats and destroy from one thread; the producer's own thread plays all three
 * host roles (timer, frames, pointer). */
#ifndef ESPELHO_DEMO_PRODUCER_H
#define ESPELHO_DEMO_PRODUCER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "testcard/testcard.h"

struct producer_config {
    struct testcard_config card;
    uint32_t hz;                   /* frames per second, 1..1000 */
    enum cursor_type cursor;       /* CURSOR_NONE: see cycle_cursor */
    bool cycle_cursor;             /* all three kinds in turn, two seconds each */
    struct shm_doorbell *doorbell; /* of the region, borrowed; NULL: nobody can be rung */
};

struct producer_stats {
    uint64_t frames; /* published */
    uint64_t late;   /* frame times at which the viewer still held both buffers: shown later, never
                        queued */
    uint64_t restarts; /* sessions built anew because the header had been overwritten */
};

struct producer;

/* The smallest region in bytes for this picture, by B7's formula (a power of two). 0: impossible.
 */
uint64_t producer_region_bytes(const struct testcard_config *card);
/* Starts the thread. `mem` is borrowed and must stay mapped. 0 or -errno (-ENOSPC: the region is
 * too small). */
int producer_create(void *mem, size_t len_bytes, const struct producer_config *config,
                    struct producer **out) MUST_CHECK;
void producer_stats(const struct producer *producer, struct producer_stats *out);
/* Joins the thread; the region stays as it is, as after any host's end. NULL is fine. */
void producer_destroy(struct producer *producer);

#endif
