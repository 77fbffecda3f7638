/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/spice/cursor_shape.h - the seven kinds of pointer shape on the wire, made into the three
 * of cursor.h. Pure, any thread. */
#ifndef ESPELHO_SPICE_CURSOR_SHAPE_H
#define ESPELHO_SPICE_CURSOR_SHAPE_H

#include "spice/cursor.h"
#include "spice/reader.h"

/* A shape with its pixels in one allocation, shared by counting. */
struct cursor_pixels {
    uint32_t refs;
    uint64_t id;
    struct spice_cursor_shape shape; /* shape.data points to `bytes` */
    uint8_t bytes[];
};
struct cursor_pixels *cursor_pixels_ref(struct cursor_pixels *p);
void cursor_pixels_unref(struct cursor_pixels *p); /* NULL is fine */

struct cursor_head {
    uint64_t id;
    uint8_t type; /* SPICE_CURSOR_TYPE_* */
    uint32_t width_px, height_px, hot_x_px, hot_y_px;
};
/* 0; -EPROTO with a static text in *why; -ENOMEM. */
int cursor_pixels_read(const struct cursor_head *head, struct spice_reader *r,
                       struct cursor_pixels **out, const char **why) MUST_CHECK;

#endif
