/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/source/relay/wait.h - how a viewer notices that something was posted without being told.
 *
 * docs/architecture.md "Waiting without polling". A waiter owns one thread ("relay watch") that
 * looks at the activity words and calls `notify` after each change. It never touches pixels and
 * takes no lock. */
#ifndef ESPELHO_SOURCE_RELAY_WAIT_H
#define ESPELHO_SOURCE_RELAY_WAIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

struct wait_config {
    /* Watch thread: current activity words. */
    void (*look)(void *ctx, uint32_t *frame, uint32_t *cursor);
    /* Watch thread: something changed (one call may stand for several posts). Must not block. */
    void (*notify)(void *ctx);
    void *ctx;
    uint32_t fixed_interval_us; /* wait_fixed only */
};

struct wait_stats {
    uint64_t wakeups; /* returns from sleep */
    uint64_t notices;
    uint64_t interval_ns; /* learned frame interval; 0 unknown */
    uint64_t
        late_ns; /* smoothed bound of how late frames were noticed: time since the previous look */
    uint64_t last_notice_ns; /* of a frame */
};

struct wait;
struct wait_ops {
    const char *name; /* "adaptive", "fixed", later "doorbell" */
    int (*create)(const struct wait_config *config, struct wait **out); /* starts the thread */
    void (*destroy)(struct wait *self);                                 /* joins it */
    void (*expect)(struct wait *self); /* local input: go fast now. Any thread */
    void (*stats)(struct wait *self, struct wait_stats *out); /* any thread */
};
struct wait {
    const struct wait_ops *ops;
};

extern const struct wait_ops wait_adaptive_ops;
extern const struct wait_ops wait_fixed_ops;

#endif
