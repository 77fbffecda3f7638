/* SPDX-License-Identifier: GPL-2.0-or-later
 * Both sides at work: docs/protocol/lgmp.md sections 3.2 to 3.12, without hostility. */
#include "test.h"

#include "rig.h"

static void expect_message(struct lgmp_subscription *sub, uint32_t udata)
{
    struct lgmp_message m;
    CHECK_INT(lgmp_client_peek(sub, &m), LGMP_OK);
    CHECK_INT(m.udata, udata);
    CHECK_INT(m.len_bytes, RIG_PAYLOAD_BYTES);
}

TEST(messages_arrive_in_order_and_are_retired_by_the_client)
{
    struct rig rig;
    rig_init(&rig);
    struct lgmp_client *client = rig_client(&rig);
    struct lgmp_subscription *sub = rig_subscribe(&rig, client);
    struct lgmp_message m;
    CHECK_INT(lgmp_client_peek(sub, &m), LGMP_EMPTY);
    for (uint32_t n = 0; n < 10; n++) {
        CHECK_INT(rig_post(&rig, n), LGMP_OK);
        CHECK_INT(lgmp_host_pending(rig.queue), 1);
        expect_message(sub, n);
        expect_message(sub, n); /* peeking does not consume */
        CHECK_INT(lgmp_client_finish(sub), LGMP_OK);
        CHECK_INT(lgmp_host_pending(rig.queue), 0);
        CHECK_INT(lgmp_client_finish(sub), LGMP_EMPTY);
    }
    lgmp_client_unsubscribe(sub);
    CHECK(!lgmp_host_has_subscribers(rig.queue));
    lgmp_client_destroy(client);
    rig_fini(&rig);
}

TEST(post_without_subscribers_succeeds_and_leaves_no_trace)
{
    struct rig rig;
    rig_init(&rig);
    for (uint32_t n = 0; n < 2 * RIG_SLOTS; n++)
        CHECK_INT(rig_post(&rig, n), LGMP_OK);
    CHECK_INT(lgmp_host_pending(rig.queue), 0);
    CHECK_INT(lgmp_get(&rig.wire_queue->post_index), 0);
    rig_fini(&rig);
}

TEST(a_full_queue_says_so_and_goes_on_after_one_finish)
{
    struct rig rig;
    rig_init(&rig);
    struct lgmp_client *client = rig_client(&rig);
    struct lgmp_subscription *sub = rig_subscribe(&rig, client);
    for (uint32_t n = 0; n < RIG_CAPACITY; n++)
        CHECK_INT(rig_post(&rig, n), LGMP_OK);
    CHECK_INT(lgmp_client_unread(sub), RIG_CAPACITY);
    CHECK_INT(rig_post(&rig, 99), LGMP_FULL);
    CHECK_INT(lgmp_client_finish(sub), LGMP_OK);
    CHECK_INT(rig_post(&rig, RIG_CAPACITY), LGMP_OK);
    for (uint32_t n = 1; n <= RIG_CAPACITY; n++) {
        expect_message(sub, n);
        CHECK_INT(lgmp_client_finish(sub), LGMP_OK);
    }
    lgmp_client_destroy(client);
    rig_fini(&rig);
}

/* ---- looking past unfinished messages ---- */

static void expect_ahead(struct lgmp_subscription *sub, uint32_t ahead, uint32_t udata)
{
    struct lgmp_message m;
    CHECK_INT(lgmp_client_peek_ahead(sub, ahead, &m), LGMP_OK);
    CHECK_INT(m.udata, udata);
    CHECK_INT(m.len_bytes, RIG_PAYLOAD_BYTES);
}

TEST(messages_behind_an_unfinished_one_can_be_read)
{
    struct rig rig;
    rig_init(&rig);
    struct lgmp_client *client = rig_client(&rig);
    struct lgmp_subscription *sub = rig_subscribe(&rig, client);
    struct lgmp_message m;
    CHECK_INT(lgmp_client_peek_ahead(sub, 0, &m), LGMP_EMPTY);
    for (uint32_t n = 0; n < 3 * RIG_SLOTS; n++) { /* the ring wraps between the two of them */
        CHECK_INT(rig_post(&rig, n), LGMP_OK);
        CHECK_INT(lgmp_client_peek_ahead(sub, 1, &m), LGMP_EMPTY);
        CHECK_INT(rig_post(&rig, n + 1), LGMP_OK);
        expect_ahead(sub, 0, n);
        expect_ahead(sub, 1, n + 1);
        CHECK_INT(lgmp_client_peek_ahead(sub, 2, &m), LGMP_EMPTY);
        CHECK_INT(lgmp_client_peek_ahead(sub, UINT32_MAX, &m), LGMP_EMPTY);
        CHECK_INT(lgmp_host_pending(rig.queue), 2); /* looking finishes nothing */
        CHECK_INT(lgmp_client_finish(sub), LGMP_OK);
        expect_ahead(sub, 0, n + 1);
        CHECK_INT(lgmp_client_finish(sub), LGMP_OK);
        CHECK_INT(lgmp_host_pending(rig.queue), 0);
    }
    lgmp_client_destroy(client);
    rig_fini(&rig);
}
