/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/kvmfr/extension.h - the Espelho extension of KVMFR 20 as it lies in shared memory. Source:
 * docs/extensions.md, tables E1 to E6. Unmodified peers ignore all of it. Wire structs stop in
 * common/kvmfr (and client/inspect). All little endian. */
#ifndef ESPELHO_KVMFR_EXTENSION_H
#define ESPELHO_KVMFR_EXTENSION_H

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* Table E1: feature bit (a record of ours follows) and record */
#define KVMFR_FEATURE_ESPELHO   0x40000000u
#define KVMFR_RECORD_ESPELHO    0xE5u
#define KVMFR_EXTENSION_VERSION 1u

#define KVMFR_EXT_DOORBELL      0x1u /* the host rings; `peer_id` and `vector` are its own */
#define KVMFR_EXT_TIMING        0x2u /* timing blocks in the header gap, and pings are answered */
#define KVMFR_EXT_BUFFERS                                                                          \
    0x4u /* the mailbox: more than two frame buffers when all viewers allow it */

#define KVMFR_NO_PEER           0xFFFFu

#define KVMFR_MAX_FRAME_BUFFERS 4u
#define KVMFR_BELL_LINES        32u /* one per subscriber slot of the frame queue */

struct kvmfr_wire_extension {
    uint16_t version;
    uint16_t peer_id;       /* the host's; 0xFFFF without a doorbell */
    uint16_t vector;        /* the host's own vector that viewers ring */
    uint16_t timing_offset; /* of the timing block in a frame payload; 0: none */
    uint32_t capabilities;  /* KVMFR_EXT_* */
    uint32_t board_offset;  /* of the board in the region, 64-aligned */
    uint32_t board_bytes;   /* sizeof(struct kvmfr_wire_board), or more in later versions */
};
static_assert(sizeof(struct kvmfr_wire_extension) == 20, "wire ABI");

/* Table E2: the board, one allocation of the host. Words are atomic: the other side may change any
 * of its own at any time. kvmfr/bell_word.h has the rules for the armed ones. */
struct kvmfr_wire_board_host { /* the host writes */
    _Atomic uint32_t
        armed; /* not 0: the host sleeps, or is about to: ring it after what it should see */
    _Atomic uint32_t buffer_count;
    _Atomic uint64_t
        newest; /* serial << 32 | index + 1 of the newest frame's buffer; 0: none yet */
    _Atomic uint32_t buffer_offset[KVMFR_MAX_FRAME_BUFFERS]; /* payload offsets in the region */
    _Atomic uint32_t buffer_bytes[KVMFR_MAX_FRAME_BUFFERS];
    uint32_t pad[4];
};
static_assert(sizeof(struct kvmfr_wire_board_host) == 64, "wire ABI");
struct kvmfr_wire_board_line {
    /* the viewer writes */
    _Atomic uint32_t frame_armed, pointer_armed; /* not 0: it sleeps, or is about to */
    _Atomic uint32_t holding[2]; /* index + 1 of frame buffers whose pixels it reads; 0: none */
    uint32_t pad0[12];
    /* the host writes */
    _Atomic uint32_t pong_cookie; /* of the last ping that was answered; written last */
    uint32_t pad1;
    _Atomic uint64_t pong_ns; /* the host's clock when it answered */
    uint32_t pad2[12];
};
static_assert(sizeof(struct kvmfr_wire_board_line) == 128, "wire ABI");
static_assert(offsetof(struct kvmfr_wire_board_line, pong_cookie) == 64, "wire ABI");
struct kvmfr_wire_board {
    struct kvmfr_wire_board_host host;
    struct kvmfr_wire_board_line lines[KVMFR_BELL_LINES];
};
static_assert(sizeof(struct kvmfr_wire_board) == 64 + 32 * 128, "wire ABI");

/* Tables E3 to E5: viewer -> host, in the inbox of the pointer queue. `line` is the viewer's
 * subscriber slot of the frame queue, `client_id` its id there: by them the host knows whose line
 * it is and when its owner is gone. */
#define KVMFR_INBOX_HELLO 0x45530001u
#define KVMFR_INBOX_BYE   0x45530002u
#define KVMFR_INBOX_PING  0x45530003u

struct kvmfr_wire_hello {
    uint32_t type;
    uint16_t version;
    uint16_t peer_id; /* to be rung; 0xFFFF: do not ring */
    uint16_t frame_vector, pointer_vector;
    uint16_t line;
    uint16_t
        buffers; /* how many frame buffers it can cope with: 2..4; above 2 it uses the mailbox */
    uint32_t client_id;
};
static_assert(sizeof(struct kvmfr_wire_hello) == 20, "wire ABI");
struct kvmfr_wire_bye {
    uint32_t type;
    uint16_t line;
    uint16_t pad;
    uint32_t client_id;
};
static_assert(sizeof(struct kvmfr_wire_bye) == 12, "wire ABI");
struct kvmfr_wire_ping {
    uint32_t type;
    uint16_t line;
    uint16_t pad;
    uint32_t client_id;
    uint32_t cookie; /* not 0, another one each time */
};
static_assert(sizeof(struct kvmfr_wire_ping) == 16, "wire ABI");

/* Table E6: the timing block in the header gap of a frame payload. Host's monotonic clock, ns. */
#define KVMFR_TIMING_OFFSET 1088u
struct kvmfr_wire_timing {
    _Atomic uint32_t serial; /* of the frame it belongs to; written last before the post */
    uint32_t pad;
    _Atomic uint64_t capture_ns; /* the picture was taken from the system; 0: not known */
    _Atomic uint64_t post_ns;
    _Atomic uint64_t complete_ns; /* the last pixel was written; 0 until then. Stored before
                                    the last raise of the write pointer */
};
static_assert(sizeof(struct kvmfr_wire_timing) == 32, "wire ABI");

#endif
