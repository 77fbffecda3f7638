/* SPDX-License-Identifier: GPL-2.0-or-later
 * The host against clients that write anything anywhere: table 6.1, host rows. */
#include "test.h"

#include "base/clock.h"
#include "rig.h"

static void set_u32(struct rig *rig, uint32_t offset, uint32_t v)
{
    lgmp_set((_Atomic uint32_t *)(void *)(rig->mem + offset), v);
}

enum { Q = 32 };

TEST(overwritten_constants_end_the_session)
{
    static const struct {
        const char *name;
        uint32_t offset;
    } rows[] = {
        { "magic", 0 },
        { "version", 4 },
        { "session id", 8 },
        { "queue count", 24 },
        { "user data size", 5752 },
        { "user data", 5756 },
        { "user data end", 5764 },
        { "queue id", Q },
        { "slot count", Q + 4 },
        { "time-out", Q + 12 },
        { "slots offset", Q + 20 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rig rig;
        rig_init(&rig);
        const uint64_t heartbeat_ms = atomic_load(&rig.wire->timestamp_ms);
        set_u32(&rig, rows[i].offset, 0xDEADBEEF);
        const enum lgmp_result got = lgmp_host_process(rig.host, rig.now_ms + 10);
        CHECK_MSG(got == LGMP_CORRUPTED, "%s: %s", rows[i].name, lgmp_result_str(got));
        CHECK_INT(atomic_load(&rig.wire->timestamp_ms), heartbeat_ms);
        rig_fini(&rig);
    }
}

/* Two messages queued for one subscriber, then one word overwritten: after a pass the ring is
 * consistent and still works. */
TEST(ring_indices_are_repaired)
{
    static const struct {
        const char *name;
        uint32_t offset, value;
        uint32_t want_pending, want_head;
    } rows[] = {
        { "head huge", Q + 424, UINT32_MAX, 2, 0 },
        { "head = slot count", Q + 424, RIG_SLOTS, 2, 0 },
        { "head past the newest", Q + 424, 3, 2, 0 },
        { "head moved over a message still waited for", Q + 424, 1, 2, 0 },
        { "pending 0", Q + 440, 0, 2, 0 },
        { "pending 1", Q + 440, 1, 2, 0 },
        { "pending = slot count", Q + 440, RIG_SLOTS, 2, 0 },
        { "pending huge", Q + 440, UINT32_MAX, 2, 0 },
        { "post index huge", Q + 16, UINT32_MAX, 2, 0 },
        { "lock held for ever", Q + 408, 1, 2, 0 },
        { "lock is nonsense", Q + 408, UINT32_MAX, 2, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rig rig;
        rig_init(&rig);
        struct lgmp_client *client = rig_client(&rig);
        struct lgmp_subscription *sub = rig_subscribe(&rig, client);
        CHECK_INT(rig_post(&rig, 0), LGMP_OK);
        CHECK_INT(rig_post(&rig, 1), LGMP_OK);
        set_u32(&rig, rows[i].offset, rows[i].value);
        rig_pass(&rig, 10);
        CHECK_MSG(lgmp_host_pending(rig.queue) == rows[i].want_pending, "%s: pending %u",
                  rows[i].name, lgmp_host_pending(rig.queue));
        CHECK_MSG(lgmp_get(&rig.wire_queue->head_index) == rows[i].want_head, "%s: head",
                  rows[i].name);
        CHECK_INT(lgmp_get(&rig.wire_queue->queue_lock), 0);
        CHECK_INT(rig_post(&rig, 2), LGMP_OK);
        CHECK_INT(lgmp_get(&rig.wire_queue->post_index), 3);
        CHECK_INT(lgmp_client_unread(sub), 3);
        for (uint32_t n = 0; n < 3; n++) {
            struct lgmp_message m;
            CHECK_INT(lgmp_client_peek(sub, &m), LGMP_OK);
            CHECK_INT(m.udata, n);
            CHECK_INT(lgmp_client_finish(sub), LGMP_OK);
        }
        rig_pass(&rig, 10);
        CHECK_INT(lgmp_host_pending(rig.queue), 0);
        lgmp_client_destroy(client);
        rig_fini(&rig);
    }
}

TEST(post_works_over_nonsense_without_a_pass_between)
{
    static const struct {
        uint32_t offset, value;
    } rows[] = {
        { Q + 424, UINT32_MAX }, { Q + 424, RIG_SLOTS - 1 }, { Q + 440, UINT32_MAX },
        { Q + 440, RIG_SLOTS },  { Q + 16, 0xFFFF },         { Q + 408, 1 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rig rig;
        rig_init(&rig);
        struct lgmp_client *client = rig_client(&rig);
        (void)rig_subscribe(&rig, client);
        CHECK_INT(rig_post(&rig, 0), LGMP_OK);
        set_u32(&rig, rows[i].offset, rows[i].value);
        CHECK_MSG(rig_post(&rig, 1) == LGMP_OK, "row %zu", i);
        CHECK_MSG(rig_post(&rig, 2) == LGMP_OK, "row %zu", i);
        CHECK_MSG(rig_post(&rig, 3) == LGMP_FULL, "row %zu", i);
        lgmp_client_destroy(client);
        rig_fini(&rig);
    }
}

TEST(a_small_count_does_not_free_payloads_that_are_read)
{
    struct rig rig;
    rig_init(&rig);
    struct lgmp_client *client = rig_client(&rig);
    struct lgmp_subscription *sub = rig_subscribe(&rig, client);
    CHECK_INT(rig_post(&rig, 0), LGMP_OK);
    CHECK_INT(rig_post(&rig, 1), LGMP_OK);
    lgmp_set(&rig.wire_queue->pending_count, 0);
    lgmp_set(&rig.wire_queue->head_index, 2);
    CHECK_INT(lgmp_host_pending(rig.queue), 2);
    lgmp_set(&rig.wire_slots[0].waiting_mask, 0);
    CHECK_INT(lgmp_host_pending(rig.queue), 1);
    (void)sub;
    lgmp_client_destroy(client);
    rig_fini(&rig);
}

TEST(a_deadline_in_the_far_future_does_not_stop_eviction)
{
    struct rig rig;
    rig_init(&rig);
    struct lgmp_client *client = rig_client(&rig);
    struct lgmp_subscription *sub = rig_subscribe(&rig, client);
    CHECK_INT(rig_post(&rig, 0), LGMP_OK);
    atomic_store(&rig.wire_queue->head_deadline, UINT64_MAX);
    rig_pass(&rig, 10);
    rig_pass(&rig, RIG_TIMEOUT_MS);
    CHECK_INT(lgmp_host_pending(rig.queue), 1);
    rig_pass(&rig, 1);
    CHECK_INT(lgmp_host_pending(rig.queue), 0);
    struct lgmp_message m;
    CHECK_INT(lgmp_client_peek(sub, &m), LGMP_TIMED_OUT);
    lgmp_client_destroy(client);
    rig_fini(&rig);
}

TEST(geometry_in_the_region_is_never_used)
{
    struct rig rig;
    rig_init(&rig);
    struct lgmp_client *client = rig_client(&rig);
    struct lgmp_subscription *sub = rig_subscribe(&rig, client);
    lgmp_set(&rig.wire_queue->slots_offset, UINT32_MAX - 3);
    lgmp_set(&rig.wire_queue->slot_count, UINT32_MAX);
    for (uint32_t n = 0; n < 3 * RIG_SLOTS; n++) {
        CHECK_INT(rig_post(&rig, n), LGMP_OK);
        CHECK_INT(lgmp_client_finish(sub), LGMP_OK);
    }
    lgmp_client_destroy(client);
    rig_fini(&rig);
}

/* ---- inbox ---- */

static void send_byte(struct lgmp_subscription *sub, uint8_t v)
{
    uint32_t serial;
    CHECK_INT(lgmp_client_send(sub, &v, 1, &serial), LGMP_OK);
}

static void expect_byte(struct rig *rig, uint8_t v)
{
    uint8_t data[LGMP_INBOX_BYTES];
    uint32_t len_bytes;
    CHECK_INT(lgmp_host_read_inbox(rig->queue, data, &len_bytes), LGMP_OK);
    CHECK_INT(len_bytes, 1);
    CHECK_INT(data[0], v);
}

TEST(inbox_size_above_64_is_dropped)
{
    static const uint32_t sizes[] = { 65, 68, 1u << 31, UINT32_MAX };
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct rig rig;
        rig_init(&rig);
        struct lgmp_client *client = rig_client(&rig);
        struct lgmp_subscription *sub = rig_subscribe(&rig, client);
        send_byte(sub, 1);
        send_byte(sub, 2);
        lgmp_set(&rig.wire_queue->inbox[0].size, sizes[i]);
        uint8_t data[LGMP_INBOX_BYTES + 8];
        memset(data, 0xEE, sizeof(data));
        uint32_t len_bytes = 77;
        CHECK_INT(lgmp_host_read_inbox(rig.queue, data, &len_bytes), LGMP_CORRUPTED);
        CHECK_INT(data[0], 0xEE);
        CHECK_INT(len_bytes, 77);
        expect_byte(&rig, 2);
        CHECK_INT(lgmp_host_read_inbox(rig.queue, data, &len_bytes), LGMP_EMPTY);
        lgmp_client_destroy(client);
        rig_fini(&rig);
    }
}

/* One word of the inbox is overwritten, or its sender was killed between two stores: the host reads
 * what is left, and the next message comes through unharmed. */
TEST(inbox_counters_are_repaired)
{
    static const struct {
        const char *name;
        uint32_t offset, value;
        uint32_t want_read; /* messages found before a good one is sent */
    } rows[] = {
        { "free huge", Q + 448, UINT32_MAX, 0 },
        { "free 11", Q + 448, 11, 0 },
        { "free 0: entries without content", Q + 448, 0, 10 },
        { "killed after the index", Q + 452, 1, 0 },
        { "index huge", Q + 452, UINT32_MAX, 0 },
        { "killed before the serial", Q + 448, 9, 1 },
        { "serial nonsense", Q + 456, 12345, 0 },
        { "locked for ever", Q + 444, 1, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rig rig;
        rig_init(&rig);
        struct lgmp_client *client = rig_client(&rig);
        struct lgmp_subscription *sub = rig_subscribe(&rig, client);
        set_u32(&rig, rows[i].offset, rows[i].value);
        lgmp_set(&rig.wire_queue->inbox_lock, 1); /* who did this is dead */
        uint8_t data[LGMP_INBOX_BYTES];
        uint32_t len_bytes, read = 0;
        while (lgmp_host_read_inbox(rig.queue, data, &len_bytes) != LGMP_EMPTY && read < 100) {
            read++;
            lgmp_host_ack_inbox(rig.queue);
        }
        CHECK_MSG(read == rows[i].want_read, "%s: %u messages", rows[i].name, read);
        CHECK_INT(lgmp_get(&rig.wire_queue->inbox_lock), 0);

        const uint8_t byte = 42;
        uint32_t serial;
        CHECK_INT(lgmp_client_send(sub, &byte, 1, &serial), LGMP_OK);
        CHECK_MSG(!lgmp_client_acked(sub, serial), "%s: acknowledged unread", rows[i].name);
        expect_byte(&rig, 42);
        lgmp_host_ack_inbox(rig.queue);
        CHECK_MSG(lgmp_client_acked(sub, serial), "%s: not acknowledged", rows[i].name);
        lgmp_client_destroy(client);
        rig_fini(&rig);
    }
}

TEST(acknowledge_counts_privately)
{
    struct rig rig;
    rig_init(&rig);
    struct lgmp_client *client = rig_client(&rig);
    struct lgmp_subscription *sub = rig_subscribe(&rig, client);
    send_byte(sub, 1);
    expect_byte(&rig, 1);
    lgmp_set(&rig.wire_queue->inbox_ack_serial, 99);
    lgmp_host_ack_inbox(rig.queue);
    CHECK_INT(lgmp_get(&rig.wire_queue->inbox_ack_serial), 1);
    lgmp_client_destroy(client);
    rig_fini(&rig);
}

TEST(locks_are_seized_in_bounded_time)
{
    struct rig rig;
    rig_init(&rig);
    struct lgmp_client *client = rig_client(&rig);
    (void)rig_subscribe(&rig, client);
    const uint64_t before_ns = clock_ns();
    for (uint32_t n = 0; n < 20; n++) {
        lgmp_set(&rig.wire_queue->queue_lock, 1);
        rig_pass(&rig, 10);
    }
    CHECK(clock_ns() - before_ns >=
          20 * RIG_LOCK_WAIT_US * NS_PER_US); /* not seized from the living at once */
    CHECK(clock_ns() - before_ns < 5 * NS_PER_S);
    lgmp_client_destroy(client);
    rig_fini(&rig);
}
