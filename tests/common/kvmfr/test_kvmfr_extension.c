/* SPDX-License-Identifier: GPL-2.0-or-later
 * A viewer's end of docs/extensions.md against a host whose board and rings are written here by
 * hand, wrongly as well. */
#include "test.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "bell/foreign_host.h"
#include "bell/switchboard.h"
#include "kvmfr/bell_word.h"
#include "kvmfr/client.h"
#include "kvmfr/client_extension.h"
#include "kvmfr/clock_offset.h"
#include "kvmfr/extension.h"
#include "kvmfr/layout.h"
#include "lgmp/layout.h"

#define REGION_BYTES (1u << 20)
#define BOARD_AT     (REGION_BYTES - 8192u) /* behind the memory that the host was given */
enum { HOST_PEER = 1, VIEWER_PEER = 2, ALL = 7 };

struct rig {
    struct switchboard exchange;
    struct shm_region region;
    struct kvmfr_wire_board *board;
    struct foreign_host host;
    struct kvmfr_client *client;
    uint64_t now_ms;
};

static struct kvmfr_extension good_extension(void)
{
    return (struct kvmfr_extension){ .capabilities = ALL,
                                     .peer_id = HOST_PEER,
                                     .vector = 1,
                                     .timing_offset = KVMFR_TIMING_OFFSET,
                                     .board_offset = BOARD_AT,
                                     .board_bytes = sizeof(struct kvmfr_wire_board) };
}

static void pass_ms(struct rig *r, uint32_t ms)
{
    for (uint32_t i = 0; i < ms; i += 10) {
        r->now_ms += 10;
        foreign_host_tick(&r->host, r->now_ms);
    }
}

static void start(struct rig *r, const struct kvmfr_extension *extension)
{
    static _Alignas(4096) uint8_t memory[REGION_BYTES];
    static struct switchboard exchange;
    memset(memory, 0, sizeof(memory));
    *r = (struct rig){ .region = { .mem = memory, .len_bytes = REGION_BYTES }, .now_ms = 1000 };
    switchboard_init(&exchange);
    r->exchange = exchange;
    r->region.doorbell = switchboard_peer(&r->exchange, VIEWER_PEER);
    r->board = (void *)(memory + BOARD_AT);
    foreign_host_start(&r->host, memory, BOARD_AT, extension, r->now_ms);
    CHECK_INT(kvmfr_client_create(&r->region, (struct lgmp_random){ 0 }, &r->client), 0);
}

static void want(struct rig *r)
{
    const struct kvmfr_client_wants wants = { .rings = true, .timing = true, .buffers = 4 };
    kvmfr_client_set_wants(r->client, &wants);
}

static void connect(struct rig *r)
{
    for (int i = 0; i < 10 && kvmfr_client_step(r->client, r->now_ms) != KVMFR_STATE_CONNECTED; i++)
        pass_ms(r, 20);
    pass_ms(r, 20);
    CHECK_INT(kvmfr_client_step(r->client, r->now_ms), KVMFR_STATE_CONNECTED);
}

static void stop(struct rig *r)
{
    kvmfr_client_destroy(r->client);
    foreign_host_stop(&r->host);
    r->region.doorbell->ops->destroy(r->region.doorbell);
    switchboard_fini(&r->exchange);
}

static struct kvmfr_wire_board_line *line_of(struct rig *r)
{
    return &r->board->lines[0]; /* the first subscriber takes the first slot */
}

static void publish(struct rig *r)
{
    CHECK_INT(foreign_host_frame(&r->host, 1, r->now_ms), LGMP_OK);
}

/* ---- hostile first ---- */

TEST(boards_that_are_not_there)
{
    static const struct {
        const char *name;
        uint32_t offset, bytes;
    } rows[] = {
        { "behind the region", REGION_BYTES, 4160 },
        { "reaching out of it", REGION_BYTES - 64, 4160 },
        { "larger than it", 64, REGION_BYTES },
        { "far away", 0xffff0000, 0xffff },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rig r;
        struct kvmfr_extension e = good_extension();
        e.board_offset = rows[i].offset;
        e.board_bytes = rows[i].bytes;
        start(&r, &e);
        want(&r);
        connect(&r);
        CHECK_MSG(kvmfr_client_greet(r.client) == KVMFR_GREETING_NONE, "%s", rows[i].name);
        CHECK_INT(kvmfr_client_capabilities(r.client), 0);
        kvmfr_client_arm(r.client); /* all of it does nothing */
        kvmfr_client_disarm(r.client);
        CHECK(!kvmfr_client_ping(r.client, clock_ns(), true));
        struct frame_view view;
        uint64_t newest;
        CHECK_INT(kvmfr_client_hold_newest(r.client, 0, &view, &newest), KVMFR_READ_EMPTY);
        kvmfr_client_let_go(r.client, 0);
        stop(&r);
    }
}

/* A mailbox that lies: names, offsets and sizes of all kinds. */
TEST(hostile_mailbox)
{
    static const struct {
        const char *name;
        uint64_t newest;
        uint32_t count, offset, bytes;
        enum kvmfr_read want;
    } rows[] = {
        { "nothing", 0, 3, 0, 0, KVMFR_READ_EMPTY },
        { "buffer 0 of a serial", UINT64_C(7) << 32, 3, 0, 0, KVMFR_READ_REJECTED },
        { "a fifth buffer", UINT64_C(7) << 32 | 5, 5, 0, 0, KVMFR_READ_REJECTED },
        { "a huge number", UINT64_MAX, 3, 0, 0, KVMFR_READ_REJECTED },
        { "more than the count", 2, 1, 8192, 65536, KVMFR_READ_REJECTED },
        { "outside", 1, 3, REGION_BYTES, 65536, KVMFR_READ_REJECTED },
        { "reaching out", 1, 3, REGION_BYTES - 4096, 65536, KVMFR_READ_REJECTED },
        { "misaligned", 1, 3, 4097, 65536, KVMFR_READ_REJECTED },
        { "no frame there", 1, 3, BOARD_AT + 4160, 2048, KVMFR_READ_REJECTED },
    };
    struct rig r;
    const struct kvmfr_extension e = good_extension();
    start(&r, &e);
    want(&r);
    connect(&r);
    CHECK_INT(kvmfr_client_capabilities(r.client), ALL);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct frame_view view;
        uint64_t newest;
        r.board->host.buffer_count = rows[i].count;
        r.board->host.buffer_offset[0] = r.board->host.buffer_offset[1] = rows[i].offset;
        r.board->host.buffer_bytes[0] = r.board->host.buffer_bytes[1] = rows[i].bytes;
        r.board->host.newest = rows[i].newest;
        const enum kvmfr_read got = kvmfr_client_hold_newest(r.client, 1, &view, &newest);
        CHECK_MSG(got == rows[i].want, "%s: %d", rows[i].name, (int)got);
        CHECK_MSG(line_of(&r)->holding[0] == 0 && line_of(&r)->holding[1] == 0, "%s: still held",
                  rows[i].name);
    }
    struct frame_view view;
    uint64_t newest;
    r.board->host.newest = UINT64_C(7) << 32 | 1;
    CHECK_INT(kvmfr_client_hold_newest(r.client, 2, &view, &newest), KVMFR_READ_EMPTY);
    stop(&r);
}

TEST(hostile_timing)
{
    static const struct {
        const char *name;
        uint32_t serial;
        uint64_t capture, post, complete;
        bool good;
    } rows[] = {
        { "another frame's", 8, 100, 200, 300, false },
        { "no post", 7, 100, 0, 300, false },
        { "captured after the post", 7, 201, 200, 300, false },
        { "complete before the post", 7, 100, 200, 199, false },
        { "hours apart", 7, 1, UINT64_C(3600000000000), 0, false },
        { "huge", 7, 1, UINT64_MAX, UINT64_MAX, false },
        { "capture not known", 7, 0, 200, 300, true },
        { "not complete", 7, 100, 200, 0, true },
        { "all", 7, 100, 200, 300, true },
    };
    static _Alignas(64) uint8_t memory[8192];
    const struct frame_view view = { .serial = 7,
                                     .payload_offset_bytes = 64,
                                     .pixels_offset_bytes = 64 + 4096 };
    struct kvmfr_wire_timing *w = (void *)(memory + 64 + KVMFR_TIMING_OFFSET);
    struct kvmfr_timing t;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        w->serial = rows[i].serial;
        w->capture_ns = rows[i].capture;
        w->post_ns = rows[i].post;
        w->complete_ns = rows[i].complete;
        CHECK_MSG(kvmfr_timing_read(memory, &view, KVMFR_TIMING_OFFSET, &t) == rows[i].good, "%s",
                  rows[i].name);
    }
    CHECK(t.capture_ns == 100 && t.post_ns == 200 && t.complete_ns == 300);
    static const uint32_t places[] = { 0, 1089, 4096 - 4 - 24, 4096, 0xfffffff8 };
    for (size_t i = 0; i < ARRAY_LEN(places); i++) /* in the pixels, or nowhere */
        CHECK(!kvmfr_timing_read(memory, &view, places[i], &t));
}

/* ---- hello ---- */

TEST(hello_needs_an_extension_and_a_wish)
{
    struct rig r;
    start(&r, NULL);
    want(&r);
    connect(&r);
    CHECK_INT(kvmfr_client_greet(r.client), KVMFR_GREETING_NONE);
    stop(&r);

    const struct kvmfr_extension e = good_extension();
    start(&r, &e);
    connect(&r);
    CHECK_INT(kvmfr_client_greet(r.client), KVMFR_GREETING_NONE);
    CHECK_INT(r.exchange.rung[HOST_PEER], 0);
    stop(&r);
}

/* What the viewer wrote into the inbox, before the host's pass takes it out. */
static void read_inbox(struct rig *r, uint32_t index, void *out, uint32_t len_bytes)
{
    const struct lgmp_wire_header *h = r->region.mem;
    for (uint32_t q = 0; q < h->queue_count; q++) {
        const struct lgmp_wire_inbox_entry *entry = &h->queues[q].inbox[index];
        if (h->queues[q].queue_id == KVMFR_QUEUE_POINTER) {
            CHECK_INT(entry->size, len_bytes);
            memcpy(out, (const void *)entry->data, len_bytes);
        }
    }
}

TEST(hello_and_bye)
{
    struct rig r;
    const struct kvmfr_extension e = good_extension();
    start(&r, &e);
    want(&r);
    r.board->host.armed = 1;
    line_of(&r)->holding[1] = 3; /* of a predecessor that died */
    for (int i = 0; i < 10 && kvmfr_client_step(r.client, r.now_ms) != KVMFR_STATE_CONNECTED; i++)
        pass_ms(&r, 20);
    CHECK_INT(kvmfr_client_greet(r.client), KVMFR_GREETING_SENT);
    CHECK_INT(kvmfr_client_capabilities(r.client), 0);
    CHECK_INT(line_of(&r)->holding[1], 0);
    CHECK_INT(r.exchange.rung[HOST_PEER], 1);
    CHECK_INT(r.board->host.armed, 0);
    struct kvmfr_wire_hello hello;
    read_inbox(&r, 0, &hello, sizeof(hello));
    CHECK_INT(hello.type, KVMFR_INBOX_HELLO);
    CHECK_INT(hello.version, 1);
    CHECK_INT(hello.peer_id, VIEWER_PEER);
    CHECK_INT(hello.frame_vector * 10 + hello.pointer_vector, 1);
    CHECK_INT(hello.line, 0);
    CHECK_INT(hello.buffers, 4);
    const struct lgmp_wire_header *h = r.region.mem;
    CHECK(hello.client_id == h->queues[0].client_id[0]);
    pass_ms(&r, 10);
    CHECK_INT(kvmfr_client_greet(r.client), KVMFR_GREETING_DONE);
    CHECK_INT(kvmfr_client_capabilities(r.client), ALL);
    CHECK_INT(kvmfr_client_host_peer(r.client), HOST_PEER);

    kvmfr_client_arm(r.client);
    CHECK(line_of(&r)->frame_armed && line_of(&r)->pointer_armed);
    kvmfr_client_destroy(r.client);
    r.client = NULL;
    CHECK(!line_of(&r)->frame_armed && !line_of(&r)->pointer_armed);
    struct kvmfr_wire_bye bye;
    read_inbox(&r, 1, &bye, sizeof(bye));
    CHECK_INT(bye.type, KVMFR_INBOX_BYE);
    CHECK(bye.line == 0 && bye.client_id == hello.client_id);
    stop(&r);
}

TEST(hello_is_said_anew_after_an_eviction)
{
    struct rig r;
    const struct kvmfr_extension e = good_extension();
    start(&r, &e);
    want(&r);
    connect(&r);
    publish(&r);
    pass_ms(&r, 1100); /* nobody finishes it: evicted */
    struct frame_view view;
    kvmfr_client_arm(r.client);
    CHECK(kvmfr_client_news(r.client, 1));
    CHECK_INT(kvmfr_client_peek_frame(r.client, &view), KVMFR_READ_RESTART);
    CHECK_INT(kvmfr_client_capabilities(r.client), 0);
    connect(&r);
    CHECK_INT(kvmfr_client_greet(r.client), KVMFR_GREETING_DONE);
    line_of(&r)->frame_armed = 0; /* it was left alone: it may be somebody else's by now */
    kvmfr_client_arm(r.client);
    CHECK(!line_of(&r)->frame_armed && r.board->lines[1].frame_armed);
    stop(&r);
}

/* ---- rings and news ---- */

TEST(the_host_is_rung_when_it_sleeps)
{
    struct rig r;
    const struct kvmfr_extension e = good_extension();
    start(&r, &e);
    want(&r);
    connect(&r);
    struct frame_view view;
    r.exchange.rung[HOST_PEER] = 0;
    publish(&r);
    CHECK_INT(kvmfr_client_peek_frame(r.client, &view), KVMFR_READ_OK);
    CHECK_INT(kvmfr_client_finish_frame(r.client), KVMFR_READ_OK);
    CHECK_INT(r.exchange.rung[HOST_PEER], 0); /* it is awake */
    publish(&r);
    r.board->host.armed = 0xdeadbeef;
    CHECK_INT(kvmfr_client_peek_frame(r.client, &view), KVMFR_READ_OK);
    CHECK_INT(kvmfr_client_finish_frame(r.client), KVMFR_READ_OK);
    CHECK_INT(r.exchange.rung[HOST_PEER], 1);
    CHECK_INT(r.board->host.armed, 0);
    switchboard_hang_up(&r.exchange, HOST_PEER); /* refused rings harm nobody */
    publish(&r);
    r.board->host.armed = 1;
    CHECK_INT(kvmfr_client_peek_frame(r.client, &view), KVMFR_READ_OK);
    CHECK_INT(kvmfr_client_finish_frame(r.client), KVMFR_READ_OK);
    stop(&r);
}

static void finish_one(struct rig *r)
{
    struct frame_view view;
    publish(r);
    CHECK_INT(kvmfr_client_peek_frame(r->client, &view), KVMFR_READ_OK);
    CHECK_INT(kvmfr_client_finish_frame(r->client), KVMFR_READ_OK);
}

TEST(held_rings_are_one_ring_at_the_end)
{
    struct rig r;
    const struct kvmfr_extension e = good_extension();
    start(&r, &e);
    want(&r);
    connect(&r);
    r.exchange.rung[HOST_PEER] = 0;
    r.board->host.armed = 1;
    kvmfr_client_hold_rings(r.client, true);
    finish_one(&r);
    finish_one(&r);
    CHECK_INT(r.exchange.rung[HOST_PEER], 0);
    CHECK_INT(r.board->host.armed, 1);
    kvmfr_client_hold_rings(r.client, false);
    CHECK_INT(r.exchange.rung[HOST_PEER], 1);
    r.board->host.armed = 1; /* nothing is left of it */
    kvmfr_client_hold_rings(r.client, true);
    kvmfr_client_hold_rings(r.client, false);
    CHECK_INT(r.exchange.rung[HOST_PEER], 1);
    finish_one(&r);
    CHECK_INT(r.exchange.rung[HOST_PEER], 2);
    stop(&r);
}

TEST(news_are_exact)
{
    struct rig r;
    const struct kvmfr_extension e = good_extension();
    start(&r, &e);
    want(&r);
    connect(&r);
    struct frame_view view;
    CHECK(!kvmfr_client_news(r.client, 0));
    for (int i = 0; i < 7; i++) { /* all the way round the three slots, twice */
        publish(&r);
        CHECK(kvmfr_client_news(r.client, 0) && !kvmfr_client_news(r.client, 1));
        publish(&r);
        CHECK(kvmfr_client_news(r.client, 1));
        for (int n = 0; n < 2; n++) {
            CHECK_INT(kvmfr_client_peek_frame(r.client, &view), KVMFR_READ_OK);
            CHECK_INT(kvmfr_client_finish_frame(r.client), KVMFR_READ_OK);
        }
        CHECK(!kvmfr_client_news(r.client, 0));
    }
    CHECK_INT(foreign_host_pointer(&r.host, r.now_ms), LGMP_OK);
    CHECK(kvmfr_client_news(r.client, 0));
    struct cursor_update u;
    CHECK_INT(kvmfr_client_read_cursor(r.client, &u), KVMFR_READ_OK);
    CHECK(!kvmfr_client_news(r.client, 0));
    stop(&r);
}

/* ---- the clock ---- */

TEST(the_shortest_round_trip_counts)
{
    struct clock_offset c = { 0 };
    uint64_t offset, error;
    CHECK(!clock_offset_get(&c, &offset, &error));
    clock_offset_add(&c, 2000, 1000, 5); /* from the future: not taken */
    CHECK(!clock_offset_get(&c, &offset, &error));
    clock_offset_add(&c, 1000, 3000, 502000);
    CHECK(clock_offset_get(&c, &offset, &error));
    CHECK(offset == 500000 && error == 1000);
    clock_offset_add(&c, 10000, 10100, 510060);
    CHECK(clock_offset_get(&c, &offset, &error));
    CHECK(offset == 500010 && error == 50);
    for (uint64_t i = 0; i < 15; i++) /* worse ones, until the good one is too old */
        clock_offset_add(&c, 20000, 20200, 20100 + 499000);
    CHECK(clock_offset_get(&c, &offset, &error) && error == 50);
    clock_offset_add(&c, 20000, 20200, 20100 + 499000);
    CHECK(clock_offset_get(&c, &offset, &error) && error == 100 && offset == 499000);
    for (uint64_t i = 0; i < 100; i++)
        clock_offset_add(&c, i * 1000, i * 1000 + 10, i * 1000 + 5 - 77); /* behind ours */
    CHECK(clock_offset_get(&c, &offset, &error) && error == 5 && (int64_t)offset == -77);
}

TEST(pings_tell_the_offset)
{
    struct rig r;
    const struct kvmfr_extension e = good_extension();
    start(&r, &e);
    want(&r);
    connect(&r);
    const uint64_t ahead_ns = UINT64_C(123456789012345);
    uint64_t offset, error;
    CHECK(!kvmfr_client_clock(r.client, &offset, &error));
    uint32_t last = 0, count = 0;
    for (int i = 0; i < 20 && kvmfr_client_ping(r.client, clock_ns(), false); i++) {
        struct kvmfr_wire_ping ping;
        read_inbox(&r, (count + 1) % LGMP_INBOX_SLOTS, &ping, sizeof(ping)); /* after hello */
        CHECK_INT(ping.type, KVMFR_INBOX_PING);
        CHECK(ping.cookie != 0 && ping.cookie != last);
        last = ping.cookie;
        count++;
        CHECK(kvmfr_client_ping(r.client, clock_ns(), true)); /* one at a time */
        line_of(&r)->pong_ns = clock_ns() + ahead_ns;
        atomic_store_explicit(&line_of(&r)->pong_cookie, ping.cookie, memory_order_release);
        pass_ms(&r, 10);
    }
    CHECK_INT(count, 8);
    CHECK(!kvmfr_client_ping(r.client, clock_ns(), true)); /* not within a second */
    CHECK(kvmfr_client_clock(r.client, &offset, &error));
    CHECK(offset - ahead_ns + error <= 2 * error);
    CHECK(kvmfr_client_ping(r.client, clock_ns() + 1100 * NS_PER_MS, true));
    stop(&r);
}
