/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/spice/image_codec.h - the compressed forms of image.h, one function each. All fill a
 * pixmap of the size that was announced; 0, -EPROTO or -ENOTSUP with a static text in *why,
 * -ENOMEM. Pure, any thread. */
#ifndef ESPELHO_SPICE_IMAGE_CODEC_H
#define ESPELHO_SPICE_IMAGE_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "spice/image.h"
#include "spice/pixmap.h"

/* SPICE's LZ: true colour into all of `out`; of the kind that holds alpha only, just the alpha. */
int image_lz_decode(const uint8_t *data, size_t data_bytes, bool alpha_only,
                    struct spice_pixmap *out, const char **why) MUST_CHECK;
int image_lz4_decode(const uint8_t *data, size_t data_bytes, enum spice_depth depth,
                     struct spice_pixmap *out, const char **why) MUST_CHECK;
/* Takes the size from the picture. */
int image_jpeg_decode(const uint8_t *data, size_t data_bytes, struct spice_pixmap **out,
                      const char **why) MUST_CHECK;
/* One row of uncompressed pixels, 16 bits and more (SPICE_BITMAP_FMT_*); `from` holds the whole
 * row. */
void image_convert_row(uint8_t format, enum spice_depth depth, const uint8_t *from, uint32_t count,
                       uint32_t *to);
/* Bytes that the pixels of a row take; 0: not a format that we know. */
uint64_t image_row_bytes(uint8_t format, uint32_t width_px);

#endif
