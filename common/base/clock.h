/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/base/clock.h - the monotonic clock. Any thread.
 * Linux: CLOCK_MONOTONIC (the clock of presentation-time and timerfd). Windows:
 * QueryPerformanceCounter. */
#ifndef ESPELHO_BASE_CLOCK_H
#define ESPELHO_BASE_CLOCK_H

#include <stdint.h>

#define NS_PER_US UINT64_C(1000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S  UINT64_C(1000000000)

uint64_t clock_ns(void);

static inline uint64_t clock_ms(void)
{
    return clock_ns() / NS_PER_MS;
}

#ifdef _WIN32
/* clock_ns() of a performance counter's value: what the system stamps its pictures with. */
uint64_t clock_ns_of_counter(int64_t count);
#endif

/* Sleeps until the clock reads `deadline_ns` or later; returns at once if it already does. Signals
 * do not shorten it. */
void clock_sleep_until_ns(uint64_t deadline_ns);

#endif
