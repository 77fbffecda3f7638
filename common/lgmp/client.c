/* SPDX-License-Identifier: GPL-2.0-or-later
 * Attach and session of the consuming side: docs/protocol/lgmp.md sections 3.6 and 3.7. */
#include "lgmp/client.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/copy_in.h"
#include "base/random.h"
#include "lgmp/client_private.h"
#include "lgmp/fence.h"
#include "lgmp/layout.h"
#include "lgmp/lock.h"

static uint64_t get_timestamp_ms(const struct lgmp_client *client)
{
    /* acquire: pairs with the host's heartbeat; the session it belongs to is complete */
    return atomic_load_explicit(&client->wire->timestamp_ms, memory_order_acquire);
}

static const volatile uint8_t *shared_udata(const struct lgmp_client *client)
{
    return (const volatile uint8_t *)client->wire + LGMP_UDATA_OFFSET;
}

enum lgmp_result lgmp_client_create(void *mem, size_t len_bytes, struct lgmp_random random,
                                    struct lgmp_client **out)
{
    assert((uintptr_t)mem % _Alignof(struct lgmp_wire_header) == 0);
    if (len_bytes < LGMP_HEADER_BYTES)
        return LGMP_INVALID_SIZE;
    struct lgmp_client *client = calloc(1, sizeof(*client));
    if (!client)
        return LGMP_NO_MEMORY;
    client->wire = mem;
    client->len_bytes = len_bytes;
    client->random = random;
    client->lock_wait_us = LGMP_CLIENT_LOCK_WAIT_US;
    client->seen_timestamp_ms = get_timestamp_ms(client);
    *out = client;
    return LGMP_OK;
}

static void forget_all(struct lgmp_client *client)
{
    while (client->subscriptions)
        lgmp_subscription_forget(client->subscriptions);
}

void lgmp_client_destroy(struct lgmp_client *client)
{
    if (!client)
        return;
    forget_all(client);
    free(client->udata);
    free(client);
}

void lgmp_client_set_lock_wait_us(struct lgmp_client *client, uint32_t wait_us)
{
    client->lock_wait_us = wait_us;
}

static uint32_t draw_client_id(const struct lgmp_client *client)
{
    uint32_t id;
    do
        id = client->random.next ? client->random.next(client->random.ctx) : random_u32();
    while (id == 0); /* 0 marks a free slot */
    return id;
}

/* Copies the user data of session `session_id`. INVALID_SESSION: the host started anew while we
 * read. */
static enum lgmp_result copy_udata(struct lgmp_client *client, uint32_t session_id)
{
    const uint32_t size = lgmp_get(&client->wire->udata_size);
    if (size > LGMP_CLIENT_UDATA_MAX_BYTES ||
        !range_inside(LGMP_UDATA_OFFSET, size, client->len_bytes))
        return LGMP_CORRUPTED;
    uint8_t *udata = malloc(size ? size : 1);
    if (!udata)
        return LGMP_NO_MEMORY;
    copy_in(udata, shared_udata(client), size);
    fence_reads();
    if (lgmp_get(&client->wire->session_id) != session_id ||
        lgmp_get(&client->wire->magic) != LGMP_MAGIC) {
        free(udata);
        return LGMP_INVALID_SESSION;
    }
    free(client->udata);
    client->udata = udata;
    client->udata_bytes = size;
    return LGMP_OK;
}

enum lgmp_result lgmp_client_start_session(struct lgmp_client *client, uint64_t now_ms,
                                           struct lgmp_session *out)
{
    struct lgmp_wire_header *wire = client->wire;
    forget_all(client);
    *out = (struct lgmp_session){ 0 };
    /* acquire: pairs with the release in the host's format_header() */
    if (atomic_load_explicit(&wire->magic, memory_order_acquire) != LGMP_MAGIC)
        return LGMP_INVALID_MAGIC;
    const uint32_t version = lgmp_get(&wire->version);
    out->version = version;
    if (version != LGMP_VERSION)
        return LGMP_INVALID_VERSION;
    const uint64_t timestamp_ms = get_timestamp_ms(client);
    if (timestamp_ms == client->seen_timestamp_ms)
        return LGMP_INVALID_SESSION;
    const uint32_t session_id = lgmp_get(&wire->session_id);
    const enum lgmp_result result = copy_udata(client, session_id);
    if (result != LGMP_OK)
        return result;

    client->client_id = draw_client_id(client);
    client->session_id = session_id;
    client->seen_timestamp_ms = timestamp_ms;
    client->seen_at_ms = now_ms;
    *out = (struct lgmp_session){ .session_id = session_id,
                                  .version = version,
                                  .udata = client->udata,
                                  .udata_bytes = client->udata_bytes };
    return LGMP_OK;
}

bool lgmp_client_session_valid(struct lgmp_client *client, uint64_t now_ms)
{
    if (lgmp_get(&client->wire->session_id) != client->session_id)
        return false;
    const uint64_t timestamp_ms = get_timestamp_ms(client);
    if (timestamp_ms !=
        client->seen_timestamp_ms) { /* not "greater": a restarted host may begin at 1 */
        client->seen_timestamp_ms = timestamp_ms;
        client->seen_at_ms = now_ms;
        return true;
    }
    return now_ms - client->seen_at_ms <= LGMP_HEARTBEAT_TIMEOUT_MS;
}

bool lgmp_client_udata_intact(const struct lgmp_client *client)
{
    if (lgmp_get(&client->wire->udata_size) != client->udata_bytes)
        return false;
    const volatile uint8_t *shared = shared_udata(client);
    uint32_t differs = 0;
    for (uint32_t i = 0; i < client->udata_bytes; i++)
        differs |= (uint32_t)(shared[i] ^ client->udata[i]);
    return differs == 0;
}

uint64_t lgmp_client_alive_ms(const struct lgmp_client *client)
{
    return client->seen_at_ms;
}
