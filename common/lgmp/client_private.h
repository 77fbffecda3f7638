/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/lgmp/client_private.h - what the files of the consuming side share. */
#ifndef ESPELHO_LGMP_CLIENT_PRIVATE_H
#define ESPELHO_LGMP_CLIENT_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "lgmp/client.h"
#include "lgmp/layout.h"

struct lgmp_client {
    struct lgmp_wire_header *wire; /* borrowed */
    size_t len_bytes;
    struct lgmp_random random;
    uint32_t lock_wait_us;
    uint64_t seen_timestamp_ms; /* host clock: only ever compared for a difference */
    uint64_t seen_at_ms;        /* own clock: when the timestamp was last seen to change */
    uint32_t session_id;
    uint32_t client_id;
    uint8_t *udata; /* owned: private copy of this session's */
    uint32_t udata_bytes;
    struct lgmp_subscription *subscriptions; /* owned: list of all that were not unsubscribed */
};

struct lgmp_subscription {
    struct lgmp_client *client;
    struct lgmp_subscription *next;
    struct lgmp_wire_queue *wire;
    struct lgmp_wire_slot *slots;
    /* Latched at subscribe time and checked then (6.1). */
    uint32_t slot_count;
    uint32_t sub_timeout_ms;
    uint32_t slot;    /* our subscriber slot, 0..31 */
    uint32_t own_bit; /* 1 << slot */
    uint32_t read_index;
};

/* The user data in the region is still what the session started with. */
bool lgmp_client_udata_intact(const struct lgmp_client *client);
/* Are we still who we were in this queue? OK, TIMED_OUT, UNSUBSCRIBED, INVALID_SESSION. */
enum lgmp_result lgmp_subscription_check(const struct lgmp_subscription *sub);
/* Cuts the handle out of the client's list and frees it. */
void lgmp_subscription_forget(struct lgmp_subscription *sub);

static inline uint32_t lgmp_next_index(const struct lgmp_subscription *sub, uint32_t index)
{
    return index + 1 == sub->slot_count ? 0 : index + 1;
}

#endif
