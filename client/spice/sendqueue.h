/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/spice/sendqueue.h - bytes that wait for a socket: one buffer, appended to at the end and
 * written from the front. One thread. */
#ifndef ESPELHO_SPICE_SENDQUEUE_H
#define ESPELHO_SPICE_SENDQUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

struct sendqueue { /* all zero is empty */
    uint8_t *bytes;
    size_t at, end, room_bytes;
};

void sendqueue_fini(struct sendqueue *queue); /* wiped: there may be a ticket in it */
static inline size_t sendqueue_bytes(const struct sendqueue *q)
{
    return q->end - q->at;
}
/* Room for `count` (not 0) bytes at the end, for the caller to write; NULL: no memory. */
uint8_t *sendqueue_append(struct sendqueue *queue, size_t count) MUST_CHECK;
void sendqueue_sent(struct sendqueue *queue, size_t count);

#endif
