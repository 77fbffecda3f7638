/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/thread.h"

#include <errno.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"

/* A woken thread takes the core from one with a longer slice. Usual are 3 ms; 100 us is the
 * shortest there is. */
static const uint64_t slice_ns[] = {
    [THREAD_EVENTS] = 100 * NS_PER_US,
    [THREAD_FRAMES] = 400 * NS_PER_US,
};

int thread_run_when_woken(enum thread_task task)
{
    struct sched_attr attr = { 0 };
    if (syscall(SYS_sched_getattr, 0, &attr, sizeof(attr), 0) < 0)
        return -errno;
    if (attr.sched_policy != SCHED_NORMAL)
        return 0;
    attr.sched_runtime = slice_ns[task]; /* its meaning for SCHED_NORMAL since Linux 6.12 */
    return syscall(SYS_sched_setattr, 0, &attr, 0) < 0 ? -errno : 0;
}
