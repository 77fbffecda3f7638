/* SPDX-License-Identifier: GPL-2.0-or-later
 * One producer and 1, 2 or 8 consumers as processes over one file, all of them stopped and killed
 * at random points.
 *
 * Protocol time runs SPEED times faster than real time: a minute of this is an hour of sessions,
 * evictions and restarts. Every message's payload is a pattern derived from its number; a reader
 * that was not evicted (T10) must find it whole. */
#include "test.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "chaos.h"
#include "lgmp/client.h"
#include "lgmp/host.h"

enum {
    SPEED = 60,
    QUEUE_ID = 1,
    BUFFERS = 2,
    PAYLOAD_WORDS = 4096,
    REGION_BYTES = 1 << 17,
    SUB_TIMEOUT_MS = 1000,
    TICK_MS = 10,
    HOST_LOCK_WAIT_US = 2000,
    CLIENT_LOCK_WAIT_US = 10000,
};

struct scene {
    uint8_t *mem; /* shared by all processes */
};

static uint64_t now_ms(void)
{
    return clock_ns() / (NS_PER_MS / SPEED);
}

static uint32_t pattern(uint64_t number, uint32_t i)
{
    const uint64_t v = (number + i) * UINT64_C(0x9E3779B97F4A7C15);
    return (uint32_t)(v >> 32) ^ (uint32_t)number;
}

static void pause_us(uint64_t *random, uint32_t most_us)
{
    clock_sleep_until_ns(clock_ns() + chaos_random(random) % most_us * NS_PER_US);
}

/* ---- producer ---- */

struct producer {
    struct chaos_stats *stats;
    uint64_t random;
    struct lgmp_host *host;
    struct lgmp_host_queue *queue;
    struct lgmp_payload buffer[BUFFERS];
    uint32_t next_buffer;
    uint64_t number; /* of the message; begins anew somewhere else in every process */
    uint64_t tick_at_ms;
};

static void start_host(struct producer *p, uint8_t *mem)
{
    const struct lgmp_host_config config = {
        .udata = "stress", .udata_bytes = 6, .now_ms = now_ms(), .lock_wait_us = HOST_LOCK_WAIT_US
    };
    const struct lgmp_queue_config queue = { .queue_id = QUEUE_ID,
                                             .capacity = BUFFERS,
                                             .sub_timeout_ms = SUB_TIMEOUT_MS };
    lgmp_host_destroy(p->host);
    if (lgmp_host_create(mem, REGION_BYTES, &config, &p->host) != LGMP_OK ||
        lgmp_host_add_queue(p->host, &queue, &p->queue) != LGMP_OK)
        _exit(4);
    for (int i = 0; i < BUFFERS; i++) {
        if (lgmp_host_alloc(p->host, PAYLOAD_WORDS * 4, 4096, &p->buffer[i]) != LGMP_OK)
            _exit(4);
    }
    atomic_fetch_add(&p->stats->restarts, 1);
}

static void publish(struct producer *p)
{
    if (lgmp_host_pending(p->queue) >= BUFFERS)
        return;
    struct lgmp_payload *buffer = &p->buffer[p->next_buffer];
    volatile uint32_t *words = buffer->mem;
    for (uint32_t i = 0; i < PAYLOAD_WORDS; i++)
        words[i] = pattern(p->number, i);
    const bool heard = lgmp_host_has_subscribers(p->queue);
    if (lgmp_host_post(p->queue, (uint32_t)p->number, buffer, now_ms()) != LGMP_OK)
        return;
    p->number++;
    p->next_buffer = (p->next_buffer + 1) % BUFFERS;
    if (heard)
        atomic_fetch_add(&p->stats->good, 1);
}

static void run_producer(struct chaos_worker *self)
{
    const struct scene *scene = self->arg;
    struct producer p = { .stats = self->stats, .random = self->seed, .number = self->seed };
    start_host(&p, scene->mem);
    for (;;) {
        const uint64_t before_ns = clock_ns();
        if (now_ms() >= p.tick_at_ms) {
            p.tick_at_ms = now_ms() + TICK_MS;
            if (lgmp_host_process(p.host, now_ms()) != LGMP_OK)
                _exit(5); /* nobody here overwrites the header */
        }
        publish(&p);
        chaos_note_call(self->stats, clock_ns() - before_ns);
        atomic_fetch_add(&self->stats->steps, 1);
        pause_us(&p.random, 100);
    }
}

/* ---- consumer ---- */

struct consumer {
    struct chaos_stats *stats;
    uint64_t random;
    struct lgmp_client *client;
    struct lgmp_subscription *sub;
    bool in_session;
};

/* Copies the message and judges the copy. */
static bool read_whole(struct consumer *c, const struct lgmp_message *m)
{
    static uint32_t copy[PAYLOAD_WORDS];
    const volatile uint32_t *words = m->mem;
    /* Now and then so slow that the eviction comes in the middle. */
    const uint32_t sleep_at = chaos_random(&c->random) % 128 ? PAYLOAD_WORDS : PAYLOAD_WORDS / 2;
    for (uint32_t i = 0; i < PAYLOAD_WORDS; i++) {
        if (i == sleep_at)
            pause_us(&c->random, 3 * SUB_TIMEOUT_MS * 1000 / SPEED);
        copy[i] = words[i];
    }
    if (!lgmp_client_still_subscribed(c->sub)) {
        atomic_fetch_add(&c->stats->discarded, 1);
        return false;
    }
    /* The number's high half is 0: seeds have 31 bits. */
    for (uint32_t i = 0; i < PAYLOAD_WORDS; i++) {
        if (copy[i] == pattern(m->udata, i))
            continue;
        fprintf(stderr, "message %u: word %u is 0x%x, expected 0x%x\n", m->udata, i, copy[i],
                pattern(m->udata, i));
        atomic_fetch_add(&c->stats->torn, 1);
        return false;
    }
    return true;
}

static void drop_subscription(struct consumer *c, enum lgmp_result why)
{
    if (why == LGMP_TIMED_OUT)
        atomic_fetch_add(&c->stats->evictions, 1);
    lgmp_client_unsubscribe(c->sub);
    c->sub = NULL;
    if (why == LGMP_INVALID_SESSION || why == LGMP_CORRUPTED)
        c->in_session = false;
}

static void read_some(struct consumer *c)
{
    struct lgmp_message m;
    enum lgmp_result result = lgmp_client_peek(c->sub, &m);
    if (result == LGMP_EMPTY)
        return;
    if (result == LGMP_OK && chaos_random(&c->random) % 8 == 0) {
        (void)!lgmp_client_skip_to_newest(c->sub);
        result = lgmp_client_peek(c->sub, &m);
    }
    if (result == LGMP_OK) {
        if (m.len_bytes != PAYLOAD_WORDS * 4) { /* a slot was reused between our two looks at it */
            result = lgmp_client_still_subscribed(c->sub) ? LGMP_CORRUPTED : LGMP_TIMED_OUT;
        } else if (read_whole(c, &m)) {
            atomic_fetch_add(&c->stats->good, 1);
        }
    }
    if (result == LGMP_OK)
        result = lgmp_client_finish(c->sub);
    if (result != LGMP_OK && result != LGMP_EMPTY)
        drop_subscription(c, result);
}

static void connect(struct consumer *c)
{
    struct lgmp_session session;
    if (!c->in_session) {
        c->in_session = lgmp_client_start_session(c->client, now_ms(), &session) == LGMP_OK;
        if (c->in_session)
            atomic_fetch_add(&c->stats->restarts, 1);
        return;
    }
    const enum lgmp_result result = lgmp_client_subscribe(c->client, QUEUE_ID, &c->sub);
    if (result == LGMP_INVALID_SESSION || result == LGMP_CORRUPTED)
        c->in_session = false;
}

static void turn(struct consumer *c)
{
    uint32_t serial;
    if (c->in_session && !lgmp_client_session_valid(c->client, now_ms())) {
        if (c->sub)
            drop_subscription(c, LGMP_INVALID_SESSION);
        c->in_session = false;
    }
    if (!c->sub) {
        connect(c);
        return;
    }
    read_some(c);
    if (c->sub && chaos_random(&c->random) % 64 == 0)
        (void)!lgmp_client_send(c->sub, "moved", 5, &serial);
    if (c->sub && chaos_random(&c->random) % 64 == 0)
        drop_subscription(c, LGMP_OK);
}

static void run_consumer(struct chaos_worker *self)
{
    const struct scene *scene = self->arg;
    struct consumer c = { .stats = self->stats, .random = self->seed };
    if (lgmp_client_create(scene->mem, REGION_BYTES, (struct lgmp_random){ 0 }, &c.client) !=
        LGMP_OK)
        _exit(4);
    lgmp_client_set_lock_wait_us(c.client, CLIENT_LOCK_WAIT_US);
    for (;;) {
        const uint64_t before_ns = clock_ns();
        turn(&c);
        chaos_note_call(self->stats, clock_ns() - before_ns);
        atomic_fetch_add(&self->stats->steps, 1);
        if (chaos_random(&c.random) % 4 == 0)
            pause_us(&c.random, 500);
    }
}

/* ---- the tests ---- */

static void stress(unsigned consumers)
{
    struct scene scene;
    const int fd = memfd_create("espelho-stress", MFD_CLOEXEC);
    CHECK(fd >= 0 && ftruncate(fd, REGION_BYTES) == 0);
    scene.mem = mmap(NULL, REGION_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(scene.mem != MAP_FAILED);

    static const char *const names[] = { "consumer 0", "consumer 1", "consumer 2", "consumer 3",
                                         "consumer 4", "consumer 5", "consumer 6", "consumer 7" };
    struct chaos_worker workers[CHAOS_MAX_WORKERS] = { 0 };
    struct chaos_stats *stats = chaos_stats_create(CHAOS_MAX_WORKERS);
    CHECK(stats);
    workers[0] = (struct chaos_worker){
        .name = "producer", .run = run_producer, .arg = &scene, .stats = stats
    };
    for (unsigned i = 1; i <= consumers; i++)
        workers[i] = (struct chaos_worker){
            .name = names[i - 1], .run = run_consumer, .arg = &scene, .stats = &stats[i]
        };
    const struct chaos_plan plan = {
        .length_ns = chaos_length_ns(9, 3),
        .calm_every_ns = 2 * NS_PER_S,
        .calm_limit_ns =
            5 * NS_PER_S, /* protocol: 2 time-outs, 33 ms here; the rest is for a busy machine */
        .calm_good = 20,
        .hang_limit_ns = 5 * NS_PER_S,
        .mean_pause_ns = 12 * NS_PER_MS,
        .longest_stop_ns = 40 * NS_PER_MS, /* longer than a time-out and than any wait for a lock */
    };
    const uint32_t seed = random_u32();
    fprintf(stderr, "seed %u\n", seed);
    CHECK(chaos_run(&plan, workers, consumers + 1, seed));
}

TEST(one_consumer)
{
    stress(1);
}

TEST(two_consumers)
{
    stress(2);
}

TEST(eight_consumers)
{
    stress(8);
}
