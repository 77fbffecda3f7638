/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/render/egl/redraw.h - which part of the window to draw. A window has several buffers; one
 * that comes back after n presents lacks what changed in the n - 1 presents since it was drawn (EGL
 * calls n its age). Plain data, one thread. Rectangles here are window pixels, origin top-left. */
#ifndef ESPELHO_RENDER_EGL_REDRAW_H
#define ESPELHO_RENDER_EGL_REDRAW_H

#include <stdbool.h>
#include <stdint.h>

#include "display/geometry.h"
#include "kvmfr/damage.h"

enum { REDRAW_HISTORY = 4 }; /* presents remembered; older buffers are drawn whole */

struct redraw {
    struct damage pending;              /* since the last present */
    struct damage past[REDRAW_HISTORY]; /* [0]: of the last present */
    uint32_t past_count;
};

/* Everything, and nothing older counts: the window's buffers are new (size changed, context made
 * anew). */
void redraw_reset(struct redraw *r);
/* What a buffer of this age (0: unknown contents) lacks. */
void redraw_for_age(const struct redraw *r, uint32_t age, struct damage *out);
/* The pending damage was presented. */
void redraw_presented(struct redraw *r);

/* The rectangles as EGL wants them: x, y of the lower edge counted from the bottom, width, height;
 * up to DAMAGE_MAX_RECTS of four numbers each. Returns the count; 0 stands for the whole window. */
int32_t redraw_egl_rects(const struct damage *d, uint32_t window_height_px, int32_t *out);

/* A rectangle of the frame (unrotated) as window pixels, rounded outwards, clipped to the window.
 * `spread` (guest pixels) is how far a filter carries a pixel. Empty if it does not show. */
struct frame_rect redraw_frame_to_window(const struct geometry *g, struct frame_rect r,
                                         uint32_t spread);
/* The same for a rectangle in upright guest pixels, which may lie outside the picture (the cursor):
 * the part over the picture. */
struct frame_rect redraw_upright_to_window(const struct geometry *g, int64_t x, int64_t y,
                                           uint32_t width, uint32_t height);

#endif
