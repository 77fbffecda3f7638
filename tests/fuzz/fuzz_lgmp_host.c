/* SPDX-License-Identifier: GPL-2.0-or-later
 * The producing side while clients write anything anywhere between its calls. It may be denied
 * service, but it must stay inside its own objects, leave the ring consistent after a pass, and
 * never touch a payload. */
#include <assert.h>
#include <stdlib.h>

#include "lgmp/host.h"
#include "lgmp/layout.h"
#include "script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

enum { REGION_BYTES = 12288, PAYLOADS = 4, PAYLOAD_BYTES = 128, QUEUES = 2, CAPACITY = 3 };

struct state {
    uint8_t *mem;
    struct lgmp_host *host;
    struct lgmp_host_queue *queue[QUEUES];
    struct lgmp_payload payload[PAYLOADS];
    uint8_t expected[PAYLOADS][PAYLOAD_BYTES]; /* what only clients wrote there */
    uint64_t now_ms;
    uint32_t next_random;
};

static uint32_t next_random(void *ctx)
{
    struct state *s = ctx;
    return s->next_random++;
}

static void start_host(struct state *s)
{
    static const uint8_t udata[24] = "fuzz";
    const struct lgmp_host_config config = { .udata = udata,
                                             .udata_bytes = sizeof(udata),
                                             .now_ms = s->now_ms,
                                             .random = { next_random, s },
                                             .lock_wait_us = 1 };
    lgmp_host_destroy(s->host);
    if (lgmp_host_create(s->mem, REGION_BYTES, &config, &s->host) != LGMP_OK)
        abort();
    for (uint32_t i = 0; i < QUEUES; i++) {
        const struct lgmp_queue_config queue = { .queue_id = i,
                                                 .capacity = CAPACITY,
                                                 .sub_timeout_ms = 100 };
        if (lgmp_host_add_queue(s->host, &queue, &s->queue[i]) != LGMP_OK)
            abort();
    }
    for (uint32_t i = 0; i < PAYLOADS; i++) {
        if (lgmp_host_alloc(s->host, PAYLOAD_BYTES, 4, &s->payload[i]) != LGMP_OK)
            abort();
    }
}

static void remember_payloads(struct state *s)
{
    for (uint32_t i = 0; i < PAYLOADS; i++)
        memcpy(s->expected[i], s->payload[i].mem, PAYLOAD_BYTES);
}

static void check_payloads(const struct state *s)
{
    for (uint32_t i = 0; i < PAYLOADS; i++)
        assert(memcmp(s->expected[i], s->payload[i].mem, PAYLOAD_BYTES) == 0);
}

static void process(struct state *s, uint64_t ms)
{
    s->now_ms += ms;
    if (lgmp_host_process(s->host, s->now_ms) != LGMP_OK) {
        start_host(s);
        return;
    }
    struct lgmp_wire_header *wire = (struct lgmp_wire_header *)(void *)s->mem;
    assert(atomic_load(&wire->timestamp_ms) == s->now_ms);
    for (uint32_t i = 0; i < QUEUES; i++) {
        const struct lgmp_wire_queue *q = &wire->queues[i];
        const uint32_t head = atomic_load(&q->head_index), pending = atomic_load(&q->pending_count);
        assert(atomic_load(&q->queue_lock) == 0);
        assert(head <= CAPACITY && pending <= CAPACITY);
        assert(lgmp_host_pending(s->queue[i]) == pending);
    }
}

static void call_on(struct state *s, struct script_step step)
{
    struct lgmp_host_queue *q = s->queue[step.a % QUEUES];
    uint8_t data[LGMP_INBOX_BYTES];
    uint32_t len_bytes = 0;
    switch (step.call % 6) {
    case 0:
    case 1:
        (void)!lgmp_host_post(q, step.b, &s->payload[step.b % PAYLOADS], s->now_ms);
        break;
    case 2:
        if (lgmp_host_read_inbox(q, data, &len_bytes) == LGMP_OK)
            assert(len_bytes <= sizeof(data));
        break;
    case 3:
        lgmp_host_ack_inbox(q);
        break;
    case 4:
        assert(lgmp_host_pending(q) <= CAPACITY);
        (void)lgmp_host_has_subscribers(q);
        break;
    case 5:
        (void)lgmp_host_take_new_subscribers(q);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
    struct state s = { .mem = aligned_alloc(64, REGION_BYTES), .now_ms = 1000 };
    static uint8_t image[REGION_BYTES];
    struct script_step step;
    assert(s.mem);
    struct script script = script_load(data, len_bytes, image, REGION_BYTES);
    memcpy(s.mem, image, REGION_BYTES);
    start_host(&s);
    /* Now the clients write the image over everything that a pass does not compare. */
    struct lgmp_wire_header *wire = (struct lgmp_wire_header *)(void *)s.mem;
    const struct lgmp_wire_header *from = (const struct lgmp_wire_header *)(const void *)image;
    for (uint32_t i = 0; i < QUEUES; i++) {
        const size_t start = offsetof(struct lgmp_wire_queue, evict_deadline);
        memcpy((uint8_t *)&wire->queues[i] + start, (const uint8_t *)&from->queues[i] + start,
               sizeof(wire->queues[i]) - start);
    }
    while (script_next(&script, &step)) {
        if (step.call / 32 == 2) {
            script_poke(&step, s.mem, REGION_BYTES);
            continue;
        }
        remember_payloads(&s);
        if (step.call / 32 == 0)
            process(&s, step.a);
        else if (step.call == 32)
            start_host(&s);
        else
            call_on(&s, step);
        check_payloads(&s);
    }
    process(&s, 1);
    lgmp_host_destroy(s.host);
    free(s.mem);
    return 0;
}
