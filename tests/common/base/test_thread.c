/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <linux/sched.h>
#include <linux/sched/types.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/thread.h"

static struct sched_attr now(void)
{
    struct sched_attr attr = { 0 };
    CHECK_INT(syscall(SYS_sched_getattr, 0, &attr, sizeof(attr), 0), 0);
    return attr;
}

TEST(an_ordinary_thread_stays_ordinary)
{
    const struct sched_attr before = now();
    CHECK_INT(thread_run_when_woken(THREAD_EVENTS), 0);
    CHECK_INT(now().sched_policy, before.sched_policy);
    CHECK_INT(now().sched_nice, before.sched_nice);
    struct utsname u;
    int major = 0, minor = 0;
    CHECK(uname(&u) == 0 && sscanf(u.release, "%d.%d", &major, &minor) == 2);
    if (major > 6 || (major == 6 && minor >= 12))
        CHECK_INT(now().sched_runtime, 100000);
    CHECK_INT(thread_run_when_woken(THREAD_FRAMES), 0);
    CHECK_INT(now().sched_nice, before.sched_nice);
    if (major > 6 || (major == 6 && minor >= 12))
        CHECK(now().sched_runtime > 100000 && now().sched_runtime < 1000000);
}

TEST(a_realtime_thread_keeps_its_priority)
{
    struct sched_attr attr = { .size = sizeof(attr),
                               .sched_policy = SCHED_RR,
                               .sched_priority = 1 };
    if (syscall(SYS_sched_setattr, 0, &attr, 0) < 0)
        SKIP("no permission for real-time priority");
    CHECK_INT(thread_run_when_woken(THREAD_EVENTS), 0);
    CHECK_INT(now().sched_policy, SCHED_RR);
    CHECK_INT(now().sched_priority, 1);
}
