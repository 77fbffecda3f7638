/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/display/geometry.h - where the guest's picture lies in the window. Pure functions, any
 * thread.
 *
 * Units: "logical" are Wayland surface coordinates; "px" are device pixels = logical * scale_120 /
 * 120 (wp_fractional_scale). Guest coordinates are the guest's *upright* desktop: after rotation.
 */
#ifndef ESPELHO_DISPLAY_GEOMETRY_H
#define ESPELHO_DISPLAY_GEOMETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "kvmfr/frame.h"

struct geometry_config {
    bool keep_aspect;             /* letterbox; off: fill the window */
    bool integer_upscale;         /* whole factors only when enlarging */
    bool no_upscale;              /* never enlarge: centre */
    enum frame_rotation rotation; /* the user's, added to the guest's */
};

struct geometry_rect {
    int32_t x, y;
    uint32_t width, height;
};

struct geometry {
    uint32_t window_width_px, window_height_px;   /* device pixels of the whole surface */
    enum frame_rotation rotation;                 /* guest's + user's */
    uint32_t upright_width_px, upright_height_px; /* guest picture after rotation */
    struct geometry_rect image_px;                /* the picture in the window, device pixels */
    bool exact;                                   /* 1:1: one guest pixel is one device pixel */
};

/* Window size in device pixels for a logical size: wp_fractional_scale rounds half away from zero.
 */
uint32_t geometry_to_px(uint32_t logical, uint32_t scale_120);

/* frame_*: the unrotated image. All zero sizes give an empty image rectangle. */
void geometry_compute(const struct geometry_config *config, uint32_t logical_width,
                      uint32_t logical_height, uint32_t scale_120, uint32_t frame_width_px,
                      uint32_t frame_height_px, enum frame_rotation frame_rotation,
                      struct geometry *out);
bool geometry_equal(const struct geometry *a, const struct geometry *b);
/* Logical window size whose device pixels hold the guest 1:1 (rounded up where the scale does not
 * divide). */
void geometry_size_for_guest(const struct geometry_config *config, uint32_t scale_120,
                             uint32_t frame_width_px, uint32_t frame_height_px,
                             enum frame_rotation frame_rotation, uint32_t *logical_width,
                             uint32_t *logical_height);
/* Device pixel -> guest pixel of the upright desktop (may lie outside); and back. */
void geometry_px_to_guest(const struct geometry *g, double x_px, double y_px, double *guest_x,
                          double *guest_y);
void geometry_guest_to_px(const struct geometry *g, double guest_x, double guest_y, double *x_px,
                          double *y_px);

#endif
