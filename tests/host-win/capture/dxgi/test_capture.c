/* SPDX-License-Identifier: GPL-2.0-or-later
 * The whole backend on scripted desktops: real D3D11, the test's dxgi.dll. */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/log.h"
#include "desk.h"

static struct desk d;

/* Allocations of this program (the linker puts these in the place of the library's). */
static _Atomic uint32_t allocations;
void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *mem, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *mem, size_t bytes);

void *__wrap_malloc(size_t bytes)
{
    allocations++;
    return __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    allocations++;
    return __real_calloc(count, bytes);
}

void *__wrap_realloc(void *mem, size_t bytes)
{
    allocations++;
    return __real_realloc(mem, bytes);
}

static enum capture_result start(void)
{
    return d.capture->ops->start(d.capture);
}

static void open_and_start(const char *script, const struct capture_config *config)
{
    desk_open(&d, script, config);
    CHECK_INT(start(), CAPTURE_OK);
}

/* The desktop as it is: the first frame of a duplication. */
static void check_present(void)
{
    CHECK_INT(desk_wait_frame(&d), CAPTURE_OK);
    desk_take(&d);
    desk_compare(&d);
}

/* One event per frame, each compared. */
static void check_events(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        desk_play(&d);
        CHECK_INT(desk_wait_frame(&d), CAPTURE_OK);
        desk_take(&d);
        desk_compare(&d);
    }
}

static void check_all_events(void)
{
    check_events(d.script.event_count - 1 - d.event);
    CHECK_INT(desk_next(&d), CAPTURE_TIMEOUT);
    desk_close(&d);
}

TEST(nothing_without_start)
{
    struct capture_picture p;
    desk_open(&d, "mode 64 64\nbegin\n", NULL);
    CHECK_INT(desk_next(&d), CAPTURE_REBUILD);
    CHECK_INT(d.capture->ops->take(d.capture, 20, &p), CAPTURE_TIMEOUT);
    desk_close(&d);
}

TEST(hostile_rectangles)
{
    open_and_start("mode 320 200\nscribble\nbegin\n"
                   "paint 0 0 10 10\ndirty -100 -100 5000 5000\ngo\n"
                   "paint 310 190 10 10\ndirty 300 180 8000 8000\ngo\n"
                   "paint 5 5 50 50\nmetadata 1\ngo\n" /* the sizes are lies */
                   "paint 50 50 50 50\nrandom 70\nmetadata 16\ngo\n"
                   "paint 9 9 9 9\nmetadata 1000000\ngo\n"
                   "paint 1 2 3 4\nfail dirty 1 0x80004005\ngo\n"
                   "paint 2 3 4 5\nfail moves 1 0x887A0003\ngo\n"
                   "paint 3 4 5 6\nbare\ngo\n",
                   NULL);
    check_present();
    check_all_events();
}

TEST(damage_outside_of_the_picture_is_no_frame)
{
    open_and_start("mode 64 64\nbegin\ndirty -90 -90 50 50\ngo\npaint 1 1 5 5\ngo\n", NULL);
    check_present();
    desk_play(&d);
    check_all_events();
}

TEST(full_and_partial_frames)
{
    open_and_start("mode 333 201\nscribble\nbegin\nfull\ngo\nrepeat 10\npaint 10 20 30 40\n"
                   "paint 200 100 77 99\ngo\nrandom 40\ngo\nrandom 200\ngo\nend\n",
                   NULL);
    check_present();
    check_all_events();
}

TEST(only_the_damage_is_told)
{
    open_and_start("mode 640 480\nbegin\npaint 10 20 30 40\ngo\npaint 100 100 1 1\npaint 600 400 "
                   "40 80\ngo\n",
                   NULL);
    check_present();
    CHECK_INT(d.damage_px, 640 * 480);
    check_events(1);
    CHECK_INT(d.damage_px, 30 * 40);
    check_events(1);
    CHECK_INT(d.damage_px, 1 + 40 * 80);
    desk_close(&d);
}

TEST(moves_change_source_and_target)
{
    open_and_start("mode 320 200\nscribble\nbegin\nfull\ngo\nrepeat 6\nmove 0 0 99 99 5 7\ngo\n"
                   "move 200 10 100 150 0 40\npaint 200 10 100 30\ngo\nend\n",
                   NULL);
    check_present();
    check_all_events();
}

/* Pictures that nobody took leave their damage to the one that is taken. */
TEST(damage_of_skipped_pictures_is_kept)
{
    open_and_start("mode 320 200\nscribble\nbegin\nrepeat 20\npaint 10 20 30 40\npaint 5 150 300 "
                   "20\nrandom 5\ngo\nend\n",
                   NULL);
    check_present();
    for (uint32_t left = 20, skip = 1; left > 0; skip = skip % 5 + 1) {
        for (uint32_t i = 0; i < skip && left > 0; i++, left--) {
            desk_play(&d);
            CHECK_INT(desk_wait_frame(&d), CAPTURE_OK);
        }
        desk_take(&d);
        desk_compare(&d);
    }
    desk_close(&d);
}

TEST(unpublished_pictures_count_again)
{
    struct capture_picture p;
    open_and_start("mode 320 200\nbegin\npaint 10 20 30 40\ngo\npaint 100 20 30 40\ngo\n", NULL);
    check_present();
    desk_play(&d);
    CHECK_INT(desk_wait_frame(&d), CAPTURE_OK);
    CHECK_INT(d.capture->ops->take(d.capture, 100, &p), CAPTURE_OK);
    d.capture->ops->release(d.capture, false);
    check_events(1);
    CHECK_INT(d.damage_px, 2 * 30 * 40);
    desk_close(&d);
}

static void check_shape(void)
{
    static uint8_t want[1 << 20];
    const struct cursor_shape *got = d.update.pointer_news.shape;
    const struct shim_pointer *model = &d.screen.pointer;
    const uint32_t bytes = shim_pointer_pitch_bytes(model) * shim_pointer_rows(model);
    CHECK(d.update.pointer_news.has_shape);
    CHECK_INT(got->type, model->shape);
    CHECK_INT(got->width_px, model->width_px);
    CHECK_INT(got->height_px, model->height_px);
    CHECK_INT(got->hot_x_px, model->hot_x_px);
    CHECK_INT(got->hot_y_px, model->hot_y_px);
    CHECK_INT(got->pitch_bytes, shim_pointer_pitch_bytes(model));
    CHECK_INT(got->data_bytes, bytes);
    CHECK(bytes <= sizeof(want));
    shim_pointer_bytes(model, want);
    CHECK(memcmp(want, got->data, bytes) == 0);
}

TEST(pointer_shapes_of_all_types_and_sizes)
{
    open_and_start("mode 64 64\nbegin\npointer 5 6 shown\nshape colour 32 32 1 2\ngo\n"
                   "shape mono 17 5 3 4\ngo\nshape masked 48 20 0 19\ngo\n"
                   "shape colour 512 500 255 255\ngo\nshape colour 1 1 0 0\ngo\n"
                   "shape mono 512 512 9 9\ngo\n",
                   NULL);
    check_present();
    for (int i = 0; i < 6; i++) {
        desk_play(&d);
        CHECK_INT(desk_next(&d), CAPTURE_OK);
        CHECK(d.update.pointer && !d.update.frame);
        check_shape();
    }
    desk_close(&d);
}

TEST(pointer_news_come_without_a_frame)
{
    open_and_start("mode 64 64\nbegin\npointer 5 -6 shown\ngo\npointer 50 60 shown\npaint 0 0 5 5\n"
                   "go\npointer 1 1 hidden\ngo\nfail shape 1 0x80004005\nshape mono 8 8 0 0\n"
                   "pointer 2 3 shown\ngo\n",
                   NULL);
    check_present();
    CHECK_INT(desk_next(&d), CAPTURE_OK);
    CHECK(d.update.pointer && !d.update.frame && d.update.pointer_news.visible);
    CHECK(d.update.pointer_news.has_position && !d.update.pointer_news.has_shape);
    CHECK_INT(d.update.pointer_news.x_px, 5);
    CHECK_INT(d.update.pointer_news.y_px, -6);
    CHECK_INT(desk_next(&d), CAPTURE_OK);
    CHECK(d.update.pointer && d.update.frame);
    CHECK_INT(d.update.pointer_news.x_px, 50);
    CHECK_INT(desk_next(&d), CAPTURE_OK);
    CHECK(d.update.pointer && !d.update.pointer_news.visible);
    CHECK(!d.update.pointer_news.has_position);
    CHECK_INT(desk_next(&d), CAPTURE_OK); /* a shape that cannot be had is left out */
    CHECK(d.update.pointer && d.update.pointer_news.has_position);
    CHECK(!d.update.pointer_news.has_shape);
    desk_close(&d);
}

TEST(nothing_is_allocated_per_frame)
{
    open_and_start("mode 320 200\nbegin\nrepeat 60\nrandom 50\nmove 0 0 50 50 60 60\npointer 1 1 "
                   "shown\nshape colour 64 64 0 0\ngo\nend\n",
                   NULL);
    check_present();
    check_events(10);
    const uint32_t before = allocations;
    struct capture_picture p;
    for (int i = 0; i < 50; i++) {
        CHECK_INT(desk_wait_frame(&d), CAPTURE_OK);
        CHECK_INT(d.capture->ops->take(d.capture, 1000, &p), CAPTURE_OK);
        d.capture->ops->release(d.capture, true);
    }
    CHECK_INT(allocations, before);
    CHECK(before > 10); /* they are counted at all */
    desk_close(&d);
}

static struct {
    _Atomic bool stop;
    _Atomic int failures;
} threaded;

/* As the publisher does it, but without waiting for anything: rebuilds included. */
static void *capture_thread(void *arg)
{
    const struct capture_ops *ops = d.capture->ops;
    struct capture_update update;
    (void)arg;
    while (!threaded.stop) {
        const enum capture_result r = ops->next(d.capture, 20, &update);
        if (r == CAPTURE_OK || r == CAPTURE_TIMEOUT)
            continue;
        ops->stop(d.capture);
        while (!threaded.stop && ops->start(d.capture) != CAPTURE_OK)
            threaded.failures++;
    }
    return NULL;
}

/* Both threads at once, losses and removed devices in between, pictures refused now and then: in
 * the end the reader, who copied only damage, has the desktop. */
TEST(two_threads)
{
    pthread_t thread;
    struct capture_picture p;
    uint32_t taken = 0;
    open_and_start(
        "mode 320 200\nscribble\nbegin\nrepeat 4\nrepeat 40\nwait 2\nrandom 20\ngo\nend\n"
        "lost\nrepeat 20\nwait 3\npaint 10 20 30 40\ngo\nend\nremoved device_reset\nend\n"
        "random 9\ngo\n",
        NULL);
    CHECK_INT(pthread_create(&thread, NULL, capture_thread, NULL), 0);
    while (d.event < d.script.event_count - 1)
        desk_play(&d);
    /* A loaded machine takes seconds for a new device. */
    for (const uint64_t begin_ms = clock_ms();
         clock_ms() - begin_ms < 50000 && !desk_is_equal(&d);) {
        if (d.capture->ops->take(d.capture, 50, &p) != CAPTURE_OK)
            continue;
        const bool published = taken++ % 7 != 3;
        if (published)
            desk_copy(&d, &p);
        d.capture->ops->release(d.capture, published);
    }
    threaded.stop = true;
    pthread_join(thread, NULL);
    desk_compare(&d);
    fprintf(stderr, "%u pictures, %d failed starts\n", taken, threaded.failures);
    CHECK(taken >= 20);
    desk_close(&d);
}

TEST(timeouts_are_kept)
{
    open_and_start("mode 64 64\nbegin\npaint 1 1 1 1\ngo\nwait 400\npaint 0 0 5 5\ngo\n", NULL);
    check_present();
    check_events(1);
    struct capture_update update;
    const uint64_t begin_ms = clock_ms();
    CHECK_INT(d.capture->ops->next(d.capture, 100, &update), CAPTURE_TIMEOUT);
    CHECK(clock_ms() - begin_ms >= 95 && clock_ms() - begin_ms < 250);
    check_all_events();
}

TEST(access_lost_again_and_again)
{
    open_and_start("mode 320 200\nbegin\nrepeat 30\npaint 10 20 30 40\nlost\nend\n"
                   "paint 1 1 5 5\ngo\n",
                   NULL);
    check_present();
    for (int i = 0; i < 30; i++) {
        desk_play(&d);
        CHECK_INT(desk_wait_frame(&d), CAPTURE_REBUILD);
        desk_restart(&d);
        check_present();
    }
    check_all_events();
}

/* Factory, device and textures are kept, so the way back is short. The best of many, and a small
 * desktop: most of the time is the test's own, for drawing it. */
TEST(a_rebuild_is_quick)
{
    open_and_start("mode 640 360\nbegin\nrepeat 20\nlost\nend\n", NULL);
    check_present();
    uint64_t best_ns = UINT64_MAX;
    for (int i = 0; i < 20; i++) {
        CHECK_INT(desk_wait_frame(&d), CAPTURE_REBUILD);
        const uint64_t begin_ns = clock_ns();
        desk_restart(&d);
        CHECK_INT(desk_wait_frame(&d), CAPTURE_OK);
        desk_take(&d);
        const uint64_t took_ns = clock_ns() - begin_ns;
        best_ns = took_ns < best_ns ? took_ns : best_ns;
    }
    fprintf(stderr, "rebuild: %.1f ms\n", (double)best_ns / 1e6);
    CHECK(best_ns < 100 * NS_PER_MS);
    desk_close(&d);
}

TEST(mode_rotation_and_format_change)
{
    static const enum frame_rotation rotations[] = { FRAME_ROTATE_90, FRAME_ROTATE_180,
                                                     FRAME_ROTATE_270, FRAME_ROTATE_0 };
    open_and_start("mode 320 200\nbegin\nmode 200 320\nrotation 90\ngo\nrotation 180\ngo\n"
                   "rotation 270\nmode 65 33\ngo\nrotation 0\nformat rgba\ngo\n",
                   NULL);
    check_present();
    for (size_t i = 0; i < ARRAY_LEN(rotations); i++) {
        desk_play(&d);
        CHECK_INT(desk_wait_frame(&d), CAPTURE_REBUILD);
        desk_restart(&d);
        check_present();
        CHECK_INT(d.layout.rotation, rotations[i]);
        CHECK_INT(d.layout.screen_width_px, d.screen.width_px);
    }
    desk_close(&d);
}

TEST(wide_formats_and_their_flags)
{
    static const uint32_t flags[] = { 0, FRAME_FLAG_HDR | FRAME_FLAG_HDR_PQ, FRAME_FLAG_HDR };
    open_and_start("mode 320 200\nformat bgra\nbegin\nformat rgba10\ngo\ncolour pq\ngo\n"
                   "format rgba16f\ngo\nrandom 20\ngo\n",
                   NULL);
    check_present();
    for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
        desk_play(&d);
        CHECK_INT(desk_wait_frame(&d), CAPTURE_REBUILD);
        desk_restart(&d);
        check_present();
        CHECK_INT(d.layout.flags, flags[i]);
    }
    check_all_events();
}

/* Every 8-bit colour that the desktop shows as scRGB comes back as itself. */
TEST(hdr_becomes_sdr)
{
    static const struct capture_config config = { .hdr = CAPTURE_HDR_TO_SDR };
    static uint8_t row[SHIM_MAX_PX * 4];
    open_and_start("mode 320 200\nformat rgba16f\ncolour pq\nbegin\nrandom 20\ngo\npaint 0 0 320 "
                   "3\ngo\n",
                   &config);
    for (uint32_t event = 0; event <= 2; event++) {
        if (event > 0)
            desk_play(&d);
        CHECK_INT(desk_wait_frame(&d), CAPTURE_OK);
        desk_take(&d);
        CHECK_INT(d.layout.format, FRAME_FORMAT_BGRA);
        CHECK_INT(d.layout.flags, 0);
        for (uint32_t y = 0; y < 200; y++) {
            shim_screen_row(&d.screen, FRAME_FORMAT_BGRA, 0, y, 320, row);
            for (uint32_t i = 0; i < 320 * 4; i++)
                CHECK_MSG(i % 4 == 3 || abs(row[i] - d.copy[y * 320 * 4 + i]) <= 1,
                          "event %u: %u,%u: %u, expected %u", event, i / 4, y,
                          d.copy[y * 320 * 4 + i], row[i]);
        }
    }
    desk_close(&d);
}

/* Cells of 8 x 8 pixels of one colour, so that half the size is exact. */
TEST(scaled_pictures_and_their_damage)
{
    static const struct capture_config config = { .hdr = CAPTURE_HDR_KEEP,
                                                  .down_width_px = 160,
                                                  .down_height_px = 9999 };
    static uint32_t row[SHIM_MAX_PX];
    open_and_start("mode 320 240\npattern blocks\nscribble\nbegin\nrepeat 6\npaint 16 24 32 48\n"
                   "paint 160 8 8 8\ngo\nfull\ngo\nend\n",
                   &config);
    for (uint32_t event = 0; event <= 12; event++) {
        if (event > 0)
            desk_play(&d);
        CHECK_INT(desk_wait_frame(&d), CAPTURE_OK);
        desk_take(&d);
        CHECK_INT(d.layout.width_px, 160);
        CHECK_INT(d.layout.height_px, 120);
        CHECK_INT(d.layout.screen_height_px, 240);
        CHECK(event % 2 == 0 || d.damage_px < 160 * 120 / 4);
        for (uint32_t y = 0; y < 120; y++) {
            shim_screen_row(&d.screen, FRAME_FORMAT_BGRA, 0, y * 2, 320, row);
            for (uint32_t x = 0; x < 160; x++) {
                uint32_t got;
                memcpy(&got, d.copy + (y * 160 + x) * 4, 4);
                CHECK_MSG(((got ^ row[x * 2]) & 0xffffff) == 0, "event %u: %u,%u: %06x", event, x,
                          y, got);
            }
        }
    }
    desk_close(&d);
}

TEST(a_rate_is_kept_and_nothing_is_lost)
{
    static const struct capture_config config = { .max_fps = 20 };
    open_and_start("mode 320 200\nscribble\nbegin\nrepeat 100\nwait 5\nrandom 3\ngo\nend\n",
                   &config);
    check_present();
    const uint64_t begin_ms = clock_ms();
    uint32_t frames = 0;
    while (desk_next(&d) == CAPTURE_OK) {
        CHECK(d.update.frame);
        desk_take(&d);
        frames++;
    }
    const uint64_t took_ms = clock_ms() - begin_ms - 500; /* the last next() timed out */
    for (int i = 0; i < 100; i++)
        desk_play(&d);
    desk_compare(&d);
    fprintf(stderr, "%u frames in %u ms\n", frames, (unsigned)took_ms);
    CHECK(frames >= 5 && frames <= took_ms * 20 / 1000 + 2);
    desk_close(&d);
}

TEST(duplications_that_fail_at_first)
{
    desk_open(&d, "mode 64 64\nfail duplicate1 3 0x80070005\nbegin\npaint 1 1 1 1\ngo\n", NULL);
    for (int i = 0; i < 3; i++)
        CHECK_INT(start(), CAPTURE_REBUILD);
    CHECK_INT(start(), CAPTURE_OK);
    check_present();
    check_all_events();
}

TEST(not_available_for_long_is_unsupported)
{
    desk_open(&d,
              "mode 64 64\nfail duplicate1 100000 0x887A0022\nfail duplicate 100000 0x887A0022\n"
              "begin\n",
              NULL);
    const uint64_t begin_ms = clock_ms();
    enum capture_result r;
    while ((r = start()) == CAPTURE_REBUILD && clock_ms() - begin_ms < 10000)
        clock_sleep_until_ns(clock_ns() + 50 * NS_PER_MS);
    CHECK_INT(r, CAPTURE_UNSUPPORTED);
    CHECK(clock_ms() - begin_ms >= 1500);
    desk_close(&d);
}

TEST(unsupported_at_once)
{
    desk_open(&d, "mode 64 64\nfail duplicate1 9 0x887A0004\nfail duplicate 9 0x887A0004\nbegin\n",
              NULL);
    CHECK_INT(start(), CAPTURE_UNSUPPORTED);
    desk_close(&d);
}

TEST(the_old_call_where_the_new_one_is_refused)
{
    open_and_start("mode 64 64\nfail duplicate1 9 0x887A0004\nbegin\nrandom 3\ngo\n", NULL);
    check_present();
    check_all_events();
}

TEST(old_interfaces)
{
    open_and_start("mode 64 64\nold_interfaces\nbegin\nrandom 3\ngo\n", NULL);
    check_present();
    check_all_events();
}

TEST(a_removed_device_is_replaced)
{
    open_and_start("mode 320 200\nbegin\nrepeat 3\npaint 1 2 3 4\ngo\nremoved device_hung\nend\n"
                   "random 9\ngo\n",
                   NULL);
    check_present();
    for (int i = 0; i < 3; i++) {
        check_events(1);
        desk_play(&d);
        CHECK_INT(desk_wait_frame(&d), CAPTURE_DEVICE_REMOVED);
        desk_restart(&d);
        check_present();
    }
    check_all_events();
}

static const struct {
    const char *code;
    enum capture_result want;
} acquir0x80004005ures[] = {
    { "0x80070005", CAPTURE_REBUILD },        /* the secure desktop */
    { "0x887A0028", CAPTURE_REBUILD },        /* session disconnected */
    { "0x887A0025", CAPTURE_REBUILD },        /* mode change in progress */
    { "0x887A0007", CAPTURE_DEVICE_REMOVED }, /* device reset */
    { "0x80004005", CAPTURE_REBUILD },        /* E_FAIL */
    { "0xDEADBEEF", CAPTURE_FATAL },
};

TEST(acquir0x80004005ures_have_their_meaning)
{
    char script[1024] = "mode 64 64\nbegin\n";
    for (size_t i = 0; i < ARRAY_LEN(acquir0x80004005ures); i++)
        snprintf(script + strlen(script), sizeof(script) - strlen(script),
                 "paint 1 1 5 5\nfail acquire 1 %s\ngo\n", acquir0x80004005ures[i].code);
    open_and_start(script, NULL);
    check_present();
    for (size_t i = 0; i < ARRAY_LEN(acquir0x80004005ures); i++) {
        check_events(1);
        CHECK_INT(desk_wait_frame(&d), acquir0x80004005ures[i].want);
        desk_restart(&d);
        check_present();
    }
    desk_close(&d);
}

TEST(a_release_that_fails)
{
    open_and_start("mode 64 64\nbegin\npaint 1 1 5 5\nfail release 1 0x887A0026\ngo\n", NULL);
    check_present();
    check_events(1);
    CHECK_INT(desk_wait_frame(&d), CAPTURE_REBUILD);
    desk_restart(&d);
    check_present();
    desk_close(&d);
}

TEST(a_gpu_that_is_late)
{
    open_and_start("mode 64 64\nbegin\npaint 1 1 5 5\nfail query 5 1\nfail map 5 still_drawing\n"
                   "go\n",
                   NULL);
    check_present();
    check_all_events();
}

TEST(a_device_that_is_gone_when_the_picture_is_read)
{
    struct capture_picture p;
    open_and_start("mode 64 64\nbegin\npaint 1 1 5 5\nfail map 1 0x887A0005\ngo\n", NULL);
    check_present();
    desk_play(&d);
    CHECK_INT(desk_wait_frame(&d), CAPTURE_OK);
    CHECK_INT(d.capture->ops->take(d.capture, 100, &p), CAPTURE_DEVICE_REMOVED);
    CHECK_INT(desk_next(&d), CAPTURE_DEVICE_REMOVED); /* the capture thread hears the same */
    desk_restart(&d);
    check_present();
    desk_close(&d);
}

TEST(two_outputs)
{
    struct capture_config config = { .output = "\\\\.\\DISPLAY2", .hdr = CAPTURE_HDR_KEEP };
    char text[160];
    open_and_start("mode 64 48\noutput \\\\.\\DISPLAY1 0 0\noutput \\\\.\\DISPLAY2 64 0\nbegin\n"
                   "paint 1 1 9 9\ngo\n",
                   &config);
    shim_screen_fini(&d.screen);
    CHECK_INT(shim_screen_init(&d.screen, &d.script, 1), 0);
    check_present();
    d.capture->ops->describe(d.capture, text, sizeof(text));
    CHECK_MSG(strstr(text, "DXGI on \\\\.\\DISPLAY2 of ") && strstr(text, ", 64x48 bgra"), "%s",
              text);
    check_all_events();
}

TEST(an_output_that_is_not_there_may_come)
{
    struct capture_config config = { .output = "DISPLAY7" };
    desk_open(&d, "mode 64 48\nbegin\n", &config);
    for (int i = 0; i < 3; i++)
        CHECK_INT(start(), CAPTURE_REBUILD);
    desk_close(&d);
}

TEST(wake_ends_a_take)
{
    struct capture_picture p;
    open_and_start("mode 64 48\nbegin\n", NULL);
    check_present();
    d.capture->ops->wake(d.capture);
    const uint64_t begin_ms = clock_ms();
    CHECK_INT(d.capture->ops->take(d.capture, 5000, &p), CAPTURE_TIMEOUT);
    CHECK(clock_ms() - begin_ms < 1000);
    desk_close(&d);
}
