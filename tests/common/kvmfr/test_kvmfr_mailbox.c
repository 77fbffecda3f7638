/* SPDX-License-Identifier: GPL-2.0-or-later
 * More than two frame buffers: docs/extensions.md section 4. Every frame's pixels are its serial,
 * so that whoever looks at a payload knows whether somebody wrote to it. */
#include "ext_rig.h"

#include <errno.h>

#include "kvmfr/sizing.h"

static void hold(struct ext_viewer *v, uint32_t word, uint32_t number)
{
    atomic_store(&ext_line(v)->holding[word], number);
}

static uint32_t serial_of_number(const struct ext_rig *r, uint32_t number)
{
    return ext_check_payload(r, atomic_load(&r->board->host.buffer_offset[number - 1]));
}

/* Frames that fill most of a third of the memory, so that buffers of both kinds overlap. */
enum { BIG_WIDTH_PX = 16384, BIG_ROWS = 4 };

static void setup(struct ext_rig *r, struct ext_viewer *v, uint16_t buffers)
{
    ext_setup(r, true);
    ext_join(r, v, 3);
    ext_hello(v, buffers);
}

TEST(two_buffers_are_no_mailbox)
{
    static const uint16_t said[] = { 0, 1, 2 };
    for (size_t i = 0; i < ARRAY_LEN(said); i++) {
        struct ext_rig r;
        struct ext_viewer v;
        struct kvmfr_frame_writer w;
        setup(&r, &v, said[i]);
        ext_publish(&r);
        ext_publish(&r);
        CHECK_INT(ext_newest(&r), 0);
        CHECK_INT(ext_try_publish(&r, 64, 48, &w), -EAGAIN);
        ext_leave(&v);
        ext_teardown(&r);
    }
}

TEST(the_producer_never_waits)
{
    static const uint16_t said[] = { 3, 4, 5, 0xFFFF };
    for (size_t i = 0; i < ARRAY_LEN(said); i++) {
        struct ext_rig r;
        struct ext_viewer v;
        setup(&r, &v, said[i]);
        for (uint32_t n = 0; n < 50; n++) { /* and finishes nothing: no message is waited for */
            const struct kvmfr_frame_writer w = ext_publish(&r);
            const uint32_t number = ext_newest(&r);
            CHECK(number != 0);
            CHECK_INT(serial_of_number(&r, number), w.serial);
        }
        CHECK_INT(r.board->host.buffer_count, said[i] > 4 ? 4 : said[i]);
        ext_leave(&v);
        ext_teardown(&r);
    }
}

static uint32_t newest_flags(const struct ext_rig *r)
{
    struct kvmfr_wire_frame w;
    memcpy(&w, r->mem + atomic_load(&r->board->host.buffer_offset[ext_newest(r) - 1]), sizeof(w));
    return w.flags;
}

/* A viewer that sees only some of the frames sees the request; one that comes later does not. */
TEST(a_request_for_activation_is_not_skipped)
{
    struct ext_rig r;
    struct ext_viewer v;
    setup(&r, &v, 3);
    ext_publish(&r);
    CHECK_INT(newest_flags(&r), 0);
    r.frame_flags = FRAME_FLAG_REQUEST_ACTIVATION;
    ext_publish(&r);
    r.frame_flags = FRAME_FLAG_BLOCK_SCREENSAVER;
    ext_publish(&r);
    CHECK_INT(newest_flags(&r), FRAME_FLAG_REQUEST_ACTIVATION | FRAME_FLAG_BLOCK_SCREENSAVER);
    r.now_ms += 250;
    ext_publish(&r);
    CHECK_INT(newest_flags(&r), FRAME_FLAG_BLOCK_SCREENSAVER);
    ext_leave(&v);
    ext_teardown(&r);
}

/* One of three, two of four: for a long time, while frames go on. */
TEST(held_buffers_are_not_written)
{
    for (uint16_t count = 3; count <= 4; count++) {
        struct ext_rig r;
        struct ext_viewer v;
        setup(&r, &v, count);
        ext_publish(&r);
        uint32_t held[2] = { 0 }, serial[2] = { 0 };
        for (uint32_t n = 0; n < 60; n++) {
            const uint32_t slot = n / 7 % (count - 2);
            if (n % 7 == 0) {
                hold(&v, slot, held[slot] = ext_newest(&r));
                serial[slot] = serial_of_number(&r, held[slot]);
                ext_drain(&v);
            }
            ext_publish(&r);
            for (uint32_t i = 0; i < 2; i++)
                if (held[i])
                    CHECK_INT(serial_of_number(&r, held[i]), serial[i]);
            if (n % 20 == 0)
                ext_pass(&r, 10);
        }
        ext_leave(&v);
        ext_teardown(&r);
    }
}

TEST(hostile_holding_words_hold_nothing)
{
    static const uint32_t words[] = { 5, 6, 0x80000000, 0xFFFFFFFF };
    struct ext_rig r;
    struct ext_viewer v;
    setup(&r, &v, 3);
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        hold(&v, 0, words[i]);
        hold(&v, 1, ~words[i]);
        for (uint32_t n = 0; n < 5; n++)
            ext_publish(&r);
    }
    for (uint32_t i = 0; i < KVMFR_BELL_LINES; i++) { /* lines of nobody */
        if (i == v.line)
            continue;
        atomic_store(&r.board->lines[i].holding[0], 1 + i % 3);
        atomic_store(&r.board->lines[i].holding[1], 1 + (i + 1) % 3);
    }
    for (uint32_t n = 0; n < 5; n++)
        ext_publish(&r);
    /* what only the host writes is not read back */
    for (uint32_t i = 0; i < 16; i++)
        ((volatile uint32_t *)(void *)&r.board->host)[i] = 0xFFFFFFF0u + i;
    for (uint32_t n = 0; n < 5; n++)
        ext_publish(&r);
    ext_leave(&v);
    ext_teardown(&r);
}

TEST(who_holds_everything_is_not_waited_for_long)
{
    struct ext_rig r;
    struct ext_viewer v;
    struct kvmfr_frame_writer w;
    setup(&r, &v, 3);
    ext_publish(&r);
    const uint32_t newest = ext_newest(&r);
    hold(&v, 0, newest % 3 + 1);
    hold(&v, 1, (newest + 1) % 3 + 1);
    for (uint32_t n = 0; n < 3; n++) /* so that all of them were used */
        (void)!ext_try_publish(&r, 64, 48, &w);
    hold(&v, 0, ext_newest(&r) % 3 + 1);
    hold(&v, 1, (ext_newest(&r) + 1) % 3 + 1);
    uint32_t waited_ms = 0;
    ext_drain(&v);
    while (ext_try_publish(&r, 64, 48, &w) == -EAGAIN) {
        ext_pass(&r, 10);
        waited_ms += 10;
        CHECK(waited_ms < 1100);
    }
    CHECK(waited_ms > 950);
    CHECK_INT(ext_newest(&r), 0); /* an ordinary reader from now on */
    ext_leave(&v);
    ext_teardown(&r);
}

struct ages {
    struct ext_rig *rig;
    uint32_t known[KVMFR_HOST_BUFFERS]; /* serial + 1 of the frame in each */
    uint32_t with_age;
};

static void publish_with_age(struct ages *a, uint32_t width_px, uint32_t rows)
{
    const struct kvmfr_frame_desc desc = { .format = FRAME_FORMAT_BGRA,
                                           .width_px = width_px,
                                           .height_px = rows };
    struct kvmfr_frame_writer w;
    CHECK_INT(kvmfr_host_begin_frame(a->rig->host, &desc, a->rig->now_ms, &w), 0);
    if (w.age != 0) {
        a->with_age++;
        CHECK_INT(a->known[w.buffer], w.serial - w.age + 1);
        for (uint32_t i = 0; i < w.pitch_bytes * w.rows_px; i++)
            CHECK_INT(w.pixels[i], (w.serial - w.age) & 0xFF);
    }
    memset(w.pixels, (int)(w.serial & 0xFF), (size_t)w.pitch_bytes * w.rows_px);
    kvmfr_host_end_frame(a->rig->host, &w);
    a->known[w.buffer] = w.serial + 1;
}

/* Which frame is in the buffer that is given out: `age` says it, for every number of buffers. */
TEST(ages_are_right)
{
    for (uint16_t count = 2; count <= 4; count++) {
        struct ext_rig r;
        struct ext_viewer v;
        struct ages a = { .rig = &r };
        setup(&r, &v, count);
        for (uint32_t n = 0; n < 40; n++) {
            if (n % 5 == 0)
                hold(&v, 0, ext_newest(&r));
            publish_with_age(&a, 64, 48);
            ext_drain(&v);
            ext_pass(&r, 10);
        }
        CHECK(a.with_age >= 40u - count);
        ext_leave(&v);
        ext_teardown(&r);
    }
}

TEST(what_was_written_over_has_no_age)
{
    struct ext_rig r;
    struct ext_viewer v;
    struct ages a = { .rig = &r };
    setup(&r, &v, 2);
    for (uint32_t n = 0; n < 60; n++) {
        if (n % 6 == 0)
            ext_hello(&v, n % 12 == 0 ? 2 : 3); /* the mailbox comes and goes */
        publish_with_age(&a, BIG_WIDTH_PX, BIG_ROWS);
        ext_drain(&v);
        ext_pass(&r, 10);
    }
    CHECK(a.with_age > 20);
    ext_leave(&v);
    ext_teardown(&r);
}

TEST(large_frames_are_no_mailbox)
{
    struct ext_rig r;
    struct ext_viewer v;
    struct kvmfr_frame_writer w;
    setup(&r, &v, 4);
    /* the two allocations are about 480 KiB each: 6 rows of 64 KiB fit into one, not into a third
     * of both; 4 into that, not into a sixth; 2 into that. */
    const struct {
        uint32_t rows, count;
    } rows[] = { { 6, 0 }, { 4, 3 }, { 2, 4 }, { 6, 0 }, { 100, 0 }, { 2, 4 }, { 4, 3 }, { 2, 4 } };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (uint32_t n = 0; n < 4; n++) {
            CHECK_INT(ext_try_publish(&r, 16384, rows[i].rows, &w), 0);
            CHECK_INT(ext_newest(&r) != 0, rows[i].count != 0);
            if (rows[i].count)
                CHECK_INT(r.board->host.buffer_count, rows[i].count);
            ext_drain(&v);
            ext_pass(&r, 10);
        }
    }
    ext_leave(&v);
    ext_teardown(&r);
}

/* A message that was posted for two buffers protects its pixels, whatever comes after it. */
TEST(unfinished_messages_survive_the_beginning_of_the_mailbox)
{
    struct ext_rig r;
    struct ext_viewer v;
    struct kvmfr_frame_writer w;
    struct lgmp_message m;
    ext_setup(&r, true);
    ext_join(&r, &v, 3);
    CHECK_INT(ext_try_publish(&r, BIG_WIDTH_PX, BIG_ROWS, &w), 0);
    CHECK_INT(ext_try_publish(&r, BIG_WIDTH_PX, BIG_ROWS, &w), 0);
    const uint32_t second = w.serial;
    CHECK_INT(lgmp_client_finish(v.frames), LGMP_OK);
    CHECK_INT(lgmp_client_peek(v.frames, &m), LGMP_OK); /* being read */
    ext_hello(&v, 3);
    for (uint32_t n = 0; n < 10; n++) {
        const int err = ext_try_publish(&r, BIG_WIDTH_PX, BIG_ROWS, &w);
        CHECK(err == 0 || err == -EAGAIN);
        CHECK_INT(ext_check_payload(&r, m.offset_bytes), second);
    }
    CHECK(ext_newest(&r) != 0);
    ext_drain(&v);
    ext_pass(&r, 10);
    for (uint32_t n = 0; n < 10; n++)
        CHECK_INT(ext_try_publish(&r, BIG_WIDTH_PX, BIG_ROWS, &w), 0);
    ext_leave(&v);
    ext_teardown(&r);
}

/* The ordinary addresses, as a host without the extension would have them. */
static void check_ordinary(struct ext_viewer *v, const uint32_t ordinary[2])
{
    struct lgmp_message m;
    while (lgmp_client_peek(v->frames, &m) == LGMP_OK) {
        CHECK(m.offset_bytes == ordinary[0] || m.offset_bytes == ordinary[1]);
        (void)ext_check_payload(v->rig, m.offset_bytes);
        CHECK_INT(lgmp_client_finish(v->frames), LGMP_OK);
    }
}

TEST(a_newcomer_who_knows_nothing_sees_two_addresses)
{
    struct ext_rig r;
    struct ext_viewer v, old;
    struct kvmfr_frame_writer w;
    struct lgmp_message m;
    uint32_t ordinary[2];
    ext_setup(&r, true);
    ext_join(&r, &v, 3);
    for (int i = 0; i < 2; i++) { /* before the hello: where the two are */
        ext_publish(&r);
        CHECK_INT(lgmp_client_peek(v.frames, &m), LGMP_OK);
        ordinary[i] = m.offset_bytes;
        CHECK_INT(lgmp_client_finish(v.frames), LGMP_OK);
    }
    ext_hello(&v, 4);
    for (uint32_t before = 0; before < 9; before++) { /* every state of the mailbox */
        for (uint32_t n = 0; n < before; n++) {
            CHECK_INT(ext_try_publish(&r, 64, 48, &w), 0);
            if (before % 2)
                ext_drain(&v);
        }
        hold(&v, 0, ext_newest(&r));
        const uint32_t held = ext_newest(&r);
        const uint32_t serial = held ? serial_of_number(&r, held) : 0;
        ext_join(&r, &old, 5); /* a viewer of the release */
        kvmfr_host_repeat_frame(r.host, r.now_ms);
        ext_drain(&v);
        ext_pass(&r, 10);
        kvmfr_host_repeat_frame(r.host, r.now_ms);
        CHECK_INT(ext_newest(&r), 0);
        if (before) {
            CHECK_INT(lgmp_client_peek(old.frames, &m),
                      LGMP_OK); /* the picture that stands still */
            CHECK_INT(ext_check_payload(&r, m.offset_bytes), w.serial);
        }
        check_ordinary(&old, ordinary);
        for (uint32_t n = 0; n < 20; n++) {
            ext_drain(&v);
            const int err = ext_try_publish(&r, 64, 48, &w);
            CHECK(err == 0 || err == -EAGAIN);
            CHECK_INT(ext_newest(&r), 0);
            check_ordinary(&old, ordinary);
            if (held && n < 10)
                CHECK_INT(serial_of_number(&r, held), serial);
            if (n == 10)
                hold(&v, 0, 0);
            ext_pass(&r, 10);
        }
        ext_leave(&old);
        ext_pass(&r, 10);
    }
    ext_publish(&r);
    CHECK(ext_newest(&r) != 0); /* and back again */
    ext_leave(&v);
    ext_teardown(&r);
}

/* Somebody who takes over the slot of a viewer that knew the mailbox is not taken for it. */
TEST(a_slot_that_changed_hands_is_a_newcomer)
{
    struct ext_rig r;
    struct ext_viewer v, old;
    setup(&r, &v, 3);
    for (uint32_t n = 0; n < 4; n++)
        ext_publish(&r);
    CHECK(ext_newest(&r) != 0);
    const uint16_t line = v.line;
    ext_leave(&v);
    ext_join(&r, &old, 5);
    CHECK_INT(old.line, line);
    ext_publish(&r);
    CHECK_INT(ext_newest(&r), 0);
    ext_leave(&old);
    ext_teardown(&r);
}

TEST(without_a_doorbell_the_mailbox_works_too)
{
    struct ext_rig r;
    struct ext_viewer v;
    ext_setup(&r, false);
    ext_join(&r, &v, 3);
    ext_hello(&v, 3);
    for (uint32_t n = 0; n < 10; n++)
        ext_publish(&r);
    CHECK(ext_newest(&r) != 0);
    ext_leave(&v);
    ext_teardown(&r);
}

/* The claim in docs/extensions.md: regions of the documented sizes have room for three. */
TEST(common_modes_have_three_buffers_in_their_usual_regions)
{
    static const struct {
        uint32_t width_px, height_px;
    } modes[] = { { 1920, 1080 }, { 2560, 1440 }, { 3440, 1440 }, { 3840, 2160 } };
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        const uint64_t region =
            (uint64_t)kvmfr_region_mib_for_mode(modes[i].width_px, modes[i].height_px, 4) << 20;
        struct kvmfr_frame_capacity cap;
        CHECK(kvmfr_frame_capacity(region, 4096 + 4224, 4096, &cap));
        const uint64_t third = 2 * ((uint64_t)cap.pixels_bytes + 4096) / 3 / 4096 * 4096;
        CHECK(4096 + (uint64_t)modes[i].width_px * 4 * modes[i].height_px <= third);
    }
}
