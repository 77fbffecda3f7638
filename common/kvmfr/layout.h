/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/kvmfr/layout.h - the payloads as they lie in shared memory. Source:
 * docs/protocol/kvmfr.md, tables K0 to K7. Wire structs stop in common/kvmfr (and client/inspect,
 * which shows them raw). */
#ifndef ESPELHO_KVMFR_LAYOUT_H
#define ESPELHO_KVMFR_LAYOUT_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/* Table K0 */
#define KVMFR_MAGIC           "KVMFR---"
#define KVMFR_MAGIC_BYTES     8u
#define KVMFR_VERSION         20u
#define KVMFR_QUEUE_POINTER   1u
#define KVMFR_QUEUE_FRAME     2u
#define KVMFR_POINTER_SLOTS   20u
#define KVMFR_FRAME_SLOTS     2u
#define KVMFR_SUB_TIMEOUT_MS  1000u
#define KVMFR_FRAME_BUFFERS   2u
#define KVMFR_POINTER_BUFFERS 20u
#define KVMFR_SHAPE_BUFFERS   3u
#define KVMFR_SHAPE_BYTES     1048600u /* 24 + 512 * 512 * 4 */

/* Table K1; records follow at once, unaligned */
struct kvmfr_wire_session {
    char magic[8];
    uint32_t version;
    char host_version[32];
    uint32_t features;
};
static_assert(sizeof(struct kvmfr_wire_session) == 48, "wire ABI");
static_assert(offsetof(struct kvmfr_wire_session, features) == 44, "wire ABI");

/* Tables K3 to K5 */
#define KVMFR_RECORD_HEADER_BYTES 8u
#define KVMFR_RECORD_VM           1u
#define KVMFR_RECORD_OS           2u
#define KVMFR_RECORD_VM_MODEL     51u /* offset of the CPU model in the body */
#define KVMFR_RECORD_OS_NAME      1u

struct kvmfr_wire_rect {
    uint32_t x, y, width, height;
};

/* Table K6 */
struct kvmfr_wire_frame {
    uint32_t format_version;
    uint32_t frame_serial;
    uint32_t frame_type;
    uint32_t screen_width, screen_height;
    uint32_t data_width, data_height;
    uint32_t frame_width, frame_height;
    uint32_t rotation;
    uint32_t stride, pitch;
    uint32_t fb_offset;
    uint32_t damage_count;
    struct kvmfr_wire_rect damage[64];
    uint32_t flags;
};
static_assert(sizeof(struct kvmfr_wire_frame) == 1084, "wire ABI");
static_assert(offsetof(struct kvmfr_wire_frame, fb_offset) == 48, "wire ABI");
static_assert(offsetof(struct kvmfr_wire_frame, damage) == 56, "wire ABI");
static_assert(offsetof(struct kvmfr_wire_frame, flags) == 1080, "wire ABI");

/* Section 4: flags in the message's udata */
#define KVMFR_POINTER_POSITION 0x1u
#define KVMFR_POINTER_VISIBLE  0x2u
#define KVMFR_POINTER_SHAPE    0x4u

/* Table K7; shape bytes follow */
struct kvmfr_wire_pointer {
    int16_t x, y;
    uint32_t shape_type;  /* enum cursor_type - 1 */
    uint8_t hot_x, hot_y; /* signed on paper; hot spots above 127 wrap, so read as 0..255 */
    uint8_t pad[2];
    uint32_t width, height, pitch;
};
static_assert(sizeof(struct kvmfr_wire_pointer) == 24, "wire ABI");
static_assert(offsetof(struct kvmfr_wire_pointer, width) == 12, "wire ABI");

/* Section 5: client -> host messages in the pointer queue's inbox */
#define KVMFR_INBOX_SET_CURSOR_POSITION 0u
struct kvmfr_wire_set_cursor {
    uint32_t type;
    int32_t x, y;
};
static_assert(sizeof(struct kvmfr_wire_set_cursor) == 12, "wire ABI");

#endif
