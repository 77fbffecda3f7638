/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/clipboard/fetch.h - reads what another program writes into a pipe until it closes it, with
 * a limit and a time-out: the other program may write for ever, or never. Threads: the loop's. */
#ifndef ESPELHO_CLIPBOARD_FETCH_H
#define ESPELHO_CLIPBOARD_FETCH_H

#include <stdint.h>

#include "base/macros.h"
#include "clipboard/line_end.h"
#include "clipboard/spool.h"
#include "loop/loop.h"

struct fetch;

struct fetch_config {
    uint64_t limit_bytes;
    uint32_t timeout_ms;     /* without a byte */
    enum line_end_mode mode; /* converted while it is read; the limit holds for the result */
    /* Optional: so many bytes are there, after each read. */
    void (*on_bytes)(void *ctx, uint64_t bytes);
    /* The end, once, from the loop: 0 and all data, which is the callee's from here on; or -EFBIG
     * over the limit, -ETIMEDOUT, or another -errno, and NULL. The fetch is destroyed after it. */
    void (*on_end)(void *ctx, int err, struct spool *data);
    void *ctx;
};

/* `fd`: the read end, non-blocking, owned from here on (also on an error). 0 or -errno. */
int fetch_start(struct loop *loop, int fd, const struct fetch_config *config,
                struct fetch **out) MUST_CHECK;
void fetch_cancel(struct fetch *fetch); /* no callback comes; NULL is fine */

#endif
