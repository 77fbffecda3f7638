/* SPDX-License-Identifier: GPL-2.0-or-later
 * The consuming side over a hostile region that changes between its calls. Whatever is in there: no
 * access outside, no endless loop, and what peek() hands out lies inside. */
#include <assert.h>
#include <stdlib.h>

#include "lgmp/client.h"
#include "lgmp/layout.h"
#include "script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

enum { REGION_BYTES = 12288, MAX_SUBS_HELD = 4 };

struct state {
    uint8_t *mem;
    struct lgmp_client *client;
    struct lgmp_subscription *sub[MAX_SUBS_HELD];
    uint64_t now_ms;
    uint32_t next_random;
};

static uint32_t next_random(void *ctx)
{
    struct state *s = ctx;
    return s->next_random++;
}

static void start_session(struct state *s)
{
    struct lgmp_session session;
    struct lgmp_wire_header *wire = (struct lgmp_wire_header *)(void *)s->mem;
    atomic_fetch_add(&wire->timestamp_ms, 1);
    memset(s->sub, 0, sizeof(s->sub)); /* the call ends them */
    if (lgmp_client_start_session(s->client, s->now_ms, &session) != LGMP_OK)
        return;
    volatile uint8_t sum = 0;
    for (uint32_t i = 0; i < session.udata_bytes; i++)
        sum = (uint8_t)(sum + session.udata[i]);
}

static void read_message(struct lgmp_subscription *sub, uint32_t ahead)
{
    struct lgmp_message m;
    if (lgmp_client_peek_ahead(sub, ahead, &m) != LGMP_OK)
        return;
    assert(m.offset_bytes <= REGION_BYTES && m.len_bytes <= REGION_BYTES - m.offset_bytes);
    volatile uint8_t sum = 0;
    const volatile uint8_t *bytes = m.mem;
    for (uint32_t i = 0; i < m.len_bytes; i += 61)
        sum = (uint8_t)(sum + bytes[i]);
    (void)lgmp_client_still_subscribed(sub);
}

/* The host posts: the slot it says is next gets a payload anywhere, and the index goes up. Without
 * this a fuzzer would hardly ever find the word that makes a message appear. */
static void peer_posts(struct state *s, struct script_step step)
{
    struct lgmp_wire_header *wire = (struct lgmp_wire_header *)(void *)s->mem;
    struct lgmp_wire_queue *q = &wire->queues[step.a % 2];
    const uint32_t slot_count = lgmp_get(&q->slot_count), index = lgmp_get(&q->post_index);
    const uint64_t offset =
        lgmp_get(&q->slots_offset) + (uint64_t)index * sizeof(struct lgmp_wire_slot);
    if (offset % 4 == 0 && offset + sizeof(struct lgmp_wire_slot) <= REGION_BYTES) {
        struct lgmp_wire_slot *slot = (struct lgmp_wire_slot *)(void *)(s->mem + offset);
        lgmp_set(&slot->payload_offset, step.b * 64u);
        lgmp_set(&slot->size, step.c * 48u);
        lgmp_set(&slot->waiting_mask, step.a < 128 ? lgmp_on(atomic_load(&q->sub_mask)) : 0);
    }
    lgmp_set(&q->post_index, index + 1 == slot_count ? 0 : index + 1);
    atomic_fetch_add(&q->pending_count, 1);
}

static void call_on(struct state *s, struct script_step step)
{
    struct lgmp_subscription **slot = &s->sub[step.a % MAX_SUBS_HELD];
    static const uint8_t message[256];
    uint32_t serial;
    if (!*slot) {
        if (lgmp_client_subscribe(s->client, step.b % 4, slot) != LGMP_OK)
            *slot = NULL;
        return;
    }
    switch (step.call % 7) {
    case 0:
        lgmp_client_unsubscribe(*slot);
        *slot = NULL;
        break;
    case 1:
        read_message(*slot, step.b % 4);
        break;
    case 2:
        (void)!lgmp_client_finish(*slot);
        break;
    case 3:
        (void)!lgmp_client_skip_to_newest(*slot);
        break;
    case 4:
        (void)!lgmp_client_send(*slot, message, step.b, &serial);
        break;
    case 5:
        (void)lgmp_client_acked(*slot, step.b);
        assert(lgmp_client_unread(*slot) < REGION_BYTES / sizeof(struct lgmp_wire_slot));
        break;
    case 6:
        (void)lgmp_client_activity(*slot);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
    struct state s = { .mem = aligned_alloc(64, REGION_BYTES), .now_ms = 1000 };
    struct script_step step;
    assert(s.mem);
    struct script script = script_load(data, len_bytes, s.mem, REGION_BYTES);
    if (lgmp_client_create(s.mem, REGION_BYTES, (struct lgmp_random){ next_random, &s },
                           &s.client) != LGMP_OK)
        abort();
    lgmp_client_set_lock_wait_us(s.client, 0);
    while (script_next(&script, &step)) {
        switch (step.call / 32) { /* eight kinds, four of them calls on a subscription */
        case 0:
            start_session(&s);
            break;
        case 1:
            s.now_ms += step.a * 16u;
            (void)lgmp_client_session_valid(s.client, s.now_ms);
            break;
        case 2:
            script_poke(&step, s.mem, REGION_BYTES);
            break;
        case 3:
            peer_posts(&s, step);
            break;
        default:
            call_on(&s, step);
        }
    }
    lgmp_client_destroy(s.client);
    free(s.mem);
    return 0;
}
