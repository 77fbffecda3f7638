/* SPDX-License-Identifier: GPL-2.0-or-later
 * winpthreads knows only the wall clock here, but turns the deadline into a duration at once: a
 * clock that is set meanwhile moves nothing. */
#include "base/cond.h"

#include <time.h>

#include "base/clock.h"

int cond_init(pthread_cond_t *cond)
{
    return -pthread_cond_init(cond, NULL);
}

void cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *mutex, uint64_t deadline_ns)
{
    if (deadline_ns == UINT64_MAX) {
        pthread_cond_wait(cond, mutex);
        return;
    }
    const uint64_t now_ns = clock_ns();
    if (now_ns >= deadline_ns)
        return;
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    /* whole milliseconds are waited for, rounded down: up instead, so that nobody spins */
    const uint64_t nsec = (uint64_t)at.tv_nsec + (deadline_ns - now_ns) + NS_PER_MS - 1;
    at.tv_sec += (time_t)(nsec / NS_PER_S);
    at.tv_nsec = (long)(nsec % NS_PER_S);
    pthread_cond_timedwait(cond, mutex, &at);
}
