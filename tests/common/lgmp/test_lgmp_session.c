/* SPDX-License-Identifier: GPL-2.0-or-later
 * Sessions, time-outs, the inbox and the allocator: docs/protocol/lgmp.md
 * sections 2.2, 3.1, 3.3, 3.6, 3.7, 3.12, 3.13. */
#include "test.h"

#include "rig.h"

TEST(host_create_checks_the_size)
{
    _Alignas(8) static uint8_t mem[8192];
    const uint8_t udata[16] = { 1 };
    struct lgmp_host_config config = { .udata = udata, .udata_bytes = 16 };
    struct lgmp_host *host;
    CHECK_INT(lgmp_host_create(mem, 0, &config, &host), LGMP_INVALID_SIZE);
    CHECK_INT(lgmp_host_create(mem, 5759, &config, &host), LGMP_INVALID_SIZE);
    CHECK_INT(lgmp_host_create(mem, 5775, &config, &host), LGMP_INVALID_SIZE);
    CHECK_INT(lgmp_host_create(mem, 5776, &config, &host), LGMP_OK);
    CHECK_INT(lgmp_host_avail_bytes(host), 0);
    lgmp_host_destroy(host);
    config.udata_bytes = UINT32_MAX;
    CHECK_INT(lgmp_host_create(mem, 8192, &config, &host), LGMP_INVALID_SIZE);
}

TEST(allocator_follows_2_2)
{
    struct rig rig;
    rig_init(&rig);
    /* 5760 + 10 bytes of user data, rounded to 4; then 4 slots, then 4 payloads of 64. */
    CHECK_INT(lgmp_get(&rig.wire_queue->slots_offset), 5772);
    uint32_t next = 5772 + 64 + 256;
    CHECK_INT(lgmp_host_avail_bytes(rig.host), 65536 - next);
    struct lgmp_payload p;
    CHECK_INT(lgmp_host_alloc(rig.host, 10, 3, &p), LGMP_INVALID_SIZE);
    CHECK_INT(lgmp_host_alloc(rig.host, 10, 0, &p), LGMP_OK);
    CHECK(p.offset_bytes == next && p.len_bytes == 10);
    next += 10;
    CHECK_INT(lgmp_host_alloc(rig.host, 10, 4096, &p), LGMP_OK);
    CHECK(p.offset_bytes == 8192 && p.len_bytes == 4096 && p.mem == rig.mem + 8192);
    CHECK_INT(lgmp_host_avail_bytes(rig.host), 65536 - 12288);
    CHECK_INT(lgmp_host_alloc(rig.host, 65536 - 12288 + 1, 0, &p), LGMP_NO_SHARED_MEMORY);
    CHECK_INT(lgmp_host_alloc(rig.host, UINT32_MAX, 4096, &p), LGMP_NO_SHARED_MEMORY);
    CHECK_INT(lgmp_host_alloc(rig.host, 65536 - 12288, 4, &p), LGMP_OK);
    CHECK_INT(lgmp_host_avail_bytes(rig.host), 0);
    struct lgmp_host_queue *q;
    const struct lgmp_queue_config one = { .queue_id = 1, .capacity = 1, .sub_timeout_ms = 1 };
    CHECK_INT(lgmp_host_add_queue(rig.host, &one, &q), LGMP_NO_SHARED_MEMORY);
    CHECK_INT(lgmp_get(&rig.wire->queue_count), 1);
    rig_fini(&rig);
}

TEST(at_most_five_queues)
{
    struct rig rig;
    rig_init(&rig);
    struct lgmp_host_queue *q;
    const struct lgmp_queue_config none = { .capacity = 0 }, huge = { .capacity = UINT32_MAX };
    CHECK_INT(lgmp_host_add_queue(rig.host, &none, &q), LGMP_INVALID_SIZE);
    CHECK_INT(lgmp_host_add_queue(rig.host, &huge, &q), LGMP_NO_SHARED_MEMORY);
    for (uint32_t i = 1; i < 5; i++) {
        const struct lgmp_queue_config one = { .queue_id = i, .capacity = 1, .sub_timeout_ms = 1 };
        CHECK_INT(lgmp_host_add_queue(rig.host, &one, &q), LGMP_OK);
    }
    const struct lgmp_queue_config one = { .queue_id = 5, .capacity = 1, .sub_timeout_ms = 1 };
    CHECK_INT(lgmp_host_add_queue(rig.host, &one, &q), LGMP_TOO_MANY_QUEUES);
    rig_fini(&rig);
}

TEST(session_ids_differ_from_the_one_found)
{
    struct rig rig;
    rig_init(&rig);
    const uint32_t first = lgmp_get(&rig.wire->session_id);
    rig.next_random = first; /* the random source repeats itself */
    rig_restart_host(&rig);
    CHECK(lgmp_get(&rig.wire->session_id) != first);
    rig_fini(&rig);
}

TEST(a_session_starts_with_the_first_heartbeat)
{
    struct rig rig;
    rig_init(&rig);
    struct lgmp_client *client;
    struct lgmp_session s;
    CHECK_INT(lgmp_client_create(rig.mem, rig.len_bytes, rig_random(&rig), &client), LGMP_OK);
    CHECK_INT(lgmp_client_start_session(client, 50, &s), LGMP_INVALID_SESSION);
    CHECK_INT(lgmp_client_start_session(client, 5000, &s), LGMP_INVALID_SESSION);
    rig_pass(&rig, 10);
    CHECK_INT(lgmp_client_start_session(client, 5000, &s), LGMP_OK);
    CHECK_INT(s.session_id, lgmp_get(&rig.wire->session_id));
    CHECK_INT(s.udata_bytes, 10);
    CHECK_STR((const char *)s.udata, "user data");
    lgmp_client_destroy(client);
    rig_fini(&rig);
}

TEST(heartbeat_is_lost_after_more_than_a_second_of_local_time)
{
    struct rig rig;
    rig_init(&rig);
    struct lgmp_client *client =
        rig_client(&rig); /* its clock stands at now_ms, the timestamp was new */
    const uint64_t t = rig.now_ms;
    CHECK(lgmp_client_session_valid(client, t + 1000));
    CHECK(!lgmp_client_session_valid(client, t + 1001));
    atomic_store(&rig.wire->timestamp_ms, 1); /* backwards is a change as well */
    CHECK(lgmp_client_session_valid(client, t + 5000));
    CHECK(lgmp_client_session_valid(client, t + 6000));
    CHECK(!lgmp_client_session_valid(client, t + 6001));
    rig_restart_host(&rig);
    CHECK(!lgmp_client_session_valid(client, t + 6002));
    lgmp_client_destroy(client);
    rig_fini(&rig);
}

TEST(eviction_is_strict_and_spares_who_finishes)
{
    struct rig rig;
    rig_init(&rig);
    struct lgmp_client *client = rig_client(&rig);
    struct lgmp_subscription *good = rig_subscribe(&rig, client),
                             *late = rig_subscribe(&rig, client);
    struct lgmp_message m;
    CHECK_INT(rig_post(&rig, 0), LGMP_OK);
    CHECK_INT(rig_post(&rig, 1), LGMP_OK);
    CHECK_INT(lgmp_client_finish(good), LGMP_OK);
    rig_pass(&rig, RIG_TIMEOUT_MS);
    CHECK_INT(lgmp_client_peek(late, &m), LGMP_OK);
    rig_pass(&rig, 1);
    CHECK_INT(lgmp_client_peek(late, &m), LGMP_TIMED_OUT);
    CHECK_INT(lgmp_client_finish(late), LGMP_TIMED_OUT);
    /* What the good one still needs stays. */
    CHECK_INT(lgmp_host_pending(rig.queue), 1);
    CHECK_INT(lgmp_client_peek(good, &m), LGMP_OK);
    CHECK_INT(m.udata, 1);
    /* Another slot while the old one may not be recycled yet; the old one when it may. */
    CHECK_INT(atomic_load(&rig.wire_queue->evict_deadline[1]), rig.now_ms + RIG_TIMEOUT_MS);
    struct lgmp_subscription *again = rig_subscribe(&rig, client);
    CHECK_INT(atomic_load(&rig.wire_queue->sub_mask), lgmp_mask(7, 2));
    CHECK_INT(lgmp_client_finish(good), LGMP_OK);
    rig_pass(&rig, RIG_TIMEOUT_MS);
    struct lgmp_subscription *third = rig_subscribe(&rig, client);
    CHECK_INT(atomic_load(&rig.wire_queue->sub_mask), lgmp_mask(15, 2));
    rig_pass(&rig, 1);
    struct lgmp_subscription *fourth = rig_subscribe(&rig, client);
    CHECK_INT(atomic_load(&rig.wire_queue->sub_mask), lgmp_mask(15, 0));
    CHECK_INT(lgmp_host_take_new_subscribers(rig.queue), 5);
    CHECK_INT(lgmp_host_take_new_subscribers(rig.queue), 0);
    (void)again, (void)third, (void)fourth;
    lgmp_client_unsubscribe(late);
    lgmp_client_destroy(client);
    rig_fini(&rig);
}

TEST(an_evicted_one_is_no_subscriber)
{
    struct rig rig;
    rig_init(&rig);
    struct lgmp_client *client = rig_client(&rig);
    CHECK(!lgmp_host_has_subscribers(rig.queue));
    rig_subscribe(&rig, client);
    CHECK(lgmp_host_has_subscribers(rig.queue));
    CHECK_INT(rig_post(&rig, 0), LGMP_OK);
    rig_pass(&rig, RIG_TIMEOUT_MS + 20);
    CHECK(!lgmp_host_has_subscribers(rig.queue));
    rig_subscribe(&rig, client);
    CHECK(lgmp_host_has_subscribers(rig.queue));
    rig_fini(&rig);
}

TEST(a_slow_reader_that_finishes_one_per_time_out_is_never_evicted)
{
    struct rig rig;
    rig_init(&rig);
    struct lgmp_client *client = rig_client(&rig);
    struct lgmp_subscription *sub = rig_subscribe(&rig, client);
    for (uint32_t n = 0; n < RIG_CAPACITY; n++)
        CHECK_INT(rig_post(&rig, n), LGMP_OK);
    for (uint32_t n = RIG_CAPACITY; n < 20; n++) {
        rig_pass(&rig, RIG_TIMEOUT_MS);
        CHECK_INT(lgmp_client_finish(sub), LGMP_OK);
        CHECK_INT(rig_post(&rig, n), LGMP_OK);
    }
    lgmp_client_destroy(client);
    rig_fini(&rig);
}

TEST(all_32_slots_then_full)
{
    struct rig rig;
    rig_init(&rig);
    struct lgmp_client *client = rig_client(&rig);
    struct lgmp_subscription *sub[33];
    for (int i = 0; i < 32; i++)
        sub[i] = rig_subscribe(&rig, client);
    CHECK_INT(lgmp_client_subscribe(client, RIG_QUEUE_ID, &sub[32]), LGMP_FULL);
    CHECK_INT(rig_post(&rig, 0), LGMP_OK);
    CHECK_INT(lgmp_get(&rig.wire_slots[0].waiting_mask), UINT32_MAX);
    for (int i = 0; i < 32; i++)
        CHECK_INT(lgmp_client_finish(sub[i]), LGMP_OK);
    CHECK_INT(lgmp_host_pending(rig.queue), 0);
    lgmp_client_unsubscribe(sub[17]);
    CHECK_INT(lgmp_client_subscribe(client, RIG_QUEUE_ID, &sub[17]), LGMP_OK);
    lgmp_client_destroy(client);
    rig_fini(&rig);
}

TEST(skip_to_newest_keeps_one)
{
    struct rig rig;
    rig_init(&rig);
    struct lgmp_client *client = rig_client(&rig);
    struct lgmp_subscription *sub = rig_subscribe(&rig, client),
                             *other = rig_subscribe(&rig, client);
    CHECK_INT(lgmp_client_skip_to_newest(sub), LGMP_EMPTY);
    for (uint32_t n = 0; n < RIG_CAPACITY; n++)
        CHECK_INT(rig_post(&rig, n), LGMP_OK);
    struct lgmp_message m;
    for (int twice = 0; twice < 2; twice++) {
        CHECK_INT(lgmp_client_skip_to_newest(sub), LGMP_OK);
        CHECK_INT(lgmp_client_peek(sub, &m), LGMP_OK);
        CHECK_INT(m.udata, RIG_CAPACITY - 1);
    }
    CHECK_INT(lgmp_host_pending(rig.queue), RIG_CAPACITY); /* the other one has not read yet */
    CHECK_INT(lgmp_client_skip_to_newest(other), LGMP_OK);
    CHECK_INT(lgmp_host_pending(rig.queue), 1); /* retired in one go */
    CHECK_INT(lgmp_client_finish(sub), LGMP_OK);
    CHECK_INT(lgmp_client_finish(other), LGMP_OK);
    CHECK_INT(lgmp_host_pending(rig.queue), 0);
    lgmp_client_destroy(client);
    rig_fini(&rig);
}

TEST(inbox_keeps_order_and_serials)
{
    struct rig rig;
    rig_init(&rig);
    struct lgmp_client *client = rig_client(&rig);
    struct lgmp_subscription *sub = rig_subscribe(&rig, client);
    uint8_t data[LGMP_INBOX_BYTES], got[LGMP_INBOX_BYTES];
    uint32_t serial, len_bytes;
    CHECK_INT(lgmp_host_read_inbox(rig.queue, got, &len_bytes), LGMP_EMPTY);
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t i = 1; i <= 10; i++) {
            memset(data, (int)(round * 10 + i), sizeof(data));
            CHECK_INT(lgmp_client_send(sub, data, i * 6, &serial), LGMP_OK);
            CHECK_INT(serial, round * 10 + i);
        }
        CHECK_INT(lgmp_client_send(sub, data, 1, &serial), LGMP_FULL);
        for (uint32_t i = 1; i <= 10; i++) {
            CHECK_INT(lgmp_host_read_inbox(rig.queue, got, &len_bytes), LGMP_OK);
            CHECK(len_bytes == i * 6 && got[0] == round * 10 + i && got[len_bytes - 1] == got[0]);
            CHECK(!lgmp_client_acked(sub, round * 10 + i));
            lgmp_host_ack_inbox(rig.queue);
            CHECK(lgmp_client_acked(sub, round * 10 + i));
            CHECK(!lgmp_client_acked(sub, round * 10 + i + 1));
        }
        CHECK_INT(lgmp_host_read_inbox(rig.queue, got, &len_bytes), LGMP_EMPTY);
    }
    lgmp_client_destroy(client);
    rig_fini(&rig);
}

TEST(acknowledgement_wraps)
{
    struct rig rig;
    rig_init(&rig);
    struct lgmp_client *client = rig_client(&rig);
    struct lgmp_subscription *sub = rig_subscribe(&rig, client);
    lgmp_set(&rig.wire_queue->inbox_ack_serial, 2);
    CHECK(lgmp_client_acked(sub, UINT32_MAX));
    CHECK(lgmp_client_acked(sub, 2));
    CHECK(!lgmp_client_acked(sub, 3));
    lgmp_client_destroy(client);
    rig_fini(&rig);
}

TEST(every_result_has_a_text)
{
    for (int r = LGMP_OK; r <= LGMP_CORRUPTED; r++)
        CHECK(strcmp(lgmp_result_str((enum lgmp_result)r), "unknown result") != 0);
    CHECK_STR(lgmp_result_str((enum lgmp_result)99), "unknown result");
}
