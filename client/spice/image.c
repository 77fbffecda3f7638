/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spice/image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <spice/enums.h>

#include "base/text.h"
#include "spice/image_codec.h"

#define OPAQUE 0xff000000u

/* ---- colours ---- */

static uint32_t wide5(uint32_t v)
{
    v &= 31;
    return v << 3 | v >> 2;
}

static uint32_t wide6(uint32_t v)
{
    v &= 63;
    return v << 2 | v >> 4;
}

uint32_t spice_depth_colour(enum spice_depth depth, uint32_t c)
{
    switch (depth) {
    case SPICE_DEPTH_555:
        return OPAQUE | wide5(c >> 10) << 16 | wide5(c >> 5) << 8 | wide5(c);
    case SPICE_DEPTH_565:
        return OPAQUE | wide5(c >> 11) << 16 | wide6(c >> 5) << 8 | wide5(c);
    case SPICE_DEPTH_32:
    case SPICE_DEPTH_NONE:
        break;
    }
    return OPAQUE | c;
}

/* ---- palettes ---- */

static const struct spice_palette *find_palette(const struct spice_palettes *p, uint64_t id)
{
    for (uint32_t i = 0; i < p->count; i++) {
        if (p->kept[i]->id == id)
            return p->kept[i];
    }
    return NULL;
}

static void forget(struct spice_palettes *p, uint32_t index)
{
    free(p->kept[index]);
    p->count--;
    for (uint32_t i = index; i < p->count; i++)
        p->kept[i] = p->kept[i + 1];
}

void spice_palettes_drop(struct spice_palettes *p, uint64_t id)
{
    for (uint32_t i = p->count; i-- > 0;) {
        if (p->kept[i]->id == id)
            forget(p, i);
    }
}

void spice_palettes_clear(struct spice_palettes *p)
{
    while (p->count > 0)
        forget(p, p->count - 1);
}

static int keep_palette(struct spice_palettes *p, const struct spice_palette *palette)
{
    spice_palettes_drop(p, palette->id);
    if (p->count == SPICE_PALETTES_MAX)
        forget(p, 0);
    struct spice_palette *copy = malloc(sizeof(*copy));
    if (!copy)
        return -ENOMEM;
    *copy = *palette;
    p->kept[p->count++] = copy;
    return 0;
}

static int read_palette(const struct spice_image_context *c, uint32_t offset,
                        struct spice_palette *out, const char **why)
{
    if (offset == 0 || offset > c->body_bytes) {
        *why = _("a palette lies outside its message");
        return -EPROTO;
    }
    struct spice_reader r = spice_reader_of(c->body + offset, c->body_bytes - offset);
    out->id = spice_read_u64(&r);
    out->count = spice_read_u16(&r);
    if (r.bad || out->count > 256) {
        *why = _("a palette has too many colours");
        return -EPROTO;
    }
    memset(out->colours, 0, sizeof(out->colours));
    for (uint32_t i = 0; i < out->count; i++)
        out->colours[i] = spice_depth_colour(c->depth, spice_read_u32(&r));
    if (r.bad) {
        *why = _("a palette ends early");
        return -EPROTO;
    }
    return 0;
}

/* ---- bitmaps ---- */

static bool is_indexed(uint8_t format)
{
    return format >= SPICE_BITMAP_FMT_1BIT_LE && format <= SPICE_BITMAP_FMT_8BIT;
}

static const uint8_t bits_per_px[] = {
    [SPICE_BITMAP_FMT_1BIT_LE] = 1, [SPICE_BITMAP_FMT_1BIT_BE] = 1, [SPICE_BITMAP_FMT_4BIT_LE] = 4,
    [SPICE_BITMAP_FMT_4BIT_BE] = 4, [SPICE_BITMAP_FMT_8BIT] = 8,    [SPICE_BITMAP_FMT_16BIT] = 16,
    [SPICE_BITMAP_FMT_24BIT] = 24,  [SPICE_BITMAP_FMT_32BIT] = 32,  [SPICE_BITMAP_FMT_RGBA] = 32,
};

uint64_t image_row_bytes(uint8_t format, uint32_t width_px)
{
    if (format >= ARRAY_LEN(bits_per_px))
        return 0;
    return ((uint64_t)width_px * bits_per_px[format] + 7) / 8;
}

static uint32_t index_at(uint8_t format, const uint8_t *row, uint32_t x)
{
    switch (format) {
    case SPICE_BITMAP_FMT_1BIT_LE:
        return row[x / 8] >> (x % 8) & 1;
    case SPICE_BITMAP_FMT_1BIT_BE:
        return row[x / 8] >> (7 - x % 8) & 1;
    case SPICE_BITMAP_FMT_4BIT_LE:
        return row[x / 2] >> (4 * (x % 2)) & 15;
    case SPICE_BITMAP_FMT_4BIT_BE:
        return row[x / 2] >> (4 * (1 - x % 2)) & 15;
    default:
        return row[x];
    }
}

static uint32_t le32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

void image_convert_row(uint8_t format, enum spice_depth depth, const uint8_t *from, uint32_t count,
                       uint32_t *to)
{
    const enum spice_depth depth16 = depth == SPICE_DEPTH_565 ? SPICE_DEPTH_565 : SPICE_DEPTH_555;
    switch (format) {
    case SPICE_BITMAP_FMT_16BIT:
        for (uint32_t x = 0; x < count; x++)
            to[x] = spice_depth_colour(depth16, from[2 * x] | (uint32_t)from[2 * x + 1] << 8);
        break;
    case SPICE_BITMAP_FMT_24BIT:
        for (uint32_t x = 0; x < count; x++)
            to[x] = OPAQUE | from[3 * x] | (uint32_t)from[3 * x + 1] << 8 |
                    (uint32_t)from[3 * x + 2] << 16;
        break;
    case SPICE_BITMAP_FMT_RGBA:
        for (uint32_t x = 0; x < count; x++)
            to[x] = le32(from + 4 * (size_t)x);
        break;
    default:
        for (uint32_t x = 0; x < count; x++)
            to[x] = OPAQUE | le32(from + 4 * (size_t)x);
        break;
    }
}

struct bitmap {
    uint8_t format, flags;
    uint32_t stride_bytes;
    struct spice_palette palette;
    const uint8_t *data;
};

static int find_or_read_palette(const struct spice_image_context *c, struct spice_reader *r,
                                struct bitmap *b, const char **why)
{
    if (b->flags & SPICE_BITMAP_FLAGS_PAL_FROM_CACHE) {
        const struct spice_palette *kept = find_palette(c->palettes, spice_read_u64(r));
        if (!is_indexed(b->format))
            return 0;
        if (!kept) {
            *why = _("a palette that the server thinks we have");
            return -ENOTSUP;
        }
        b->palette = *kept;
        return 0;
    }
    const uint32_t offset = spice_read_u32(r);
    if (!is_indexed(b->format))
        return 0;
    const int err = read_palette(c, offset, &b->palette, why);
    if (err == 0 && b->flags & SPICE_BITMAP_FLAGS_PAL_CACHE_ME)
        return keep_palette(c->palettes, &b->palette);
    return err;
}

static int read_bitmap(const struct spice_image_context *c, const struct spice_image_head *head,
                       struct spice_reader *r, struct bitmap *b, const char **why)
{
    b->format = spice_read_u8(r);
    b->flags = spice_read_u8(r);
    const uint32_t width_px = spice_read_u32(r), height_px = spice_read_u32(r);
    b->stride_bytes = spice_read_u32(r);
    const uint64_t row_bytes = image_row_bytes(b->format, head->width_px);
    if (r->bad || width_px != head->width_px || height_px != head->height_px) {
        *why = _("a bitmap's size differs from its descriptor's");
        return -EPROTO;
    }
    if (row_bytes == 0) {
        *why = _("a bitmap of an unknown pixel format");
        return -ENOTSUP;
    }
    if (b->stride_bytes < row_bytes) {
        *why = _("a bitmap's rows are shorter than its pixels");
        return -EPROTO;
    }
    const int err = find_or_read_palette(c, r, b, why);
    if (err < 0)
        return err;
    const uint64_t bytes = (uint64_t)b->stride_bytes * height_px;
    b->data = bytes <= r->left_bytes ? spice_read_bytes(r, (size_t)bytes) : NULL;
    if (!b->data) {
        *why = _("a bitmap ends early");
        return -EPROTO;
    }
    return 0;
}

static int decode_bitmap(const struct spice_image_context *c, const struct spice_image_head *head,
                         struct spice_reader *r, struct spice_pixmap **out, const char **why)
{
    struct bitmap b;
    struct spice_pixmap *p;
    int err = read_bitmap(c, head, r, &b, why);
    if (err == 0)
        err = spice_pixmap_create(head->width_px, head->height_px, &p);
    if (err < 0)
        return err;
    p->has_alpha = b.format == SPICE_BITMAP_FMT_RGBA;
    for (uint32_t y = 0; y < p->height_px; y++) {
        const bool top_down = b.flags & SPICE_BITMAP_FLAGS_TOP_DOWN;
        const uint8_t *from = b.data + (size_t)b.stride_bytes * y;
        uint32_t *to = spice_pixmap_row(p, top_down ? y : p->height_px - 1 - y);
        if (!is_indexed(b.format)) {
            image_convert_row(b.format, c->depth, from, p->width_px, to);
            continue;
        }
        for (uint32_t x = 0; x < p->width_px; x++)
            to[x] = OPAQUE | b.palette.colours[index_at(b.format, from, x)];
    }
    *out = p;
    return 0;
}

/* ---- the others ---- */

static int check_size(const struct spice_image_head *head, struct spice_pixmap *p,
                      struct spice_pixmap **out, const char **why)
{
    if (p->width_px != head->width_px || p->height_px != head->height_px) {
        spice_pixmap_unref(p);
        *why = _("a JPEG picture's size differs from its descriptor's");
        return -EPROTO;
    }
    *out = p;
    return 0;
}

static int decode_jpeg(const struct spice_image_head *head, const uint8_t *data, size_t bytes,
                       struct spice_pixmap **out, const char **why)
{
    struct spice_pixmap *p;
    const int err = image_jpeg_decode(data, bytes, &p, why);
    return err < 0 ? err : check_size(head, p, out, why);
}

/* `jpeg_bytes` of colours, then the alpha as LZ. */
static int decode_jpeg_alpha(const struct spice_image_head *head, struct spice_reader *r,
                             struct spice_pixmap **out, const char **why)
{
    (void)spice_read_u8(r); /* flags: the LZ part tells its own direction */
    const uint32_t jpeg_bytes = spice_read_u32(r), all_bytes = spice_read_u32(r);
    const uint8_t *data = spice_read_bytes(r, all_bytes);
    if (!data || jpeg_bytes > all_bytes) {
        *why = _("a JPEG picture with alpha ends early");
        return -EPROTO;
    }
    struct spice_pixmap *p;
    int err = decode_jpeg(head, data, jpeg_bytes, &p, why);
    if (err < 0)
        return err;
    err = image_lz_decode(data + jpeg_bytes, all_bytes - jpeg_bytes, true, p, why);
    if (err < 0) {
        spice_pixmap_unref(p);
        return err;
    }
    p->has_alpha = true;
    *out = p;
    return 0;
}

static int decode_block(const struct spice_image_context *c, const struct spice_image_head *head,
                        struct spice_reader *r, struct spice_pixmap **out, const char **why)
{
    const uint32_t bytes = spice_read_u32(r);
    const uint8_t *data = spice_read_bytes(r, bytes);
    if (!data) {
        *why = _("a compressed image ends early");
        return -EPROTO;
    }
    if (head->type == SPICE_IMAGE_TYPE_JPEG)
        return decode_jpeg(head, data, bytes, out, why);
    struct spice_pixmap *p;
    int err = spice_pixmap_create(head->width_px, head->height_px, &p);
    if (err < 0)
        return err;
    err = head->type == SPICE_IMAGE_TYPE_LZ4 ? image_lz4_decode(data, bytes, c->depth, p, why)
                                             : image_lz_decode(data, bytes, false, p, why);
    if (err < 0) {
        spice_pixmap_unref(p);
        return err;
    }
    *out = p;
    return 0;
}

static const struct {
    uint8_t type;
    const char *text;
} unspoken[] = {
    { SPICE_IMAGE_TYPE_QUIC, N_("an image in QUIC compression") },
    { SPICE_IMAGE_TYPE_GLZ_RGB, N_("an image in GLZ compression") },
    { SPICE_IMAGE_TYPE_ZLIB_GLZ_RGB, N_("an image in zlib-GLZ compression") },
    { SPICE_IMAGE_TYPE_LZ_PLT, N_("a palette image in LZ compression") },
};

int spice_image_read_head(struct spice_reader *r, struct spice_image_head *out, const char **why)
{
    out->id = spice_read_u64(r);
    out->type = spice_read_u8(r);
    out->flags = spice_read_u8(r);
    out->width_px = spice_read_u32(r);
    out->height_px = spice_read_u32(r);
    if (r->bad) {
        *why = _("an image's descriptor ends early");
        return -EPROTO;
    }
    if (!spice_pixmap_fits(out->width_px, out->height_px)) {
        *why = _("an image is empty or too large");
        return -EPROTO;
    }
    return 0;
}

int spice_image_decode(const struct spice_image_context *context,
                       const struct spice_image_head *head, struct spice_reader *r,
                       struct spice_pixmap **out, const char **why)
{
    switch (head->type) {
    case SPICE_IMAGE_TYPE_BITMAP:
        return decode_bitmap(context, head, r, out, why);
    case SPICE_IMAGE_TYPE_LZ_RGB:
    case SPICE_IMAGE_TYPE_LZ4:
    case SPICE_IMAGE_TYPE_JPEG:
        return decode_block(context, head, r, out, why);
    case SPICE_IMAGE_TYPE_JPEG_ALPHA:
        return decode_jpeg_alpha(head, r, out, why);
    default:
        break;
    }
    *why = _("an image of an unknown kind");
    for (size_t i = 0; i < ARRAY_LEN(unspoken); i++) {
        if (unspoken[i].type == head->type)
            *why = _(unspoken[i].text);
    }
    return -ENOTSUP;
}

int spice_image_decode_jpeg(const uint8_t *data, size_t data_bytes, struct spice_pixmap **out,
                            const char **why)
{
    return image_jpeg_decode(data, data_bytes, out, why);
}
