/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lgmp/lock.h"

#include "base/clock.h"

enum {
    SPINS_PER_LOOK = 64, /* between two looks at the clock */
    LOOKS_AWAKE = 8,     /* some microseconds: an honest critical section is over by then */
    NAP_NS = 50 * 1000,  /* then sleep: the holder may need our CPU to go on */
};

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

static bool spin(_Atomic uint32_t *lock)
{
    for (int i = 0; i < SPINS_PER_LOOK; i++) {
        /* Look before trying: a failed compare-and-swap takes the cache line away from the holder.
         */
        if (atomic_load_explicit(lock, memory_order_relaxed) == 0 && lgmp_lock_try(lock))
            return true;
        relax();
    }
    return false;
}

bool lgmp_lock_wait(_Atomic uint32_t *lock, uint32_t wait_us)
{
    if (lgmp_lock_try(lock))
        return true;
    const uint64_t deadline_ns = clock_ns() + wait_us * NS_PER_US;
    for (int looks = 0;; looks++) {
        if (spin(lock))
            return true;
        const uint64_t now_ns = clock_ns();
        if (now_ns >= deadline_ns)
            return false;
        if (looks >= LOOKS_AWAKE)
            clock_sleep_until_ns(now_ns + NAP_NS < deadline_ns ? now_ns + NAP_NS : deadline_ns);
    }
}
