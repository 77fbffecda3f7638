/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/capture/gdi/icon_bits.h - the two bitmaps of a Windows cursor as a pointer shape. Pure
 * and portable. */
#ifndef ESPELHO_CAPTURE_GDI_ICON_BITS_H
#define ESPELHO_CAPTURE_GDI_ICON_BITS_H

#include <stdint.h>

#include "base/macros.h"
#include "kvmfr/cursor.h"

struct icon_bits {
    uint32_t width_px, height_px; /* of the pointer, not of the mask */
    uint32_t hot_x_px, hot_y_px;
    const uint32_t *colour; /* BGRA rows without padding, from the top; NULL: black and white */
    const uint8_t *mask;    /* one bit per pixel, the leftmost highest, 1: the screen shows through;
                               black and white: AND rows, then as many XOR rows */
    uint32_t mask_pitch_bytes;
};

/* With alpha anywhere in `colour`: colour; without: masked colour (where the mask is set, the
 * colour is XORed with the screen); without colour: monochrome. 0, *out owns its data; -ENOMEM;
 * -EINVAL: sizes beyond the limits of kvmfr/cursor.h. */
int icon_bits_to_shape(const struct icon_bits *bits, struct cursor_shape *out) MUST_CHECK;

#endif
