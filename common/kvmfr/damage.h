/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/kvmfr/damage.h - a bounded list of changed rectangles. Embedded, no heap. One thread.
 * Coordinates: image pixels, unrotated, origin top-left. */
#ifndef ESPELHO_KVMFR_DAMAGE_H
#define ESPELHO_KVMFR_DAMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "kvmfr/frame.h"

enum { DAMAGE_MAX_RECTS = 64 };

struct damage {
    bool full;      /* everything; then count is 0 */
    uint32_t count; /* 0 and not full: nothing changed */
    struct frame_rect rects[DAMAGE_MAX_RECTS];
};

void damage_clear(struct damage *d);
void damage_set_full(struct damage *d);
static inline bool damage_is_empty(const struct damage *d)
{
    return !d->full && d->count == 0;
}
/* Adds a rectangle. It is merged with others where that adds no pixel to what has to be copied (so
 * contained ones vanish); when the list is full the cheapest pair is merged. Empty rectangles are
 * ignored, parts beyond FRAME_MAX_PX are cut off. */
void damage_add_rect(struct damage *d, struct frame_rect r);
void damage_add(struct damage *d, const struct damage *more);
/* Adds the damage of a frame header (count 0: full). */
void damage_add_frame(struct damage *d, const struct frame_view *frame);
/* Covered pixels, overlaps counted once or more (an upper bound), at most width * height. */
uint64_t damage_pixels(const struct damage *d, uint32_t width_px, uint32_t height_px);
/* The damage as rectangles inside width x height, sorted by bottom edge: a copier that follows the
 * write pointer takes them in this order. They are disjoint, unless `cap` is too short for that
 * (then they may overlap, and are merged until they fit). Full damage is one rectangle. Returns the
 * count, <= cap; 2 * DAMAGE_MAX_RECTS is a good cap. */
uint32_t damage_sorted_by_bottom(const struct damage *d, uint32_t width_px, uint32_t height_px,
                                 struct frame_rect *out, uint32_t cap);

#endif
