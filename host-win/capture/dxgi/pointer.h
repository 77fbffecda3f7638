/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/capture/dxgi/pointer.h - a pointer shape as the duplication describes it, checked, as
 * ours. Pure, portable; nothing the driver reports is believed. */
#ifndef ESPELHO_CAPTURE_DXGI_POINTER_H
#define ESPELHO_CAPTURE_DXGI_POINTER_H

#include <stdint.h>

#include "kvmfr/cursor.h"

struct pointer_info {  /* the fields of DXGI_OUTDUPL_POINTER_SHAPE_INFO */
    uint32_t type;     /* 1 monochrome, 2 colour, 4 masked colour */
    uint32_t width_px; /* monochrome: `height_px` is that of both masks */
    uint32_t height_px;
    uint32_t pitch_bytes;
    int32_t hot_x_px, hot_y_px;
};
/* *out borrows `data`. NULL, or a static text: the shape is not to be used. A hot spot outside of
 * 0..255 is moved inside. */
const char *pointer_shape_of(const struct pointer_info *info, uint8_t *data, uint32_t data_bytes,
                             struct cursor_shape *out);

#endif
