/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cond.h"

#include <time.h>

#include "base/clock.h"

int cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attr;
    int err = pthread_condattr_init(&attr);
    if (err != 0)
        return -err;
    err = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC); /* the clock of clock_ns() */
    if (err == 0)
        err = pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
    return -err;
}

void cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *mutex, uint64_t deadline_ns)
{
    if (deadline_ns == UINT64_MAX) {
        pthread_cond_wait(cond, mutex);
        return;
    }
    const struct timespec at = { .tv_sec = (time_t)(deadline_ns / NS_PER_S),
                                 .tv_nsec = (long)(deadline_ns % NS_PER_S) };
    pthread_cond_timedwait(cond, mutex, &at);
}
