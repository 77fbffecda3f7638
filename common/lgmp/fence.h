/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/lgmp/fence.h - the fences that atomics on a single word cannot express. Any thread. */
#ifndef ESPELHO_LGMP_FENCE_H
#define ESPELHO_LGMP_FENCE_H

#include <stdatomic.h>

#if defined(__SANITIZE_THREAD__)
#define FENCE_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FENCE_TSAN 1
#endif
#endif
#ifndef FENCE_TSAN
#define FENCE_TSAN 0
#endif

/* Between reads of a payload and the question whether it may have been rewritten meanwhile: the
 * reads stay before. */
static inline void fence_reads(void)
{
#if FENCE_TSAN /* it does not know fences (and gcc warns); on x86 loads stay in order, the         \
                  compiler must not move them */
    __asm__ volatile("" ::: "memory");
#else
    atomic_thread_fence(memory_order_acquire);
#endif
}

/* Before the store that publishes what was written: a release store is enough for ordinary memory,
 * but non-temporal stores and the write-combined mapping of a Windows guest need the store buffers
 * drained. */
static inline void fence_writes(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __asm__ volatile("sfence" ::: "memory");
#endif
#if !FENCE_TSAN
    atomic_thread_fence(memory_order_release);
#endif
}

/* Between a store of ours and a load of what the peer stores: the one order that even x86 does not
 * keep by itself. Drains write-combining buffers too. */
static inline void fence_full(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __asm__ volatile("mfence" ::: "memory");
#elif !FENCE_TSAN
    atomic_thread_fence(memory_order_seq_cst);
#endif
}

#endif
