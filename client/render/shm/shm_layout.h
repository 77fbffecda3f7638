/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/render/shm/shm_layout.h - which surface carries the picture, how large its buffer is, and
 * where things lie. Pure functions, any thread.
 *
 * Positions and sizes of surfaces are whole logical pixels, which under a scale of 1.25 are not
 * whole device pixels. A picture shown 1:1 is therefore part of a buffer as large as the window, on
 * the root surface: any device pixel can be hit. One that is scaled anyway is a buffer of its own
 * on a subsurface, rounded to logical pixels, and resizing the window costs no drawing. */
#ifndef ESPELHO_RENDER_SHM_SHM_LAYOUT_H
#define ESPELHO_RENDER_SHM_SHM_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "display/geometry.h"

struct shm_layout {
    bool on_root;
    uint32_t buffer_width_px,
        buffer_height_px; /* in the frame's own orientation; the compositor turns it */
    uint32_t picture_x_px, picture_y_px; /* the image in the buffer */
    enum frame_rotation rotation;        /* as WL_OUTPUT_TRANSFORM_*: their numbers are the same */
    struct geometry_rect logical;        /* the surface: position in the window, and size */
};

/* `frame_*`: the unrotated image. All zero where nothing is visible. */
void shm_layout_compute(const struct geometry *g, uint32_t scale_120, uint32_t logical_width,
                        uint32_t logical_height, uint32_t frame_width_px, uint32_t frame_height_px,
                        struct shm_layout *out);
/* The same buffers can go on being used. */
bool shm_layout_same_buffers(const struct shm_layout *a, const struct shm_layout *b);

/* A rectangle of the upright picture, in the frame's own orientation. Also for turning buffers. */
struct frame_rect shm_layout_unrotate(struct frame_rect upright, enum frame_rotation rotation,
                                      uint32_t upright_width_px, uint32_t upright_height_px);

/* The cursor: `clip` (upright guest pixels, inside the picture) becomes a surface. */
struct shm_cursor_layout {
    uint32_t buffer_width_px, buffer_height_px;
    uint32_t left_px, top_px; /* of the clip in the buffer */
    struct geometry_rect logical;
};
void shm_layout_cursor(const struct geometry *g, uint32_t scale_120, struct frame_rect clip,
                       struct shm_cursor_layout *out);

#endif
