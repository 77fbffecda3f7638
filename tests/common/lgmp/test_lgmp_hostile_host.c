/* SPDX-License-Identifier: GPL-2.0-or-later
 * The client against a region in which anything may be written: table 6.1, client rows. */
#include "test.h"

#include "base/clock.h"
#include "rig.h"

static void set_u32(struct rig *rig, uint32_t offset, uint32_t v)
{
    lgmp_set((_Atomic uint32_t *)(void *)(rig->mem + offset), v);
}

enum { Q = 32 }; /* offset of queue 0 */

TEST(subscribe_checks_geometry)
{
    static const struct {
        const char *name;
        uint32_t offset, value;
        enum lgmp_result want;
    } rows[] = {
        { "no slots", Q + 4, 0, LGMP_CORRUPTED },
        { "one slot", Q + 4, 1, LGMP_CORRUPTED },
        { "2^32 - 1 slots", Q + 4, UINT32_MAX, LGMP_CORRUPTED },
        { "2^28 slots: 16 * n wraps", Q + 4, 1u << 28, LGMP_CORRUPTED },
        { "slots past the end", Q + 4, 65536 / 16, LGMP_CORRUPTED },
        { "slots in the header", Q + 20, 0, LGMP_CORRUPTED },
        { "slots in the last descriptor", Q + 20, 5756, LGMP_CORRUPTED },
        { "slots unaligned", Q + 20, 5761, LGMP_CORRUPTED },
        { "slots at the end", Q + 20, 65536, LGMP_CORRUPTED },
        { "slots one short", Q + 20, 65536 - 63, LGMP_CORRUPTED },
        { "slots wrap", Q + 20, UINT32_MAX - 3, LGMP_CORRUPTED },
        { "slots just fit", Q + 20, 65536 - 64, LGMP_OK },
        { "post index = slot count", Q + 16, RIG_SLOTS, LGMP_CORRUPTED },
        { "post index huge", Q + 16, UINT32_MAX, LGMP_CORRUPTED },
        { "head index = slot count", Q + 424, RIG_SLOTS, LGMP_CORRUPTED },
        { "head index huge", Q + 424, UINT32_MAX, LGMP_CORRUPTED },
        { "queue count huge, id at 0", 24, UINT32_MAX, LGMP_OK },
        { "no queues", 24, 0, LGMP_NO_SUCH_QUEUE },
        { "other id", Q, 99, LGMP_NO_SUCH_QUEUE },
        { "other session", 8, 0, LGMP_INVALID_SESSION },
        { "user data size changed", 5752, 4, LGMP_INVALID_SESSION },
        { "user data changed", 5756, 0, LGMP_INVALID_SESSION },
        { "all slots ON", Q + 420, UINT32_MAX, LGMP_FULL },
        { "all slots BAD without ON", Q + 416, UINT32_MAX, LGMP_FULL },
        { "locked for ever", Q + 408, 1, LGMP_INVALID_SESSION },
        { "locked with nonsense", Q + 408, 0xA5A5A5A5, LGMP_INVALID_SESSION },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rig rig;
        rig_init(&rig);
        struct lgmp_client *client = rig_client(&rig);
        struct lgmp_subscription *sub;
        set_u32(&rig, rows[i].offset, rows[i].value);
        const enum lgmp_result got = lgmp_client_subscribe(client, RIG_QUEUE_ID, &sub);
        CHECK_MSG(got == rows[i].want, "%s: %s", rows[i].name, lgmp_result_str(got));
        lgmp_client_destroy(client);
        rig_fini(&rig);
    }
}

TEST(queue_count_is_clamped_in_the_search)
{
    struct rig rig;
    rig_init(&rig);
    struct lgmp_client *client = rig_client(&rig);
    struct lgmp_subscription *sub;
    set_u32(&rig, 24, UINT32_MAX);
    CHECK_INT(lgmp_client_subscribe(client, 12345, &sub), LGMP_NO_SUCH_QUEUE);
    lgmp_client_destroy(client);
    rig_fini(&rig);
}

TEST(reading_checks_every_value)
{
    static const struct {
        const char *name;
        uint32_t offset, value; /* offset below 16: in the slot of the message */
        enum lgmp_result want_peek, want_finish;
    } rows[] = {
        { "payload past the end", 8, 65536 - RIG_PAYLOAD_BYTES + 1, LGMP_CORRUPTED, LGMP_OK },
        { "payload offset huge", 8, UINT32_MAX, LGMP_CORRUPTED, LGMP_OK },
        { "payload size huge", 4, UINT32_MAX, LGMP_CORRUPTED, LGMP_OK },
        { "post index = slot count", Q + 16, RIG_SLOTS, LGMP_CORRUPTED, LGMP_CORRUPTED },
        { "post index huge", Q + 16, UINT32_MAX, LGMP_CORRUPTED, LGMP_CORRUPTED },
        { "pending count 0", Q + 440, 0, LGMP_OK, LGMP_CORRUPTED },
        { "pending count huge", Q + 440, UINT32_MAX, LGMP_OK, LGMP_CORRUPTED },
        { "head elsewhere", Q + 424, UINT32_MAX, LGMP_OK, LGMP_OK },
        { "slot count changed later", Q + 4, UINT32_MAX, LGMP_OK, LGMP_OK },
        { "slots moved later", Q + 20, UINT32_MAX, LGMP_OK, LGMP_OK },
        { "bad", Q + 416, 1, LGMP_TIMED_OUT, LGMP_TIMED_OUT },
        { "not on", Q + 420, 0, LGMP_UNSUBSCRIBED, LGMP_UNSUBSCRIBED },
        { "somebody else's slot", Q + 280, 1, LGMP_TIMED_OUT, LGMP_TIMED_OUT },
        { "other session", 8, 0, LGMP_INVALID_SESSION, LGMP_INVALID_SESSION },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rig rig;
        rig_init(&rig);
        struct lgmp_client *client = rig_client(&rig);
        struct lgmp_subscription *sub = rig_subscribe(&rig, client);
        CHECK_INT(rig_post(&rig, 0), LGMP_OK);
        const uint32_t base = rows[i].offset < 16 && strstr(rows[i].name, "payload")
                                  ? lgmp_get(&rig.wire_queue->slots_offset)
                                  : 0;
        set_u32(&rig, base + rows[i].offset, rows[i].value);
        struct lgmp_message m;
        const enum lgmp_result peek = lgmp_client_peek(sub, &m);
        CHECK_MSG(peek == rows[i].want_peek, "%s: peek: %s", rows[i].name, lgmp_result_str(peek));
        const enum lgmp_result finish = lgmp_client_finish(sub);
        CHECK_MSG(finish == rows[i].want_finish, "%s: finish: %s", rows[i].name,
                  lgmp_result_str(finish));
        lgmp_client_unsubscribe(sub);
        lgmp_client_destroy(client);
        rig_fini(&rig);
    }
}

/* The second of two messages, with the first unfinished; offsets below 16 lie in its slot. */
TEST(looking_ahead_checks_every_value)
{
    static const struct {
        const char *name;
        uint32_t offset, value;
        enum lgmp_result want;
    } rows[] = {
        { "payload past the end", 8, 65536 - RIG_PAYLOAD_BYTES + 1, LGMP_CORRUPTED },
        { "payload offset huge", 8, UINT32_MAX, LGMP_CORRUPTED },
        { "payload size huge", 4, UINT32_MAX, LGMP_CORRUPTED },
        { "does not wait for us", 12, ~UINT32_C(1), LGMP_EMPTY },
        { "post index = slot count", Q + 16, RIG_SLOTS, LGMP_CORRUPTED },
        { "post index huge", Q + 16, UINT32_MAX, LGMP_CORRUPTED },
        { "post index fell back", Q + 16, 1, LGMP_EMPTY },
        { "post index fell back to ours", Q + 16, 0, LGMP_EMPTY },
        { "slot count changed later", Q + 4, UINT32_MAX, LGMP_OK },
        { "bad", Q + 416, 1, LGMP_TIMED_OUT },
        { "not on", Q + 420, 0, LGMP_UNSUBSCRIBED },
        { "somebody else's slot", Q + 280, 1, LGMP_TIMED_OUT },
        { "other session", 8, 0, LGMP_INVALID_SESSION },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rig rig;
        rig_init(&rig);
        struct lgmp_client *client = rig_client(&rig);
        struct lgmp_subscription *sub = rig_subscribe(&rig, client);
        CHECK_INT(rig_post(&rig, 0), LGMP_OK);
        CHECK_INT(rig_post(&rig, 1), LGMP_OK);
        const uint32_t base =
            rows[i].offset < 16 && strcmp(rows[i].name, "other session") != 0
                ? lgmp_get(&rig.wire_queue->slots_offset) + sizeof(struct lgmp_wire_slot)
                : 0;
        set_u32(&rig, base + rows[i].offset, rows[i].value);
        struct lgmp_message m;
        const enum lgmp_result got = lgmp_client_peek_ahead(sub, 1, &m);
        CHECK_MSG(got == rows[i].want, "%s: %s", rows[i].name, lgmp_result_str(got));
        lgmp_client_unsubscribe(sub);
        lgmp_client_destroy(client);
        rig_fini(&rig);
    }
}

TEST(payload_may_end_exactly_at_the_end)
{
    struct rig rig;
    rig_init(&rig);
    struct lgmp_client *client = rig_client(&rig);
    struct lgmp_subscription *sub = rig_subscribe(&rig, client);
    CHECK_INT(rig_post(&rig, 0), LGMP_OK);
    lgmp_set(&rig.wire_slots[0].payload_offset, rig.len_bytes - RIG_PAYLOAD_BYTES);
    struct lgmp_message m;
    CHECK_INT(lgmp_client_peek(sub, &m), LGMP_OK);
    lgmp_client_destroy(client);
    rig_fini(&rig);
}

TEST(start_session_checks_the_header)
{
    static const struct {
        const char *name;
        uint32_t offset, value;
        enum lgmp_result want;
    } rows[] = {
        { "magic", 0, 0, LGMP_INVALID_MAGIC },
        { "older version", 4, 5, LGMP_INVALID_VERSION },
        { "newer version", 4, 7, LGMP_INVALID_VERSION },
        { "user data one byte too long", 5752, 65536 - 5756 + 1, LGMP_CORRUPTED },
        { "user data huge", 5752, UINT32_MAX, LGMP_CORRUPTED },
        { "more user data than we copy", 5752, 16385, LGMP_CORRUPTED },
        { "as much user data as we copy", 5752, 16384, LGMP_OK },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rig rig;
        rig_init(&rig);
        struct lgmp_client *client;
        CHECK_INT(lgmp_client_create(rig.mem, rig.len_bytes, rig_random(&rig), &client), LGMP_OK);
        rig_pass(&rig, 10);
        set_u32(&rig, rows[i].offset, rows[i].value);
        struct lgmp_session session;
        const enum lgmp_result got = lgmp_client_start_session(client, rig.now_ms, &session);
        CHECK_MSG(got == rows[i].want, "%s: %s", rows[i].name, lgmp_result_str(got));
        if (got == LGMP_INVALID_VERSION)
            CHECK_INT(session.version, rows[i].value);
        lgmp_client_destroy(client);
        rig_fini(&rig);
    }
}

TEST(send_checks_the_inbox)
{
    static const struct {
        const char *name;
        uint32_t offset, value, len_bytes;
        enum lgmp_result want;
    } rows[] = {
        { "message too long", 0, LGMP_MAGIC, 65, LGMP_INVALID_SIZE },
        { "free count huge", Q + 448, UINT32_MAX, 4, LGMP_CORRUPTED },
        { "free count 11", Q + 448, 11, 4, LGMP_CORRUPTED },
        { "write index 10", Q + 452, 10, 4, LGMP_CORRUPTED },
        { "write index huge", Q + 452, UINT32_MAX, 4, LGMP_CORRUPTED },
        { "no room", Q + 448, 0, 4, LGMP_FULL },
        { "locked for ever", Q + 444, 1, 4, LGMP_INVALID_SESSION },
        { "bad", Q + 416, 1, 4, LGMP_TIMED_OUT },
        { "other session", 8, 0, 4, LGMP_INVALID_SESSION },
        { "longest", Q + 452, 9, 64, LGMP_OK },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rig rig;
        rig_init(&rig);
        struct lgmp_client *client = rig_client(&rig);
        struct lgmp_subscription *sub = rig_subscribe(&rig, client);
        set_u32(&rig, rows[i].offset, rows[i].value);
        const uint8_t data[65] = { 1 };
        uint32_t serial;
        const enum lgmp_result got = lgmp_client_send(sub, data, rows[i].len_bytes, &serial);
        CHECK_MSG(got == rows[i].want, "%s: %s", rows[i].name, lgmp_result_str(got));
        lgmp_client_destroy(client);
        rig_fini(&rig);
    }
}

TEST(region_smaller_than_the_header)
{
    _Alignas(8) static uint8_t mem[LGMP_HEADER_BYTES];
    struct lgmp_client *client;
    CHECK_INT(lgmp_client_create(mem, LGMP_HEADER_BYTES - 1, (struct lgmp_random){ 0 }, &client),
              LGMP_INVALID_SIZE);
    CHECK_INT(lgmp_client_create(mem, LGMP_HEADER_BYTES, (struct lgmp_random){ 0 }, &client),
              LGMP_OK);
    lgmp_client_destroy(client);
}

TEST(a_lock_that_never_comes_free_ends_in_bounded_time)
{
    struct rig rig;
    rig_init(&rig);
    struct lgmp_client *client = rig_client(&rig);
    struct lgmp_subscription *sub = rig_subscribe(&rig, client);
    CHECK_INT(rig_post(&rig, 0), LGMP_OK);
    lgmp_set(&rig.wire_queue->queue_lock, 1);
    const uint64_t before_ns = clock_ns();
    CHECK_INT(lgmp_client_finish(sub), LGMP_OK); /* one try; the host's pass will retire it */
    lgmp_client_unsubscribe(sub);
    CHECK(clock_ns() - before_ns < NS_PER_S);
    rig_pass(&rig, 10); /* seizes the lock */
    CHECK_INT(lgmp_get(&rig.wire_queue->queue_lock), 0);
    CHECK_INT(lgmp_host_pending(rig.queue), 0);
    lgmp_client_destroy(client);
    rig_fini(&rig);
}
