/* SPDX-License-Identifier: GPL-2.0-or-later
 * The pure functions: formats, sizes, session records, frame and pointer checkers, copies. Hostile
 * rows first. */
#include "test.h"

#include <errno.h>
#include <stdlib.h>

#include "kvmfr/cursor.h"
#include "kvmfr/extension.h"
#include "kvmfr/frame.h"
#include "kvmfr/host.h"
#include "kvmfr/layout.h"
#include "kvmfr/session.h"
#include "kvmfr/sizing.h"
#include "kvmfr/text.h"

#define PAYLOAD_AT    64u
#define PAYLOAD_BYTES (4096u + 64 * 256)

struct fake_region {
    _Alignas(64) uint8_t mem[PAYLOAD_AT + PAYLOAD_BYTES];
};

static struct kvmfr_wire_frame good_frame(void)
{
    return (struct kvmfr_wire_frame){
        .format_version = 1,
        .frame_serial = 7,
        .frame_type = FRAME_FORMAT_BGRA,
        .screen_width = 64,
        .screen_height = 48,
        .data_width = 64,
        .data_height = 48,
        .frame_width = 64,
        .frame_height = 48,
        .stride = 64,
        .pitch = 256,
        .fb_offset = 4092,
    };
}

static int check_frame(struct fake_region *r, const struct kvmfr_wire_frame *w, uint32_t len_bytes,
                       struct frame_view *out)
{
    const char *why = NULL;
    memset(r->mem, 0, sizeof(r->mem));
    memcpy(r->mem + PAYLOAD_AT, w, sizeof(*w));
    const int err = frame_view_from_wire(r->mem, sizeof(r->mem), PAYLOAD_AT, len_bytes, out, &why);
    CHECK((err == 0) == (why == NULL));
    return err;
}

#define AT(field) offsetof(struct kvmfr_wire_frame, field)

TEST(frame_rejects_every_bad_field)
{
    static const struct {
        const char *name;
        size_t field;
        uint32_t value;
    } rows[] = {
        { "type 0", AT(frame_type), 0 },
        { "type 7", AT(frame_type), 7 },
        { "type huge", AT(frame_type), ~0u },
        { "width 0", AT(frame_width), 0 },
        { "width huge", AT(frame_width), 16385 },
        { "width wraps", AT(frame_width), 0x40000001 },
        { "height 0", AT(frame_height), 0 },
        { "height huge", AT(frame_height), 16385 },
        { "screen 0", AT(screen_width), 0 },
        { "screen huge", AT(screen_height), ~0u },
        { "rotation", AT(rotation), 4 },
        { "pitch 0", AT(pitch), 0 },
        { "pitch small", AT(pitch), 255 },
        { "pitch huge", AT(pitch), ~0u },
        { "damage 65", AT(damage_count), 65 },
        { "damage huge", AT(damage_count), ~0u },
        { "fb in header", AT(fb_offset), 1080 },
        { "fb odd", AT(fb_offset), 4093 },
        { "fb at end", AT(fb_offset), PAYLOAD_BYTES - 4 },
        { "fb outside", AT(fb_offset), PAYLOAD_BYTES },
        { "fb wraps", AT(fb_offset), 0xFFFFFFFC },
        { "wide unit", AT(frame_type), FRAME_FORMAT_RGBA16F },
        { "rows do not fit", AT(pitch), 512 },
    };
    struct fake_region r;
    struct frame_view v;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kvmfr_wire_frame w = good_frame();
        memcpy((uint8_t *)&w + rows[i].field, &rows[i].value, 4);
        CHECK_MSG(check_frame(&r, &w, PAYLOAD_BYTES, &v) == -EPROTO, "%s was accepted",
                  rows[i].name);
    }
}

TEST(frame_rejects_bad_places)
{
    struct fake_region r;
    struct frame_view v;
    const char *why;
    const struct kvmfr_wire_frame w = good_frame();
    CHECK_INT(check_frame(&r, &w, 1083, &v), -EPROTO);
    CHECK_INT(check_frame(&r, &w, 4096 + 48 * 256 - 1, &v), -EPROTO);
    CHECK_INT(frame_view_from_wire(r.mem, sizeof(r.mem), PAYLOAD_AT, PAYLOAD_BYTES + 1, &v, &why),
              -EPROTO);
    CHECK_INT(frame_view_from_wire(r.mem, sizeof(r.mem), ~0u, ~0u, &v, &why), -EPROTO);
    CHECK_INT(frame_view_from_wire(r.mem, sizeof(r.mem), PAYLOAD_AT + 2, 4096 + 48 * 256, &v, &why),
              -EPROTO);
    CHECK_INT(check_frame(&r, &w, 4096 + 48 * 256, &v), 0);
}

TEST(frame_takes_a_good_one)
{
    struct fake_region r;
    struct frame_view v;
    struct kvmfr_wire_frame w = good_frame();
    w.flags = 0xFFFFFF00u | FRAME_FLAG_HDR | FRAME_FLAG_BLOCK_SCREENSAVER;
    w.rotation = 3;
    CHECK_INT(check_frame(&r, &w, PAYLOAD_BYTES, &v), 0);
    CHECK_INT(v.flags, FRAME_FLAG_HDR | FRAME_FLAG_BLOCK_SCREENSAVER);
    CHECK_INT(v.rotation, FRAME_ROTATE_270);
    CHECK_INT(v.rows_px, 48);
    CHECK_INT(v.pixels_bytes, 48 * 256);
    CHECK_INT(v.pixels_offset_bytes, PAYLOAD_AT + 4096);
    CHECK_INT(frame_view_ready_rows(&v), 0);
    const uint32_t raised = 20 * 256 + 17;
    memcpy(r.mem + PAYLOAD_AT + 4092, &raised, 4);
    CHECK_INT(frame_view_ready_bytes(&v), raised);
    CHECK_INT(frame_view_ready_rows(&v), 20);
    memset(r.mem + PAYLOAD_AT + 4092, 0xff, 4); /* beyond the end: clamped */
    CHECK_INT(frame_view_ready_rows(&v), 48);
}

TEST(frame_rows_present)
{
    static const struct {
        uint32_t data_height, flags, len_bytes;
        uint32_t rows; /* 0: rejected */
    } rows[] = {
        { 0, 0, PAYLOAD_BYTES, 48 },
        { 20, 0, PAYLOAD_BYTES, 20 },
        { 99, 0, PAYLOAD_BYTES, 48 },
        { ~0u, 0, PAYLOAD_BYTES, 48 },
        { 48, 0, 4096 + 256 * 47, 0 },
        { 48, FRAME_FLAG_TRUNCATED, 4096 + 256 * 47 + 255, 47 },
        { 48, FRAME_FLAG_TRUNCATED, 4096 + 255, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fake_region r;
        struct frame_view v;
        struct kvmfr_wire_frame w = good_frame();
        w.data_height = rows[i].data_height;
        w.flags = rows[i].flags;
        const int err = check_frame(&r, &w, rows[i].len_bytes, &v);
        CHECK_INT(err, rows[i].rows ? 0 : -EPROTO);
        if (err == 0)
            CHECK_INT(v.rows_px, rows[i].rows);
    }
}

TEST(frame_clips_damage)
{
    struct fake_region r;
    struct frame_view v;
    struct kvmfr_wire_frame w = good_frame();
    w.damage_count = 4;
    w.damage[0] = (struct kvmfr_wire_rect){ 63, 47, 2, ~0u };
    w.damage[1] = (struct kvmfr_wire_rect){ 64, 0, 5, 5 };
    w.damage[2] = (struct kvmfr_wire_rect){ 1, 1, 0, 5 };
    w.damage[3] = (struct kvmfr_wire_rect){ 5, 6, ~0u, 7 };
    CHECK_INT(check_frame(&r, &w, PAYLOAD_BYTES, &v), 0);
    CHECK_INT(v.damage_count, 2);
    CHECK_INT(v.damage[0].width_px, 1);
    CHECK_INT(v.damage[0].height_px, 1);
    CHECK_INT(v.damage[1].x_px, 5);
    CHECK_INT(v.damage[1].width_px, 59);
    CHECK_INT(v.damage[1].height_px, 7);
    w.damage_count = 1; /* only what lies outside: everything is damaged */
    w.damage[0] = w.damage[1];
    CHECK_INT(check_frame(&r, &w, PAYLOAD_BYTES, &v), 0);
    CHECK_INT(v.damage_count, 0);
}

TEST(cursor_rejects_and_takes)
{
    static const struct {
        uint32_t type, width, height, pitch, flags, len_bytes;
        int err;
    } rows[] = {
        { 3, 32, 32, 128, 7, 8192, -EPROTO },
        { ~0u, 32, 32, 128, 7, 8192, -EPROTO },
        { 0, 0, 32, 128, 7, 8192, -EPROTO },
        { 0, 32, 0, 128, 7, 8192, -EPROTO },
        { 0, 1025, 1, 4100, 7, 8192, -EPROTO },
        { 0, 32, 32, 127, 7, 8192, -EPROTO },
        { 0, 32, 32, ~0u, 7, 8192, -EPROTO },
        { 1, 32, 33, 4, 7, 8192, -EPROTO },
        { 1, 33, 64, 4, 7, 8192, -EPROTO },
        { 0, 32, 32, 128, 7, 24 + 4095, -EPROTO },
        { 0, 32, 32, 128, 7, 23, -EPROTO },
        { 0, 32, 32, 128, 3, 23, -EPROTO },
        { 0, 32, 32, 128, 7, 24 + 4096, 0 },
        { 1, 33, 64, 5, 7, 8192, 0 },
        { 2, 1, 1, 4, 7, 28, 0 },
        { ~0u, ~0u, ~0u, ~0u, 3, 24, 0 },
        { 0, 0x40000000, 4, 0, 7, 8192, -EPROTO },
    };
    static uint8_t mem[65536];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct kvmfr_wire_pointer w = { .x = -5,
                                              .y = 321,
                                              .shape_type = rows[i].type,
                                              .hot_x = 200,
                                              .width = rows[i].width,
                                              .height = rows[i].height,
                                              .pitch = rows[i].pitch };
        struct cursor_update u;
        const char *why = NULL;
        memcpy(mem + 4, &w, sizeof(w));
        const int err = cursor_update_from_wire(mem, sizeof(mem), 4, rows[i].len_bytes,
                                                rows[i].flags, &u, &why);
        CHECK_MSG(err == rows[i].err, "row %zu: %d", i, err);
        if (err < 0) {
            CHECK(why);
            continue;
        }
        CHECK_INT(u.x_px, -5);
        CHECK_INT(u.y_px, 321);
        CHECK(u.visible && u.has_position && u.has_shape == (rows[i].flags == 7));
        if (u.has_shape) {
            CHECK_INT(u.shape.hot_x_px, 200);
            CHECK_INT(u.shape.height_px, rows[i].type == 1 ? rows[i].height / 2 : rows[i].height);
            CHECK(memcmp(u.shape.data, mem + 28, u.shape.data_bytes) == 0);
            cursor_shape_fini(&u.shape);
        }
    }
    struct cursor_update u;
    const char *why;
    CHECK_INT(cursor_update_from_wire(mem, sizeof(mem), 65530, 24, 3, &u, &why), -EPROTO);
    CHECK_INT(cursor_update_from_wire(mem, sizeof(mem), ~0u, ~0u, 7, &u, &why), -EPROTO);
}

static const struct kvmfr_session sample = {
    .host_version = "espelho 0.1",
    .features = 1,
    .has_vm = true,
    .uuid = { 0x12, 0x34, [15] = 0x77 },
    .capture = "DXGI",
    .cpus = 8,
    .cores = 4,
    .sockets = 1,
    .cpu_model = "Some CPU",
    .has_os = true,
    .os = KVMFR_OS_WINDOWS,
    .os_name = "Windows 11",
};

TEST(session_round_trip)
{
    uint8_t udata[KVMFR_SESSION_MAX_BYTES];
    struct kvmfr_session got;
    char text[37];
    const uint32_t n = kvmfr_session_write(&sample, udata, sizeof(udata));
    CHECK_INT(n, 48 + 8 + 51 + 9 + 8 + 1 + 11);
    CHECK_INT(kvmfr_session_write(&sample, udata, n - 1), 0);
    CHECK_INT(kvmfr_session_parse(udata, n, &got), KVMFR_SESSION_OK);
    CHECK_STR(got.host_version, sample.host_version);
    CHECK_STR(got.capture, sample.capture);
    CHECK_STR(got.cpu_model, sample.cpu_model);
    CHECK_STR(got.os_name, sample.os_name);
    CHECK_INT(got.os, KVMFR_OS_WINDOWS);
    CHECK_INT(got.cpus * 100 + got.cores * 10 + got.sockets, 841);
    CHECK(kvmfr_session_has_uuid(&got));
    kvmfr_session_uuid_text(&got, text);
    CHECK_STR(text, "12340000-0000-0000-0000-000000000077");
}

TEST(session_bad_records)
{
    uint8_t udata[KVMFR_SESSION_MAX_BYTES];
    struct kvmfr_session got;
    const uint32_t n = kvmfr_session_write(&sample, udata, sizeof(udata));
    for (uint32_t cut = 0; cut < 48; cut++)
        CHECK_INT(kvmfr_session_parse(udata, cut, &got), KVMFR_SESSION_NOT_KVMFR);
    for (uint32_t cut = 48; cut < n; cut++) { /* records cut off are left out */
        CHECK_INT(kvmfr_session_parse(udata, cut, &got), KVMFR_SESSION_OK);
        CHECK(!got.has_os);
        CHECK_INT(got.has_vm, cut >= 48 + 8 + 51 + 9);
    }
    memset(udata + 52, 0xff, 4); /* size of record 1 */
    CHECK_INT(kvmfr_session_parse(udata, n, &got), KVMFR_SESSION_OK);
    CHECK(!got.has_vm && !got.has_os);
    udata[8] = 21;
    CHECK_INT(kvmfr_session_parse(udata, n, &got), KVMFR_SESSION_OTHER_VERSION);
    CHECK_INT(got.version, 21);
    CHECK_STR(got.host_version, "espelho 0.1");
    udata[0] = 'X';
    CHECK_INT(kvmfr_session_parse(udata, n, &got), KVMFR_SESSION_NOT_KVMFR);
}

/* ---- record 0xE5 ---- */

#define CHECK_NAMED(name_, cond_) CHECK_MSG(cond_, "%s: CHECK(%s)", name_, #cond_)

enum { EXT_AT = 48 + 8 + 51 + 9 + 8 + 1 + 11 + 8 }; /* of the record's body, behind `sample` */

static struct kvmfr_session extended(void)
{
    struct kvmfr_session s = sample;
    s.has_extension = true;
    s.extension = (struct kvmfr_extension){
        .capabilities = KVMFR_EXT_DOORBELL | KVMFR_EXT_TIMING | KVMFR_EXT_BUFFERS,
        .peer_id = 7,
        .vector = 3,
        .timing_offset = KVMFR_TIMING_OFFSET,
        .board_offset = 0x10000,
        .board_bytes = sizeof(struct kvmfr_wire_board),
    };
    return s;
}

TEST(session_extension_round_trip)
{
    uint8_t udata[KVMFR_SESSION_MAX_BYTES];
    struct kvmfr_session got;
    const struct kvmfr_session s = extended();
    const uint32_t n = kvmfr_session_write(&s, udata, sizeof(udata));
    CHECK_INT(n, EXT_AT + 20);
    CHECK_INT(kvmfr_session_write(&s, udata, n - 1), 0);
    CHECK_INT(kvmfr_session_parse(udata, n, &got), KVMFR_SESSION_OK);
    CHECK(got.has_extension && got.has_vm && got.has_os);
    CHECK_INT(got.features, 1 | KVMFR_FEATURE_ESPELHO);
    CHECK(memcmp(&got.extension, &s.extension, sizeof(s.extension)) == 0);

    udata[47] &= 0xbf; /* the record without its feature bit */
    CHECK_INT(kvmfr_session_parse(udata, n, &got), KVMFR_SESSION_OK);
    CHECK(!got.has_extension && got.has_os);

    struct kvmfr_session bit = sample; /* the bit without its record */
    bit.features |= KVMFR_FEATURE_ESPELHO;
    const uint32_t short_bytes = kvmfr_session_write(&bit, udata, sizeof(udata));
    CHECK_INT(short_bytes, EXT_AT - 8);
    udata[47] |= 0x40;
    CHECK_INT(kvmfr_session_parse(udata, short_bytes, &got), KVMFR_SESSION_OK);
    CHECK(!got.has_extension);
}

TEST(session_hostile_extension)
{
    static const struct {
        const char *name;
        uint32_t at, bytes, value;
        uint32_t left; /* capabilities that survive; 0: no extension */
    } rows[] = {
        { "version 0", 0, 2, 0, 0 },
        { "later version", 0, 2, 900, 7 },
        { "nobody's peer id", 2, 2, 0xffff, 6 },
        { "timing inside the header", 6, 2, 1080, 5 },
        { "timing misaligned", 6, 2, 1092, 5 },
        { "timing nowhere", 6, 2, 0, 5 },
        { "no capability", 8, 4, 0, 0 },
        { "unknown capabilities only", 8, 4, 0xfffffff8, 0 },
        { "unknown capabilities too", 8, 4, 0xffffffff, 7 },
        { "board at 0", 12, 4, 0, 0 },
        { "board misaligned", 12, 4, 0x10020, 0 },
        { "board behind 4 GiB", 12, 4, 0xffffffc0, 0 },
        { "board too small", 16, 4, 4159, 0 },
        { "board too large", 16, 4, 0xffffffff, 0 },
        { "board larger", 16, 4, 8192, 7 },
    };
    uint8_t udata[KVMFR_SESSION_MAX_BYTES];
    const struct kvmfr_session s = extended();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kvmfr_session got;
        const uint32_t n = kvmfr_session_write(&s, udata, sizeof(udata));
        memcpy(udata + EXT_AT + rows[i].at, &rows[i].value, rows[i].bytes);
        CHECK_INT(kvmfr_session_parse(udata, n, &got), KVMFR_SESSION_OK);
        CHECK_NAMED(rows[i].name, got.has_extension == (rows[i].left != 0));
        CHECK_NAMED(rows[i].name, got.extension.capabilities == rows[i].left || !got.has_extension);
        if (got.has_extension && !(rows[i].left & KVMFR_EXT_DOORBELL))
            CHECK_NAMED(rows[i].name, got.extension.peer_id == KVMFR_NO_PEER);
        if (got.has_extension && !(rows[i].left & KVMFR_EXT_TIMING))
            CHECK_NAMED(rows[i].name, got.extension.timing_offset == 0);
    }
    /* cut short, and the size in the record's header smaller than the record */
    struct kvmfr_session got;
    const uint32_t n = kvmfr_session_write(&s, udata, sizeof(udata));
    CHECK_INT(kvmfr_session_parse(udata, n - 1, &got), KVMFR_SESSION_OK);
    CHECK(!got.has_extension);
    udata[EXT_AT - 4] = 19;
    CHECK_INT(kvmfr_session_parse(udata, n, &got), KVMFR_SESSION_OK);
    CHECK(!got.has_extension);
}

TEST(text_is_made_printable)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        { "plain", "plain" },
        { "\x1b[31mred\x7f", "?[31mred?" },
        { "\xc3\xa9", "\xc3\xa9" },
        { "\xc2\x9b"
          "31m",
          "??31m" },
        { "\xc0\xaf", "??" },
        { "\xed\xa0\x80", "???" },
        { "\xe2\x82", "??" },
        { "\xf5\x80\x80\x80", "????" },
        { "", "" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char out[32];
        kvmfr_text_copy(out, sizeof(out), (const uint8_t *)rows[i].in, strlen(rows[i].in));
        CHECK_STR(out, rows[i].out);
    }
    char three[3];
    kvmfr_text_copy(three, sizeof(three), (const uint8_t *)"a\xc3\xa9", 3);
    CHECK_STR(three, "a"); /* no half characters */
}

TEST(sizes)
{
    static const struct {
        uint32_t width, height, bytes, mib;
    } rows[] = {
        { 1920, 1080, 4, 32 },  { 2560, 1440, 4, 64 }, { 3840, 2160, 4, 128 },
        { 3840, 2160, 8, 256 }, { 1280, 720, 4, 32 },  { 640, 480, 4, 16 },
        { 16384, 16384, 8, 0 }, { 0, 100, 4, 0 },      { 16385, 1, 4, 0 },
        { 1, 1, 9, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_INT(kvmfr_region_mib_for_mode(rows[i].width, rows[i].height, rows[i].bytes),
                  rows[i].mib);
    struct kvmfr_frame_capacity cap;
    CHECK(kvmfr_frame_capacity(32 << 20, 174, 4096, &cap)); /* the example of section 3.7 */
    CHECK_INT(cap.buffer_bytes, 15198208);
    CHECK_INT(cap.pixels_bytes, 15200256 - 4096);
    CHECK(!kvmfr_frame_capacity(1 << 20, 174, 4096, &cap));
    CHECK(!kvmfr_frame_capacity(32 << 20, 174, 1024, &cap));
    CHECK(!kvmfr_frame_capacity(32 << 20, 174, 5000, &cap));
    CHECK(!kvmfr_frame_capacity(UINT64_MAX, 174, 4096, &cap));
    for (uint64_t size = 4 << 20; size < (4 << 20) + 200000;
         size += 4) /* whatever the size, it fits */
        for (uint32_t align = 2048; align <= 65536; align *= 2)
            if (kvmfr_frame_capacity_after(size, 6320, align, &cap)) {
                const uint64_t alloc = (cap.buffer_bytes + (uint64_t)align - 1) / align * align;
                const uint64_t first = (6320 + (uint64_t)align - 1) / align * align;
                CHECK(first + 2 * alloc <= size);
                CHECK_INT(cap.pixels_bytes, alloc - align);
            }
    uint32_t w, h;
    CHECK(kvmfr_largest_mode(32 << 20, 4, &w, &h));
    CHECK_INT(w, 2560);
    CHECK_INT(h, 1440);
    CHECK(!kvmfr_largest_mode(1 << 20, 4, &w, &h));
}

TEST(pitches)
{
    static const struct {
        const char *format;
        uint32_t width, pitch;
    } rows[] = {
        { "bgra", 64, 256 },   { "rgba", 65, 512 },    { "rgba10", 1920, 7680 },
        { "rgba16f", 1, 256 }, { "bgr32", 64, 256 },   { "bgr32", 1366, 4352 },
        { "rgb24", 64, 768 },  { "rgb24", 257, 1536 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_INT(kvmfr_default_pitch(frame_format_by_name(rows[i].format), rows[i].width),
                  rows[i].pitch);
    CHECK(!frame_format_by_name("yuv"));
    for (uint32_t v = 0; v < 9; v++)
        CHECK_INT(frame_format_find(v) != NULL, v >= 1 && v <= 6);
}

TEST(copies_are_exact)
{
    static uint8_t src[70000], dst[70000], want[70000];
    for (size_t i = 0; i < sizeof(src); i++)
        src[i] = (uint8_t)(i * 7 + i / 251);
    static const size_t widths[] = { 0, 1, 63, 64, 65, 127, 128, 700, 1001 };
    for (size_t w = 0; w < ARRAY_LEN(widths); w++)
        for (size_t at = 0; at < 70; at++) {
            const size_t row = widths[w], pitch = row + (at % 3) * 13;
            memset(dst, 0xEE, sizeof(dst));
            memset(want, 0xEE, sizeof(want));
            for (size_t y = 0; y < 9; y++)
                memcpy(want + at + y * pitch, src + (at * 5) % 61 + y * (pitch + at), row);
            kvmfr_copy_rows(dst + at, pitch, src + (at * 5) % 61, pitch + at, row, 9);
            CHECK(memcmp(dst, want, sizeof(dst)) == 0);
        }
}
