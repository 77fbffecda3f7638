/* SPDX-License-Identifier: GPL-2.0-or-later
 * The client's end of the inbox: docs/protocol/lgmp.md section 3.13. */
#include <string.h>

#include "lgmp/client.h"
#include "lgmp/client_private.h"
#include "lgmp/layout.h"
#include "lgmp/lock.h"

static void write_entry(struct lgmp_wire_inbox_entry *entry, const void *data, uint32_t len_bytes)
{
    uint32_t words[LGMP_INBOX_BYTES / 4] = { 0 };
    memcpy(words, data, len_bytes);
    lgmp_set(&entry->size, len_bytes);
    for (uint32_t i = 0; i < (len_bytes + 3) / 4; i++)
        lgmp_set(&entry->data[i], words[i]);
}

/* Inbox lock held. The order of the stores matters to a host that cleans up after our death: the
 * free count makes the message valid. */
static enum lgmp_result put(struct lgmp_subscription *sub, const void *data, uint32_t len_bytes,
                            uint32_t *serial)
{
    struct lgmp_wire_queue *wire = sub->wire;
    const uint32_t free_count = lgmp_get(&wire->inbox_free);
    const uint32_t index = lgmp_get(&wire->inbox_write_index);
    if (free_count > LGMP_INBOX_SLOTS || index >= LGMP_INBOX_SLOTS)
        return LGMP_CORRUPTED;
    if (free_count == 0)
        return LGMP_FULL;
    if (lgmp_get(&sub->client->wire->session_id) != sub->client->session_id)
        return LGMP_INVALID_SESSION;
    const uint32_t new_serial = lgmp_get(&wire->inbox_write_serial) + 1;
    write_entry(&wire->inbox[index], data, len_bytes);
    lgmp_set(&wire->inbox_write_index, (index + 1) % LGMP_INBOX_SLOTS);
    atomic_fetch_sub_explicit(&wire->inbox_free, 1, memory_order_acq_rel);
    lgmp_set(&wire->inbox_write_serial, new_serial);
    *serial = new_serial;
    return LGMP_OK;
}

enum lgmp_result lgmp_client_send(struct lgmp_subscription *sub, const void *data,
                                  uint32_t len_bytes, uint32_t *serial)
{
    if (len_bytes > LGMP_INBOX_BYTES)
        return LGMP_INVALID_SIZE;
    enum lgmp_result result = lgmp_subscription_check(sub);
    if (result != LGMP_OK)
        return result;
    if (lgmp_get(&sub->wire->inbox_free) == 0)
        return LGMP_FULL;
    if (!lgmp_lock_wait(&sub->wire->inbox_lock, sub->client->lock_wait_us))
        return LGMP_INVALID_SESSION;
    result = put(sub, data, len_bytes, serial);
    lgmp_unlock(&sub->wire->inbox_lock);
    return result;
}

bool lgmp_client_acked(const struct lgmp_subscription *sub, uint32_t serial)
{
    /* acquire: pairs with the release in lgmp_host_ack_inbox() */
    const uint32_t acked = atomic_load_explicit(&sub->wire->inbox_ack_serial, memory_order_acquire);
    return lgmp_subscription_check(sub) == LGMP_OK && acked - serial <= INT32_MAX;
}
