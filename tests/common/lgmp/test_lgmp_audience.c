/* SPDX-License-Identifier: GPL-2.0-or-later
 * What a host may ask of its subscribers: who they are, and whether there is work to do. */
#include "rig.h"
#include "test.h"

static struct lgmp_audience audience_of(const struct rig *rig, uint32_t mask)
{
    struct lgmp_audience a = { .mask = mask };
    for (uint32_t i = 0; i < 32; i++)
        a.client_id[i] = lgmp_get(&rig->wire_queue->client_id[i]);
    return a;
}

static enum lgmp_result post_among(struct rig *rig, const struct lgmp_audience *a)
{
    return lgmp_host_post_among(rig->queue, 1, &rig->payload[0], rig->now_ms, a);
}

TEST(nothing_is_posted_while_strangers_listen)
{
    struct rig rig;
    rig_init(&rig);
    const struct lgmp_audience nobody = { 0 };
    CHECK_INT(post_among(&rig, &nobody), LGMP_OK); /* nobody listens, nothing is queued */
    CHECK(!lgmp_host_only_among(rig.queue, &nobody));
    struct lgmp_client *one = rig_client(&rig), *two = rig_client(&rig);
    struct lgmp_subscription *first = rig_subscribe(&rig, one);
    struct lgmp_audience a = audience_of(&rig, 0x1);
    CHECK(lgmp_host_only_among(rig.queue, &a));
    CHECK_INT(post_among(&rig, &nobody), LGMP_UNSUBSCRIBED);
    CHECK_INT(lgmp_host_pending(rig.queue), 0);
    CHECK_INT(post_among(&rig, &a), LGMP_OK);
    CHECK_INT(lgmp_host_pending(rig.queue), 1);
    struct lgmp_subscription *second = rig_subscribe(&rig, two);
    CHECK(!lgmp_host_only_among(rig.queue, &a));
    CHECK_INT(post_among(&rig, &a), LGMP_UNSUBSCRIBED);
    CHECK_INT(lgmp_client_unread(second), 0);
    a = audience_of(&rig, 0xFFFFFFFF);
    CHECK_INT(post_among(&rig, &a), LGMP_OK);
    a.client_id[1]++; /* the slot changed hands */
    CHECK_INT(post_among(&rig, &a), LGMP_UNSUBSCRIBED);
    CHECK_INT(lgmp_client_unread(second), 1);
    lgmp_client_unsubscribe(first);
    lgmp_client_unsubscribe(second);
    CHECK_INT(post_among(&rig, &nobody), LGMP_OK);
    lgmp_client_destroy(one);
    lgmp_client_destroy(two);
    rig_fini(&rig);
}

TEST(slots_have_owners)
{
    struct rig rig;
    rig_init(&rig);
    struct lgmp_client *client = rig_client(&rig);
    struct lgmp_subscription *sub = rig_subscribe(&rig, client);
    const uint32_t id = lgmp_get(&rig.wire_queue->client_id[0]);
    CHECK(lgmp_host_slot_is(rig.queue, 0, id));
    const struct {
        uint32_t slot, id;
    } wrong[] = { { 0, id + 1 }, { 1, id },  { 1, lgmp_get(&rig.wire_queue->client_id[1]) },
                  { 31, id },    { 32, id }, { UINT32_MAX, id } };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        CHECK(!lgmp_host_slot_is(rig.queue, wrong[i].slot, wrong[i].id));
    CHECK_INT(rig_post(&rig, 0), LGMP_OK);
    rig_pass(&rig, RIG_TIMEOUT_MS + 10);
    CHECK(!lgmp_host_slot_is(rig.queue, 0, id)); /* evicted */
    lgmp_client_unsubscribe(sub);
    lgmp_client_destroy(client);
    rig_fini(&rig);
}

TEST(finished_messages_are_work)
{
    struct rig rig;
    rig_init(&rig);
    struct lgmp_client *client = rig_client(&rig);
    struct lgmp_subscription *sub = rig_subscribe(&rig, client);
    CHECK(!lgmp_host_has_finished(rig.queue));
    CHECK_INT(rig_post(&rig, 0), LGMP_OK);
    CHECK(!lgmp_host_has_finished(rig.queue));
    for (int locked = 0; locked < 2; locked++) { /* the client retires by itself, or it cannot */
        CHECK_INT(rig_post(&rig, 1), LGMP_OK);
        lgmp_set(&rig.wire_queue->queue_lock, (uint32_t)locked);
        CHECK_INT(lgmp_client_finish(sub), LGMP_OK);
        lgmp_set(&rig.wire_queue->queue_lock, 0);
        CHECK(lgmp_host_has_finished(rig.queue));
        rig_pass(&rig, 10);
        CHECK(!lgmp_host_has_finished(rig.queue));
    }
    lgmp_client_unsubscribe(sub);
    lgmp_client_destroy(client);
    rig_fini(&rig);
}

TEST(unread_inbox_messages_are_work)
{
    struct rig rig;
    uint8_t data[LGMP_INBOX_BYTES];
    uint32_t serial, len_bytes;
    rig_init(&rig);
    struct lgmp_client *client = rig_client(&rig);
    struct lgmp_subscription *sub = rig_subscribe(&rig, client);
    CHECK(!lgmp_host_has_inbox(rig.queue));
    CHECK_INT(lgmp_client_send(sub, "a", 1, &serial), LGMP_OK);
    CHECK(lgmp_host_has_inbox(rig.queue));
    CHECK_INT(lgmp_host_read_inbox(rig.queue, data, &len_bytes), LGMP_OK);
    CHECK(!lgmp_host_has_inbox(rig.queue));
    lgmp_set(&rig.wire_queue->inbox_free, 0xFFFFFFFF); /* a lie makes work once */
    CHECK(lgmp_host_has_inbox(rig.queue));
    CHECK_INT(lgmp_host_read_inbox(rig.queue, data, &len_bytes), LGMP_EMPTY);
    CHECK(!lgmp_host_has_inbox(rig.queue));
    lgmp_client_unsubscribe(sub);
    lgmp_client_destroy(client);
    rig_fini(&rig);
}
