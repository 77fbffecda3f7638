/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/clipboard/feed.h - writes a spool into another program's pipe as fast as that reads, and
 * gives up on one that does not. A reader that goes away is no error. Threads: the loop's, which
 * must have SIGPIPE blocked or ignored. */
#ifndef ESPELHO_CLIPBOARD_FEED_H
#define ESPELHO_CLIPBOARD_FEED_H

#include <stdint.h>

#include "base/macros.h"
#include "clipboard/spool.h"
#include "loop/loop.h"

struct feed;

/* From the loop, once: 0; -ETIMEDOUT; -EPIPE; another -errno. The feed is destroyed after it. */
typedef void (*feed_end_fn)(void *ctx, struct feed *feed, int err);

/* `fd` (made non-blocking here) and `data` are owned from here on, also on an error. -EINVAL: not a
 * pipe or socket. `timeout_ms`: without a byte taken. */
int feed_start(struct loop *loop, int fd, struct spool *data, uint32_t timeout_ms, feed_end_fn fn,
               void *ctx, struct feed **out) MUST_CHECK;
uint64_t feed_left_bytes(const struct feed *feed);
void feed_cancel(struct feed *feed); /* no callback comes; NULL is fine */

#endif
