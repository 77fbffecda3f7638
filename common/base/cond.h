/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/base/cond.h - waiting on a condition until a time of clock_ns(). Any thread. */
#ifndef ESPELHO_BASE_COND_H
#define ESPELHO_BASE_COND_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

/* Only a condition made by this may be waited for with cond_wait_until(). pthread_cond_destroy()
 * ends it. 0; -ENOMEM, -EAGAIN. */
int cond_init(pthread_cond_t *cond) MUST_CHECK;
/* `mutex` is held by the caller. Returns after a signal, spuriously, or about when clock_ns() reads
 * `deadline_ns`: the caller looks at its condition and at the clock again. UINT64_MAX: no deadline.
 */
void cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *mutex, uint64_t deadline_ns);

#endif
