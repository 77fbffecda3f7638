/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spice/backoff.h"

#include "base/checked.h"

void backoff_up(struct backoff *b, uint64_t now_ms)
{
    b->up_since_ms = now_ms ? now_ms : 1;
}

uint32_t backoff_down(struct backoff *b, uint64_t now_ms)
{
    const bool stable = b->up_since_ms && now_ms - b->up_since_ms >= BACKOFF_STABLE_MS;
    const uint32_t wait_ms = b->next_ms && !stable ? b->next_ms : BACKOFF_FIRST_MS;
    b->next_ms = min_u32(wait_ms * 2, BACKOFF_MAX_MS);
    b->up_since_ms = 0;
    return wait_ms;
}

void backoff_reset(struct backoff *b)
{
    *b = (struct backoff){ 0 };
}
