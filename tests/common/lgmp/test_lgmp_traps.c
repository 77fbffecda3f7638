/* SPDX-License-Identifier: GPL-2.0-or-later
 * The traps of docs/protocol/lgmp.md section 6, and our cures. */
#include "test.h"

#include "rig.h"

/* T2: a slot given up with messages queued must not cost its next owner his subscription. */
TEST(t2_newcomer_does_not_inherit_waiting_bits)
{
    struct rig rig;
    rig_init(&rig);
    struct lgmp_client *slow = rig_client(&rig), *newcomer = rig_client(&rig);
    struct lgmp_subscription *keeper = rig_subscribe(&rig, slow); /* slot 0 keeps messages queued */
    struct lgmp_subscription *leaver = rig_subscribe(&rig, slow); /* slot 1 */
    CHECK_INT(rig_post(&rig, 0), LGMP_OK);
    CHECK_INT(rig_post(&rig, 1), LGMP_OK);
    /* A client of the release leaves: its bits stay set in the queued messages. */
    (void)leaver;
    atomic_store(&rig.wire_queue->sub_mask, lgmp_mask(1, 0));
    struct lgmp_subscription *sub = rig_subscribe(&rig, newcomer);
    CHECK_INT(lgmp_get(&rig.wire_slots[0].waiting_mask), 1);
    CHECK_INT(lgmp_get(&rig.wire_slots[1].waiting_mask), 1);
    CHECK_INT(lgmp_client_finish(keeper), LGMP_OK);
    CHECK_INT(lgmp_client_finish(keeper), LGMP_OK);
    rig_pass(&rig, 2 * RIG_TIMEOUT_MS);
    struct lgmp_message m;
    CHECK_INT(lgmp_client_peek(sub, &m), LGMP_EMPTY); /* and not TIMED_OUT */
    lgmp_client_destroy(slow);
    lgmp_client_destroy(newcomer);
    rig_fini(&rig);
}

TEST(t2_unsubscribe_leaves_no_bits_behind)
{
    struct rig rig;
    rig_init(&rig);
    struct lgmp_client *client = rig_client(&rig);
    struct lgmp_subscription *other = rig_subscribe(&rig, client);
    struct lgmp_subscription *leaver = rig_subscribe(&rig, client);
    CHECK_INT(rig_post(&rig, 0), LGMP_OK);
    CHECK_INT(rig_post(&rig, 1), LGMP_OK);
    CHECK_INT(lgmp_get(&rig.wire_slots[0].waiting_mask), 3);
    lgmp_client_unsubscribe(leaver);
    CHECK_INT(lgmp_get(&rig.wire_slots[0].waiting_mask), 1);
    CHECK_INT(lgmp_get(&rig.wire_slots[1].waiting_mask), 1);
    CHECK_INT(atomic_load(&rig.wire_queue->sub_mask), lgmp_mask(1, 0));
    CHECK_INT(lgmp_client_unread(other), 2);
    lgmp_client_destroy(client);
    rig_fini(&rig);
}

/* T5: a client that has not noticed the restart meets the new owner of its slot number. */
TEST(t5_stale_client_harms_nobody_after_a_restart)
{
    struct rig rig;
    rig_init(&rig);
    struct lgmp_client *stale = rig_client(&rig);
    struct lgmp_subscription *old = rig_subscribe(&rig, stale);
    struct lgmp_subscription *old_too = rig_subscribe(&rig, stale);
    rig_restart_host(&rig);
    struct lgmp_client *fresh = rig_client(&rig);
    struct lgmp_subscription *sub = rig_subscribe(&rig, fresh);
    CHECK_INT(rig_post(&rig, 5), LGMP_OK);

    struct lgmp_message m;
    uint32_t serial;
    CHECK_INT(lgmp_client_peek(old, &m), LGMP_INVALID_SESSION);
    CHECK_INT(lgmp_client_finish(old), LGMP_INVALID_SESSION);
    CHECK_INT(lgmp_client_skip_to_newest(old), LGMP_INVALID_SESSION);
    CHECK_INT(lgmp_client_send(old, "x", 1, &serial), LGMP_INVALID_SESSION);
    CHECK(!lgmp_client_still_subscribed(old));
    lgmp_client_unsubscribe(old);
    lgmp_client_unsubscribe(old_too);

    CHECK_INT(lgmp_host_pending(rig.queue), 1);
    CHECK_INT(lgmp_client_peek(sub, &m), LGMP_OK);
    CHECK_INT(m.udata, 5);
    CHECK_INT(lgmp_client_finish(sub), LGMP_OK);
    lgmp_client_destroy(stale);
    lgmp_client_destroy(fresh);
    rig_fini(&rig);
}

/* T5 within a session: evicted, recycled, and the slot given to somebody else. */
TEST(t5_evicted_client_does_not_remove_its_successor)
{
    struct rig rig;
    rig_init(&rig);
    struct lgmp_client *client = rig_client(&rig), *successor = rig_client(&rig);
    struct lgmp_subscription *old = rig_subscribe(&rig, client);
    CHECK_INT(rig_post(&rig, 0), LGMP_OK);
    rig_pass(&rig, RIG_TIMEOUT_MS + 1);
    rig_pass(&rig, RIG_TIMEOUT_MS + 1);
    struct lgmp_subscription *sub = rig_subscribe(&rig, successor);
    CHECK_INT(atomic_load(&rig.wire_queue->sub_mask), lgmp_mask(1, 0)); /* the same slot */
    CHECK_INT(rig_post(&rig, 1), LGMP_OK);
    CHECK_INT(lgmp_client_finish(old), LGMP_TIMED_OUT);
    lgmp_client_unsubscribe(old);
    CHECK_INT(lgmp_client_finish(sub), LGMP_OK);
    lgmp_client_destroy(client);
    lgmp_client_destroy(successor);
    rig_fini(&rig);
}

/* T10 */
TEST(t10_a_reader_learns_that_it_was_evicted_while_reading)
{
    struct rig rig;
    rig_init(&rig);
    struct lgmp_client *client = rig_client(&rig);
    struct lgmp_subscription *sub = rig_subscribe(&rig, client);
    CHECK_INT(rig_post(&rig, 0), LGMP_OK);
    struct lgmp_message m;
    CHECK_INT(lgmp_client_peek(sub, &m), LGMP_OK);
    CHECK(lgmp_client_still_subscribed(sub));
    rig_pass(&rig, RIG_TIMEOUT_MS + 1);
    CHECK(!lgmp_client_still_subscribed(sub));
    lgmp_client_destroy(client);
    rig_fini(&rig);
}

/* T3: killed at each point of a critical section, simulated by the stores it had done. */
TEST(t3_client_killed_while_retiring)
{
    for (int stores = 0; stores <= 2; stores++) {
        struct rig rig;
        rig_init(&rig);
        struct lgmp_client *client = rig_client(&rig), *other = rig_client(&rig);
        (void)rig_subscribe(&rig, client);
        struct lgmp_subscription *survivor = rig_subscribe(&rig, other);
        CHECK_INT(rig_post(&rig, 0), LGMP_OK);
        CHECK_INT(rig_post(&rig, 1), LGMP_OK);
        CHECK_INT(lgmp_client_finish(survivor), LGMP_OK);
        lgmp_set(&rig.wire_slots[0].waiting_mask, 0);
        lgmp_set(&rig.wire_queue->queue_lock, 1);
        if (stores >= 1)
            lgmp_set(&rig.wire_queue->head_index, 1);
        if (stores >= 2)
            lgmp_set(&rig.wire_queue->pending_count, 1);
        rig_pass(&rig, 10);
        CHECK_INT(lgmp_host_pending(rig.queue), 1);
        CHECK_INT(lgmp_get(&rig.wire_queue->head_index), 1);
        CHECK_INT(lgmp_client_finish(survivor), LGMP_OK);
        rig_pass(&rig, RIG_TIMEOUT_MS + 20); /* the dead one is evicted */
        CHECK_INT(lgmp_host_pending(rig.queue), 0);
        CHECK_INT(rig_post(&rig, 2), LGMP_OK);
        CHECK_INT(lgmp_client_unread(survivor), 1);
        lgmp_client_destroy(client);
        lgmp_client_destroy(other);
        rig_fini(&rig);
    }
}

TEST(t6_equal_client_ids_are_no_problem_in_different_slots)
{
    struct rig rig;
    rig_init(&rig);
    struct lgmp_client *a = rig_client(&rig);
    rig.next_random--; /* the next id repeats */
    struct lgmp_client *b = rig_client(&rig);
    struct lgmp_subscription *sub_a = rig_subscribe(&rig, a), *sub_b = rig_subscribe(&rig, b);
    CHECK_INT(lgmp_get(&rig.wire_queue->client_id[0]), lgmp_get(&rig.wire_queue->client_id[1]));
    CHECK_INT(rig_post(&rig, 0), LGMP_OK);
    lgmp_client_unsubscribe(sub_a);
    CHECK_INT(lgmp_client_unread(sub_b), 1);
    lgmp_client_destroy(a);
    lgmp_client_destroy(b);
    rig_fini(&rig);
}
