/* SPDX-License-Identifier: GPL-2.0-or-later
 * Host and client against each other over one piece of memory and a simulated clock. */
#include "test.h"

#include <errno.h>
#include <pthread.h>

#include "kvmfr/client.h"
#include "kvmfr/host.h"
#include "kvmfr/layout.h"
#include "lgmp/layout.h"

#define REGION_BYTES (1u << 20)

struct rig {
    struct shm_region region;
    struct kvmfr_host *host;
    struct kvmfr_client *client;
    uint64_t now_ms;
    int32_t set_x, set_y;
    uint32_t set_count;
};

static void on_set_cursor(void *ctx, int32_t x, int32_t y)
{
    struct rig *r = ctx;
    r->set_x = x;
    r->set_y = y;
    r->set_count++;
}

static void start_host(struct rig *r)
{
    const struct kvmfr_host_config config = {
        .session = { .host_version = "test", .capture = "none", .os = KVMFR_OS_LINUX },
        .shape_bytes = 16408,
        .now_ms = r->now_ms,
        .set_cursor_position = on_set_cursor,
        .ctx = r,
    };
    CHECK_INT(kvmfr_host_create(r->region.mem, r->region.len_bytes, &config, &r->host), 0);
}

static void pass_ms(struct rig *r, uint32_t ms)
{
    for (uint32_t i = 0; i < ms; i += 10) {
        r->now_ms += 10;
        if (r->host)
            CHECK_INT(kvmfr_host_tick(r->host, r->now_ms, NULL), 0);
    }
}

static void connect(struct rig *r)
{
    for (int i = 0; i < 10 && kvmfr_client_step(r->client, r->now_ms) != KVMFR_STATE_CONNECTED; i++)
        pass_ms(r, 20);
    CHECK_INT(kvmfr_client_step(r->client, r->now_ms), KVMFR_STATE_CONNECTED);
}

static void setup(struct rig *r)
{
    static _Alignas(4096) uint8_t memory[REGION_BYTES];
    memset(memory, 0, sizeof(memory));
    *r = (struct rig){ .region = { .mem = memory, .len_bytes = REGION_BYTES }, .now_ms = 1000 };
    CHECK_INT(kvmfr_client_create(&r->region, (struct lgmp_random){ 0 }, &r->client), 0);
}

static void teardown(struct rig *r)
{
    kvmfr_client_destroy(r->client);
    kvmfr_host_destroy(r->host);
}

static const struct kvmfr_frame_desc small_frame = { .format = FRAME_FORMAT_BGRA,
                                                     .width_px = 64,
                                                     .height_px = 48 };

static struct kvmfr_frame_writer publish(struct rig *r, const struct kvmfr_frame_desc *desc,
                                         uint8_t fill)
{
    struct kvmfr_frame_writer w;
    CHECK_INT(kvmfr_host_begin_frame(r->host, desc, r->now_ms, &w), 0);
    memset(w.pixels, fill, (size_t)w.pitch_bytes * w.rows_px);
    kvmfr_host_end_frame(r->host, &w);
    return w;
}

TEST(states_from_nothing_to_connected)
{
    struct rig r;
    setup(&r);
    CHECK_INT(kvmfr_client_step(r.client, r.now_ms), KVMFR_STATE_NO_HOST);
    start_host(&r); /* the first timestamp differs from what attach saw: alive */
    CHECK_INT(kvmfr_client_step(r.client, r.now_ms), KVMFR_STATE_CONNECTED);
    CHECK_STR(kvmfr_client_session(r.client)->host_version, "test");
    CHECK_INT(kvmfr_client_generation(r.client), 1);
    /* the host program ends */
    kvmfr_host_destroy(r.host);
    r.host = NULL;
    pass_ms(&r, 1000);
    CHECK_INT(kvmfr_client_step(r.client, r.now_ms), KVMFR_STATE_CONNECTED);
    pass_ms(&r, 20);
    CHECK_INT(kvmfr_client_step(r.client, r.now_ms), KVMFR_STATE_HOST_SILENT);
    struct frame_view v;
    CHECK_INT(kvmfr_client_peek_frame(r.client, &v), KVMFR_READ_RESTART);
    CHECK_INT(kvmfr_client_peek_frame(r.client, &v), KVMFR_READ_EMPTY);
    start_host(&r);
    connect(&r);
    CHECK_INT(kvmfr_client_generation(r.client), 2);
    teardown(&r);
}

TEST(wrong_versions_are_told)
{
    struct rig r;
    setup(&r);
    start_host(&r);
    uint8_t *mem = r.region.mem;
    mem[4] = 7; /* LGMP version */
    CHECK_INT(kvmfr_client_step(r.client, r.now_ms), KVMFR_STATE_WRONG_VERSION);
    CHECK_INT(kvmfr_client_versions(r.client).lgmp, 7);
    mem[4] = 6;
    mem[LGMP_UDATA_OFFSET + 8] = 19;
    /* no tick: the host would repair it */
    mem[16]++;
    CHECK_INT(kvmfr_client_step(r.client, r.now_ms), KVMFR_STATE_WRONG_VERSION);
    CHECK_INT(kvmfr_client_versions(r.client).kvmfr, 19);
    CHECK_STR(kvmfr_client_versions(r.client).host_version, "test");
    connect(&r); /* the host notices within a tick and starts over */
    teardown(&r);
}

TEST(frame_follows_the_write_pointer)
{
    struct rig r;
    struct frame_view v;
    struct kvmfr_frame_writer w;
    setup(&r);
    start_host(&r);
    CHECK(!kvmfr_host_wanted(r.host));
    connect(&r);
    CHECK(kvmfr_host_wanted(r.host));
    CHECK_INT(kvmfr_client_peek_frame(r.client, &v), KVMFR_READ_EMPTY);
    CHECK_INT(kvmfr_host_begin_frame(r.host, &small_frame, r.now_ms, &w), 0);
    CHECK_INT(w.age, 0);
    CHECK_INT((uintptr_t)w.pixels % 4096, 0);
    CHECK_INT(kvmfr_client_peek_frame(r.client, &v), KVMFR_READ_OK);
    CHECK_INT(frame_view_ready_rows(&v), 0);
    kvmfr_host_raise_rows(r.host, &w, 20);
    CHECK_INT(frame_view_ready_rows(&v), 20);
    kvmfr_host_raise_rows(r.host, &w, 10); /* never lower */
    CHECK_INT(frame_view_ready_rows(&v), 20);
    kvmfr_host_raise_rows(r.host, &w, 1000);
    CHECK_INT(frame_view_ready_rows(&v), 48);
    kvmfr_host_end_frame(r.host, &w);
    CHECK(v.pixels == w.pixels);
    CHECK_INT(kvmfr_client_unread_frames(r.client), 1);
    CHECK(kvmfr_client_frame_intact(r.client));
    CHECK_INT(kvmfr_client_finish_frame(r.client), KVMFR_READ_OK);
    CHECK_INT(kvmfr_client_peek_frame(r.client, &v), KVMFR_READ_EMPTY);
    teardown(&r);
}

TEST(frames_alternate_age_and_wait)
{
    struct rig r;
    struct frame_view v;
    struct kvmfr_frame_writer w;
    setup(&r);
    start_host(&r);
    connect(&r);
    CHECK_INT(publish(&r, &small_frame, 1).buffer, 0);
    CHECK_INT(publish(&r, &small_frame, 2).buffer, 1);
    CHECK_INT(kvmfr_host_begin_frame(r.host, &small_frame, r.now_ms, &w), -EAGAIN);
    CHECK_INT(kvmfr_client_peek_frame(r.client, &v), KVMFR_READ_OK);
    CHECK_INT(v.serial, 0);
    CHECK_INT(v.pixels[0], 1);
    CHECK_INT(kvmfr_client_finish_frame(r.client), KVMFR_READ_OK);
    w = publish(&r, &small_frame, 3);
    CHECK_INT(w.buffer, 0);
    CHECK_INT(w.serial, 2);
    CHECK_INT(w.age, 2);
    struct kvmfr_frame_desc turned = small_frame;
    turned.rotation = FRAME_ROTATE_90;
    CHECK_INT(kvmfr_client_finish_frame(r.client), KVMFR_READ_OK);
    CHECK_INT(kvmfr_client_peek_frame(r.client, &v), KVMFR_READ_OK);
    const uint32_t version = v.format_version;
    CHECK_INT(kvmfr_client_finish_frame(r.client), KVMFR_READ_OK);
    w = publish(&r, &turned, 4); /* another layout: the buffer holds nothing to build upon */
    CHECK_INT(w.age, 0);
    CHECK_INT(kvmfr_client_peek_frame(r.client, &v), KVMFR_READ_OK);
    CHECK(v.format_version != version);
    CHECK_INT(v.rotation, FRAME_ROTATE_90);
    teardown(&r);
}

TEST(abandoned_frame_is_no_base)
{
    struct rig r;
    struct kvmfr_frame_writer w;
    setup(&r);
    start_host(&r);
    publish(&r, &small_frame, 1);
    publish(&r, &small_frame, 2);
    CHECK_INT(kvmfr_host_begin_frame(r.host, &small_frame, r.now_ms, &w), 0);
    CHECK_INT(w.age, 2);
    publish(&r, &small_frame, 3);
    CHECK_INT(publish(&r, &small_frame, 4).age, 0); /* the one that was never ended */
    teardown(&r);
}

TEST(truncation_stays_inside_the_buffer)
{
    struct rig r;
    struct frame_view v;
    setup(&r);
    start_host(&r);
    connect(&r);
    const struct kvmfr_frame_desc big = { .format = FRAME_FORMAT_BGRA,
                                          .width_px = 640,
                                          .height_px = 480 };
    const struct kvmfr_frame_writer w = publish(&r, &big, 9);
    CHECK_INT(w.rows_px, (495616 - 4096) / 2560);
    CHECK_INT(kvmfr_client_peek_frame(r.client, &v), KVMFR_READ_OK);
    CHECK(v.flags & FRAME_FLAG_TRUNCATED);
    CHECK_INT(v.rows_px, w.rows_px);
    CHECK_INT(v.height_px, 480);
    CHECK_INT(frame_view_ready_rows(&v), w.rows_px);
    struct kvmfr_frame_writer none;
    const struct kvmfr_frame_desc huge = {
        .format = FRAME_FORMAT_RGBA16F, .width_px = 16384, .height_px = 1, .pitch_bytes = 1 << 20
    };
    CHECK_INT(kvmfr_host_begin_frame(r.host, &huge, r.now_ms, &none), -ENOSPC);
    teardown(&r);
}

TEST(bad_descriptions_are_refused)
{
    const struct frame_rect outside = { 60, 0, 5, 5 };
    const struct kvmfr_frame_desc rows[] = {
        { .format = FRAME_FORMAT_INVALID, .width_px = 8, .height_px = 8 },
        { .format = (enum frame_format)7, .width_px = 8, .height_px = 8 },
        { .format = FRAME_FORMAT_BGRA, .width_px = 0, .height_px = 8 },
        { .format = FRAME_FORMAT_BGRA, .width_px = 8, .height_px = 20000 },
        { .format = FRAME_FORMAT_BGRA, .width_px = 8, .height_px = 8, .pitch_bytes = 28 },
        { .format = FRAME_FORMAT_RGB_24, .width_px = 8, .height_px = 8, .pitch_bytes = 256 },
        { .format = FRAME_FORMAT_BGRA,
          .width_px = 64,
          .height_px = 64,
          .damage_count = 65,
          .damage = &outside },
        { .format = FRAME_FORMAT_BGRA,
          .width_px = 64,
          .height_px = 64,
          .damage_count = 1,
          .damage = &outside },
        { .format = FRAME_FORMAT_BGRA, .width_px = 64, .height_px = 64, .damage_count = 1 },
        { .format = FRAME_FORMAT_BGRA,
          .width_px = 8,
          .height_px = 8,
          .rotation = (enum frame_rotation)4 },
    };
    struct rig r;
    struct kvmfr_frame_writer w;
    setup(&r);
    start_host(&r);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_MSG(kvmfr_host_begin_frame(r.host, &rows[i], r.now_ms, &w) == -EINVAL, "row %zu", i);
    teardown(&r);
}

TEST(newcomers_get_the_last_frame_and_pointer)
{
    struct rig r;
    struct frame_view v;
    struct cursor_update u;
    uint8_t pixels[32 * 4 * 32] = { 1, 2, 3, 4 };
    const struct cursor_shape shape = { .type = CURSOR_COLOUR,
                                        .width_px = 32,
                                        .height_px = 32,
                                        .pitch_bytes = 128,
                                        .hot_x_px = 3,
                                        .data = pixels };
    setup(&r);
    start_host(&r);
    CHECK_INT(kvmfr_host_pointer(r.host, 10, 20, true, &shape, r.now_ms), 0);
    const struct kvmfr_frame_writer w = publish(&r, &small_frame, 5); /* nobody listens */
    connect(&r);
    CHECK_INT(kvmfr_client_peek_frame(r.client, &v), KVMFR_READ_EMPTY);
    kvmfr_host_repeat_frame(r.host, r.now_ms);
    kvmfr_host_repeat_frame(r.host, r.now_ms);
    kvmfr_host_pointer_repeat(r.host, r.now_ms);
    kvmfr_host_pointer_repeat(r.host, r.now_ms);
    CHECK_INT(kvmfr_client_peek_frame(r.client, &v), KVMFR_READ_OK);
    CHECK_INT(v.serial, w.serial);
    CHECK_INT(frame_view_ready_rows(&v), 48);
    CHECK_INT(kvmfr_client_unread_frames(r.client), 1);
    CHECK_INT(kvmfr_client_finish_frame(r.client), KVMFR_READ_OK);
    CHECK_INT(kvmfr_client_read_cursor(r.client, &u), KVMFR_READ_OK);
    CHECK(u.visible && u.has_position && u.has_shape);
    CHECK_INT(u.x_px, 10);
    CHECK_INT(u.shape.hot_x_px, 3);
    CHECK(memcmp(u.shape.data, pixels, sizeof(pixels)) == 0);
    cursor_shape_fini(&u.shape);
    CHECK_INT(kvmfr_client_read_cursor(r.client, &u), KVMFR_READ_EMPTY);
    teardown(&r);
}

TEST(pointer_queue_full_keeps_the_newest)
{
    struct rig r;
    struct cursor_update u = { 0 };
    setup(&r);
    start_host(&r);
    connect(&r);
    for (int i = 0; i < 20; i++)
        CHECK_INT(kvmfr_host_pointer(r.host, i, 0, true, NULL, r.now_ms), 0);
    CHECK_INT(kvmfr_host_pointer(r.host, 50, 0, true, NULL, r.now_ms), -EAGAIN);
    CHECK_INT(kvmfr_host_pointer(r.host, 60, 0, false, NULL, r.now_ms), -EAGAIN);
    CHECK_INT(kvmfr_client_read_cursor(r.client, &u), KVMFR_READ_OK);
    CHECK_INT(u.x_px, 0);
    kvmfr_host_pointer_repeat(r.host, r.now_ms);
    for (int i = 1; i < 20; i++) {
        CHECK_INT(kvmfr_client_read_cursor(r.client, &u), KVMFR_READ_OK);
        CHECK_INT(u.x_px, i);
    }
    CHECK_INT(kvmfr_client_read_cursor(r.client, &u), KVMFR_READ_OK);
    CHECK_INT(u.x_px, 60);
    CHECK(!u.visible);
    CHECK_INT(kvmfr_client_read_cursor(r.client, &u), KVMFR_READ_EMPTY);
    /* unchanged state is no message */
    CHECK_INT(kvmfr_host_pointer(r.host, 60, 0, false, NULL, r.now_ms), 0);
    CHECK_INT(kvmfr_client_read_cursor(r.client, &u), KVMFR_READ_EMPTY);
    teardown(&r);
}

TEST(queued_shapes_are_not_overwritten)
{
    struct rig r;
    struct cursor_update u;
    uint8_t pixel[4];
    const struct cursor_shape shape = {
        .type = CURSOR_COLOUR, .width_px = 1, .height_px = 1, .pitch_bytes = 4, .data = pixel
    };
    setup(&r);
    start_host(&r);
    connect(&r);
    for (uint8_t i = 0; i < 5; i++) {
        memset(pixel, i, sizeof(pixel));
        CHECK_INT(kvmfr_host_pointer(r.host, i, i, true, &shape, r.now_ms), i < 3 ? 0 : -EAGAIN);
    }
    for (uint8_t i = 0; i < 4; i++) { /* 0, 1, 2, then the newest; 3 was superseded */
        CHECK_INT(kvmfr_client_read_cursor(r.client, &u), KVMFR_READ_OK);
        kvmfr_host_pointer_repeat(r.host, r.now_ms);
        CHECK(u.has_shape);
        CHECK_INT(u.shape.data[0], i < 3 ? i : 4);
        cursor_shape_fini(&u.shape);
    }
    CHECK_INT(kvmfr_client_read_cursor(r.client, &u), KVMFR_READ_EMPTY);
    teardown(&r);
}

TEST(shapes_too_large_are_refused)
{
    struct rig r;
    static uint8_t data[65 * 260];
    const struct cursor_shape fits = {
        .type = CURSOR_COLOUR, .width_px = 64, .height_px = 64, .pitch_bytes = 256, .data = data
    };
    const struct cursor_shape over = {
        .type = CURSOR_COLOUR, .width_px = 64, .height_px = 65, .pitch_bytes = 256, .data = data
    };
    const struct cursor_shape none = {
        .type = CURSOR_NONE, .width_px = 1, .height_px = 1, .pitch_bytes = 4, .data = data
    };
    setup(&r);
    start_host(&r);
    CHECK_INT(kvmfr_host_pointer(r.host, 0, 0, true, &over, r.now_ms), -EINVAL);
    CHECK_INT(kvmfr_host_pointer(r.host, 0, 0, true, &none, r.now_ms), -EINVAL);
    CHECK_INT(kvmfr_host_pointer(r.host, 0, 0, true, &fits, r.now_ms), 0);
    teardown(&r);
}

TEST(set_cursor_position_round_trip)
{
    struct rig r;
    uint32_t serial = 0;
    setup(&r);
    start_host(&r);
    connect(&r);
    CHECK_INT(kvmfr_client_set_cursor_position(r.client, 640, -17, &serial), LGMP_OK);
    CHECK_INT(serial, 1);
    CHECK(!kvmfr_client_cursor_position_done(r.client, serial));
    pass_ms(&r, 10);
    CHECK(kvmfr_client_cursor_position_done(r.client, serial));
    CHECK_INT(r.set_count, 1);
    CHECK_INT(r.set_x, 640);
    CHECK_INT(r.set_y, -17);
    teardown(&r);
}

TEST(eviction_and_coming_back)
{
    struct rig r;
    struct frame_view v;
    setup(&r);
    start_host(&r);
    connect(&r);
    publish(&r, &small_frame, 1);
    CHECK_INT(kvmfr_client_peek_frame(r.client, &v), KVMFR_READ_OK);
    pass_ms(&r, 1100); /* the reader sleeps */
    CHECK(!kvmfr_client_frame_intact(r.client));
    CHECK_INT(kvmfr_client_finish_frame(r.client), KVMFR_READ_RESTART);
    connect(&r);
    CHECK_INT(kvmfr_client_generation(r.client), 2);
    kvmfr_host_repeat_frame(r.host, r.now_ms);
    CHECK_INT(kvmfr_client_peek_frame(r.client, &v), KVMFR_READ_OK);
    CHECK_INT(v.serial, 0);
    teardown(&r);
}

TEST(destroyed_header_is_built_anew)
{
    static const uint32_t places[] = { 0, 4, 8, LGMP_UDATA_OFFSET };
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        struct rig r;
        struct frame_view v;
        bool restarted = false;
        setup(&r);
        start_host(&r);
        connect(&r);
        const uint32_t serial = publish(&r, &small_frame, 7).serial;
        ((uint8_t *)r.region.mem)[places[i]] ^= 0x55;
        r.now_ms += 10;
        CHECK_INT(kvmfr_host_tick(r.host, r.now_ms, &restarted), 0);
        CHECK(restarted);
        pass_ms(&r, 20);
        CHECK(kvmfr_client_peek_frame(r.client, &v) != KVMFR_READ_OK);
        connect(&r);
        kvmfr_host_repeat_frame(r.host, r.now_ms);
        CHECK_INT(kvmfr_client_peek_frame(r.client, &v), KVMFR_READ_OK);
        CHECK_INT(v.serial, serial);
        CHECK_INT(v.pixels[0], 7);
        CHECK_INT(kvmfr_client_finish_frame(r.client), KVMFR_READ_OK);
        CHECK_INT(publish(&r, &small_frame, 8).serial, serial + 1);
        teardown(&r);
    }
}

TEST(another_session_record)
{
    struct rig r;
    struct frame_view v;
    setup(&r);
    start_host(&r);
    connect(&r);
    const uint32_t serial = publish(&r, &small_frame, 7).serial;
    struct kvmfr_session session = { .host_version = "test", .capture = "none" };
    session.os = KVMFR_OS_LINUX;
    CHECK_INT(kvmfr_host_set_session(r.host, &session, r.now_ms), 0); /* as it is */
    CHECK_INT(kvmfr_client_step(r.client, r.now_ms), KVMFR_STATE_CONNECTED);
    CHECK_INT(kvmfr_client_generation(r.client), 1);
    strcpy(session.os_name, "longer");
    CHECK_INT(kvmfr_host_set_session(r.host, &session, r.now_ms), -EINVAL);
    session.os_name[0] = 0;
    strcpy(session.capture, "a name that is longer than it w");
    CHECK_INT(kvmfr_host_set_session(r.host, &session, r.now_ms), 0);
    pass_ms(&r, 20);
    connect(&r);
    CHECK_INT(kvmfr_client_generation(r.client), 2);
    CHECK_STR(kvmfr_client_session(r.client)->capture, session.capture);
    CHECK((kvmfr_client_session(r.client)->features & KVMFR_FEATURE_SET_CURSOR_POSITION) != 0);
    kvmfr_host_repeat_frame(r.host, r.now_ms); /* the picture is where it was */
    CHECK_INT(kvmfr_client_peek_frame(r.client, &v), KVMFR_READ_OK);
    CHECK_INT(v.serial, serial);
    CHECK_INT(v.pixels[0], 7);
    teardown(&r);
}

TEST(malformed_messages_are_dropped)
{
    struct rig r;
    struct frame_view v;
    struct cursor_update u;
    setup(&r);
    start_host(&r);
    connect(&r);
    struct kvmfr_frame_writer w = publish(&r, &small_frame, 1);
    const uint32_t bad = 99;
    memcpy(w.pixels - 4096 + offsetof(struct kvmfr_wire_frame, frame_type), &bad, 4);
    CHECK_INT(kvmfr_client_peek_frame(r.client, &v), KVMFR_READ_REJECTED);
    CHECK_INT(kvmfr_client_peek_frame(r.client, &v), KVMFR_READ_EMPTY);
    uint8_t pixel[4] = { 0 };
    const struct cursor_shape shape = {
        .type = CURSOR_COLOUR, .width_px = 1, .height_px = 1, .pitch_bytes = 4, .data = pixel
    };
    CHECK_INT(kvmfr_host_pointer(r.host, 1, 1, true, &shape, r.now_ms), 0);
    memset((uint8_t *)r.region.mem + 5760, 0xff,
           57344 - 5760 - 2 * 16408); /* slots, small buffers, first shape */
    CHECK(kvmfr_client_read_cursor(r.client, &u) != KVMFR_READ_OK);
    teardown(&r);
}

/* The three host threads of the header's promise, with a client: what it accepts is whole. */
struct threads {
    struct rig *r;
    _Atomic bool stop;
};

static void *tick_thread(void *ctx)
{
    struct threads *t = ctx;
    /* Time stands still: an evicted reader and the host would race by the protocol's design (T10).
     */
    while (!t->stop)
        (void)!kvmfr_host_tick(t->r->host, 2000, NULL);
    return NULL;
}

static void *frame_thread(void *ctx)
{
    struct threads *t = ctx;
    for (uint32_t n = 0; !t->stop;) {
        struct kvmfr_frame_writer w;
        if (kvmfr_host_begin_frame(t->r->host, &small_frame, 2000, &w) < 0)
            continue;
        n++;
        for (uint32_t y = 0; y < w.rows_px; y++) {
            uint8_t row[256];
            memset(row, (int)(uint8_t)w.serial, sizeof(row));
            kvmfr_copy_rows(w.pixels + y * w.pitch_bytes, w.pitch_bytes, row, 256, 256, 1);
            kvmfr_host_raise_rows(t->r->host, &w, y + 1);
        }
        kvmfr_host_end_frame(t->r->host, &w);
        if (n % 16 == 0)
            kvmfr_host_repeat_frame(t->r->host, 2000);
    }
    return NULL;
}

static void *pointer_thread(void *ctx)
{
    struct threads *t = ctx;
    for (int32_t n = 0; !t->stop; n++) {
        uint8_t data[16 * 16 * 4];
        memset(data, n & 0xff, sizeof(data));
        const struct cursor_shape shape = {
            .type = CURSOR_COLOUR, .width_px = 16, .height_px = 16, .pitch_bytes = 64, .data = data
        };
        (void)!kvmfr_host_pointer(t->r->host, n & 0xff, 0, true, n % 3 ? NULL : &shape, 2000);
    }
    return NULL;
}

static bool read_one_frame(struct rig *r, uint32_t *last)
{
    struct frame_view v;
    if (kvmfr_client_peek_frame(r->client, &v) != KVMFR_READ_OK)
        return false;
    while (frame_view_ready_rows(&v) < v.rows_px && kvmfr_client_frame_intact(r->client))
        ;
    static uint8_t copy[48 * 256];
    memcpy(copy, v.pixels, sizeof(copy));
    if (!kvmfr_client_frame_intact(r->client))
        return false;
    for (size_t i = 0; i < sizeof(copy); i++)
        CHECK_MSG(copy[i] == (uint8_t)v.serial, "frame %u torn at byte %zu", v.serial, i);
    const bool fresh = v.serial != *last;
    *last = v.serial;
    CHECK(kvmfr_client_finish_frame(r->client) != KVMFR_READ_REJECTED);
    return fresh;
}

static void read_one_cursor(struct rig *r)
{
    struct cursor_update u;
    if (kvmfr_client_read_cursor(r->client, &u) != KVMFR_READ_OK || !u.has_shape)
        return;
    for (uint32_t i = 1; i < u.shape.data_bytes; i++)
        CHECK_INT(u.shape.data[i], u.shape.data[0]);
    cursor_shape_fini(&u.shape);
}

TEST(three_host_threads_and_a_reader)
{
    struct rig r;
    setup(&r);
    start_host(&r);
    connect(&r);
    struct threads t = { .r = &r };
    pthread_t threads[3];
    CHECK_INT(pthread_create(&threads[0], NULL, tick_thread, &t), 0);
    CHECK_INT(pthread_create(&threads[1], NULL, frame_thread, &t), 0);
    CHECK_INT(pthread_create(&threads[2], NULL, pointer_thread, &t), 0);
    uint32_t last = UINT32_MAX;
    for (uint32_t frames = 0, n = 0; frames < 500; n++) {
        frames += read_one_frame(&r, &last);
        read_one_cursor(&r);
        if (n % 64 == 0)
            CHECK(kvmfr_client_step(r.client, 3000) != KVMFR_STATE_NO_HOST);
    }
    t.stop = true;
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    teardown(&r);
}
