/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/capture/rects.h - what a desktop says has changed, as damage. Pure and portable.
 *
 * Cost rule: each rectangle costs a fixed amount on top of its pixels (a GPU copy command and the
 * start of a copy in shared memory), so two rectangles become one where that adds fewer pixels than
 * a rectangle costs. What remains is at most FRAME_MAX_DAMAGE. */
#ifndef ESPELHO_CAPTURE_RECTS_H
#define ESPELHO_CAPTURE_RECTS_H

#include <stdint.h>

#include "kvmfr/damage.h"

#define RECTS_COST_PX 4096u /* pixels that one more rectangle is worth */
#define RECTS_MAX_IN  1024u /* of one frame; more are not looked at one by one */

struct rects_move { /* pixels that were moved: `to` has what was at from_* (same size) */
    int32_t from_x_px, from_y_px;
    struct frame_rect to;
};

/* Dirty and moved rectangles of one frame, hostile numbers included (a driver may report outside
 * the picture): clipped to width x height, moves become damage of source and target, merged by the
 * cost rule. x_px and y_px are read as signed: what was negative in the driver's words may be cast.
 * Nothing reported: *out is empty. More than RECTS_MAX_IN: full. */
void rects_collect(const struct frame_rect *dirty, uint32_t dirty_count,
                   const struct rects_move *moves, uint32_t move_count, uint32_t width_px,
                   uint32_t height_px, struct damage *out);
/* Merges by the cost rule. */
void rects_merge(struct damage *damage);
/* Damage of a picture scaled from screen to image size; covers every pixel that a bilinear or a box
 * filter may have touched, clipped to the image. Full stays full. */
void rects_scale(const struct damage *in, uint32_t screen_width_px, uint32_t screen_height_px,
                 uint32_t width_px, uint32_t height_px, struct damage *out);

#endif
