/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/overlay/overlay_draw.h - the texts as a picture. Any thread, one at a time. */
#ifndef ESPELHO_OVERLAY_OVERLAY_DRAW_H
#define ESPELHO_OVERLAY_OVERLAY_DRAW_H

#include <stdint.h>

#include "base/macros.h"
#include "overlay/overlay.h"

struct overlay_picture {
    uint32_t width_px, height_px;
    uint32_t *argb; /* width * height, pre-multiplied; owned, free() */
};

/* Draws the texts that are not NULL. The picture is as large as they need, at most max_*_px.
 * 0; -ENOMEM; -EINVAL: no text, or no room; -ENOTSUP: the text libraries are missing. */
int overlay_draw(const char *const texts[OVERLAY_SLOT_COUNT], uint32_t max_width_px,
                 uint32_t max_height_px, uint32_t scale_120,
                 struct overlay_picture *out) MUST_CHECK;

#endif
