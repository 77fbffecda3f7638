/* SPDX-License-Identifier: GPL-2.0-or-later
 * Images alone: a byte for the depth, then a descriptor and what follows. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "spice/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct spice_palettes palettes;
    if (size == 0)
        return 0;
    const struct spice_image_context context = {
        .body = data + 1,
        .body_bytes = size - 1,
        .depth = (enum spice_depth)(SPICE_DEPTH_32 + data[0] % 3),
        .palettes = &palettes,
    };
    struct spice_reader r = spice_reader_of(context.body, context.body_bytes);
    struct spice_image_head head;
    struct spice_pixmap *p;
    const char *why;
    /* Large ones are slow to fuzz, and no other code. */
    if (spice_image_read_head(&r, &head, &why) == 0 && head.width_px <= 512 &&
        head.height_px <= 512 && spice_image_decode(&context, &head, &r, &p, &why) == 0) {
        if (p->width_px != head.width_px || p->height_px != head.height_px)
            abort();
        spice_pixmap_unref(p);
    }
    spice_palettes_clear(&palettes);
    if (size > 1 && spice_image_decode_jpeg(data + 1, size - 1, &p, &why) == 0)
        spice_pixmap_unref(p);
    return 0;
}
