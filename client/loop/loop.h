/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/loop/loop.h - one epoll loop per thread: descriptors, timers, wake-ups from other threads.
 * Threads: everything from the loop's own thread, except loop_stop() and loop_wake_raise().
 * Callbacks return quickly. A callback may destroy any source, its own included. */
#ifndef ESPELHO_LOOP_LOOP_H
#define ESPELHO_LOOP_LOOP_H

#include <stdint.h>

#include "base/macros.h"

struct loop;
struct loop_source; /* owned by who added it; destroyed before the loop */

int loop_create(struct loop **out) MUST_CHECK;
void loop_destroy(struct loop *loop);
/* Runs until loop_stop(). 0 or -errno. */
int loop_run(struct loop *loop) MUST_CHECK;
/* One round: waits at most `timeout_ms` (-1: for ever) and dispatches. Number of callbacks run, or
 * -errno. */
int loop_run_once(struct loop *loop, int timeout_ms) MUST_CHECK;
void loop_stop(struct loop *loop); /* any thread, async-signal-safe */

/* `events`: EPOLLIN, EPOLLOUT. The descriptor is borrowed. */
typedef void (*loop_fd_fn)(void *ctx, uint32_t events);
int loop_add_fd(struct loop *loop, int fd, uint32_t events, loop_fd_fn fn, void *ctx,
                struct loop_source **out) MUST_CHECK;
int loop_set_events(struct loop_source *source, uint32_t events) MUST_CHECK;

/* A timer on CLOCK_MONOTONIC, disarmed at first. */
typedef void (*loop_fn)(void *ctx);
int loop_add_timer(struct loop *loop, loop_fn fn, void *ctx, struct loop_source **out) MUST_CHECK;
/* deadline 0 disarms. interval 0: once. */
void loop_timer_set_ns(struct loop_source *timer, uint64_t deadline_ns, uint64_t interval_ns);

/* An eventfd: other threads raise it, the callback runs once for any number of raises. */
int loop_add_wake(struct loop *loop, loop_fn fn, void *ctx, struct loop_source **out) MUST_CHECK;
void loop_wake_raise(struct loop_source *wake); /* any thread */

/* The signal (blocked by this call in the calling thread) runs the callback. */
int loop_add_signal(struct loop *loop, int signo, loop_fn fn, void *ctx,
                    struct loop_source **out) MUST_CHECK;

/* Called before each wait: flush sockets, prepare reads. At most one hook. */
void loop_set_prepare(struct loop *loop, loop_fn fn, void *ctx);
/* Called right after each wait, before any callback: ends what prepare began (a held read of the
 * Wayland socket must not be held while other callbacks run, for GL does reads of its own). At most
 * one hook; it must not destroy sources. */
void loop_set_after_wait(struct loop *loop, loop_fn fn, void *ctx);

void loop_source_destroy(struct loop_source *source); /* NULL is fine */

#endif
