/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The strategy for plain shared memory, where nobody rings a bell: look when a frame can be
 * expected. When that is, wait_predict.c says (the algorithm is described there); here are the
 * thread, the clock and the sleep.
 *
 * expect() has to cut a long sleep short, but at 1000 mouse events per second it must not wake the
 * thread for each. So the thread announces its deadline, and expect() kicks only when that is too
 * far away. Both sides store their own word first and then load the other's, with sequential
 * consistency: at least one sees the other, so no kick is lost. */
#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "base/clock.h"
#include "source/relay/wait.h"
#include "source/relay/wait_predict.h"
#include "source/relay/wait_thread.h"

struct wait_adaptive {
    struct wait_thread thread;
    struct wait_predict predict;  /* watch thread only */
    _Atomic uint64_t expected_ns; /* any thread writes: the last local input */
    _Atomic uint64_t
        sleep_until_ns; /* watch thread writes: its announced deadline; 0: no need to kick */
};

static struct wait_adaptive *adaptive_of(struct wait_thread *thread)
{
    return container_of(thread, struct wait_adaptive, thread);
}

static uint64_t next_look(struct wait_adaptive *a, uint64_t now_ns)
{
    const uint64_t expected_ns =
        atomic_load(&a->expected_ns); /* seq_cst: see the head of the file */
    if (expected_ns != 0)
        wait_predict_expect(&a->predict, expected_ns);
    return wait_predict_next_ns(&a->predict, now_ns);
}

static void watch(struct wait_thread *thread)
{
    struct wait_adaptive *a = adaptive_of(thread);
    prctl(PR_SET_TIMERSLACK,
          1UL); /* ns; the default of 50 us would be half of our aim. This thread only */
    wait_predict_init(&a->predict, clock_ns());
    while (!wait_thread_stopping(thread)) {
        const uint32_t kicks = wait_thread_kicks(thread);
        const struct wait_found found = wait_thread_look(thread);
        wait_predict_seen(&a->predict, found.now_ns, found.frame, found.cursor);
        wait_thread_set_interval(thread, wait_predict_period_ns(&a->predict));
        if (wait_predict_heeds_input(&a->predict))
            atomic_store(&a->sleep_until_ns, next_look(a, found.now_ns)); /* announce ... */
        wait_thread_sleep(thread, next_look(a, found.now_ns),
                          kicks); /* ... and look at expected_ns again */
        atomic_store_explicit(&a->sleep_until_ns, 0, memory_order_relaxed);
    }
}

static void adaptive_expect(struct wait *base)
{
    struct wait_adaptive *a = adaptive_of(container_of(base, struct wait_thread, base));
    const uint64_t now_ns = clock_ns();
    atomic_store(&a->expected_ns, now_ns); /* seq_cst: see the head of the file */
    if (atomic_load(&a->sleep_until_ns) > now_ns + WAIT_PREDICT_EXPECT_NS)
        wait_thread_kick(&a->thread);
}

static void adaptive_destroy(struct wait *base)
{
    if (!base)
        return;
    struct wait_adaptive *a = adaptive_of(container_of(base, struct wait_thread, base));
    wait_thread_stop(&a->thread);
    free(a);
}

static int adaptive_create(const struct wait_config *config, struct wait **out)
{
    struct wait_adaptive *a = calloc(1, sizeof(*a));
    if (!a)
        return -ENOMEM;
    const int err = wait_thread_start(&a->thread, &wait_adaptive_ops, config, watch);
    if (err < 0) {
        free(a);
        return err;
    }
    *out = &a->thread.base;
    return 0;
}

const struct wait_ops wait_adaptive_ops = {
    .name = "adaptive",
    .create = adaptive_create,
    .destroy = adaptive_destroy,
    .expect = adaptive_expect,
    .stats = wait_thread_stats,
};
