/* SPDX-License-Identifier: GPL-2.0-or-later
 * The host's end of the inbox: docs/protocol/lgmp.md section 3.13. */
#include <string.h>

#include "lgmp/host.h"
#include "lgmp/host_private.h"
#include "lgmp/layout.h"
#include "lgmp/lock.h"

/* Messages that wait for us, with the counters made consistent. Lock held. The free count decides:
 * a sender killed in its critical section stored it last but one, so a message it counts was
 * written completely. */
static uint32_t settle_inbox(struct lgmp_host_queue *q)
{
    struct lgmp_wire_queue *wire = q->wire;
    const uint32_t free_count = lgmp_get(&wire->inbox_free);
    const uint32_t unread = free_count <= LGMP_INBOX_SLOTS ? LGMP_INBOX_SLOTS - free_count : 0;
    if (free_count > LGMP_INBOX_SLOTS)
        lgmp_set(&wire->inbox_free, LGMP_INBOX_SLOTS);
    lgmp_set(&wire->inbox_write_index, (q->inbox_read_index + unread) % LGMP_INBOX_SLOTS);
    lgmp_set(&wire->inbox_write_serial, q->inbox_read_serial + unread);
    return unread;
}

/* Takes the oldest entry out. Lock held. False: its size is a lie. */
static bool take_entry(struct lgmp_host_queue *q, uint8_t *data, uint32_t *len_bytes)
{
    const struct lgmp_wire_inbox_entry *entry = &q->wire->inbox[q->inbox_read_index];
    const uint32_t size = lgmp_get(&entry->size);
    if (size <= LGMP_INBOX_BYTES) {
        for (uint32_t i = 0; i < LGMP_INBOX_BYTES / 4; i++) {
            const uint32_t word = lgmp_get(&entry->data[i]);
            memcpy(data + 4 * i, &word, sizeof(word));
        }
        *len_bytes = size;
    }
    q->inbox_read_index = (q->inbox_read_index + 1) % LGMP_INBOX_SLOTS;
    q->inbox_read_serial++;
    atomic_fetch_add_explicit(&q->wire->inbox_free, 1, memory_order_release);
    return size <= LGMP_INBOX_BYTES;
}

enum lgmp_result lgmp_host_read_inbox(struct lgmp_host_queue *queue, uint8_t *data,
                                      uint32_t *len_bytes)
{
    struct lgmp_wire_queue *wire = queue->wire;
    /* Without a look at the lock, a sender that died before its first store would keep the inbox
     * from everybody else. */
    if (lgmp_get(&wire->inbox_free) == LGMP_INBOX_SLOTS && lgmp_get(&wire->inbox_lock) == 0)
        return LGMP_EMPTY;
    lgmp_host_seize(&wire->inbox_lock, queue->lock_wait_us);
    const uint32_t unread = settle_inbox(queue);
    enum lgmp_result result = unread ? LGMP_OK : LGMP_EMPTY;
    if (unread && !take_entry(queue, data, len_bytes))
        result = LGMP_CORRUPTED;
    lgmp_unlock(&wire->inbox_lock);
    return result;
}

bool lgmp_host_has_inbox(const struct lgmp_host_queue *queue)
{
    /* acquire: pairs with the release with which a sender takes one away */
    return atomic_load_explicit(&queue->wire->inbox_free, memory_order_acquire) != LGMP_INBOX_SLOTS;
}

void lgmp_host_ack_inbox(struct lgmp_host_queue *queue)
{
    /* release: what the message asked for was done before; pairs with the acquire in
     * lgmp_client_acked() */
    atomic_store_explicit(&queue->wire->inbox_ack_serial, ++queue->inbox_ack_serial,
                          memory_order_seq_cst);
}
