/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPICE's LZ: a header of seven big-endian words (magic, version, type, width, height, stride, top
 * row first?), then codes. A first byte below 32 announces that many literal pixels plus one; a
 * higher one a run copied from what was decoded before: three bits of length, five high bits of
 * distance, then, as far as they are needed, bytes that add to the length, and one or three bytes
 * of distance. With alpha, a second pass of the same form carries the alpha bytes of all pixels;
 * its runs are two pixels longer than written. */
#include <errno.h>

#include "base/text.h"
#include "spice/image_codec.h"

#define OPAQUE   0xff000000u
#define RGB_MASK 0x00ffffffu

enum {
    LZ_MAGIC = 0x20205a4c, /* "  ZL" */
    LZ_VERSION = 0x00010001,
    LZ_RGB24 = 7,
    LZ_RGB32 = 8,
    LZ_RGBA = 9,
    LZ_XXXA = 10, /* alpha only */
    LITERALS_MAX = 32,
    LENGTH_ESCAPE = 7,
    FAR_DISTANCE = 8191,
};

struct pass {
    uint32_t *px;
    size_t count;
    bool alpha; /* only the top byte is written, else only the others */
};

static uint32_t read_be32(struct spice_reader *r)
{
    return __builtin_bswap32(spice_read_u32(r));
}

static void put(const struct pass *p, size_t at, uint32_t v)
{
    const uint32_t mask = p->alpha ? OPAQUE : RGB_MASK;
    p->px[at] = (p->px[at] & ~mask) | (v & mask);
}

static uint32_t read_literal(const struct pass *p, struct spice_reader *r)
{
    if (p->alpha)
        return (uint32_t)spice_read_u8(r) << 24;
    const uint8_t *c = spice_read_bytes(r, 3);
    return c ? c[0] | (uint32_t)c[1] << 8 | (uint32_t)c[2] << 16 : 0;
}

/* Length of the run in pixels; the first byte of the code was `code`. */
static size_t read_length(const struct pass *p, struct spice_reader *r, uint8_t code)
{
    size_t len = code >> 5;
    if (len == LENGTH_ESCAPE) {
        uint8_t more;
        do {
            more = spice_read_u8(r);
            len += more;
        } while (more == 255 && len <= p->count);
    }
    return p->alpha ? len + 2 : len;
}

static size_t read_distance(struct spice_reader *r, uint8_t code)
{
    const uint32_t high = (code & 31u) << 8;
    const uint8_t low = spice_read_u8(r);
    if (high != 31u << 8 || low != 255)
        return (size_t)high + low + 1;
    const uint32_t far_high = spice_read_u8(r);
    return (far_high << 8) + spice_read_u8(r) + FAR_DISTANCE + 1;
}

static bool run_pass(const struct pass *p, struct spice_reader *r)
{
    size_t at = 0;
    while (at < p->count) {
        const uint8_t code = spice_read_u8(r);
        if (code < LITERALS_MAX) {
            if (code >= p->count - at)
                return false;
            for (unsigned i = 0; i <= code; i++)
                put(p, at++, read_literal(p, r));
        } else {
            const size_t len = read_length(p, r, code), back = read_distance(r, code);
            if (back > at || len > p->count - at)
                return false;
            for (size_t i = 0; i < len; i++, at++)
                put(p, at, p->px[at - back]); /* may overlap: then it repeats */
        }
        if (r->bad)
            return false;
    }
    return true;
}

static void flip(struct spice_pixmap *p, uint32_t mask)
{
    for (uint32_t y = 0; y < p->height_px / 2; y++) {
        uint32_t *a = spice_pixmap_row(p, y), *b = spice_pixmap_row(p, p->height_px - 1 - y);
        for (uint32_t x = 0; x < p->width_px; x++) {
            const uint32_t swap = (a[x] ^ b[x]) & mask;
            a[x] ^= swap;
            b[x] ^= swap;
        }
    }
}

static int damaged(const char **why)
{
    *why = _("an LZ image is damaged");
    return -EPROTO;
}

int image_lz_decode(const uint8_t *data, size_t data_bytes, bool alpha_only,
                    struct spice_pixmap *out, const char **why)
{
    struct spice_reader r = spice_reader_of(data, data_bytes);
    const uint32_t magic = read_be32(&r), version = read_be32(&r), type = read_be32(&r);
    const uint32_t width_px = read_be32(&r), height_px = read_be32(&r);
    (void)read_be32(&r); /* stride of the server's copy */
    const bool top_down = read_be32(&r) != 0;
    if (r.bad || magic != LZ_MAGIC || version != LZ_VERSION || width_px != out->width_px ||
        height_px != out->height_px)
        return damaged(why);
    const bool colours = type == LZ_RGB24 || type == LZ_RGB32 || type == LZ_RGBA;
    if (alpha_only ? type != LZ_XXXA : !colours) {
        *why = _("an LZ image of another depth than 24 or 32 bits");
        return -ENOTSUP;
    }
    const size_t count = (size_t)width_px * height_px;
    const struct pass colour = { .px = out->pixels, .count = count };
    const struct pass alpha = { .px = out->pixels, .count = count, .alpha = true };
    out->has_alpha = alpha_only || type == LZ_RGBA;
    if (colours && !run_pass(&colour, &r))
        return damaged(why);
    if (out->has_alpha && !run_pass(&alpha, &r))
        return damaged(why);
    for (size_t i = 0; !out->has_alpha && i < count; i++)
        out->pixels[i] |= OPAQUE;
    if (!top_down)
        flip(out, alpha_only ? OPAQUE : ~0u);
    return 0;
}
