/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/win/pointer_place.h - a pixel of the desktop in the coordinates of SendInput(), which
 * count 65536 steps over a side. Portable, pure. */
#ifndef ESPELHO_WIN_POINTER_PLACE_H
#define ESPELHO_WIN_POINTER_PLACE_H

#include <stdint.h>

/* Windows takes step * extent_px / 65536 as the pixel: the smallest step that leads back to it.
 * Pixels outside go to the edge. `extent_px` >= 1. */
static inline int32_t pointer_place(int32_t at_px, int32_t origin_px, int32_t extent_px)
{
    int64_t offset_px = (int64_t)at_px - origin_px;
    if (offset_px < 0)
        offset_px = 0;
    if (offset_px >= extent_px)
        offset_px = extent_px - 1;
    return (int32_t)((offset_px * 65536 + extent_px - 1) / extent_px);
}

#endif
