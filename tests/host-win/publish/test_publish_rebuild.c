/* SPDX-License-Identifier: GPL-2.0-or-later
 * Captures that are lost, refused or impossible: rebuilding is a normal state. */
#include "base/clock.h"
#include "rig.h"
#include "test.h"

static struct rig rig;
static struct viewer viewer;
static const struct capture_ops *const a_then_b[] = { &desk_a_ops, &desk_b_ops, NULL };

static void start(void)
{
    rig_init(&rig);
    rig.config.backends = a_then_b;
    rig_start(&rig);
    viewer_init(&viewer, &rig);
    viewer_connect(&viewer);
}

static void end(void)
{
    viewer_fini(&viewer);
    rig_stop(&rig);
}

static void first_picture(void)
{
    start();
    viewer_wait_version(&viewer, desk_draw(&rig.desk, 1));
}

static void fail_starts(uint32_t count, enum capture_result with)
{
    pthread_mutex_lock(&rig.desk.lock);
    rig.desk.fail_starts = count;
    rig.desk.fail_with = with;
    pthread_mutex_unlock(&rig.desk.lock);
}

TEST(lost_captures_come_back)
{
    static const enum capture_result rows[] = { CAPTURE_REBUILD, CAPTURE_DEVICE_REMOVED,
                                                CAPTURE_REBUILD };
    first_picture();
    for (uint32_t i = 0; i < ARRAY_LEN(rows); i++) {
        const uint64_t frames = rig_status(&rig).frames;
        desk_say(&rig.desk, rows[i]);
        while (rig_status(&rig).frames == frames)
            viewer_look(&viewer);
        viewer_wait_version(&viewer, desk_draw(&rig.desk, 2));
        CHECK_INT(rig_status(&rig).rebuilds, i + 1);
    }
    CHECK(rig_status(&rig).last_rebuild_ns > 0);
    CHECK_INT(viewer.restarts, 0); /* the session goes on */
    CHECK_INT(rig_count(&rig, &rig.desk.count.creates), 1);
    end();
}

/* The system says no for a while (a secure desktop): as soon as it says yes, a picture. */
TEST(back_within_100_ms_of_being_allowed)
{
    uint64_t best_ns = UINT64_MAX;
    first_picture();
    for (uint32_t i = 0; i < 5 && best_ns > 100 * NS_PER_MS; i++) {
        fail_starts(1000000, CAPTURE_REBUILD);
        desk_say(&rig.desk, CAPTURE_REBUILD);
        viewer_look_for_ms(&viewer, 1500);
        CHECK_INT(rig_status(&rig).state, PUBLISH_STATE_STARTING);
        const uint64_t frames = rig_status(&rig).frames, from_ns = clock_ns();
        fail_starts(0, CAPTURE_NONE);
        while (rig_status(&rig).frames == frames)
            viewer_look(&viewer);
        const uint64_t took_ns = clock_ns() - from_ns;
        best_ns = took_ns < best_ns ? took_ns : best_ns;
        CHECK(rig_status(&rig).last_rebuild_ns >= 1500 * NS_PER_MS);
    }
    printf("back after %.1f ms\n", (double)best_ns / 1e6);
    CHECK(best_ns <= 100 * NS_PER_MS);
    CHECK(rig_count(&rig, &rig.desk.count.starts) < 5 * 160); /* it was not asked all the time */
    end();
}

/* Whoever comes meanwhile sees the last picture. */
TEST(a_viewer_that_comes_during_a_rebuild)
{
    static struct viewer late;
    first_picture();
    fail_starts(1000000, CAPTURE_DEVICE_REMOVED);
    desk_say(&rig.desk, CAPTURE_DEVICE_REMOVED);
    rig_wait_state(&rig, PUBLISH_STATE_STARTING);
    viewer_init(&late, &rig);
    viewer_connect(&late);
    viewer_wait_version(&late, viewer.version);
    CHECK_INT(late.serial, viewer.serial);
    fail_starts(0, CAPTURE_NONE);
    viewer_look(&viewer);
    viewer_wait_version(&late, desk_draw(&rig.desk, 1));
    viewer_fini(&late);
    end();
}

/* Starts succeed, and are taken away after one picture, time after time. */
TEST(a_storm_of_losses)
{
    static const enum capture_result rows[] = { CAPTURE_REBUILD, CAPTURE_DEVICE_REMOVED };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        first_picture();
        pthread_mutex_lock(&rig.desk.lock);
        rig.desk.storm_result = rows[i];
        rig.desk.lose_every_frame = true;
        pthread_mutex_unlock(&rig.desk.lock);
        viewer_look_for_ms(&viewer, 2500);
        const uint64_t rebuilds = rig_status(&rig).rebuilds;
        CHECK_MSG(rebuilds >= 8 && rebuilds < 80, "%llu rebuilds in 2.5 s",
                  (unsigned long long)rebuilds);
        pthread_mutex_lock(&rig.desk.lock);
        rig.desk.lose_every_frame = false;
        pthread_mutex_unlock(&rig.desk.lock);
        viewer_wait_version(&viewer, desk_draw(&rig.desk, 1));
        CHECK_INT(viewer.restarts, 0);
        end();
    }
}

static const struct capture_layout modes[] = {
    { FRAME_FORMAT_BGRA, 320, 200, 320, 200, FRAME_ROTATE_0, 0 },
    { FRAME_FORMAT_RGBA16F, 320, 200, 320, 200, FRAME_ROTATE_0, FRAME_FLAG_HDR },
    { FRAME_FORMAT_RGBA10, 320, 200, 320, 200, FRAME_ROTATE_0, FRAME_FLAG_HDR | FRAME_FLAG_HDR_PQ },
    { FRAME_FORMAT_BGRA, 200, 320, 200, 320, FRAME_ROTATE_90, 0 },
    { FRAME_FORMAT_BGRA, 200, 320, 200, 320, FRAME_ROTATE_270, 0 },
    { FRAME_FORMAT_RGBA, 321, 7, 642, 14, FRAME_ROTATE_180, 0 },
    { FRAME_FORMAT_BGRA, 1, 2, 1, 2, FRAME_ROTATE_0, 0 },
};

TEST(every_change_of_mode)
{
    first_picture();
    for (uint32_t i = 0; i < 3 * ARRAY_LEN(modes); i++) {
        const struct capture_layout *l = &modes[i % ARRAY_LEN(modes)];
        viewer_wait_version(&viewer, desk_set_mode(&rig.desk, l));
        CHECK(memcmp(&viewer.layout, l, sizeof(*l)) == 0);
        for (uint32_t n = 0; n < 4; n++)
            viewer_wait_version(&viewer, desk_draw(&rig.desk, n));
        const struct publish_status s = rig_status(&rig);
        CHECK(memcmp(&s.layout, l, sizeof(*l)) == 0);
    }
    CHECK_INT(viewer.restarts, 0);
    end();
}

TEST(modes_that_change_all_the_time)
{
    first_picture();
    uint32_t seed = 9, version = 0;
    for (uint32_t i = 0; i < 150; i++) {
        if (desk_random(&seed, 4) == 0)
            version = desk_set_mode(&rig.desk, &modes[desk_random(&seed, ARRAY_LEN(modes))]);
        else
            version = desk_draw(&rig.desk, 2);
        if (desk_random(&seed, 5) == 0)
            desk_say(&rig.desk, CAPTURE_REBUILD);
        viewer_look(&viewer);
        clock_sleep_until_ns(clock_ns() + desk_random(&seed, 4) * NS_PER_MS);
    }
    viewer_wait_version(&viewer, version);
    end();
}

/* What take() says is heard by the capture thread from next(): nothing is lost meanwhile. */
TEST(take_that_fails)
{
    first_picture();
    pthread_mutex_lock(&rig.desk.lock);
    rig.desk.short_takes = 5;
    pthread_mutex_unlock(&rig.desk.lock);
    viewer_wait_version(&viewer, desk_draw(&rig.desk, 2));
    end();
}

static void never(uint32_t backend, enum capture_result result)
{
    pthread_mutex_lock(&rig.desk.lock);
    rig.desk.always[backend] = result;
    pthread_mutex_unlock(&rig.desk.lock);
}

TEST(the_next_backend_takes_over)
{
    rig_init(&rig);
    rig.config.backends = a_then_b;
    never(0, CAPTURE_UNSUPPORTED);
    rig_start(&rig);
    viewer_init(&viewer, &rig);
    viewer_connect(&viewer);
    CHECK_STR(kvmfr_client_session(viewer.client)->capture, "desk A");
    viewer_wait_version(&viewer, desk_draw(&rig.desk, 1));
    /* the viewer learns who captures now: the session is a new one */
    const uint64_t end_ns = clock_ns() + 20 * NS_PER_S;
    while (strcmp(kvmfr_client_session(viewer.client)->capture, "desk B") != 0) {
        CHECK(clock_ns() < end_ns);
        viewer_look(&viewer);
    }
    viewer_wait_version(&viewer, desk_draw(&rig.desk, 1));
    CHECK_STR(rig_status(&rig).capture, "desk B of the test");
    CHECK_INT(rig_count(&rig, &rig.desk.count.starts), 2);
    /* it is remembered */
    viewer_fini(&viewer);
    rig_wait_state(&rig, PUBLISH_STATE_IDLE);
    viewer_init(&viewer, &rig);
    viewer_connect(&viewer);
    viewer_wait_version(&viewer, desk_draw(&rig.desk, 1));
    CHECK_INT(rig_count(&rig, &rig.desk.count.starts), 3);
    /* until somebody asks */
    never(0, CAPTURE_NONE);
    publish_restart(rig.publish);
    while (strcmp(kvmfr_client_session(viewer.client)->capture, "desk A") != 0) {
        CHECK(clock_ns() < end_ns);
        viewer_look(&viewer);
    }
    viewer_wait_version(&viewer, desk_draw(&rig.desk, 1));
    CHECK_STR(rig_status(&rig).capture, "desk A of the test");
    end();
}

TEST(unsupported_in_the_middle)
{
    first_picture();
    desk_say(&rig.desk, CAPTURE_UNSUPPORTED);
    while (strcmp(rig_status(&rig).capture, "desk B of the test") != 0)
        viewer_look(&viewer);
    viewer_wait_version(&viewer, desk_draw(&rig.desk, 2));
    end();
}

TEST(no_backend_is_left)
{
    rig_init(&rig);
    rig.config.backends = a_then_b;
    never(0, CAPTURE_UNSUPPORTED);
    never(1, CAPTURE_UNSUPPORTED);
    rig_start(&rig);
    viewer_init(&viewer, &rig);
    viewer_connect(&viewer);
    rig_wait_state(&rig, PUBLISH_STATE_FAILED);
    viewer_look_for_ms(&viewer, 300);
    CHECK_INT(rig_count(&rig, &rig.desk.count.starts), 2); /* no sense in trying again */
    CHECK_INT(rig_status(&rig).state, PUBLISH_STATE_FAILED);
    never(0, CAPTURE_NONE);
    publish_restart(rig.publish);
    viewer_wait_version(&viewer, desk_draw(&rig.desk, 1));
    end();
}

TEST(fatal_is_the_end)
{
    for (uint32_t i = 0; i < 2; i++) {
        first_picture();
        if (i == 0)
            fail_starts(1, CAPTURE_FATAL);
        desk_say(&rig.desk, i == 0 ? CAPTURE_REBUILD : CAPTURE_FATAL);
        rig_wait_state(&rig, PUBLISH_STATE_FAILED);
        const uint32_t starts = rig_count(&rig, &rig.desk.count.starts);
        viewer_look_for_ms(&viewer, 200);
        CHECK_INT(rig_count(&rig, &rig.desk.count.starts), starts);
        publish_restart(rig.publish);
        viewer_wait_version(&viewer, desk_draw(&rig.desk, 1));
        end();
    }
}

/* Restarting while nobody looks starts nothing. */
TEST(restart_while_idle)
{
    rig_init(&rig);
    rig_start(&rig);
    for (uint32_t i = 0; i < 10; i++) {
        publish_restart(rig.publish);
        clock_sleep_until_ns(clock_ns() + 10 * NS_PER_MS);
    }
    CHECK_INT(rig_count(&rig, &rig.desk.count.starts), 0);
    CHECK_INT(rig_status(&rig).state, PUBLISH_STATE_IDLE);
    rig_stop(&rig);
}
