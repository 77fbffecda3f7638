/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/frame/convert.h - rows of guest pixels into 32-bit desktop pixels (snapshot, shm renderer,
 * tests). Pure functions, any thread. Sources may be shared memory: they are read once and never
 * steer control. HDR: RGBA16F without PQ is scRGB (linear, BT.709, 1.0 = SDR white as sent by the
 * hosts); with PQ it is BT.2020 ST 2084. Both become sRGB as frame/hdr.h says. SDR pixels are
 * exact: 8-bit types byte for byte, 10-bit rounded to nearest. */
#ifndef ESPELHO_FRAME_CONVERT_H
#define ESPELHO_FRAME_CONVERT_H

#include <stdbool.h>
#include <stdint.h>

#include "kvmfr/frame.h"

enum pixel_out {
    PIXEL_OUT_NONE,
    PIXEL_OUT_XRGB8888,    /* u32 0xFFRRGGBB, bytes B G R X (WL_SHM_FORMAT_XRGB8888) */
    PIXEL_OUT_XBGR8888,    /* u32 0xFFBBGGRR, bytes R G B X */
    PIXEL_OUT_XBGR2101010, /* u32: R bits 0-9, G 10-19, B 20-29 */
};

/* Converts `count_px` pixels of one row, starting at pixel `x_px`; `row` points to the row's first
 * byte. `flags`: FRAME_FLAG_HDR*. Returns false for a combination that has no converter. `opaque`
 * padding bits are set to ones. */
bool convert_row(const struct frame_format_info *fmt, uint32_t flags, const uint8_t *row,
                 uint32_t x_px, uint32_t count_px, enum pixel_out out_format, uint32_t *out);
/* True if convert_row() for this pair is a plain copy (memcpy of 4-byte pixels; X may be anything).
 */
bool convert_is_copy(const struct frame_format_info *fmt, uint32_t flags,
                     enum pixel_out out_format);

#endif
