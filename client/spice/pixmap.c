/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spice/pixmap.h"

#include <errno.h>
#include <stdlib.h>

bool spice_pixmap_fits(uint32_t width_px, uint32_t height_px)
{
    return width_px != 0 && height_px != 0 && width_px <= SPICE_PIXMAP_MAX_PX &&
           height_px <= SPICE_PIXMAP_MAX_PX &&
           (uint64_t)width_px * height_px * sizeof(uint32_t) <= SPICE_PIXMAP_MAX_BYTES;
}

size_t spice_pixmap_bytes(const struct spice_pixmap *p)
{
    return (size_t)p->width_px * p->height_px * sizeof(uint32_t);
}

int spice_pixmap_create(uint32_t width_px, uint32_t height_px, struct spice_pixmap **out)
{
    if (!spice_pixmap_fits(width_px, height_px))
        return -ERANGE;
    struct spice_pixmap *p =
        calloc(1, sizeof(*p) + (size_t)width_px * height_px * sizeof(uint32_t));
    if (!p)
        return -ENOMEM;
    p->refs = 1;
    p->width_px = width_px;
    p->height_px = height_px;
    *out = p;
    return 0;
}

struct spice_pixmap *spice_pixmap_ref(struct spice_pixmap *p)
{
    p->refs++;
    return p;
}

void spice_pixmap_unref(struct spice_pixmap *p)
{
    if (p && --p->refs == 0)
        free(p);
}
