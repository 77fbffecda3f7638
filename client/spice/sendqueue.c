/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spice/sendqueue.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_BYTES = 4096, KEEP_BYTES = 64 * 1024 };

void sendqueue_fini(struct sendqueue *q)
{
    if (q->bytes)
        explicit_bzero(q->bytes, q->room_bytes);
    free(q->bytes);
    *q = (struct sendqueue){ 0 };
}

/* Another buffer, with what waits at its front. */
static uint8_t *move_to(struct sendqueue *q, size_t room_bytes)
{
    uint8_t *bytes = malloc(room_bytes);
    if (!bytes)
        return NULL;
    const size_t waiting = sendqueue_bytes(q);
    if (waiting)
        memcpy(bytes, q->bytes + q->at, waiting);
    sendqueue_fini(q);
    *q = (struct sendqueue){ .bytes = bytes, .end = waiting, .room_bytes = room_bytes };
    return bytes;
}

uint8_t *sendqueue_append(struct sendqueue *q, size_t count)
{
    if (count > q->room_bytes - q->end) {
        const size_t need = sendqueue_bytes(q) + count;
        size_t room = q->room_bytes ? q->room_bytes : FIRST_BYTES;
        while (room < need + need / 2)
            room *= 2;
        if (!move_to(q, room))
            return NULL;
    }
    uint8_t *p = q->bytes + q->end;
    q->end += count;
    return p;
}

void sendqueue_sent(struct sendqueue *q, size_t count)
{
    q->at += count;
    if (q->at < q->end)
        return;
    if (q->room_bytes > KEEP_BYTES)
        sendqueue_fini(q);
    q->at = q->end = 0;
}
