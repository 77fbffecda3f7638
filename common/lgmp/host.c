/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lgmp/host.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/copy_in.h"
#include "base/random.h"
#include "lgmp/fence.h"
#include "lgmp/host_private.h"
#include "lgmp/layout.h"
#include "lgmp/lock.h"

static uint32_t draw(const struct lgmp_random *random)
{
    return random->next ? random->next(random->ctx) : random_u32();
}

/* ---- creation: 3.1, 3.2, 2.2 ---- */

static void write_udata(struct lgmp_wire_header *wire, const uint8_t *udata, uint32_t len_bytes)
{
    volatile uint8_t *to = (volatile uint8_t *)wire + LGMP_UDATA_OFFSET;
    for (uint32_t i = 0; i < len_bytes; i++)
        to[i] = udata[i];
}

/* The magic goes first and comes back last: a client that looks while we write finds no session,
 * not half of one. */
static void format_header(struct lgmp_host *host, const struct lgmp_host_config *config)
{
    struct lgmp_wire_header *wire = host->wire;
    const uint32_t old_session_id = lgmp_get(&wire->session_id);
    do
        host->session_id = draw(&config->random);
    while (host->session_id == old_session_id);

    atomic_store_explicit(&wire->magic, 0, memory_order_seq_cst);
    lgmp_set(&wire->session_id, host->session_id);
    atomic_store_explicit(&wire->queue_count, 0, memory_order_seq_cst);
    atomic_store_explicit(&wire->timestamp_ms, config->now_ms, memory_order_relaxed);
    lgmp_set(&wire->version, LGMP_VERSION);
    lgmp_set(&wire->udata_size, host->udata_bytes);
    write_udata(wire, host->udata, host->udata_bytes);
    fence_writes();
    /* release: pairs with the acquire in lgmp_client_start_session() */
    atomic_store_explicit(&wire->magic, LGMP_MAGIC, memory_order_seq_cst);
}

enum lgmp_result lgmp_host_create(void *mem, uint32_t len_bytes,
                                  const struct lgmp_host_config *config, struct lgmp_host **out)
{
    assert((uintptr_t)mem % _Alignof(struct lgmp_wire_header) == 0);
    if (len_bytes < LGMP_HEADER_BYTES || config->udata_bytes > len_bytes - LGMP_HEADER_BYTES)
        return LGMP_INVALID_SIZE;
    const uint64_t first_bytes =
        round_up_u64((uint64_t)LGMP_HEADER_BYTES + config->udata_bytes, LGMP_ALLOC_ALIGN);

    struct lgmp_host *host = calloc(1, sizeof(*host));
    if (!host)
        return LGMP_NO_MEMORY;
    host->udata = malloc(config->udata_bytes ? config->udata_bytes : 1);
    if (!host->udata) {
        lgmp_host_destroy(host);
        return LGMP_NO_MEMORY;
    }
    if (config->udata_bytes)
        memcpy(host->udata, config->udata, config->udata_bytes);
    host->udata_bytes = config->udata_bytes;
    host->wire = mem;
    host->lock_wait_us = config->lock_wait_us ? config->lock_wait_us : LGMP_HOST_LOCK_WAIT_US;
    host->next_bytes = (uint32_t)min_u64(first_bytes, len_bytes);
    host->avail_bytes = len_bytes - host->next_bytes;
    format_header(host, config);
    *out = host;
    return LGMP_OK;
}

void lgmp_host_destroy(struct lgmp_host *host)
{
    if (!host)
        return;
    for (uint32_t i = 0; i < host->queue_count; i++)
        pthread_mutex_destroy(&host->queues[i].ring_mutex);
    free(host->udata);
    free(host);
}

/* Takes `len_bytes` at the next multiple of `align_bytes`. False: no room, nothing taken. */
static bool take(struct lgmp_host *host, uint64_t len_bytes, uint64_t align_bytes,
                 uint32_t *offset_bytes)
{
    const uint64_t start = round_up_u64(host->next_bytes, align_bytes);
    const uint64_t need_bytes = start - host->next_bytes + len_bytes;
    if (need_bytes > host->avail_bytes)
        return false;
    *offset_bytes = (uint32_t)start;
    host->next_bytes += (uint32_t)need_bytes;
    host->avail_bytes -= (uint32_t)need_bytes;
    return true;
}

static void format_queue(const struct lgmp_host_queue *q)
{
    struct lgmp_wire_queue *wire = q->wire;
    lgmp_set(&wire->queue_id, q->config.queue_id);
    lgmp_set(&wire->slot_count, q->slot_count);
    lgmp_set(&wire->new_subscribers, 0);
    lgmp_set(&wire->queue_lock, 0);
    atomic_store_explicit(&wire->sub_mask, 0, memory_order_relaxed);
    lgmp_set(&wire->post_index, 0);
    lgmp_set(&wire->slots_offset, q->slots_offset);
    lgmp_set(&wire->head_index, 0);
    atomic_store_explicit(&wire->head_deadline, 0, memory_order_relaxed);
    lgmp_set(&wire->sub_timeout_ms, q->config.sub_timeout_ms);
    lgmp_set(&wire->pending_count, 0);
    lgmp_set(&wire->inbox_lock, 0);
    lgmp_set(&wire->inbox_free, LGMP_INBOX_SLOTS);
    lgmp_set(&wire->inbox_write_index, 0);
    lgmp_set(&wire->inbox_write_serial, 0);
    lgmp_set(&wire->inbox_ack_serial, 0);
}

enum lgmp_result lgmp_host_add_queue(struct lgmp_host *host, const struct lgmp_queue_config *config,
                                     struct lgmp_host_queue **out)
{
    if (host->queue_count == LGMP_MAX_QUEUES)
        return LGMP_TOO_MANY_QUEUES;
    const uint64_t slot_count = (uint64_t)config->capacity + 1;
    if (config->capacity == 0)
        return LGMP_INVALID_SIZE;
    struct lgmp_host_queue *q = &host->queues[host->queue_count];
    if (!take(host, slot_count * sizeof(struct lgmp_wire_slot), 1, &q->slots_offset))
        return LGMP_NO_SHARED_MEMORY;
    q->wire = &host->wire->queues[host->queue_count];
    q->slots = (struct lgmp_wire_slot *)(void *)((uint8_t *)host->wire + q->slots_offset);
    q->config = *config;
    q->slot_count = (uint32_t)slot_count;
    q->lock_wait_us = host->lock_wait_us;
    pthread_mutex_init(&q->ring_mutex, NULL); /* cannot fail without attributes */
    format_queue(q);
    host->queue_count++;
    fence_writes();
    /* release: makes the queue visible; pairs with the acquire in the client's search */
    atomic_store_explicit(&host->wire->queue_count, host->queue_count, memory_order_seq_cst);
    *out = q;
    return LGMP_OK;
}

enum lgmp_result lgmp_host_alloc(struct lgmp_host *host, uint32_t len_bytes, uint32_t align_bytes,
                                 struct lgmp_payload *out)
{
    if (align_bytes != 0 && !is_power_of_two(align_bytes))
        return LGMP_INVALID_SIZE;
    const uint64_t align = align_bytes ? align_bytes : 1;
    const uint64_t rounded_bytes = round_up_u64(len_bytes, align);
    uint32_t offset_bytes;
    if (!take(host, rounded_bytes, align, &offset_bytes))
        return LGMP_NO_SHARED_MEMORY;
    *out = (struct lgmp_payload){ .offset_bytes = offset_bytes,
                                  .len_bytes = (uint32_t)rounded_bytes,
                                  .mem = (uint8_t *)host->wire + offset_bytes };
    return LGMP_OK;
}

uint32_t lgmp_host_avail_bytes(const struct lgmp_host *host)
{
    return host->avail_bytes;
}

/* ---- the ring: 3.3, 3.4 ---- */

void lgmp_host_seize(_Atomic uint32_t *lock, uint32_t wait_us)
{
    if (lgmp_lock_wait(lock, wait_us))
        return;
    /* Its holder is dead or lies: the region is ours. What it left half done is repaired by whoever
     * called. */
    (void)atomic_exchange_explicit(lock, 1, memory_order_seq_cst);
}

static uint32_t next_index(const struct lgmp_host_queue *q, uint32_t index)
{
    return index + 1 == q->slot_count ? 0 : index + 1;
}

/* How far `to` is ahead of `from` in the ring. Both < slot_count. */
static uint32_t ring_distance(const struct lgmp_host_queue *q, uint32_t from, uint32_t to)
{
    return to >= from ? to - from : to + q->slot_count - from;
}

/* Somebody who may be reading has not finished with the message. */
static bool waited_for(const struct lgmp_host_queue *q, uint32_t index, uint64_t sub_mask)
{
    /* acquire: pairs with the release with which clients clear their bits; their reads are over */
    const uint32_t waiting =
        atomic_load_explicit(&q->slots[index].waiting_mask, memory_order_acquire);
    return waiting & lgmp_on(sub_mask) & ~lgmp_bad(sub_mask);
}

/* Where the head is: a client may move it forward, over messages that nobody waits for, not past
 * the newest. One who does anything else lies, or went on after we seized its lock; then the head
 * stays where we know it. Mutex held. */
static uint32_t believed_head(const struct lgmp_host_queue *q)
{
    const uint32_t head = lgmp_get(&q->wire->head_index);
    if (head >= q->slot_count ||
        ring_distance(q, q->head_index, head) > ring_distance(q, q->head_index, q->post_index))
        return q->head_index;
    const uint64_t sub_mask = atomic_load_explicit(&q->wire->sub_mask, memory_order_acquire);
    for (uint32_t i = q->head_index; i != head; i = next_index(q, i)) {
        if (waited_for(q, i, sub_mask))
            return i;
    }
    return head;
}

/* Learns how far the clients moved the head, and puts right what they left inconsistent. Lock held.
 * Returns the messages pending. */
static uint32_t settle_head(struct lgmp_host_queue *q)
{
    struct lgmp_wire_queue *wire = q->wire;
    q->head_index = believed_head(q);
    if (lgmp_get(&wire->head_index) != q->head_index)
        lgmp_set(&wire->head_index, q->head_index);
    const uint32_t pending = ring_distance(q, q->head_index, q->post_index);
    if (lgmp_get(&wire->pending_count) != pending) /* killed between the two stores, or a lie */
        atomic_store_explicit(&wire->pending_count, pending, memory_order_release);
    return pending;
}

static void ring_lock(struct lgmp_host_queue *q)
{
    pthread_mutex_lock(&q->ring_mutex);
    lgmp_host_seize(&q->wire->queue_lock, q->lock_wait_us);
}

static void ring_unlock(struct lgmp_host_queue *q)
{
    lgmp_unlock(&q->wire->queue_lock);
    pthread_mutex_unlock(&q->ring_mutex);
}

/* The head's deadline. No honest one lies further ahead than one time-out; a later one would stop
 * the queue for ever. */
static uint64_t head_deadline_ms(const struct lgmp_host_queue *q, uint64_t now_ms)
{
    const uint64_t latest_ms = now_ms + q->config.sub_timeout_ms;
    const uint64_t deadline_ms =
        atomic_load_explicit(&q->wire->head_deadline, memory_order_relaxed);
    if (deadline_ms <= latest_ms)
        return deadline_ms;
    atomic_store_explicit(&q->wire->head_deadline, latest_ms, memory_order_relaxed);
    return latest_ms;
}

static void evict(struct lgmp_host_queue *q, uint32_t late, uint64_t now_ms)
{
    for (uint32_t i = 0; i < LGMP_MAX_SUBS; i++) {
        if (late & UINT32_C(1) << i)
            atomic_store_explicit(&q->wire->evict_deadline[i], now_ms + q->config.sub_timeout_ms,
                                  memory_order_relaxed);
    }
    /* Not a plain store, although we hold the lock: a client we seized it from may be adding its
     * own bit just now. The order matters to T10: BAD is visible before the slot's payload can be
     * rewritten. */
    atomic_fetch_or_explicit(&q->wire->sub_mask, lgmp_mask(0, late), memory_order_seq_cst);
}

static void retire_finished(struct lgmp_host_queue *q, uint64_t now_ms)
{
    struct lgmp_wire_queue *wire = q->wire;
    const uint64_t sub_mask = atomic_load_explicit(&wire->sub_mask, memory_order_acquire);
    uint32_t bad = lgmp_bad(sub_mask);
    for (uint32_t pending = settle_head(q); pending > 0;) {
        struct lgmp_wire_slot *head = &q->slots[q->head_index];
        /* acquire: pairs with the release with which clients clear their bits; they have finished
         * reading */
        uint32_t wait =
            atomic_load_explicit(&head->waiting_mask, memory_order_acquire) & lgmp_on(sub_mask);
        const uint32_t late = wait & ~bad;
        if (late && now_ms > head_deadline_ms(q, now_ms)) {
            evict(q, late, now_ms);
            bad |= late;
            atomic_store_explicit(&head->waiting_mask, 0, memory_order_relaxed);
            wait = 0;
        }
        if (wait & ~bad)
            return;
        q->head_index = next_index(q, q->head_index);
        lgmp_set(&wire->head_index, q->head_index);
        /* release: whoever sees the slot free may rewrite its payload (kvmfr's frame buffers) */
        atomic_store_explicit(&wire->pending_count, --pending, memory_order_release);
        if (pending > 0)
            atomic_store_explicit(&wire->head_deadline, now_ms + q->config.sub_timeout_ms,
                                  memory_order_relaxed);
    }
}

/* 6.1: what only we write still says what we wrote. */
static bool queue_intact(const struct lgmp_host_queue *q)
{
    return lgmp_get(&q->wire->queue_id) == q->config.queue_id &&
           lgmp_get(&q->wire->slot_count) == q->slot_count &&
           lgmp_get(&q->wire->slots_offset) == q->slots_offset &&
           lgmp_get(&q->wire->sub_timeout_ms) == q->config.sub_timeout_ms;
}

static bool udata_intact(const struct lgmp_host *host)
{
    const volatile uint8_t *shared = (const volatile uint8_t *)host->wire + LGMP_UDATA_OFFSET;
    uint32_t differs = 0;
    for (uint32_t i = 0; i < host->udata_bytes; i++)
        differs |= (uint32_t)(shared[i] ^ host->udata[i]);
    return differs == 0;
}

static bool header_intact(const struct lgmp_host *host)
{
    const struct lgmp_wire_header *wire = host->wire;
    if (lgmp_get(&wire->magic) != LGMP_MAGIC || lgmp_get(&wire->version) != LGMP_VERSION ||
        lgmp_get(&wire->session_id) != host->session_id ||
        lgmp_get(&wire->queue_count) != host->queue_count ||
        lgmp_get(&wire->udata_size) != host->udata_bytes || !udata_intact(host))
        return false;
    for (uint32_t i = 0; i < host->queue_count; i++) {
        if (!queue_intact(&host->queues[i]))
            return false;
    }
    return true;
}

enum lgmp_result lgmp_host_process(struct lgmp_host *host, uint64_t now_ms)
{
    if (!header_intact(host))
        return LGMP_CORRUPTED;
    atomic_store_explicit(&host->wire->timestamp_ms, now_ms, memory_order_seq_cst);
    for (uint32_t i = 0; i < host->queue_count; i++) {
        struct lgmp_host_queue *q = &host->queues[i];
        ring_lock(q);
        retire_finished(q, now_ms);
        ring_unlock(q);
    }
    return LGMP_OK;
}

static void fill_slot(struct lgmp_wire_slot *slot, uint32_t udata,
                      const struct lgmp_payload *payload, uint32_t waiting_mask)
{
    lgmp_set(&slot->udata, udata);
    lgmp_set(&slot->size, payload->len_bytes);
    lgmp_set(&slot->payload_offset, payload->offset_bytes);
    atomic_store_explicit(&slot->waiting_mask, waiting_mask, memory_order_relaxed);
}

/* Under the lock of the region nobody joins or leaves; without it the answer may be old at once. */
static bool nobody_else(const struct lgmp_host_queue *q, uint32_t to,
                        const struct lgmp_audience *audience)
{
    for (uint32_t i = 0; i < LGMP_MAX_SUBS; i++) {
        const uint32_t bit = UINT32_C(1) << i;
        if ((to & bit) &&
            (!(audience->mask & bit) || lgmp_get(&q->wire->client_id[i]) != audience->client_id[i]))
            return false;
    }
    return true;
}

static uint32_t listeners(const struct lgmp_host_queue *q)
{
    const uint64_t sub_mask = atomic_load_explicit(&q->wire->sub_mask, memory_order_acquire);
    return lgmp_on(sub_mask) & ~lgmp_bad(sub_mask);
}

/* `audience` NULL: everybody. */
static enum lgmp_result post(struct lgmp_host_queue *queue, uint32_t udata,
                             const struct lgmp_payload *payload, uint64_t now_ms,
                             const struct lgmp_audience *audience)
{
    struct lgmp_wire_queue *wire = queue->wire;
    enum lgmp_result result = LGMP_OK;
    ring_lock(queue);
    const uint32_t to = listeners(queue);
    if (!to)
        goto unlock;
    if (audience && !nobody_else(queue, to, audience)) {
        result = LGMP_UNSUBSCRIBED;
        goto unlock;
    }
    const uint32_t pending = settle_head(queue);
    if (pending == queue->slot_count - 1) {
        result = LGMP_FULL;
        goto unlock;
    }
    fill_slot(&queue->slots[queue->post_index], udata, payload, to);
    atomic_store_explicit(&wire->pending_count, pending + 1, memory_order_release);
    if (pending == 0)
        atomic_store_explicit(&wire->head_deadline, now_ms + queue->config.sub_timeout_ms,
                              memory_order_relaxed);
    queue->post_index = next_index(queue, queue->post_index);
    fence_writes();
    /* publication; release: pairs with the acquire in the client's peek */
    atomic_store_explicit(&wire->post_index, queue->post_index, memory_order_seq_cst);
unlock:
    ring_unlock(queue);
    return result;
}

enum lgmp_result lgmp_host_post(struct lgmp_host_queue *queue, uint32_t udata,
                                const struct lgmp_payload *payload, uint64_t now_ms)
{
    return post(queue, udata, payload, now_ms, NULL);
}

enum lgmp_result lgmp_host_post_among(struct lgmp_host_queue *queue, uint32_t udata,
                                      const struct lgmp_payload *payload, uint64_t now_ms,
                                      const struct lgmp_audience *audience)
{
    return post(queue, udata, payload, now_ms, audience);
}

/* ---- queries: 3.5 ---- */

bool lgmp_host_has_subscribers(const struct lgmp_host_queue *queue)
{
    return listeners(queue) != 0;
}

bool lgmp_host_only_among(const struct lgmp_host_queue *queue, const struct lgmp_audience *audience)
{
    const uint32_t to = listeners(queue);
    return to != 0 && nobody_else(queue, to, audience);
}

bool lgmp_host_slot_is(const struct lgmp_host_queue *queue, uint32_t slot, uint32_t client_id)
{
    return slot < LGMP_MAX_SUBS && (listeners(queue) & UINT32_C(1) << slot) &&
           lgmp_get(&queue->wire->client_id[slot]) == client_id;
}

bool lgmp_host_has_finished(struct lgmp_host_queue *queue)
{
    pthread_mutex_lock(&queue->ring_mutex);
    const bool any =
        queue->head_index != queue->post_index &&
        !waited_for(queue, queue->head_index,
                    atomic_load_explicit(&queue->wire->sub_mask, memory_order_acquire));
    pthread_mutex_unlock(&queue->ring_mutex);
    return any;
}

uint32_t lgmp_host_take_new_subscribers(struct lgmp_host_queue *queue)
{
    return atomic_exchange_explicit(&queue->wire->new_subscribers, 0, memory_order_acq_rel);
}

uint32_t lgmp_host_pending(struct lgmp_host_queue *queue)
{
    /* acquire: pairs with the release of whoever retired; the payload of a retired message may be
     * rewritten now */
    const uint32_t shared = atomic_load_explicit(&queue->wire->pending_count, memory_order_acquire);
    pthread_mutex_lock(&queue->ring_mutex);
    const uint32_t known = ring_distance(queue, believed_head(queue), queue->post_index);
    pthread_mutex_unlock(&queue->ring_mutex);
    /* A count that is too small would let the owner rewrite what others still read. */
    return max_u32(known, min_u32(shared, queue->slot_count - 1));
}
