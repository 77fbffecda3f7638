/* SPDX-License-Identifier: GPL-2.0-or-later
 * The same traffic as stress_lgmp between threads of one process, so that ThreadSanitizer can check
 * every ordering: payloads are plain memory here, and nobody is ever evicted, so that each access
 * needs a happens-before. */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "lgmp/client.h"
#include "lgmp/host.h"
#include "plain.h"

enum {
    CONSUMERS = 4,
    QUEUE_ID = 1,
    BUFFERS = 2,
    PAYLOAD_BYTES = 4096,
    REGION_BYTES = 1 << 16,
    NEVER_MS = 1000 * 1000,
    NEVER_US = 60 * 1000 * 1000, /* no lock is seized: nobody dies here */
    RUN_MS = 3000,
};

struct scene {
    /* Constant while the threads run. */
    uint8_t *mem;
    struct lgmp_host *host;
    struct lgmp_host_queue *queue;
    struct lgmp_payload buffer[BUFFERS];

    _Atomic bool stop;
    _Atomic uint32_t read, joined, sent, received;
};

static void *run_timer(void *arg)
{
    struct scene *s = arg;
    while (!atomic_load(&s->stop)) {
        CHECK_INT(lgmp_host_process(s->host, clock_ms()), LGMP_OK);
        clock_sleep_until_ns(clock_ns() + NS_PER_MS);
    }
    return NULL;
}

static void *run_inbox(void *arg)
{
    struct scene *s = arg;
    uint8_t data[64];
    uint32_t len_bytes;
    while (!atomic_load(&s->stop)) {
        const enum lgmp_result result = lgmp_host_read_inbox(s->queue, data, &len_bytes);
        if (result == LGMP_OK) {
            CHECK(len_bytes == 8 && memcmp(data, "message", 8) == 0);
            atomic_fetch_add(&s->received, 1);
            lgmp_host_ack_inbox(s->queue);
        } else {
            CHECK_INT(result, LGMP_EMPTY);
            clock_sleep_until_ns(clock_ns() + 200 * NS_PER_US);
        }
    }
    return NULL;
}

static void *run_producer(void *arg)
{
    struct scene *s = arg;
    for (uint32_t n = 0; !atomic_load(&s->stop);) {
        if (lgmp_host_pending(s->queue) >= BUFFERS) {
            clock_sleep_until_ns(clock_ns() + 10 * NS_PER_US);
            continue;
        }
        struct lgmp_payload *buffer = &s->buffer[n % BUFFERS];
        plain_fill(buffer->mem, n & 0xFF, PAYLOAD_BYTES);
        CHECK_INT(lgmp_host_post(s->queue, n++, buffer, clock_ms()), LGMP_OK);
        (void)lgmp_host_take_new_subscribers(s->queue);
    }
    return NULL;
}

static void read_one(struct scene *s, struct lgmp_subscription *sub)
{
    struct lgmp_message m;
    const enum lgmp_result result = lgmp_client_peek(sub, &m);
    if (result == LGMP_EMPTY) {
        clock_sleep_until_ns(clock_ns() + 20 * NS_PER_US);
        return;
    }
    CHECK_INT(result, LGMP_OK);
    CHECK_INT(plain_count_others(s->mem + m.offset_bytes, m.udata & 0xFF, PAYLOAD_BYTES), 0);
    CHECK(lgmp_client_still_subscribed(sub));
    CHECK_INT(lgmp_client_finish(sub), LGMP_OK);
    atomic_fetch_add(&s->read, 1);
}

static void *run_consumer(void *arg)
{
    struct scene *s = arg;
    struct lgmp_client *client;
    struct lgmp_session session;
    CHECK_INT(lgmp_client_create(s->mem, REGION_BYTES, (struct lgmp_random){ 0 }, &client),
              LGMP_OK);
    lgmp_client_set_lock_wait_us(client, NEVER_US);
    while (lgmp_client_start_session(client, clock_ms(), &session) != LGMP_OK)
        clock_sleep_until_ns(clock_ns() + NS_PER_MS);
    while (!atomic_load(&s->stop)) {
        struct lgmp_subscription *sub;
        uint32_t serial;
        CHECK_INT(lgmp_client_subscribe(client, QUEUE_ID, &sub), LGMP_OK);
        atomic_fetch_add(&s->joined, 1);
        for (int i = 0; i < 100; i++) {
            read_one(s, sub);
            if (i % 10 == 0 && lgmp_client_send(sub, "message", 8, &serial) == LGMP_OK)
                atomic_fetch_add(&s->sent, 1);
            if (i % 25 == 24) {
                const enum lgmp_result result = lgmp_client_skip_to_newest(sub);
                CHECK(result == LGMP_OK || result == LGMP_EMPTY);
            }
        }
        lgmp_client_unsubscribe(sub);
    }
    lgmp_client_destroy(client);
    return NULL;
}

static void start_host(struct scene *s)
{
    const struct lgmp_host_config config = { .now_ms = clock_ms(), .lock_wait_us = NEVER_US };
    const struct lgmp_queue_config queue = { .queue_id = QUEUE_ID,
                                             .capacity = BUFFERS,
                                             .sub_timeout_ms = NEVER_MS };
    s->mem = aligned_alloc(4096, REGION_BYTES);
    CHECK(s->mem);
    memset(s->mem, 0, REGION_BYTES);
    CHECK_INT(lgmp_host_create(s->mem, REGION_BYTES, &config, &s->host), LGMP_OK);
    CHECK_INT(lgmp_host_add_queue(s->host, &queue, &s->queue), LGMP_OK);
    for (int i = 0; i < BUFFERS; i++)
        CHECK_INT(lgmp_host_alloc(s->host, PAYLOAD_BYTES, 4096, &s->buffer[i]), LGMP_OK);
}

TEST(everything_is_ordered)
{
    static struct scene s;
    static void *(*const run[])(void *) = { run_timer, run_inbox, run_producer };
    pthread_t thread[ARRAY_LEN(run) + CONSUMERS];
    start_host(&s);
    for (size_t i = 0; i < ARRAY_LEN(thread); i++)
        CHECK(pthread_create(&thread[i], NULL, i < ARRAY_LEN(run) ? run[i] : run_consumer, &s) ==
              0);
    clock_sleep_until_ns(clock_ns() + RUN_MS * NS_PER_MS);
    atomic_store(&s.stop, true);
    for (size_t i = 0; i < ARRAY_LEN(thread); i++)
        pthread_join(thread[i], NULL);
    fprintf(stderr, "%u messages read, %u subscriptions, %u of %u sent ones received\n",
            atomic_load(&s.read), atomic_load(&s.joined), atomic_load(&s.received),
            atomic_load(&s.sent));
    CHECK(atomic_load(&s.read) > 100 && atomic_load(&s.joined) > CONSUMERS);
    CHECK(atomic_load(&s.received) > 0 && atomic_load(&s.received) <= atomic_load(&s.sent));
    lgmp_host_destroy(s.host);
    free(s.mem);
}
