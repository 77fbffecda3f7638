/* SPDX-License-Identifier: GPL-2.0-or-later
 * Viewers that sleep, die or write where they like. */
#include <stdlib.h>

#include "base/clock.h"
#include "lgmp/layout.h"
#include "rig.h"
#include "test.h"

static struct rig rig;
static struct viewer viewer;

static void start(void)
{
    rig_init(&rig);
    rig_start(&rig);
    viewer_init(&viewer, &rig);
    viewer_connect(&viewer);
    viewer_wait_version(&viewer, desk_draw(&rig.desk, 1));
}

static void end(void)
{
    viewer_fini(&viewer);
    rig_stop(&rig);
}

/* Races by the protocol's design: the host writes what the sleeper, thrown out, still reads. This
 * one does not read while it sleeps, so there is none. */
TEST(a_viewer_that_sleeps_is_thrown_out_and_comes_back)
{
    start();
    for (uint32_t i = 0; i < 150; i++) { /* 1.5 s without a look */
        desk_draw(&rig.desk, 1);
        clock_sleep_until_ns(clock_ns() + 10 * NS_PER_MS);
    }
    viewer_wait_version(&viewer, desk_draw(&rig.desk, 1));
    CHECK_INT(viewer.restarts, 1);
    CHECK_INT(rig_status(&rig).state, PUBLISH_STATE_CAPTURING);
    end();
}

/* One that died never finishes anything: the others stand still until it is thrown out, and no
 * longer. */
TEST(a_viewer_that_dies)
{
    static struct viewer dead;
    start();
    viewer_init(&dead, &rig);
    viewer_connect(&dead);
    const uint64_t from_ns = clock_ns();
    for (uint32_t i = 0; i < 4; i++)
        viewer_wait_version(&viewer, desk_draw(&rig.desk, 1));
    CHECK(clock_ns() - from_ns < 10 * NS_PER_S);
    for (uint32_t i = 0; i < 20; i++)
        viewer_wait_version(&viewer, desk_draw(&rig.desk, 1));
    CHECK_INT(viewer.restarts, 0);
    viewer_fini(&dead);
    end();
}

TEST(the_last_viewer_dies)
{
    start();
    viewer_wait_version(&viewer, desk_draw(&rig.desk, 1));
    desk_draw(&rig.desk, 1); /* it will never look at this one; the pointer rests */
    rig_wait_state(&rig, PUBLISH_STATE_IDLE);
    CHECK_INT(rig_count(&rig, &rig.desk.count.good_starts), rig_count(&rig, &rig.desk.count.stops));
    end();
}

TEST(a_destroyed_header_is_set_up_again)
{
#ifdef __SANITIZE_THREAD__
    SKIP("the header is written while a viewer reads it, as is meant");
#endif
    static const uint32_t places[] = { 0, 4, 8, LGMP_UDATA_OFFSET };
    start();
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        const uint32_t before = kvmfr_client_generation(viewer.client);
        volatile uint8_t *byte = (uint8_t *)rig.region.mem + places[i];
        *byte = (uint8_t)(*byte ^ 0x55);
        const uint64_t end_ns = clock_ns() + 20 * NS_PER_S;
        while (kvmfr_client_generation(viewer.client) == before) {
            viewer_look(&viewer);
            CHECK(clock_ns() < end_ns);
        }
        viewer_wait_version(&viewer, desk_draw(&rig.desk, 1));
    }
    CHECK_INT(rig.tick_errors, 0);
    end();
}

static _Atomic bool scribbling;
static uint32_t hit_percent; /* of the writes that go to the first pages, where control is */

static void *scribble(void *ctx)
{
    uint32_t seed = (uint32_t)(uintptr_t)ctx;
    volatile uint32_t *words = rig.region.mem;
    static const uint32_t special[] = { 0,          1,          2,          3,    0x7fffffff,
                                        0x80000000, 0xffffffff, 0xfffff000, 5760, 8u << 20 };
    while (scribbling) {
        const uint32_t count = (uint32_t)rig.region.len_bytes / 4;
        const uint32_t at = desk_random(&seed, 100) < hit_percent ? desk_random(&seed, 2048)
                                                                  : desk_random(&seed, count);
        words[at] = desk_random(&seed, 2) ? special[desk_random(&seed, ARRAY_LEN(special))]
                                          : desk_random(&seed, 1u << 24);
        if (desk_random(&seed, 64) == 0)
            clock_sleep_until_ns(clock_ns() + NS_PER_MS);
    }
    return NULL;
}

/* Every peer may write anywhere in the region. The host keeps inside it (margins, and the address
 * sanitizer), does not hang, and works again for the next viewer. */
TEST(scribbling_over_the_whole_region)
{
#ifdef __SANITIZE_THREAD__
    SKIP("these races are meant");
#endif
    for (uint32_t round = 0; round < 4; round++) {
        pthread_t threads[2];
        rig_init(&rig);
        rig_start(&rig);
        struct kvmfr_client *client;
        CHECK_INT(kvmfr_client_create(&rig.region, (struct lgmp_random){ 0 }, &client), 0);
        hit_percent = round % 2 ? 100 : 50;
        scribbling = true;
        for (uintptr_t i = 0; i < 2; i++)
            CHECK_INT(pthread_create(&threads[i], NULL, scribble, (void *)(i + 2 * round + 1)), 0);
        for (uint32_t i = 0; i < 300; i++) {
            struct frame_view f;
            (void)kvmfr_client_step(client, clock_ms());
            if (kvmfr_client_peek_frame(client, &f) == KVMFR_READ_OK)
                (void)!kvmfr_client_finish_frame(client);
            desk_draw(&rig.desk, 2);
            desk_move_pointer(&rig.desk, (int32_t)i, 5, true, NULL);
            if (i % 50 == 0)
                desk_say(&rig.desk, CAPTURE_REBUILD);
            clock_sleep_until_ns(clock_ns() + 2 * NS_PER_MS);
        }
        scribbling = false;
        for (uint32_t i = 0; i < 2; i++)
            pthread_join(threads[i], NULL);
        kvmfr_client_destroy(client);
        ((volatile uint8_t *)rig.region.mem)[0] ^= 0xff; /* what is left of it is set up again */
        /* Pixels that were scribbled over stay so until they are copied again: after a pause
         * without viewers everything is. */
        clock_sleep_until_ns(clock_ns() + 100 * NS_PER_MS);
        rig_wait_state(&rig, PUBLISH_STATE_IDLE);
        viewer_init(&viewer, &rig);
        viewer_connect(&viewer);
        viewer_wait_version(&viewer, desk_draw(&rig.desk, 3));
        viewer_wait_version(&viewer, desk_draw(&rig.desk, 3));
        end();
    }
}
