/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A plain poll at the user's interval, for experiments and as the yardstick of the benchmark:
 * relative sleeps with the default timer slack, as a simple poller would do it. */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "source/relay/wait.h"
#include "source/relay/wait_thread.h"

enum { DEFAULT_INTERVAL_US = 1000 };

static void watch(struct wait_thread *thread)
{
    const uint64_t interval_ns = thread->config.fixed_interval_us * NS_PER_US;
    uint64_t last_frame_ns = 0;
    while (!wait_thread_stopping(thread)) {
        const uint32_t kicks = wait_thread_kicks(thread);
        const struct wait_found found = wait_thread_look(thread);
        if (found.frame) {
            if (last_frame_ns != 0)
                wait_thread_set_interval(thread, found.now_ns - last_frame_ns);
            last_frame_ns = found.now_ns;
        }
        wait_thread_sleep(thread, clock_ns() + interval_ns, kicks);
    }
}

static void fixed_expect(struct wait *base)
{
    (void)base; /* the interval is the user's wish */
}

static void fixed_destroy(struct wait *base)
{
    if (!base)
        return;
    struct wait_thread *thread = container_of(base, struct wait_thread, base);
    wait_thread_stop(thread);
    free(thread);
}

static int fixed_create(const struct wait_config *config, struct wait **out)
{
    struct wait_thread *thread = calloc(1, sizeof(*thread));
    if (!thread)
        return -ENOMEM;
    struct wait_config own = *config;
    if (own.fixed_interval_us == 0)
        own.fixed_interval_us = DEFAULT_INTERVAL_US;
    const int err = wait_thread_start(thread, &wait_fixed_ops, &own, watch);
    if (err < 0) {
        free(thread);
        return err;
    }
    *out = &thread->base;
    return 0;
}

const struct wait_ops wait_fixed_ops = {
    .name = "fixed",
    .create = fixed_create,
    .destroy = fixed_destroy,
    .expect = fixed_expect,
    .stats = wait_thread_stats,
};
