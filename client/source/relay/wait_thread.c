/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/relay/wait_thread.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/thread.h"

static void *thread_main(void *ctx)
{
    struct wait_thread *self = ctx;
    (void)!thread_run_when_woken(THREAD_EVENTS); /* else a little later where the core is busy */
    self->watch.looked_ns = clock_ns();
    self->config.look(self->config.ctx, &self->watch.frame, &self->watch.cursor);
    /* What was posted before the first look would otherwise wait for the next post. */
    self->config.notify(self->config.ctx);
    self->run(self);
    return NULL;
}

/* Signals belong to the main loop: the thread is born with them blocked, but for those that its own
 * instructions raise. A truncated region raises SIGBUS under look(), which shm/region.c survives;
 * blocked, it would end the process. */
static int start_blocked(struct wait_thread *self)
{
    sigset_t all, before;
    sigfillset(&all);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGFPE);
    sigdelset(&all, SIGILL);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int err = pthread_create(&self->thread, NULL, thread_main, self);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (err == 0)
        pthread_setname_np(self->thread, "relay watch");
    return -err;
}

int wait_thread_start(struct wait_thread *self, const struct wait_ops *ops,
                      const struct wait_config *config, void (*run)(struct wait_thread *self))
{
    self->base.ops = ops;
    self->config = *config;
    self->run = run;
    return start_blocked(self);
}

void wait_thread_stop(struct wait_thread *self)
{
    /* release: pairs with wait_thread_stopping() */
    atomic_store_explicit(&self->shared.stop, true, memory_order_release);
    wait_thread_kick(self);
    pthread_join(self->thread, NULL);
}

bool wait_thread_stopping(struct wait_thread *self)
{
    return atomic_load_explicit(&self->shared.stop,
                                memory_order_acquire); /* pairs with wait_thread_stop() */
}

void wait_thread_kick(struct wait_thread *self)
{
    /* seq_cst: what the kicker stored before is seen by the thread that reads the new count, and
     * the other way round the thread's announced deadline is ordered against it (wait_adaptive.c).
     */
    atomic_fetch_add(&self->shared.kicks, 1);
    syscall(SYS_futex, &self->shared.kicks, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

uint32_t wait_thread_kicks(struct wait_thread *self)
{
    return atomic_load(&self->shared.kicks); /* seq_cst: pairs with wait_thread_kick() */
}

void wait_thread_sleep(struct wait_thread *self, uint64_t deadline_ns, uint32_t kicks)
{
    const struct timespec until = { .tv_sec = (time_t)(deadline_ns / NS_PER_S),
                                    .tv_nsec = (long)(deadline_ns % NS_PER_S) };
    /* The bitset form takes an absolute time of CLOCK_MONOTONIC, so that being preempted before the
     * call costs nothing. Any return (time-out, kick, count already changed) leads to a look. */
    syscall(SYS_futex, &self->shared.kicks, FUTEX_WAIT_BITSET_PRIVATE, kicks, &until, NULL,
            FUTEX_BITSET_MATCH_ANY);
    atomic_fetch_add_explicit(&self->shared.wakeups, 1, memory_order_relaxed);
}

/* Smoothed over about eight values; the first one counts fully. One writer. */
static void smooth(_Atomic uint64_t *value_ns, uint64_t sample_ns)
{
    const uint64_t old_ns = atomic_load_explicit(value_ns, memory_order_relaxed);
    const uint64_t new_ns = old_ns == 0 ? sample_ns : (old_ns * 7 + sample_ns) / 8;
    atomic_store_explicit(value_ns, new_ns, memory_order_relaxed);
}

struct wait_found wait_thread_look(struct wait_thread *self)
{
    uint32_t frame, cursor;
    self->config.look(self->config.ctx, &frame, &cursor);
    const struct wait_found found = { .now_ns = clock_ns(),
                                      .frame = frame != self->watch.frame,
                                      .cursor = cursor != self->watch.cursor };
    if (found.frame || found.cursor) {
        self->watch.frame = frame;
        self->watch.cursor = cursor;
        self->config.notify(self->config.ctx);
        atomic_fetch_add_explicit(&self->shared.notices, 1, memory_order_relaxed);
    }
    if (found.frame) {
        atomic_store_explicit(&self->shared.last_notice_ns, found.now_ns, memory_order_relaxed);
        smooth(&self->shared.late_ns, found.now_ns - self->watch.looked_ns);
    }
    self->watch.looked_ns = found.now_ns;
    return found;
}

void wait_thread_set_interval(struct wait_thread *self, uint64_t interval_ns)
{
    atomic_store_explicit(&self->shared.interval_ns, interval_ns, memory_order_relaxed);
}

void wait_thread_stats(struct wait *base, struct wait_stats *out)
{
    struct wait_thread *self = container_of(base, struct wait_thread, base);
    *out = (struct wait_stats){
        .wakeups = atomic_load_explicit(&self->shared.wakeups, memory_order_relaxed),
        .notices = atomic_load_explicit(&self->shared.notices, memory_order_relaxed),
        .interval_ns = atomic_load_explicit(&self->shared.interval_ns, memory_order_relaxed),
        .late_ns = atomic_load_explicit(&self->shared.late_ns, memory_order_relaxed),
        .last_notice_ns = atomic_load_explicit(&self->shared.last_notice_ns, memory_order_relaxed),
    };
}
