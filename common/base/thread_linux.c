/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/thread.h"

#include <errno.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"

/* The shortest slice there is: a woken thread takes the core from one with a longer slice. */
#define SLICE_NS (100 * NS_PER_US)

int thread_run_when_woken(void)
{
    struct sched_attr attr = { 0 };
    if (syscall(SYS_sched_getattr, 0, &attr, sizeof(attr), 0) < 0)
        return -errno;
    if (attr.sched_policy != SCHED_NORMAL)
        return 0;
    attr.sched_runtime = SLICE_NS; /* its meaning for SCHED_NORMAL since Linux 6.12 */
    return syscall(SYS_sched_setattr, 0, &attr, 0) < 0 ? -errno : 0;
}
