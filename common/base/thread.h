/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/base/thread.h - how the scheduler treats the calling thread. Linux only. */
#ifndef ESPELHO_BASE_THREAD_H
#define ESPELHO_BASE_THREAD_H

#include "base/macros.h"

/* For a thread that sleeps mostly and has little to do when it is woken: from now on it runs at
 * once then, instead of after a few milliseconds of a thread that computes on the same core. It
 * gets no more time than before, and needs no permission. Without effect on a thread with real-time
 * priority, and with kernels before 6.12. 0 or -errno. */
int thread_run_when_woken(void) MUST_CHECK;

#endif
