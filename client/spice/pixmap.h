/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/spice/pixmap.h - 32-bit pixels with a size, shared by counting: surfaces, decoded images
 * and cached images are all of this kind. Pixels are 0xAARRGGBB, rows without padding, top row
 * first; alpha (pre-multiplied) counts only where has_alpha says so. Threads: one. */
#ifndef ESPELHO_SPICE_PIXMAP_H
#define ESPELHO_SPICE_PIXMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

#define SPICE_PIXMAP_MAX_PX    16384u /* per side */
#define SPICE_PIXMAP_MAX_BYTES (64u * 1024 * 1024)

struct spice_pixmap {
    uint32_t refs;
    uint32_t width_px, height_px;
    bool has_alpha;
    uint32_t pixels[];
};

/* Is a pixmap of this size within the limits? */
bool spice_pixmap_fits(uint32_t width_px, uint32_t height_px);
/* Zeroed, one reference. 0; -ERANGE: size 0 or beyond the limits; -ENOMEM. */
int spice_pixmap_create(uint32_t width_px, uint32_t height_px,
                        struct spice_pixmap **out) MUST_CHECK;
struct spice_pixmap *spice_pixmap_ref(struct spice_pixmap *p);
void spice_pixmap_unref(struct spice_pixmap *p); /* NULL is fine */
size_t spice_pixmap_bytes(const struct spice_pixmap *p);
static inline uint32_t *spice_pixmap_row(struct spice_pixmap *p, uint32_t y_px)
{
    return p->pixels + (size_t)y_px * p->width_px;
}

#endif
