/* SPDX-License-Identifier: GPL-2.0-or-later
 * Publishing on a region with a doorbell, for viewers that ring: docs/extensions.md. */
#include "base/clock.h"
#include "bell_hub.h"
#include "kvmfr/client_extension.h"
#include "rig.h"
#include "test.h"

enum { HOST_PEER = 1, VIEWER_PEER = 2 };

static struct rig rig;
static struct viewer viewer;
static struct bell_hub hub;

static void start(uint32_t buffers)
{
    const struct kvmfr_client_wants wants = { .rings = true, .timing = true, .buffers = buffers };
    bell_hub_init(&hub);
    rig_init(&rig);
    rig.config.doorbell = bell_hub_of(&hub, HOST_PEER);
    rig.region.doorbell = bell_hub_of(&hub, VIEWER_PEER);
    rig_start(&rig);
    viewer_init(&viewer, &rig);
    kvmfr_client_set_wants(viewer.client, &wants);
    viewer_connect(&viewer);
    const uint64_t end_ns = clock_ns() + 20 * NS_PER_S;
    while (kvmfr_client_greet(viewer.client) != KVMFR_GREETING_DONE) {
        CHECK(clock_ns() < end_ns);
        clock_sleep_until_ns(clock_ns() + NS_PER_MS);
    }
}

static void end(void)
{
    viewer_fini(&viewer);
    rig_stop(&rig);
    bell_hub_fini(&hub);
}

static uint32_t takes(void)
{
    return rig_count(&rig, &rig.desk.count.takes);
}

/* Draws for a while and reads nothing. */
static uint32_t draw_for_ms(uint32_t ms)
{
    uint32_t version = 0;
    for (uint32_t i = 0; i < ms; i += 5) {
        version = desk_draw(&rig.desk, 2);
        clock_sleep_until_ns(clock_ns() + 5 * NS_PER_MS);
    }
    return version;
}

TEST(nobody_looks_for_a_free_buffer)
{
    start(2);
    viewer_wait_version(&viewer, desk_draw(&rig.desk, 2));
    (void)draw_for_ms(100); /* until both buffers are full */
    const uint32_t before = takes();
    const uint32_t version = draw_for_ms(400); /* less than what a viewer is evicted for */
    CHECK_MSG(takes() - before <= 8, "tried %u times", takes() - before);
    viewer_wait_version(&viewer, version); /* and goes on, with the newest picture */
    CHECK(rig_status(&rig).rings > 0);
    CHECK_INT(viewer.restarts, 0);
    CHECK_INT(viewer.rejected, 0);
    end();
}

/* Whoever neither rings nor says so is looked after by the clock, as ever. */
TEST(a_viewer_without_a_bell_is_looked_after)
{
    static struct viewer plain;
    start(2);
    rig.region.doorbell = NULL;
    viewer_init(&plain, &rig);
    viewer_connect(&plain);
    for (int i = 0; i < 20; i++) {
        const uint32_t version = desk_draw(&rig.desk, 3);
        while (viewer.version != version || plain.version != version) {
            viewer_look(&viewer);
            viewer_look(&plain);
        }
    }
    viewer_fini(&plain);
    end();
}

static void check_held(uint32_t version)
{
    struct frame_view v;
    struct kvmfr_timing timing;
    uint64_t newest;
    uint32_t got;
    CHECK_INT(kvmfr_client_hold_newest(viewer.client, 0, &v, &newest), KVMFR_READ_OK);
    while (frame_view_ready_rows(&v) < v.height_px)
        ;
    CHECK(desk_check(&rig.desk, v.pixels, v.pitch_bytes, v.rows_px, &rig.desk.layout, &got));
    CHECK_INT(got, version);
    CHECK(kvmfr_timing_read(rig.region.mem, &v, KVMFR_TIMING_OFFSET, &timing));
    CHECK(timing.complete_ns >= timing.post_ns);
    kvmfr_client_let_go(viewer.client, 0);
}

static void wait_frames(uint64_t count)
{
    const uint64_t end_ns = clock_ns() + 20 * NS_PER_S;
    while (rig_status(&rig).frames < count) {
        CHECK(clock_ns() < end_ns);
        clock_sleep_until_ns(clock_ns() + NS_PER_MS);
    }
}

/* A viewer that finishes nothing gets every picture, complete: each buffer's own damage is kept. */
TEST(the_mailbox_has_every_picture)
{
    for (uint32_t buffers = 3; buffers <= 4; buffers++) {
        start(buffers);
        viewer_wait_version(&viewer, desk_draw(&rig.desk, 2));
        wait_frames(1);
        for (uint32_t i = 0; i < 60; i++) {
            const uint64_t before = rig_status(&rig).frames;
            const uint32_t version = desk_draw(&rig.desk, 1 + i % 3);
            wait_frames(before + 1);
            if (kvmfr_client_newest(viewer.client) != 0)
                check_held(version);
            else
                viewer_wait_version(&viewer, version);
        }
        CHECK(kvmfr_client_newest(viewer.client) != 0);
        end();
        viewer = (struct viewer){ 0 };
        rig = (struct rig){ .publish = NULL };
    }
}
