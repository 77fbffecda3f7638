/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/spice/cursor_private.h - the cursor channel's state, for cursor.c and cursor_channel.c. */
#ifndef ESPELHO_SPICE_CURSOR_PRIVATE_H
#define ESPELHO_SPICE_CURSOR_PRIVATE_H

#include "spice/cursor.h"
#include "spice/cursor_shape.h"

struct spice_cursor {
    struct spice_cursor_listener listener;
    bool visible;
    int32_t x_px, y_px;
    struct cursor_pixels *shape;                   /* a reference; NULL: none yet */
    struct cursor_pixels *kept[SPICE_CURSORS_MAX]; /* references, oldest first */
    uint32_t kept_count;
    uint64_t kept_bytes;
};

#endif
