/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/spice/canvas.h - drawing on a pixmap. Every operation takes any rectangle and paints only
 * what lies inside the pixmap; a source is never read outside itself. Coordinates come from the
 * server as they are: all sums are 64 bits wide. Pure functions, no state, any thread. */
#ifndef ESPELHO_SPICE_CANVAS_H
#define ESPELHO_SPICE_CANVAS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "spice/pixmap.h"

struct spice_rect { /* right and bottom are outside */
    int32_t left, top, right, bottom;
};

bool spice_rect_is_empty(const struct spice_rect *r);
struct spice_rect spice_rect_intersect(const struct spice_rect *a, const struct spice_rect *b);
struct spice_rect spice_rect_of_pixmap(const struct spice_pixmap *p);
uint64_t spice_rect_pixels(const struct spice_rect *r);

/* How a source is combined with what is there. PUT by itself is the plain copy. */
struct canvas_rop {
    enum {
        CANVAS_PUT,
        CANVAS_OR,
        CANVAS_AND,
        CANVAS_XOR,
        CANVAS_BLACK,
        CANVAS_WHITE,
        CANVAS_INVERT
    } op;
    bool invert_source, invert_dest, invert_result;
};
/* From SPICE_ROPD_*; `invert_source`, `invert_dest`: the bits that mean so in this operation.
 * False: no or more than one operation. */
bool canvas_rop_from_wire(uint16_t ropd, uint16_t invert_source, uint16_t invert_dest,
                          struct canvas_rop *out) MUST_CHECK;

/* A source picture laid into `box`: `area` of it is stretched to fill the box (nearest pixel). */
struct canvas_source {
    const struct spice_pixmap *pixmap;
    struct spice_rect area;
    struct spice_rect box;
};

/* Each paints `part` (of the box). */
void canvas_fill(struct spice_pixmap *dst, const struct spice_rect *part, uint32_t colour,
                 struct canvas_rop rop);
void canvas_copy(struct spice_pixmap *dst, const struct spice_rect *part,
                 const struct canvas_source *src, struct canvas_rop rop);
/* dst = rop(brush, source). */
void canvas_opaque(struct spice_pixmap *dst, const struct spice_rect *part,
                   const struct canvas_source *src, bool invert_source, uint32_t brush,
                   struct canvas_rop rop);
/* Pixels whose colour (24 bits) is `key` are left out. */
void canvas_copy_keyed(struct spice_pixmap *dst, const struct spice_rect *part,
                       const struct canvas_source *src, uint32_t key);
/* dst = source * alpha + dst * (1 - source alpha * alpha); a source without alpha is opaque. */
void canvas_blend(struct spice_pixmap *dst, const struct spice_rect *part,
                  const struct canvas_source *src, bool source_alpha, uint8_t alpha);

#endif
