/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/kvmfr/format.h - the six pixel types. Source: docs/protocol/kvmfr.md section 3.1. No
 * state, any thread. */
#ifndef ESPELHO_KVMFR_FORMAT_H
#define ESPELHO_KVMFR_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

/* Values are those of the wire. */
enum frame_format {
    FRAME_FORMAT_INVALID,
    FRAME_FORMAT_BGRA,    /* bytes B G R x */
    FRAME_FORMAT_RGBA,    /* bytes R G B x */
    FRAME_FORMAT_RGBA10,  /* u32: R bits 0-9, G 10-19, B 20-29, A 30-31 */
    FRAME_FORMAT_RGBA16F, /* four half floats */
    FRAME_FORMAT_BGR_32,  /* bytes B G R, pixel x at 3 * x; rows made of 4-byte units (wire: 5) */
    FRAME_FORMAT_RGB_24,  /* bytes R G B, pixel x at 3 * x (wire: 6) */
};

struct frame_format_info {
    enum frame_format format;
    const char
        *name; /* "bgra", "rgba", "rgba10", "rgba16f", "bgr32", "rgb24": for options and logs */
    uint32_t bytes_per_pixel; /* 4, 8 or 3 */
    uint32_t unit_bytes;      /* of data_width and stride: 4, 8, or 3 for RGB_24 */
};

/* NULL for any number that is not a pixel type. */
const struct frame_format_info *frame_format_find(uint32_t wire_value);
const struct frame_format_info *frame_format_by_name(const char *name);

#endif
