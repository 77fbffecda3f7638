/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/spice/backoff.h - how long to wait before trying again: 100 ms, doubling to 5 s; from the
 * start again after something that worked for 5 s. A struct without secrets; times are of
 * clock_ms(). One thread. */
#ifndef ESPELHO_SPICE_BACKOFF_H
#define ESPELHO_SPICE_BACKOFF_H

#include <stdint.h>

enum { BACKOFF_FIRST_MS = 100, BACKOFF_MAX_MS = 5000, BACKOFF_STABLE_MS = 5000 };

struct backoff {
    uint32_t next_ms;     /* 0: BACKOFF_FIRST_MS */
    uint64_t up_since_ms; /* 0: not up */
};

void backoff_up(struct backoff *backoff, uint64_t now_ms);
/* It failed, or ended: the wait before the next try. */
uint32_t backoff_down(struct backoff *backoff, uint64_t now_ms);
void backoff_reset(struct backoff *backoff);

#endif
