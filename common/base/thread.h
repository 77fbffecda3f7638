/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/base/thread.h - how the scheduler treats the calling thread. Linux only. */
#ifndef ESPELHO_BASE_THREAD_H
#define ESPELHO_BASE_THREAD_H

#include "base/macros.h"

enum thread_task {
    THREAD_EVENTS, /* microseconds of work per wake-up: keys, sound, a look for a frame */
    THREAD_FRAMES, /* it copies and draws besides; gives way to THREAD_EVENTS */
};

/* For a thread that sleeps mostly: from now on it runs at once when it is woken, instead of after a
 * few milliseconds of a thread that computes on the same core. It gets no more time than before,
 * and needs no permission. Without effect on a thread with real-time priority, and with kernels
 * before 6.12. 0 or -errno. */
int thread_run_when_woken(enum thread_task task) MUST_CHECK;

#endif
