/* SPDX-License-Identifier: GPL-2.0-or-later
 * Publishing with willing backends: viewers that come, look and go. */
#include <errno.h>

#include "base/clock.h"
#include "rig.h"
#include "test.h"
#include "testcard/testcard.h"

static struct rig rig;
static struct viewer viewer;

static void start(void)
{
    rig_init(&rig);
    rig_start(&rig);
    viewer_init(&viewer, &rig);
}

static void end(void)
{
    viewer_fini(&viewer);
    rig_stop(&rig);
}

static void sleep_ms(uint32_t ms)
{
    clock_sleep_until_ns(clock_ns() + ms * NS_PER_MS);
}

TEST(impossible_configurations)
{
    static const struct capture_ops *const none[] = { NULL };
    rig_init(&rig);
    struct publish *p = NULL;
    struct publish_config c = rig.config;
    c.mem = NULL;
    CHECK_INT(publish_create(&c, &p), -EINVAL);
    c = rig.config;
    c.backends = none;
    CHECK_INT(publish_create(&c, &p), -EINVAL);
    c.backends = NULL;
    CHECK_INT(publish_create(&c, &p), -EINVAL);
    c = rig.config;
    c.len_bytes = 65536;
    CHECK_INT(publish_create(&c, &p), -ENOSPC);
    c.len_bytes = UINT64_C(1) << 40;
    CHECK_INT(publish_create(&c, &p), -EINVAL);
    CHECK(!p);
    publish_destroy(NULL);
    rig_start(&rig);
    rig_stop(&rig);
}

TEST(with_nobody_subscribed_nothing_is_captured)
{
    start();
    for (int i = 0; i < 20; i++) {
        desk_draw(&rig.desk, 2);
        sleep_ms(10);
    }
    CHECK_INT(rig_count(&rig, &rig.desk.count.starts), 0);
    CHECK_INT(rig_status(&rig).state, PUBLISH_STATE_IDLE);
    viewer_connect(&viewer);
    viewer_wait_version(&viewer, desk_draw(&rig.desk, 1));
    CHECK_INT(rig_status(&rig).state, PUBLISH_STATE_CAPTURING);
    CHECK_STR(rig_status(&rig).capture, "desk A of the test");
    viewer_fini(&viewer);
    rig_wait_state(&rig, PUBLISH_STATE_IDLE);
    const uint32_t nexts = rig_count(&rig, &rig.desk.count.nexts),
                   takes = rig_count(&rig, &rig.desk.count.takes);
    CHECK_INT(rig_count(&rig, &rig.desk.count.stops), 1);
    for (int i = 0; i < 20; i++) {
        desk_draw(&rig.desk, 2);
        sleep_ms(10);
    }
    CHECK_INT(rig_count(&rig, &rig.desk.count.nexts), nexts);
    CHECK_INT(rig_count(&rig, &rig.desk.count.takes), takes);
    CHECK_INT(rig_count(&rig, &rig.desk.count.starts), 1);
    /* and again: the first picture is a new one, never one from before */
    const uint32_t newest = desk_draw(&rig.desk, 1);
    viewer_init(&viewer, &rig);
    viewer_connect(&viewer);
    while (viewer.frames == 0)
        viewer_look(&viewer);
    CHECK_INT(viewer.version, newest);
    end();
}

TEST(every_pixel_of_every_format)
{
    for (uint32_t format = 1; frame_format_find(format); format++) {
        rig_init(&rig);
        rig.desk.layout.format = (enum frame_format)format;
        desk_set_mode(&rig.desk, &rig.desk.layout);
        rig_start(&rig);
        viewer_init(&viewer, &rig);
        viewer_connect(&viewer);
        for (uint32_t i = 0; i < 25; i++)
            viewer_wait_version(&viewer, desk_draw(&rig.desk, i % 4));
        CHECK_INT(viewer.layout.format, format);
        CHECK(viewer.frames >= 25);
        end();
    }
}

static _Atomic bool drawing;

static void *draw_fast(void *ctx)
{
    (void)ctx;
    while (drawing) {
        desk_draw(&rig.desk, 3);
        sleep_ms(1);
    }
    return NULL;
}

/* Faster than anybody looks: frames are replaced, none is queued, and the last one arrives. */
TEST(a_slow_viewer_gets_the_newest)
{
    pthread_t thread;
    start();
    viewer_connect(&viewer);
    drawing = true;
    CHECK_INT(pthread_create(&thread, NULL, draw_fast, NULL), 0);
    for (uint32_t i = 0; i < 15; i++) {
        sleep_ms(40);
        viewer_look(&viewer);
    }
    drawing = false;
    pthread_join(thread, NULL);
    viewer_wait_version(&viewer, rig_count(&rig, &rig.desk.version));
    const struct publish_status s = rig_status(&rig);
    CHECK_MSG(viewer.frames < 15 * 3, "%u frames in 15 looks", viewer.frames);
    CHECK_MSG(s.replaced > 50, "%llu replaced", (unsigned long long)s.replaced);
    CHECK_INT(s.frames, viewer.frames - viewer.repeats);
    CHECK(s.bytes_copied > 0);
    end();
}

TEST(several_viewers_at_once)
{
    static struct viewer others[3];
    pthread_t thread;
    start();
    viewer_connect(&viewer);
    drawing = true;
    CHECK_INT(pthread_create(&thread, NULL, draw_fast, NULL), 0);
    for (uint32_t i = 0; i < 3; i++) {
        viewer_init(&others[i], &rig);
        viewer_connect(&others[i]);
    }
    for (uint32_t i = 0; i < 200; i++) {
        viewer_look(&viewer);
        viewer_look(&others[i % 3]);
        if (i % 50 == 49) {
            viewer_fini(&others[i / 50 % 3]);
            viewer_init(&others[i / 50 % 3], &rig);
            viewer_connect(&others[i / 50 % 3]);
        }
        sleep_ms(1);
    }
    drawing = false;
    pthread_join(thread, NULL);
    for (uint32_t i = 0; i < 3; i++) {
        viewer_wait_version(
            &viewer, rig_count(&rig, &rig.desk.version)); /* all of them finish what they hold */
        viewer_wait_version(&others[i], rig_count(&rig, &rig.desk.version));
        viewer_fini(&others[i]);
    }
    end();
}

/* A newcomer on a still desktop has picture, pointer and its shape soon. */
TEST(a_late_viewer_is_served)
{
    static struct viewer late;
    start();
    viewer_connect(&viewer);
    desk_move_pointer(&rig.desk, 33, 44, true, testcard_cursor(CURSOR_MASKED_COLOUR));
    const uint32_t version = desk_draw(&rig.desk, 1);
    viewer_wait_version(&viewer, version);
    viewer_wait_cursor(&viewer, 33, 44);
    uint64_t best_ns = UINT64_MAX;
    for (uint32_t i = 0; i < 5; i++) {
        viewer_look_for_ms(&viewer, 50);
        viewer_init(&late, &rig);
        viewer_connect(&late);
        const uint64_t from_ns = clock_ns();
        viewer_wait_version(&late, version);
        viewer_wait_cursor(&late, 33, 44);
        best_ns = clock_ns() - from_ns < best_ns ? clock_ns() - from_ns : best_ns;
        CHECK_INT(late.shapes, 1);
        CHECK_INT(late.cursor.shape.type, CURSOR_MASKED_COLOUR);
        CHECK(late.cursor.visible);
        viewer_fini(&late);
    }
    printf("served after %.1f ms\n", (double)best_ns / 1e6);
    CHECK(best_ns < 100 * NS_PER_MS);
    CHECK_INT(rig_status(&rig).frames, viewer.frames - viewer.repeats);
    end();
}

TEST(the_pointer_needs_no_frames)
{
    start();
    viewer_connect(&viewer);
    viewer_wait_version(&viewer, rig_count(&rig, &rig.desk.version));
    const uint64_t frames = rig_status(&rig).frames;
    static const enum cursor_type kinds[] = { CURSOR_COLOUR, CURSOR_MONOCHROME,
                                              CURSOR_MASKED_COLOUR };
    for (int32_t i = 0; i < 60; i++) {
        const struct cursor_shape *shape = i % 10 == 0 ? testcard_cursor(kinds[i / 10 % 3]) : NULL;
        desk_move_pointer(&rig.desk, i - 30, 2 * i, i % 7 != 0, shape);
        viewer_wait_cursor(&viewer, i - 30, 2 * i);
        CHECK_INT(viewer.cursor.visible, i % 7 != 0);
        const struct cursor_shape *want = testcard_cursor(kinds[i / 10 % 3]);
        CHECK_INT(viewer.cursor.shape.type, want->type);
        CHECK_INT(viewer.cursor.shape.height_px, want->height_px);
        CHECK(memcmp(viewer.cursor.shape.data, want->data, want->data_bytes) == 0);
    }
    CHECK_INT(rig_status(&rig).frames, frames);
    CHECK(rig_status(&rig).pointer_updates >= 60);
    end();
}

/* More pointer news than the queue holds while nobody reads; the newest arrives. */
TEST(a_flood_of_pointer_news)
{
    start();
    viewer_connect(&viewer);
    viewer_wait_version(&viewer, rig_count(&rig, &rig.desk.version));
    for (int32_t i = 0; i < 200; i++) {
        desk_move_pointer(&rig.desk, i, i, true, testcard_cursor(CURSOR_COLOUR));
        sleep_ms(1);
    }
    viewer_wait_cursor(&viewer, 199, 199);
    end();
}

TEST(shapes_that_cannot_be_sent_do_no_harm)
{
    static uint8_t data[1025 * 4];
    static const struct cursor_shape rows[] = {
        { CURSOR_COLOUR, 1025, 1, 4100, 0, 0, sizeof(data), data },    /* too wide */
        { CURSOR_COLOUR, 100, 1, 4, 0, 0, sizeof(data), data },        /* pitch */
        { CURSOR_COLOUR, 1, 1, 4, 256, 0, sizeof(data), data },        /* hot spot */
        { CURSOR_COLOUR, 1024, 1024, 4096, 0, 0, sizeof(data), NULL }, /* no data */
        { CURSOR_NONE, 1, 1, 4, 0, 0, sizeof(data), data },
        { (enum cursor_type)9, 1, 1, 4, 0, 0, sizeof(data), data },
    };
    start();
    viewer_connect(&viewer);
    desk_move_pointer(&rig.desk, 1, 1, true, testcard_cursor(CURSOR_COLOUR));
    viewer_wait_cursor(&viewer, 1, 1);
    for (int32_t i = 0; i < (int32_t)ARRAY_LEN(rows); i++) {
        desk_move_pointer(&rig.desk, 10 + i, 5, true, &rows[i]);
        viewer_wait_cursor(&viewer, 10 + i, 5);
        CHECK_INT(viewer.cursor.shape.width_px, 32); /* the last good one */
    }
    end();
}

/* Seven frames a second at most, and the last one is the newest. */
TEST(max_fps)
{
    pthread_t thread;
    rig_init(&rig);
    rig.config.capture.max_fps = 20;
    rig_start(&rig);
    viewer_init(&viewer, &rig);
    viewer_connect(&viewer);
    viewer_wait_version(&viewer, 1);
    drawing = true;
    CHECK_INT(pthread_create(&thread, NULL, draw_fast, NULL), 0);
    const uint64_t from_ns = clock_ns();
    const uint64_t before = rig_status(&rig).frames;
    viewer_look_for_ms(&viewer, 1500);
    const uint64_t frames = rig_status(&rig).frames - before;
    const double seconds = (double)(clock_ns() - from_ns) / 1e9;
    const double fps = rig_status(&rig).fps;
    drawing = false;
    pthread_join(thread, NULL);
    CHECK_MSG((double)frames <= 20 * seconds + 2, "%llu frames in %.2f s",
              (unsigned long long)frames, seconds);
    CHECK_MSG(frames >= 15, "%llu frames in %.2f s", (unsigned long long)frames, seconds);
    CHECK_MSG(fps > 5 && fps < 23, "%.1f frames per second", fps);
    viewer_wait_version(&viewer, rig_count(&rig, &rig.desk.version));
    end();
}

TEST(flags_and_pointer_position_of_the_system)
{
    uint32_t serial;
    start();
    viewer_connect(&viewer);
    viewer_wait_version(&viewer, desk_draw(&rig.desk, 1));
    CHECK_INT(viewer.flags, 0);
    rig.flags = FRAME_FLAG_BLOCK_SCREENSAVER;
    viewer_wait_version(&viewer, desk_draw(&rig.desk, 1));
    CHECK_INT(viewer.flags, FRAME_FLAG_BLOCK_SCREENSAVER);
    rig.flags = FRAME_FLAG_REQUEST_ACTIVATION;
    viewer_wait_version(&viewer, desk_draw(&rig.desk, 1));
    CHECK_INT(viewer.flags, FRAME_FLAG_REQUEST_ACTIVATION);
    CHECK((kvmfr_client_session(viewer.client)->features & KVMFR_FEATURE_SET_CURSOR_POSITION) != 0);
    CHECK_INT(kvmfr_client_set_cursor_position(viewer.client, -5, 70000, &serial), LGMP_OK);
    while (!kvmfr_client_cursor_position_done(viewer.client, serial))
        viewer_look(&viewer);
    CHECK_INT(rig.cursor_sets, 1);
    CHECK_INT(rig.cursor_x, -5);
    CHECK_INT(rig.cursor_y, 70000);
    end();
}

TEST(a_region_that_is_too_small_for_the_mode)
{
    uint64_t needed_bytes = 0;
    for (uint32_t round = 0; round < 2; round++) {
        rig_init_region(&rig, round == 0 ? 4u << 20 : needed_bytes);
        struct capture_layout l = rig.desk.layout;
        l.width_px = l.screen_width_px = 640;
        l.height_px = l.screen_height_px = 400;
        desk_set_mode(&rig.desk, &l);
        rig_start(&rig);
        viewer_init(&viewer, &rig);
        viewer_connect(&viewer);
        for (uint32_t i = 0; i < 5; i++)
            viewer_wait_version(&viewer, desk_draw(&rig.desk, 3));
        const struct publish_status s = rig_status(&rig);
        if (round == 0) {
            CHECK(s.truncated_rows > 0 && s.truncated_rows < 400);
            CHECK_INT(viewer.rows_px, 400 - s.truncated_rows);
            CHECK(s.needed_bytes > rig.region.len_bytes);
            needed_bytes = s.needed_bytes;
        } else {
            CHECK_INT(s.truncated_rows, 0);
            CHECK_INT(s.needed_bytes, 0);
            CHECK_INT(viewer.rows_px, 400);
        }
        end();
    }
}

/* Pictures without any news cost nothing, and are no frames. */
TEST(a_picture_without_damage_is_no_frame)
{
    start();
    viewer_connect(&viewer);
    viewer_wait_version(&viewer, 1);
    viewer_look_for_ms(&viewer, 50);
    const uint64_t frames = rig_status(&rig).frames;
    for (uint32_t i = 0; i < 20; i++) {
        pthread_mutex_lock(&rig.desk.lock);
        rig.desk.frame_due = true;
        pthread_cond_broadcast(&rig.desk.changed);
        pthread_mutex_unlock(&rig.desk.lock);
        viewer_look_for_ms(&viewer, 5);
    }
    CHECK_INT(rig_status(&rig).frames, frames);
    viewer_wait_version(&viewer, desk_draw(&rig.desk, 1));
    end();
}

TEST(ends_at_any_moment)
{
    for (uint32_t i = 0; i < 20; i++) {
        start();
        for (uint32_t n = 0; n < i; n++) {
            desk_draw(&rig.desk, 2);
            viewer_look(&viewer);
            sleep_ms(i % 5);
            if (n % 4 == 3)
                publish_restart(rig.publish);
        }
        if (i % 2) {
            end();
        } else { /* the viewer survives */
            rig.stop = true;
            pthread_join(rig.ticker, NULL);
            publish_destroy(rig.publish);
            viewer_look(&viewer);
            rig.publish = NULL;
            rig.stop = false;
            rig.capture_threads = rig.copy_threads = 0;
            rig_start(&rig);
            viewer_connect(&viewer);
            viewer.version = 0;
            viewer_wait_version(&viewer, rig_count(&rig, &rig.desk.version));
            end();
        }
    }
}
