/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/source/relay/wait.h - how a viewer notices that something was posted.
 *
 * docs/architecture.md "Waiting without polling". Without a doorbell a waiter owns one thread
 * ("relay watch") that looks at the activity words and calls `notify` after each change. It never
 * touches pixels and takes no lock. With a doorbell there is no thread: the owner's loop sleeps on
 * the bell, and `notify` runs on it. */
#ifndef ESPELHO_SOURCE_RELAY_WAIT_H
#define ESPELHO_SOURCE_RELAY_WAIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

struct loop;

/* What a doorbell waiter needs besides; all on the loop's thread. */
struct wait_bell {
    struct loop *loop;
    int fds[2];               /* readable while a ring is untaken; -1: none. Borrowed */
    bool (*clear)(void *ctx); /* takes the rings; was there one? */
    void (*arm)(void *ctx);   /* announces the sleep, with a full fence */
    void (*disarm)(void *ctx);
    bool (*news)(void *ctx); /* exact: is anything posted that was not read? */
};

struct wait_config {
    /* Current activity words. Watch thread, or the loop's with a doorbell. */
    void (*look)(void *ctx, uint32_t *frame, uint32_t *cursor);
    /* Something changed (one call may stand for several posts). Watch thread: must not block. With
     * a doorbell: each ring; reads everything at once, and may destroy the waiter. */
    void (*notify)(void *ctx);
    void *ctx;
    uint32_t fixed_interval_us; /* wait_fixed only */
    struct wait_bell bell;      /* wait_doorbell only */
};

struct wait_stats {
    uint64_t wakeups; /* returns from sleep; with a doorbell: that the bell caused */
    uint64_t notices;
    uint64_t interval_ns; /* learned frame interval; 0 unknown */
    uint64_t
        late_ns; /* smoothed bound of how late frames were noticed: time since the previous look */
    uint64_t last_notice_ns; /* of a frame */
};

struct wait;
struct wait_ops {
    const char *name; /* "adaptive", "fixed", "doorbell" */
    int (*create)(const struct wait_config *config, struct wait **out); /* starts the thread */
    void (*destroy)(struct wait *self);                                 /* joins it */
    /* Local input: go fast now; with a doorbell: notify() once, if that was long ago. Any thread */
    void (*expect)(struct wait *self);
    void (*stats)(struct wait *self, struct wait_stats *out); /* any thread */
};
struct wait {
    const struct wait_ops *ops;
};

extern const struct wait_ops wait_adaptive_ops;
extern const struct wait_ops wait_fixed_ops;
extern const struct wait_ops wait_doorbell_ops;

#endif
