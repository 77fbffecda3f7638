/* SPDX-License-Identifier: GPL-2.0-or-later
 * The checkers of common/kvmfr, those of our extension's board among them, over bytes of a hostile
 * guest. What they let through must keep what their headers promise: everything inside the region,
 * texts terminated and printable, damage inside the image. The sanitizers see the rest. Input:
 * selector byte, then what tests/fuzz/make_corpus.py writes for it. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "kvmfr/board.h"
#include "kvmfr/cursor.h"
#include "kvmfr/frame.h"
#include "kvmfr/session.h"

enum { REGION_BYTES = 16384, PARAMETER_BYTES = 8 };

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

static void check_damage(const struct frame_view *v)
{
    MUST(v->damage_count <= FRAME_MAX_DAMAGE);
    for (uint32_t i = 0; i < v->damage_count; i++) {
        const struct frame_rect r = v->damage[i];
        MUST(r.width_px > 0 && r.height_px > 0);
        MUST(range_inside(r.x_px, r.width_px, v->width_px) &&
             range_inside(r.y_px, r.height_px, v->height_px));
    }
}

static uint32_t read_all(const uint8_t *bytes, uint64_t count)
{
    uint32_t sum = 0;
    for (uint64_t i = 0; i < count; i++)
        sum += bytes[i];
    return sum;
}

static volatile uint32_t sink;

static void fuzz_frame(const uint8_t *region, uint32_t offset_bytes, uint32_t len_bytes)
{
    struct frame_view v;
    const char *why = NULL;
    if (frame_view_from_wire(region, REGION_BYTES, offset_bytes, len_bytes, &v, &why) < 0) {
        MUST(why != NULL);
        return;
    }
    MUST(v.fmt && v.width_px > 0 && v.width_px <= FRAME_MAX_PX && v.height_px > 0 &&
         v.height_px <= FRAME_MAX_PX);
    MUST(v.rows_px <= v.height_px && v.row_bytes <= v.pitch_bytes &&
         v.rotation <= FRAME_ROTATE_270);
    MUST(v.row_bytes == v.width_px * v.fmt->bytes_per_pixel);
    MUST(v.pixels_bytes == (uint64_t)v.rows_px * v.pitch_bytes);
    MUST(range_inside(v.pixels_offset_bytes, v.pixels_bytes, REGION_BYTES) &&
         v.pixels == region + v.pixels_offset_bytes);
    MUST(frame_view_ready_bytes(&v) <= v.pixels_bytes && frame_view_ready_rows(&v) <= v.rows_px);
    check_damage(&v);
    sink = read_all(v.pixels, v.pixels_bytes);
}

static void fuzz_cursor(const uint8_t *region, uint32_t offset_bytes, uint32_t len_bytes,
                        uint32_t flags)
{
    struct cursor_update u;
    const char *why = NULL;
    if (cursor_update_from_wire(region, REGION_BYTES, offset_bytes, len_bytes, flags, &u, &why) < 0)
        return;
    if (!u.has_shape)
        return;
    MUST(u.shape.type != CURSOR_NONE && u.shape.data_bytes <= CURSOR_MAX_BYTES);
    MUST(u.shape.width_px <= CURSOR_MAX_PX && u.shape.height_px <= CURSOR_MAX_PX);
    sink = read_all(u.shape.data, u.shape.data_bytes);
    cursor_shape_fini(&u.shape);
}

/* The board at the start of the region, its frames and their timing blocks where it says. */
static void fuzz_board(uint8_t *region, uint32_t offset_bytes, uint32_t timing_offset)
{
    struct frame_view v;
    struct kvmfr_timing t;
    const char *why = NULL;
    MUST(!kvmfr_board_at(region, REGION_BYTES, REGION_BYTES - 64, 4160));
    const struct kvmfr_wire_board *board =
        kvmfr_board_at(region, REGION_BYTES, offset_bytes, sizeof(struct kvmfr_wire_board));
    if (!board)
        return;
    MUST(range_inside((uint64_t)((const uint8_t *)board - region), sizeof(*board), REGION_BYTES));
    MUST(kvmfr_newest_index(board->host.newest) < (int)KVMFR_MAX_FRAME_BUFFERS);
    for (uint32_t i = 0; i <= KVMFR_MAX_FRAME_BUFFERS; i++) {
        if (kvmfr_board_frame(board, region, REGION_BYTES, i, &v, &why) < 0) {
            MUST(why != NULL);
            continue;
        }
        MUST(i < KVMFR_MAX_FRAME_BUFFERS &&
             range_inside(v.pixels_offset_bytes, v.pixels_bytes, REGION_BYTES));
        if (kvmfr_timing_read(region, &v, timing_offset, &t))
            MUST(t.post_ns != 0 && t.capture_ns <= t.post_ns &&
                 (t.complete_ns == 0 || t.complete_ns >= t.post_ns));
    }
}

static void check_text(const char *text, size_t cap)
{
    const size_t len = strnlen(text, cap);
    MUST(len < cap);
    for (size_t i = 0; i < len; i++)
        MUST((unsigned char)text[i] >= 0x20 && text[i] != 0x7f);
}

static void fuzz_session(const uint8_t *data, size_t len)
{
    struct kvmfr_session s, again;
    uint8_t *udata = malloc(len ? len : 1); /* exact: one byte too many is seen */
    MUST(udata);
    memcpy(udata, data, len);
    const enum kvmfr_session_result r = kvmfr_session_parse(udata, (uint32_t)len, &s);
    free(udata);
    if (r != KVMFR_SESSION_OK)
        return;
    check_text(s.host_version, sizeof(s.host_version));
    check_text(s.capture, sizeof(s.capture));
    check_text(s.cpu_model, sizeof(s.cpu_model));
    check_text(s.os_name, sizeof(s.os_name));
    /* what we write we understand */
    uint8_t written[KVMFR_SESSION_MAX_BYTES];
    const uint32_t bytes = kvmfr_session_write(&s, written, sizeof(written));
    MUST(bytes > 0 && kvmfr_session_parse(written, bytes, &again) == KVMFR_SESSION_OK);
    MUST(strcmp(again.os_name, s.os_name) == 0 && memcmp(again.uuid, s.uuid, sizeof(s.uuid)) == 0);
    MUST(again.has_extension == s.has_extension);
    MUST(!s.has_extension || memcmp(&again.extension, &s.extension, sizeof(s.extension)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 + PARAMETER_BYTES)
        return 0;
    const uint32_t what = data[0] % 4;
    uint32_t parameter[2];
    memcpy(parameter, data + 1, sizeof(parameter));
    data += 1 + PARAMETER_BYTES;
    size -= 1 + PARAMETER_BYTES;
    if (what == 2) {
        fuzz_session(data, size);
        return 0;
    }
    uint8_t *region = aligned_alloc(4096, REGION_BYTES);
    MUST(region);
    memset(region, 0x5a, REGION_BYTES);
    memcpy(region, data, size < REGION_BYTES ? size : REGION_BYTES);
    /* the payload mostly lies at the start, where the input is */
    const uint32_t offset_bytes = parameter[0] & 0x80000000 ? parameter[0] : 0;
    if (what == 0)
        fuzz_frame(region, offset_bytes, parameter[1]);
    else if (what == 3)
        fuzz_board(region, parameter[0] & 0x3fc0, parameter[1]);
    else
        fuzz_cursor(region, offset_bytes, parameter[1] & 0xfffff, parameter[0] & 7);
    free(region);
    return 0;
}
