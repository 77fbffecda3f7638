/* SPDX-License-Identifier: GPL-2.0-or-later
 * The host's bells, pings and timing blocks: docs/extensions.md sections 1 to 3. */
#include "ext_rig.h"

#include <errno.h>

#include "base/clock.h"

enum { FRAME, POINTER }; /* a viewer's vectors */

static uint32_t rings_of(struct ext_viewer *v, uint16_t vector)
{
    return bell_hub_take(&v->rig->hub, v->peer, vector);
}

static void check_rings(struct ext_viewer *v, uint32_t frame, uint32_t pointer)
{
    CHECK_INT(rings_of(v, FRAME), frame);
    CHECK_INT(rings_of(v, POINTER), pointer);
}

/* Said hello and was answered. */
static void connect(struct ext_rig *r, struct ext_viewer *v, uint16_t peer)
{
    ext_join(r, v, peer);
    bell_hub_reset(&r->hub);
    ext_hello(v, 2);
    check_rings(v, 1, 1);
}

TEST(hostile_hellos_are_acknowledged_and_nobody_is_rung)
{
    struct ext_rig r;
    struct ext_viewer v;
    ext_setup(&r, true);
    ext_join(&r, &v, 3);
    bell_hub_reset(&r.hub);
    const struct kvmfr_wire_hello good = ext_hello_of(&v, 4);
    const struct {
        uint16_t version, line;
        uint32_t client_id, len_bytes;
    } rows[] = {
        { 0, v.line, v.client_id, sizeof(good) }, /* no such version */
        { 1, 32, v.client_id, sizeof(good) },     /* lines end at 31 */
        { 1, 0xFFFF, v.client_id, sizeof(good) },
        { 1, (uint16_t)(v.line + 1), v.client_id, sizeof(good) }, /* nobody subscribed there */
        { 1, (uint16_t)(v.line + 1), 0, sizeof(good) },           /* as a free slot's id reads */
        { 1, v.line, v.client_id + 1, sizeof(good) },             /* somebody else's slot */
        { 1, v.line, 0, sizeof(good) },
        { 1, v.line, v.client_id, sizeof(good) - 1 }, /* cut off */
        { 1, v.line, v.client_id, 4 },
        { 1, v.line, v.client_id, 3 },
        { 1, v.line, v.client_id, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kvmfr_wire_hello w = good;
        w.version = rows[i].version;
        w.line = rows[i].line;
        w.client_id = rows[i].client_id;
        ext_send(&v, &w, rows[i].len_bytes);
        ext_line(&v)->frame_armed = 1;
        ext_publish(&r);
        CHECK_INT(ext_line(&v)->frame_armed, 1);
        check_rings(&v, 0, 0);
        ext_drain(&v);
    }
    ext_leave(&v);
    ext_teardown(&r);
}

TEST(hostile_vectors_and_peers_cost_nothing)
{
    struct ext_rig r;
    struct ext_viewer v;
    ext_setup(&r, true);
    ext_join(&r, &v, 3);
    static const uint16_t peers[] = { 3, 7, 8, 0xFFFE, 0xFFFF, EXT_HOST_PEER };
    for (size_t i = 0; i < ARRAY_LEN(peers); i++) {
        struct kvmfr_wire_hello w = ext_hello_of(&v, (uint16_t)(i * 13107));
        w.peer_id = peers[i];
        w.frame_vector = 0xFFFF;
        w.pointer_vector = 2;
        w.version = (uint16_t)(1 + i * 9000); /* later versions say at least this much */
        ext_send(&v, &w, sizeof(w));
        ext_line(&v)->frame_armed = 1;
        ext_publish(&r);
        ext_drain(&v);
        ext_pass(&r, 2000); /* and it is forgotten */
    }
    ext_leave(&v);
    ext_teardown(&r);
}

TEST(only_who_sleeps_is_rung)
{
    struct ext_rig r;
    struct ext_viewer a, b;
    ext_setup(&r, true);
    connect(&r, &a, 3);
    connect(&r, &b, 4);
    ext_publish(&r); /* both awake */
    check_rings(&a, 0, 0);
    check_rings(&b, 0, 0);
    ext_drain(&a);
    ext_drain(&b);
    ext_line(&a)->frame_armed = 1;
    ext_line(&b)->pointer_armed = 77;
    const struct kvmfr_frame_desc desc = { .format = FRAME_FORMAT_BGRA,
                                           .width_px = 64,
                                           .height_px = 48 };
    struct kvmfr_frame_writer w;
    CHECK_INT(kvmfr_host_begin_frame(r.host, &desc, r.now_ms, &w), 0);
    check_rings(&a, 1, 0); /* for the message, */
    CHECK_INT(ext_line(&a)->frame_armed, 0);
    kvmfr_host_raise_rows(r.host, &w, 10);
    check_rings(&a, 0, 0);
    ext_line(&a)->frame_armed = 1;
    kvmfr_host_raise_rows(r.host, &w, 48);
    check_rings(&a, 1, 0); /* and for the last row */
    kvmfr_host_end_frame(r.host, &w);
    check_rings(&a, 0, 0);
    check_rings(&b, 0, 0);
    CHECK_INT(kvmfr_host_pointer(r.host, 5, 6, true, NULL, r.now_ms), 0);
    check_rings(&a, 0, 0);
    check_rings(&b, 0, 1);
    CHECK_INT(ext_line(&b)->pointer_armed, 0);
    ext_leave(&a);
    ext_leave(&b);
    ext_teardown(&r);
}

static void say_bye(struct ext_viewer *v)
{
    struct kvmfr_wire_bye w = { KVMFR_INBOX_BYE, v->line, 0, v->client_id + 1 };
    ext_send(v, &w, sizeof(w)); /* somebody else's changes nothing */
    w.line = 32;
    ext_send(v, &w, sizeof(w));
    ext_line(v)->frame_armed = 1;
    ext_publish(v->rig);
    check_rings(v, 1, 0);
    ext_drain(v);
    w = (struct kvmfr_wire_bye){ KVMFR_INBOX_BYE, v->line, 0, v->client_id };
    ext_send(v, &w, sizeof(w));
}

static void give_slot_away(struct ext_viewer *v)
{
    struct lgmp_wire_header *wire = (void *)v->rig->mem;
    atomic_fetch_add(&wire->queues[0].client_id[v->line], 1);
    ext_pass(v->rig, 10);
}

static void get_evicted(struct ext_viewer *v)
{
    ext_publish(v->rig);
    ext_pass(v->rig, 1100);
}

static void become_unreachable(struct ext_viewer *v)
{
    v->rig->hub.absent[v->peer] = true;
    ext_line(v)->frame_armed = 1;
    ext_publish(v->rig);
    ext_drain(v);
    ext_pass(v->rig, 1100);
    v->rig->hub.absent[v->peer] = false;
}

TEST(who_left_is_forgotten)
{
    static void (*const ways[])(struct ext_viewer *) = { say_bye, give_slot_away, get_evicted,
                                                         become_unreachable };
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        struct ext_rig r;
        struct ext_viewer v;
        ext_setup(&r, true);
        connect(&r, &v, 3);
        ext_line(&v)->holding[1] = 2;
        ways[i](&v);
        CHECK_INT(ext_line(&v)->holding[1], 0); /* nothing is left for the line's next owner */
        bell_hub_reset(&r.hub);
        ext_line(&v)->frame_armed = 1;
        ext_publish(&r);
        check_rings(&v, 0, 0);
        ext_leave(&v);
        ext_teardown(&r);
    }
}

TEST(a_peer_that_the_server_tells_of_late_is_rung_late)
{
    struct ext_rig r;
    struct ext_viewer v;
    ext_setup(&r, true);
    ext_join(&r, &v, 3);
    bell_hub_reset(&r.hub);
    r.hub.absent[3] = true;
    ext_hello(&v, 2);
    ext_pass(&r, 300);
    check_rings(&v, 0, 0);
    r.hub.absent[3] = false;
    ext_pass(&r, 10);
    check_rings(&v, 1, 1);
    ext_pass(&r, 100);
    check_rings(&v, 0, 0); /* once is enough */
    CHECK(r.hub.refreshes > 30);
    ext_leave(&v);
    ext_teardown(&r);
}

TEST(pings_are_answered_on_the_line)
{
    struct ext_rig r;
    struct ext_viewer v;
    ext_setup(&r, true);
    connect(&r, &v, 3);
    struct kvmfr_wire_ping w = { KVMFR_INBOX_PING, 32, 0, v.client_id, 5 };
    ext_send(&v, &w, sizeof(w));
    w.line = v.line;
    w.client_id++;
    ext_send(&v, &w, sizeof(w));
    CHECK_INT(ext_line(&v)->pong_cookie, 0);
    ext_line(&v)->pointer_armed = 1;
    w = (struct kvmfr_wire_ping){ KVMFR_INBOX_PING, v.line, 0, v.client_id, 0xC0FFEE };
    const uint64_t before_ns = clock_ns();
    ext_send(&v, &w, sizeof(w));
    CHECK_INT(ext_line(&v)->pong_cookie, 0xC0FFEE);
    CHECK(ext_line(&v)->pong_ns >= before_ns && ext_line(&v)->pong_ns <= clock_ns());
    check_rings(&v, 0, 1);
    ext_leave(&v);
    ext_teardown(&r);
}

TEST(pings_need_no_doorbell)
{
    struct ext_rig r;
    struct ext_viewer v;
    ext_setup(&r, false);
    ext_join(&r, &v, 3);
    ext_hello(&v, 2);
    const struct kvmfr_wire_ping w = { KVMFR_INBOX_PING, v.line, 0, v.client_id, 9 };
    ext_send(&v, &w, sizeof(w));
    CHECK_INT(ext_line(&v)->pong_cookie, 9);
    CHECK(!kvmfr_host_readers_ring(r.host));
    CHECK_INT(kvmfr_host_fd(r.host), -1);
    CHECK(!kvmfr_host_wait(r.host, 1)); /* sleeps */
    ext_leave(&v);
    ext_teardown(&r);
}

static const struct kvmfr_wire_timing *timing_in(const struct ext_rig *r,
                                                 const struct kvmfr_frame_writer *w)
{
    (void)r;
    return (const void *)(w->pixels - 4096 + KVMFR_TIMING_OFFSET);
}

TEST(frames_carry_their_times)
{
    struct ext_rig r;
    ext_setup(&r, true);
    struct kvmfr_frame_writer w;
    const uint64_t begin_ns = clock_ns();
    const struct {
        uint64_t capture_ns, expected_ns;
    } rows[] = { { 0, 0 }, { begin_ns, begin_ns }, { begin_ns + 3600 * NS_PER_S, 0 } };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct kvmfr_frame_desc desc = { .format = FRAME_FORMAT_BGRA,
                                               .width_px = 64,
                                               .height_px = 48,
                                               .capture_ns = rows[i].capture_ns };
        CHECK_INT(kvmfr_host_begin_frame(r.host, &desc, r.now_ms, &w), 0);
        const struct kvmfr_wire_timing *t = timing_in(&r, &w);
        CHECK_INT(t->serial, w.serial);
        CHECK_INT(t->capture_ns, rows[i].expected_ns);
        CHECK(t->post_ns >= begin_ns && t->post_ns <= clock_ns());
        CHECK_INT(t->complete_ns, 0);
        kvmfr_host_raise_rows(r.host, &w, 47);
        CHECK_INT(t->complete_ns, 0);
        kvmfr_host_end_frame(r.host, &w);
        CHECK(t->complete_ns >= t->post_ns && t->complete_ns <= clock_ns());
    }
    ext_teardown(&r);
}

/* How long a wait of 200 ms took. */
static uint64_t waited_ms(struct ext_rig *r, bool expected)
{
    const uint64_t before_ns = clock_ns();
    CHECK_INT(kvmfr_host_wait(r->host, 200), expected);
    CHECK_INT(r->board->host.armed, 0);
    return (clock_ns() - before_ns) / NS_PER_MS;
}

TEST(the_host_sleeps_only_without_work)
{
    struct ext_rig r;
    struct ext_viewer v;
    ext_setup(&r, true);
    connect(&r, &v, 3);
    bell_hub_reset(&r.hub);
    CHECK(waited_ms(&r, false) >= 199);
    bell_hub_of(&r.hub, 3)->ops->ring(bell_hub_of(&r.hub, 3), EXT_HOST_PEER, 0);
    CHECK(waited_ms(&r, true) < 100); /* a ring that came before counts */
    /* a message in the inbox */
    uint32_t serial;
    CHECK_INT(lgmp_client_send(v.pointers, "?", 1, &serial), LGMP_OK);
    CHECK(waited_ms(&r, true) < 100);
    ext_pass(&r, 10);
    /* a frame that the viewer finished */
    ext_publish(&r);
    CHECK(waited_ms(&r, false) >= 199); /* unfinished: nothing to do */
    ext_drain(&v);
    CHECK(waited_ms(&r, true) < 100);
    ext_pass(&r, 10);
    r.hub.broken = true;
    CHECK(waited_ms(&r, false) >= 199); /* and does not spin */
    ext_leave(&v);
    ext_teardown(&r);
}

static void *ring_soon(void *arg)
{
    struct ext_rig *r = arg;
    struct shm_doorbell *d = bell_hub_of(&r->hub, 3);
    while (atomic_load(&r->board->host.armed) == 0)
        clock_sleep_until_ns(clock_ns() + NS_PER_MS);
    d->ops->ring(d, EXT_HOST_PEER, 0);
    return NULL;
}

TEST(a_ring_wakes_the_host)
{
    struct ext_rig r;
    pthread_t thread;
    ext_setup(&r, true);
    CHECK(pthread_create(&thread, NULL, ring_soon, &r) == 0);
    const uint64_t before_ns = clock_ns();
    CHECK(kvmfr_host_wait(r.host, 20000));
    CHECK(clock_ns() - before_ns < 10 * NS_PER_S);
    pthread_join(thread, NULL);
    ext_teardown(&r);
}

TEST(readers_ring_if_all_of_them_said_so)
{
    struct ext_rig r;
    struct ext_viewer a, b;
    ext_setup(&r, true);
    CHECK(!kvmfr_host_readers_ring(r.host)); /* nobody there */
    connect(&r, &a, 3);
    CHECK(kvmfr_host_readers_ring(r.host));
    ext_join(&r, &b, 4); /* as a viewer of the release */
    CHECK(!kvmfr_host_readers_ring(r.host));
    struct kvmfr_wire_hello w = ext_hello_of(&b, 3);
    w.peer_id = KVMFR_NO_PEER; /* wants no rings, and gives none */
    ext_send(&b, &w, sizeof(w));
    CHECK(!kvmfr_host_readers_ring(r.host));
    ext_leave(&b);
    ext_pass(&r, 10);
    CHECK(kvmfr_host_readers_ring(r.host));
    CHECK(kvmfr_host_has_room(r.host));
    ext_publish(&r);
    ext_publish(&r);
    CHECK(!kvmfr_host_has_room(r.host));
    ext_drain(&a);
    ext_pass(&r, 10);
    CHECK(kvmfr_host_has_room(r.host));
    ext_leave(&a);
    ext_teardown(&r);
}

TEST(a_new_session_wakes_everybody)
{
    struct ext_rig r;
    struct ext_viewer v;
    bool restarted = false;
    ext_setup(&r, true);
    CHECK_INT(bell_hub_take(&r.hub, 5, 0), 1); /* whoever may be there, at the start */
    CHECK_INT(bell_hub_take(&r.hub, 5, 1), 1);
    CHECK_INT(bell_hub_take(&r.hub, EXT_HOST_PEER, 0), 0);
    connect(&r, &v, 3);
    r.board->host.pad[0] = 7;
    memset(r.mem, 0, 4); /* the header is overwritten */
    CHECK_INT(kvmfr_host_tick(r.host, r.now_ms += 10, &restarted), 0);
    CHECK(restarted);
    check_rings(&v, 1, 1);
    CHECK_INT(r.board->host.pad[0], 0); /* a new board */
    ext_line(&v)->frame_armed = 1;
    ext_publish(&r);
    check_rings(&v, 0, 0); /* and nobody known on it */
    ext_leave(&v);
    connect(&r, &v, 3);
    kvmfr_host_destroy(r.host);
    r.host = NULL;
    check_rings(&v, 1, 1); /* the end as well */
    ext_leave(&v);
    ext_teardown(&r);
}
