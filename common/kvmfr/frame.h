/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/kvmfr/frame.h - one frame as the client may trust it: a checked, private copy of the
 * header, and the pixels in place. Source: docs/protocol/kvmfr.md section 3. Threads: a view
 * belongs to the thread that peeked it. */
#ifndef ESPELHO_KVMFR_FRAME_H
#define ESPELHO_KVMFR_FRAME_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "kvmfr/format.h"

#define FRAME_MAX_PX     16384u /* largest width and height we accept */
#define FRAME_MAX_DAMAGE 64u

/* Wire values, section 3.5 */
#define FRAME_FLAG_BLOCK_SCREENSAVER  0x01u
#define FRAME_FLAG_REQUEST_ACTIVATION 0x02u
#define FRAME_FLAG_TRUNCATED          0x04u
#define FRAME_FLAG_HDR                0x08u
#define FRAME_FLAG_HDR_PQ             0x10u

struct frame_rect {
    uint32_t x_px, y_px, width_px, height_px;
};

/* Quarter turns clockwise that the client makes to show the image upright. */
enum frame_rotation { FRAME_ROTATE_0, FRAME_ROTATE_90, FRAME_ROTATE_180, FRAME_ROTATE_270 };

struct frame_view {
    const struct frame_format_info *fmt;
    uint32_t format_version;
    uint32_t serial;
    uint32_t width_px, height_px; /* the image, unrotated */
    uint32_t rows_px;             /* rows that exist: < height_px when truncated, never more */
    uint32_t screen_width_px, screen_height_px; /* the guest's desktop, unrotated */
    uint32_t pitch_bytes;                       /* >= row_bytes */
    uint32_t row_bytes; /* bytes of a row that are pixels: width_px * bytes_per_pixel */
    enum frame_rotation rotation;
    uint32_t flags;                             /* FRAME_FLAG_*; unknown bits removed */
    uint32_t damage_count;                      /* 0: everything */
    struct frame_rect damage[FRAME_MAX_DAMAGE]; /* clipped to the image, none empty */
    const uint8_t *pixels; /* shared memory: contents may change, never steer control with them */
    uint64_t pixels_bytes; /* rows_px * pitch_bytes; inside the region */
    const _Atomic uint32_t *write_pointer; /* shared */
    uint32_t payload_offset_bytes; /* of the message: names the frame buffer (dma-buf cache key) */
    uint32_t pixels_offset_bytes;  /* from the start of the region */
};

/* Bytes from the start of the pixels that are final now, clamped to pixels_bytes. Acquire: pairs
 * with the host's release. */
uint64_t frame_view_ready_bytes(const struct frame_view *view);
/* Rows that are final now: ready_bytes / pitch, 0..rows_px. */
uint32_t frame_view_ready_rows(const struct frame_view *view);
/* Same picture layout: size, format, pitch, rotation and HDR flags equal. */
bool frame_view_same_layout(const struct frame_view *a, const struct frame_view *b);

/* The checker (section 8): copies the header in once from `payload` (inside a region of
 * `region_len_bytes` at `region`, message of `len_bytes` at `offset_bytes`), checks, converts. 0;
 * -EPROTO: reject the frame, with a static text in *why. Pure function of the bytes; fuzzed. */
int frame_view_from_wire(const void *region, size_t region_len_bytes, uint32_t offset_bytes,
                         uint32_t len_bytes, struct frame_view *out, const char **why) MUST_CHECK;

#endif
