/* SPDX-License-Identifier: GPL-2.0-or-later
 * Joining and leaving a queue: docs/protocol/lgmp.md sections 3.8 and 3.9. */
#include <stdlib.h>

#include "base/checked.h"
#include "lgmp/client.h"
#include "lgmp/client_private.h"
#include "lgmp/layout.h"
#include "lgmp/lock.h"

/* A limit of ours: larger rings than any host makes would only buy a hostile one time in our loops.
 */
#define MAX_SLOT_COUNT 65536u

static struct lgmp_wire_queue *find_queue(const struct lgmp_client *client, uint32_t queue_id)
{
    /* acquire: pairs with the release in lgmp_host_add_queue() */
    const uint32_t found = atomic_load_explicit(&client->wire->queue_count, memory_order_acquire);
    const uint32_t count = min_u32(found, LGMP_MAX_QUEUES);
    for (uint32_t i = 0; i < count; i++) {
        if (lgmp_get(&client->wire->queues[i].queue_id) == queue_id)
            return &client->wire->queues[i];
    }
    return NULL;
}

/* Copies the queue's geometry into `sub`. False: it lies outside the region or makes no sense. */
static bool latch_geometry(struct lgmp_subscription *sub)
{
    const struct lgmp_client *client = sub->client;
    const uint32_t slot_count = lgmp_get(&sub->wire->slot_count);
    const uint32_t slots_offset = lgmp_get(&sub->wire->slots_offset);
    if (slot_count < 2 || slot_count > MAX_SLOT_COUNT || slots_offset < LGMP_HEADER_BYTES ||
        slots_offset % 4 != 0)
        return false;
    if (!range_inside(slots_offset, (uint64_t)slot_count * sizeof(struct lgmp_wire_slot),
                      client->len_bytes))
        return false;
    sub->slot_count = slot_count;
    sub->slots = (struct lgmp_wire_slot *)(void *)((uint8_t *)client->wire + slots_offset);
    sub->sub_timeout_ms = lgmp_get(&sub->wire->sub_timeout_ms);
    return true;
}

/* Frees the slots of subscribers whose time is over. Lock held. Returns the bits that are in use
 * afterwards. */
static uint32_t recycle(struct lgmp_wire_queue *wire, uint64_t host_now_ms)
{
    const uint64_t sub_mask = atomic_load_explicit(&wire->sub_mask, memory_order_relaxed);
    const uint32_t on = lgmp_on(sub_mask), bad = lgmp_bad(sub_mask);
    uint32_t freed = 0;
    for (uint32_t i = 0; i < LGMP_MAX_SUBS && on; i++) {
        const uint32_t bit = UINT32_C(1) << i;
        if (!(bad & bit) ||
            host_now_ms <= atomic_load_explicit(&wire->evict_deadline[i], memory_order_relaxed))
            continue;
        freed |= bit;
        atomic_store_explicit(&wire->evict_deadline[i], 0, memory_order_relaxed);
        lgmp_set(&wire->client_id[i], 0);
    }
    if (freed)
        atomic_fetch_and_explicit(&wire->sub_mask, ~lgmp_mask(freed, freed), memory_order_acq_rel);
    return (on | bad) & ~freed;
}

/* T2: messages still queued may wait for the slot's former owner; the newcomer would be evicted for
 * not finishing what it never sees. Lock held. */
static void drop_inherited_bits(const struct lgmp_subscription *sub, uint32_t head_index)
{
    for (uint32_t i = head_index; i != sub->read_index; i = lgmp_next_index(sub, i))
        atomic_fetch_and_explicit(&sub->slots[i].waiting_mask, ~sub->own_bit, memory_order_acq_rel);
}

/* Lock held. */
static enum lgmp_result take_slot(struct lgmp_subscription *sub)
{
    struct lgmp_wire_queue *wire = sub->wire;
    const struct lgmp_client *client = sub->client;
    const uint64_t host_now_ms =
        atomic_load_explicit(&client->wire->timestamp_ms, memory_order_relaxed);
    const uint32_t used = recycle(wire, host_now_ms);
    if (used == UINT32_MAX)
        return LGMP_FULL;
    const uint32_t post_index = atomic_load_explicit(&wire->post_index, memory_order_acquire);
    const uint32_t head_index = lgmp_get(&wire->head_index);
    if (post_index >= sub->slot_count || head_index >= sub->slot_count)
        return LGMP_CORRUPTED;
    sub->slot = (uint32_t)__builtin_ctz(~used);
    sub->own_bit = UINT32_C(1) << sub->slot;
    sub->read_index = post_index;
    /* Not a plain store, although we hold the lock: if we were so slow that the host seized it, it
     * may be evicting somebody, or somebody may be taking the same slot, just now. */
    const uint64_t before =
        atomic_fetch_or_explicit(&wire->sub_mask, lgmp_mask(sub->own_bit, 0), memory_order_seq_cst);
    if ((lgmp_on(before) | lgmp_bad(before)) & sub->own_bit)
        return LGMP_FULL; /* somebody was faster: try again later */
    atomic_store_explicit(&wire->evict_deadline[sub->slot], 0, memory_order_relaxed);
    lgmp_set(&wire->client_id[sub->slot], client->client_id);
    drop_inherited_bits(sub, head_index);
    atomic_fetch_add_explicit(&wire->new_subscribers, 1, memory_order_acq_rel);
    return LGMP_OK;
}

static enum lgmp_result join(struct lgmp_subscription *sub)
{
    const struct lgmp_client *client = sub->client;
    if (!latch_geometry(sub))
        return LGMP_CORRUPTED;
    if (!lgmp_lock_wait(&sub->wire->queue_lock, client->lock_wait_us))
        return LGMP_INVALID_SESSION;
    enum lgmp_result result = LGMP_INVALID_SESSION;
    if (lgmp_get(&client->wire->session_id) == client->session_id)
        result = take_slot(sub);
    lgmp_unlock(&sub->wire->queue_lock);
    return result;
}

enum lgmp_result lgmp_client_subscribe(struct lgmp_client *client, uint32_t queue_id,
                                       struct lgmp_subscription **out)
{
    struct lgmp_wire_queue *wire = find_queue(client, queue_id);
    if (!wire)
        return LGMP_NO_SUCH_QUEUE;
    /* A host is complete when its queues exist. Had it been half-way through its start when our
     * session began, we would keep user data of its predecessor. */
    if (lgmp_get(&client->wire->session_id) != client->session_id ||
        !lgmp_client_udata_intact(client))
        return LGMP_INVALID_SESSION;
    struct lgmp_subscription *sub = calloc(1, sizeof(*sub));
    if (!sub)
        return LGMP_NO_MEMORY;
    sub->client = client;
    sub->wire = wire;
    const enum lgmp_result result = join(sub);
    if (result != LGMP_OK) {
        free(sub);
        return result;
    }
    sub->next = client->subscriptions;
    client->subscriptions = sub;
    *out = sub;
    return LGMP_OK;
}

uint32_t lgmp_client_slot(const struct lgmp_subscription *sub)
{
    return sub->slot;
}

uint32_t lgmp_client_id(const struct lgmp_subscription *sub)
{
    return sub->client->client_id;
}

void lgmp_subscription_forget(struct lgmp_subscription *sub)
{
    struct lgmp_subscription **link = &sub->client->subscriptions;
    while (*link && *link != sub)
        link = &(*link)->next;
    if (*link)
        *link = sub->next;
    free(sub);
}

enum lgmp_result lgmp_subscription_check(const struct lgmp_subscription *sub)
{
    const struct lgmp_client *client = sub->client;
    if (lgmp_get(&client->wire->session_id) != client->session_id)
        return LGMP_INVALID_SESSION;
    /* acquire: pairs with the host's eviction and with whoever gave the slot away */
    const uint64_t sub_mask = atomic_load_explicit(&sub->wire->sub_mask, memory_order_acquire);
    if (lgmp_bad(sub_mask) & sub->own_bit)
        return LGMP_TIMED_OUT;
    if (!(lgmp_on(sub_mask) & sub->own_bit))
        return LGMP_UNSUBSCRIBED;
    /* Evicted, recycled and given to somebody else (T5); ids are no proof of the contrary (T6). */
    if (lgmp_get(&sub->wire->client_id[sub->slot]) != client->client_id)
        return LGMP_TIMED_OUT;
    return LGMP_OK;
}

/* Lock held. */
static void leave(struct lgmp_subscription *sub)
{
    struct lgmp_wire_queue *wire = sub->wire;
    if (lgmp_subscription_check(sub) != LGMP_OK)
        return; /* bad: left for recycling; not ours: not ours to remove (T5) */
    atomic_fetch_and_explicit(&wire->sub_mask, ~lgmp_mask(sub->own_bit, sub->own_bit),
                              memory_order_acq_rel);
    atomic_store_explicit(&wire->evict_deadline[sub->slot], 0, memory_order_relaxed);
    lgmp_set(&wire->client_id[sub->slot], 0);
}

void lgmp_client_unsubscribe(struct lgmp_subscription *sub)
{
    /* T2: leave no bit of ours behind. Bounded: the host may go on posting. */
    for (uint32_t i = 0; i < sub->slot_count; i++) {
        if (lgmp_client_finish(sub) != LGMP_OK)
            break;
    }
    if (lgmp_subscription_check(sub) == LGMP_OK &&
        lgmp_lock_wait(&sub->wire->queue_lock, sub->client->lock_wait_us)) {
        leave(sub);
        lgmp_unlock(&sub->wire->queue_lock);
    }
    lgmp_subscription_forget(sub);
}
