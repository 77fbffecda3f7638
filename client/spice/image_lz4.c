/* SPDX-License-Identifier: GPL-2.0-or-later
 * Two bytes (top row first?, pixel format), then blocks: a big-endian size and as many bytes of one
 * LZ4 stream, each a whole number of rows. */
#include <errno.h>
#include <stdlib.h>

#include <lz4.h>

#include <spice/enums.h>

#include "base/text.h"
#include "spice/image_codec.h"

static uint32_t read_be32(struct spice_reader *r)
{
    return __builtin_bswap32(spice_read_u32(r));
}

static int unpack(struct spice_reader *r, uint8_t *to, size_t to_bytes)
{
    size_t done = 0;
    LZ4_streamDecode_t stream;
    LZ4_setStreamDecode(&stream, NULL, 0);
    while (r->left_bytes > 0) {
        const uint32_t block_bytes = read_be32(r);
        const uint8_t *block = spice_read_bytes(r, block_bytes);
        if (!block || block_bytes > LZ4_MAX_INPUT_SIZE)
            return -EPROTO;
        const int got =
            LZ4_decompress_safe_continue(&stream, (const char *)block, (char *)to + done,
                                         (int)block_bytes, (int)(to_bytes - done));
        if (got <= 0)
            return -EPROTO;
        done += (size_t)got;
    }
    return r->bad || done != to_bytes ? -EPROTO : 0;
}

int image_lz4_decode(const uint8_t *data, size_t data_bytes, enum spice_depth depth,
                     struct spice_pixmap *out, const char **why)
{
    struct spice_reader r = spice_reader_of(data, data_bytes);
    const bool top_down = spice_read_u8(&r) != 0;
    const uint8_t format = spice_read_u8(&r);
    if (format < SPICE_BITMAP_FMT_16BIT || format > SPICE_BITMAP_FMT_RGBA) {
        *why = _("an LZ4 image of an unknown pixel format");
        return -ENOTSUP;
    }
    const size_t row_bytes = (size_t)image_row_bytes(format, out->width_px);
    uint8_t *rows = malloc(row_bytes * out->height_px);
    if (!rows)
        return -ENOMEM;
    const int err = unpack(&r, rows, row_bytes * out->height_px);
    if (err < 0)
        *why = _("an LZ4 image is damaged");
    out->has_alpha = format == SPICE_BITMAP_FMT_RGBA;
    for (uint32_t y = 0; err == 0 && y < out->height_px; y++)
        image_convert_row(format, depth, rows + row_bytes * y, out->width_px,
                          spice_pixmap_row(out, top_down ? y : out->height_px - 1 - y));
    free(rows);
    return err;
}
