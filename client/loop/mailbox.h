/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/loop/mailbox.h - messages to a loop from other threads, in order, copied.
 *
 * Threads: post from any; the handler runs on the loop's thread. Create and destroy on that thread,
 * destroy after the last post. For what is rare: posting takes a lock and allocates. */
#ifndef ESPELHO_LOOP_MAILBOX_H
#define ESPELHO_LOOP_MAILBOX_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "loop/loop.h"

struct mailbox;

enum {
    MAILBOX_MAX_BYTES = 8 << 20
}; /* of all that waits: a reader that hangs must not cost more */

/* `kind` and the bytes as posted; valid during the call. */
typedef void (*mailbox_fn)(void *ctx, uint32_t kind, const void *body, size_t body_bytes);

int mailbox_create(struct loop *loop, mailbox_fn fn, void *ctx, struct mailbox **out) MUST_CHECK;
/* What was not handled yet is dropped. NULL is fine. */
void mailbox_destroy(struct mailbox *mailbox);
/* 0; -ENOMEM; -ENOBUFS when MAILBOX_MAX_BYTES wait (nothing was posted). */
int mailbox_post(struct mailbox *mailbox, uint32_t kind, const void *body,
                 size_t body_bytes) MUST_CHECK;

#endif
