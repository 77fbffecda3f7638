/* SPDX-License-Identifier: GPL-2.0-or-later
 * Reading a queue: docs/protocol/lgmp.md sections 3.10 to 3.12. */
#include "base/checked.h"
#include "lgmp/client.h"
#include "lgmp/client_private.h"
#include "lgmp/fence.h"
#include "lgmp/layout.h"
#include "lgmp/lock.h"

/* The checks that all calls begin with. OK: the message at read_index is there, *post_index was
 * checked. */
static enum lgmp_result look(const struct lgmp_subscription *sub, uint32_t *post_index)
{
    const enum lgmp_result result = lgmp_subscription_check(sub);
    if (result != LGMP_OK)
        return result;
    /* acquire: pairs with the publication in lgmp_host_post(); the slot and the payload's header
     * are complete */
    *post_index = atomic_load_explicit(&sub->wire->post_index, memory_order_acquire);
    if (*post_index >= sub->slot_count)
        return LGMP_CORRUPTED;
    return *post_index == sub->read_index ? LGMP_EMPTY : LGMP_OK;
}

static uint32_t distance(const struct lgmp_subscription *sub, uint32_t from, uint32_t to)
{
    return to >= from ? to - from : to + sub->slot_count - from;
}

/* Copies the slot at `index`, which was published, and checks the copy. */
static enum lgmp_result read_slot(const struct lgmp_subscription *sub, uint32_t index,
                                  struct lgmp_message *out)
{
    const struct lgmp_wire_slot *slot = &sub->slots[index];
    const uint32_t len_bytes = lgmp_get(&slot->size);
    const uint32_t offset_bytes = lgmp_get(&slot->payload_offset);
    if (!range_inside(offset_bytes, len_bytes, sub->client->len_bytes))
        return LGMP_CORRUPTED;
    *out = (struct lgmp_message){ .udata = lgmp_get(&slot->udata),
                                  .len_bytes = len_bytes,
                                  .offset_bytes = offset_bytes,
                                  .mem = (const uint8_t *)sub->client->wire + offset_bytes };
    return LGMP_OK;
}

enum lgmp_result lgmp_client_peek(struct lgmp_subscription *sub, struct lgmp_message *out)
{
    uint32_t post_index;
    const enum lgmp_result result = look(sub, &post_index);
    return result == LGMP_OK ? read_slot(sub, sub->read_index, out) : result;
}

static bool waits_for_us(const struct lgmp_subscription *sub, uint32_t index)
{
    /* acquire: as post_index; a bit that is set says that the payload is ours to read */
    return atomic_load_explicit(&sub->slots[index].waiting_mask, memory_order_acquire) &
           sub->own_bit;
}

enum lgmp_result lgmp_client_peek_ahead(struct lgmp_subscription *sub, uint32_t ahead,
                                        struct lgmp_message *out)
{
    uint32_t post_index;
    const enum lgmp_result result = look(sub, &post_index);
    if (result != LGMP_OK)
        return result;
    if (ahead >= distance(sub, sub->read_index, post_index))
        return LGMP_EMPTY;
    const uint32_t index = (sub->read_index + ahead) % sub->slot_count; /* both below slot_count */
    if (ahead > 0 && !waits_for_us(sub, index))
        return LGMP_EMPTY;
    return read_slot(sub, index, out);
}

uint32_t lgmp_client_unread(const struct lgmp_subscription *sub)
{
    uint32_t post_index;
    return look(sub, &post_index) == LGMP_OK ? distance(sub, sub->read_index, post_index) : 0;
}

/* Clears our bit in the slot at read_index. True: nobody waits for it any more. */
static bool clear_own_bit(const struct lgmp_subscription *sub)
{
    struct lgmp_wire_slot *slot = &sub->slots[sub->read_index];
    /* release: our reads of the payload are over before the host may reuse it; acquire: so are
     * those of all others */
    const uint32_t before =
        atomic_fetch_and_explicit(&slot->waiting_mask, ~sub->own_bit, memory_order_acq_rel);
    return (before & ~sub->own_bit) == 0;
}

enum retire {
    RETIRE_NONE,
    RETIRE_DONE,
    RETIRE_NOT_HEAD, /* an older message is still waited for, or this is not our session any more */
    RETIRE_CORRUPTED,
};

/* Retires the slot at read_index if it is the head. Lock held. */
static enum retire retire_head(const struct lgmp_subscription *sub)
{
    struct lgmp_wire_queue *wire = sub->wire;
    /* T5, again: the host may have restarted since look(); its new ring is none of our business. */
    if (lgmp_get(&sub->client->wire->session_id) != sub->client->session_id)
        return RETIRE_NOT_HEAD;
    uint32_t head = lgmp_get(&wire->head_index);
    if (head != sub->read_index)
        return RETIRE_NOT_HEAD;
    const uint32_t pending = lgmp_get(&wire->pending_count);
    if (pending == 0 || pending >= sub->slot_count)
        return RETIRE_CORRUPTED;
    /* Not a plain store: if we slept so long that the host seized the lock, the head is not ours to
     * move any more. */
    if (!atomic_compare_exchange_strong_explicit(&wire->head_index, &head,
                                                 lgmp_next_index(sub, head), memory_order_relaxed,
                                                 memory_order_relaxed))
        return RETIRE_NOT_HEAD;
    /* release: a host that sees the smaller count may rewrite the payload; pairs with
     * lgmp_host_pending() */
    atomic_store_explicit(&wire->pending_count, pending - 1, memory_order_release);
    return RETIRE_DONE;
}

/* The next head's time starts now, in the host's clock as far as we know it (T4). Lock held. */
static void restart_head_deadline(const struct lgmp_subscription *sub)
{
    const uint64_t host_now_ms =
        atomic_load_explicit(&sub->client->wire->timestamp_ms, memory_order_relaxed);
    atomic_store_explicit(&sub->wire->head_deadline, host_now_ms + sub->sub_timeout_ms,
                          memory_order_relaxed);
}

enum lgmp_result lgmp_client_finish(struct lgmp_subscription *sub)
{
    uint32_t post_index;
    const enum lgmp_result result = look(sub, &post_index);
    if (result != LGMP_OK)
        return result;
    /* One try only: when somebody else has the lock, the host's next pass retires the message. */
    if (clear_own_bit(sub) && lgmp_lock_try(&sub->wire->queue_lock)) {
        const enum retire retired = retire_head(sub);
        if (retired == RETIRE_DONE)
            restart_head_deadline(sub);
        lgmp_unlock(&sub->wire->queue_lock);
        if (retired == RETIRE_CORRUPTED)
            return LGMP_CORRUPTED;
    }
    sub->read_index = lgmp_next_index(sub, sub->read_index);
    return LGMP_OK;
}

enum lgmp_result lgmp_client_skip_to_newest(struct lgmp_subscription *sub)
{
    uint32_t post_index;
    enum lgmp_result result = look(sub, &post_index);
    if (result != LGMP_OK)
        return result;
    bool locked = false, may_retire = true;
    for (uint32_t left = distance(sub, sub->read_index, post_index); left > 1; left--) {
        if (clear_own_bit(sub) && may_retire) {
            locked = locked || lgmp_lock_try(&sub->wire->queue_lock);
            const enum retire retired = locked ? retire_head(sub) : RETIRE_NOT_HEAD;
            may_retire = retired == RETIRE_DONE;
            if (retired == RETIRE_CORRUPTED) {
                result = LGMP_CORRUPTED;
                break;
            }
        }
        sub->read_index = lgmp_next_index(sub, sub->read_index);
    }
    if (locked) {
        restart_head_deadline(sub);
        lgmp_unlock(&sub->wire->queue_lock);
    }
    return result;
}

bool lgmp_client_still_subscribed(const struct lgmp_subscription *sub)
{
    fence_reads(); /* what the caller read of the payload was read before we look */
    return lgmp_subscription_check(sub) == LGMP_OK;
}

uint32_t lgmp_client_activity(const struct lgmp_subscription *sub)
{
    return lgmp_get(&sub->wire->post_index);
}

const _Atomic uint32_t *lgmp_client_activity_word(const struct lgmp_subscription *sub)
{
    return &sub->wire->post_index;
}
