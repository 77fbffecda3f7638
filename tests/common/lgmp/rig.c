/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rig.h"

#include "test.h"

#ifdef _WIN32 /* its C library lacks aligned_alloc() */
#include <malloc.h>
#define page_alloc(len_bytes) _aligned_malloc(len_bytes, 4096)
#define page_free             _aligned_free
#else
#define page_alloc(len_bytes) aligned_alloc(4096, len_bytes)
#define page_free             free
#endif

static uint32_t next_random(void *ctx)
{
    struct rig *rig = ctx;
    return rig->next_random++;
}

struct lgmp_random rig_random(struct rig *rig)
{
    return (struct lgmp_random){ .next = next_random, .ctx = rig };
}

static void start_host(struct rig *rig)
{
    static const uint8_t udata[] = "user data";
    const struct lgmp_host_config config = { .udata = udata,
                                             .udata_bytes = sizeof(udata),
                                             .now_ms = rig->now_ms,
                                             .random = rig_random(rig),
                                             .lock_wait_us = RIG_LOCK_WAIT_US };
    CHECK_INT(lgmp_host_create(rig->mem, rig->len_bytes, &config, &rig->host), LGMP_OK);
    const struct lgmp_queue_config queue = { .queue_id = RIG_QUEUE_ID,
                                             .capacity = RIG_CAPACITY,
                                             .sub_timeout_ms = RIG_TIMEOUT_MS };
    CHECK_INT(lgmp_host_add_queue(rig->host, &queue, &rig->queue), LGMP_OK);
    rig->wire_slots =
        (struct lgmp_wire_slot *)(void *)(rig->mem + lgmp_get(&rig->wire_queue->slots_offset));
    for (uint32_t i = 0; i < RIG_SLOTS; i++)
        CHECK_INT(lgmp_host_alloc(rig->host, RIG_PAYLOAD_BYTES, 4, &rig->payload[i]), LGMP_OK);
}

void rig_init_at(struct rig *rig, uint8_t *mem)
{
    *rig = (struct rig){
        .mem = mem, .len_bytes = RIG_REGION_BYTES, .now_ms = 1000, .next_random = 100
    };
    memset(rig->mem, 0xA5, rig->len_bytes);
    rig->wire = (struct lgmp_wire_header *)(void *)rig->mem;
    rig->wire_queue = &rig->wire->queues[0];
    start_host(rig);
    rig_pass(rig, 0);
}

void rig_init(struct rig *rig)
{
    uint8_t *mem = page_alloc(RIG_REGION_BYTES);
    CHECK(mem);
    rig_init_at(rig, mem);
    rig->mem_owned = true;
}

void rig_fini(struct rig *rig)
{
    lgmp_host_destroy(rig->host);
    if (rig->mem_owned)
        page_free(rig->mem);
}

void rig_restart_host(struct rig *rig)
{
    lgmp_host_destroy(rig->host);
    start_host(rig);
    rig_pass(rig, 1);
}

struct lgmp_client *rig_client(struct rig *rig)
{
    struct lgmp_client *client;
    struct lgmp_session session;
    CHECK_INT(lgmp_client_create(rig->mem, rig->len_bytes, rig_random(rig), &client), LGMP_OK);
    lgmp_client_set_lock_wait_us(client, RIG_LOCK_WAIT_US);
    rig_pass(rig, 10);
    CHECK_INT(lgmp_client_start_session(client, rig->now_ms, &session), LGMP_OK);
    return client;
}

struct lgmp_subscription *rig_subscribe(struct rig *rig, struct lgmp_client *client)
{
    (void)rig;
    struct lgmp_subscription *sub;
    CHECK_INT(lgmp_client_subscribe(client, RIG_QUEUE_ID, &sub), LGMP_OK);
    return sub;
}

void rig_pass(struct rig *rig, uint64_t ms)
{
    rig->now_ms += ms;
    CHECK_INT(lgmp_host_process(rig->host, rig->now_ms), LGMP_OK);
}

enum lgmp_result rig_post(struct rig *rig, uint32_t n)
{
    return lgmp_host_post(rig->queue, n, &rig->payload[n % RIG_SLOTS], rig->now_ms);
}
