/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/source/relay/wait_thread.h - what all wait strategies share: the watch thread, a sleep
 * that can be cut short, counting. A strategy embeds struct wait_thread and gives a function that
 * runs on the thread until wait_thread_stopping(). */
#ifndef ESPELHO_SOURCE_RELAY_WAIT_THREAD_H
#define ESPELHO_SOURCE_RELAY_WAIT_THREAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "source/relay/wait.h"

struct wait_thread {
    struct wait base;
    struct wait_config config; /* constant after start */
    pthread_t thread;
    void (*run)(struct wait_thread *self);
    struct {
        uint32_t frame, cursor;
        uint64_t looked_ns;
    } watch; /* watch thread only */
    struct {
        _Atomic uint32_t kicks; /* futex word: counts wait_thread_kick() */
        _Atomic bool stop;
        _Atomic uint64_t wakeups, notices, interval_ns, late_ns,
            last_notice_ns; /* written by the watch thread */
    } shared;
};

/* What a look found. */
struct wait_found {
    uint64_t now_ns;
    bool frame, cursor;
};

/* 0 or -errno. `run` starts on the new thread. */
int wait_thread_start(struct wait_thread *self, const struct wait_ops *ops,
                      const struct wait_config *config,
                      void (*run)(struct wait_thread *self)) MUST_CHECK;
void wait_thread_stop(struct wait_thread *self); /* joins */
/* Any thread: ends a sleep that began with the present or an older kick count. */
void wait_thread_kick(struct wait_thread *self);
void wait_thread_stats(struct wait *base,
                       struct wait_stats *out); /* any thread; a wait_ops entry */

/* The rest: watch thread only. */
bool wait_thread_stopping(struct wait_thread *self);
uint32_t wait_thread_kicks(struct wait_thread *self);
/* Sleeps until `deadline_ns`, or until the kick count is not `kicks` any more. Counts a wake-up. */
void wait_thread_sleep(struct wait_thread *self, uint64_t deadline_ns, uint32_t kicks);
/* Looks at the words, notifies and counts when they changed. */
struct wait_found wait_thread_look(struct wait_thread *self);
void wait_thread_set_interval(struct wait_thread *self, uint64_t interval_ns);

#endif
