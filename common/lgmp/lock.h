/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/lgmp/lock.h - the lock words in the region (docs/protocol/lgmp.md section 4), with the
 * cure of trap T3.
 *
 * A lock word has no owner: a peer killed inside a critical section leaves it at 1 for ever. So
 * nobody here spins without limit. Any thread; never hold one over a system call, an allocation, a
 * log line or a page fault that can be avoided. */
#ifndef ESPELHO_LGMP_LOCK_H
#define ESPELHO_LGMP_LOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* The host seizes a lock after this time: far longer than any honest critical section, even of a
 * peer that lost its CPU in it, and far shorter than the heartbeat time-out. */
#define LGMP_HOST_LOCK_WAIT_US 20000u
/* A client gives up after this time: longer than a host needs to seize the same lock (its wait and
 * one or two ticks). */
#define LGMP_CLIENT_LOCK_WAIT_US 100000u

static inline bool lgmp_lock_try(_Atomic uint32_t *lock)
{
    uint32_t is_free = 0;
    /* acquire: pairs with the release in lgmp_unlock() */
    return atomic_compare_exchange_strong_explicit(lock, &is_free, 1, memory_order_acquire,
                                                   memory_order_relaxed);
}

/* False: it did not come free within `wait_us`. */
bool lgmp_lock_wait(_Atomic uint32_t *lock, uint32_t wait_us);

static inline void lgmp_unlock(_Atomic uint32_t *lock)
{
    /* An exchange, not a store: a locked instruction also drains the write-combined mapping of a
     * Windows guest. */
    (void)atomic_exchange_explicit(lock, 0, memory_order_seq_cst);
}

#endif
