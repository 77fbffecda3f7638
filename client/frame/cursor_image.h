/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/frame/cursor_image.h - pointer shapes in the two forms renderers want. Source:
 * docs/protocol/kvmfr.md section 4 table. Pure functions; any thread. */
#ifndef ESPELHO_FRAME_CURSOR_IMAGE_H
#define ESPELHO_FRAME_CURSOR_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "kvmfr/cursor.h"

/* Result for a screen pixel S: S' = blend(S, argb) then XOR xor_rgb. For every pixel either argb
 * has alpha 0 or xor_rgb is 0... monochrome and masked colour use alpha 0/255 only. */
struct cursor_image {
    uint32_t width_px, height_px;
    uint32_t *argb;    /* width * height, 0xAARRGGBB, pre-multiplied; owned */
    uint32_t *xor_rgb; /* the same size, 0x00RRGGBB; NULL if no pixel inverts; owned */
};

int cursor_image_from_shape(const struct cursor_shape *shape, struct cursor_image *out) MUST_CHECK;
void cursor_image_fini(struct cursor_image *image);
/* Draws the image over XRGB8888 pixels `dst` (dst_width x dst_height), its top-left at x, y (may
 * lie outside). */
void cursor_image_draw(const struct cursor_image *image, uint32_t *dst, uint32_t dst_stride_bytes,
                       uint32_t dst_width_px, uint32_t dst_height_px, int32_t x_px, int32_t y_px);
/* Turns the image by quarter turns clockwise into a new one. */
int cursor_image_rotate(const struct cursor_image *image, uint32_t quarter_turns,
                        struct cursor_image *out) MUST_CHECK;

#endif
