/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/capture/dxgi/geometry.h - rectangles, rotation and scaled sizes. Pure, portable. */
#ifndef ESPELHO_CAPTURE_DXGI_GEOMETRY_H
#define ESPELHO_CAPTURE_DXGI_GEOMETRY_H

#include <stdint.h>

#include "kvmfr/frame.h"

/* Down-scaling goes to an eighth of each side at most: more is no picture any more, and the filter
 * reads one source pixel more than that per side and output pixel. */
#define GEOMETRY_MAX_RATIO 8u

/* Quarter turns clockwise for the viewer, of DXGI_MODE_ROTATION (0 unspecified, 1 identity, 2..4 by
 * 90, 180, 270).
 *
 * The duplicated image is not rotated, the desktop is. Microsoft's own description of a duplication
 * rotated by 90 moves image point (x, y) to desktop point (width_of_desktop - y, x): the top left
 * corner becomes the top right one, a clockwise turn. So the numbers agree: 90 is 90. (Hosts in the
 * field disagree among each other: docs/protocol/kvmfr.md section 3.3.) Unknown values are
 * identity. */
enum frame_rotation geometry_rotation(uint32_t mode_rotation);

/* A RECT; parts at negative coordinates are cut off, what is inside out is empty. */
struct frame_rect geometry_rect(int32_t left_px, int32_t top_px, int32_t right_px,
                                int32_t bottom_px);

/* The size of a picture of `width` x `height` (unrotated, neither 0) that is shown turned by
 * `rotation` in a box of `box_*`, the same shape, never larger than it is; a box side of 0 is no
 * limit. */
struct geometry_size {
    uint32_t width_px, height_px;
};
struct geometry_size geometry_fit(struct geometry_size picture, enum frame_rotation rotation,
                                  struct geometry_size box);

#endif
