/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/kvmfr/bell_word.h - the word by which a sleeper tells the other side that it wants to be
 * rung. Source: docs/extensions.md section 2; the order of stores, fences and loads is what
 * tests/model/ proves to lose no wake-up. The peer may write anything to a word: too many rings or
 * none, never more. Sleeper: one thread per word. Publisher: any thread. */
#ifndef ESPELHO_KVMFR_BELL_WORD_H
#define ESPELHO_KVMFR_BELL_WORD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "lgmp/fence.h"

/* Sleeper, before its last look at the news: only without news it may sleep. */
static inline void bell_word_arm(_Atomic uint32_t *word)
{
    atomic_store_explicit(word, 1, memory_order_relaxed);
    fence_full(); /* pairs with the one in bell_word_take() */
}

/* Sleeper, awake again, whatever woke it; then it reads all news. */
static inline void bell_word_disarm(_Atomic uint32_t *word)
{
    atomic_store_explicit(word, 0, memory_order_relaxed);
}

/* Publisher, after its news are stored. True: ring now. */
static inline bool bell_word_take(_Atomic uint32_t *word)
{
    fence_full(); /* pairs with the one in bell_word_arm() */
    return atomic_load_explicit(word, memory_order_relaxed) != 0 &&
           atomic_exchange_explicit(word, 0, memory_order_relaxed) != 0;
}

#endif
