/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spice/canvas.h"

#include <string.h>

#include <spice/enums.h>

#define OPAQUE   0xff000000u
#define RGB_MASK 0x00ffffffu

bool spice_rect_is_empty(const struct spice_rect *r)
{
    return r->left >= r->right || r->top >= r->bottom;
}

struct spice_rect spice_rect_intersect(const struct spice_rect *a, const struct spice_rect *b)
{
    const struct spice_rect r = {
        .left = a->left > b->left ? a->left : b->left,
        .top = a->top > b->top ? a->top : b->top,
        .right = a->right < b->right ? a->right : b->right,
        .bottom = a->bottom < b->bottom ? a->bottom : b->bottom,
    };
    return spice_rect_is_empty(&r) ? (struct spice_rect){ 0 } : r;
}

struct spice_rect spice_rect_of_pixmap(const struct spice_pixmap *p)
{
    return (struct spice_rect){ .right = (int32_t)p->width_px, .bottom = (int32_t)p->height_px };
}

uint64_t spice_rect_pixels(const struct spice_rect *r)
{
    if (spice_rect_is_empty(r))
        return 0;
    return (uint64_t)((int64_t)r->right - r->left) * (uint64_t)((int64_t)r->bottom - r->top);
}

/* ---- raster operations ---- */

static const struct {
    uint16_t bit;
    uint8_t op;
} rop_bits[] = {
    { SPICE_ROPD_OP_PUT, CANVAS_PUT },         { SPICE_ROPD_OP_OR, CANVAS_OR },
    { SPICE_ROPD_OP_AND, CANVAS_AND },         { SPICE_ROPD_OP_XOR, CANVAS_XOR },
    { SPICE_ROPD_OP_BLACKNESS, CANVAS_BLACK }, { SPICE_ROPD_OP_WHITENESS, CANVAS_WHITE },
    { SPICE_ROPD_OP_INVERS, CANVAS_INVERT },
};

bool canvas_rop_from_wire(uint16_t ropd, uint16_t invert_source, uint16_t invert_dest,
                          struct canvas_rop *out)
{
    struct canvas_rop rop = {
        .invert_source = (ropd & invert_source) != 0,
        .invert_dest = (ropd & invert_dest) != 0,
        .invert_result = (ropd & SPICE_ROPD_INVERS_RES) != 0,
    };
    int found = 0;
    for (size_t i = 0; i < ARRAY_LEN(rop_bits); i++) {
        if (ropd & rop_bits[i].bit) {
            rop.op = rop_bits[i].op;
            found++;
        }
    }
    if (found != 1)
        return false;
    *out = rop;
    return true;
}

static bool is_plain_put(struct canvas_rop rop)
{
    return rop.op == CANVAS_PUT && !rop.invert_source && !rop.invert_result;
}

static uint32_t opaque_bits(const struct spice_pixmap *dst)
{
    return dst->has_alpha ? 0 : OPAQUE;
}

/* `opaque`: bits that are always set. */
static uint32_t combine(struct canvas_rop rop, uint32_t s, uint32_t d, uint32_t opaque)
{
    uint32_t r = 0;
    s = rop.invert_source ? ~s : s;
    d = rop.invert_dest ? ~d : d;
    switch (rop.op) {
    case CANVAS_PUT:
        r = s;
        break;
    case CANVAS_OR:
        r = s | d;
        break;
    case CANVAS_AND:
        r = s & d;
        break;
    case CANVAS_XOR:
        r = s ^ d;
        break;
    case CANVAS_BLACK:
        r = 0;
        break;
    case CANVAS_WHITE:
        r = ~0u;
        break;
    case CANVAS_INVERT:
        r = ~d;
        break;
    }
    r = rop.invert_result ? ~r : r;
    return r | opaque;
}

/* ---- where pixels come from ---- */

/* Source coordinate for `at` of the box, kept inside 0..limit-1. */
static uint32_t map(int32_t at, int32_t box_from, int64_t box_len, int32_t area_from,
                    int64_t area_len, uint32_t limit)
{
    const int64_t off = (int64_t)at - box_from;
    const int64_t s = area_from + (area_len == box_len ? off : off * area_len / box_len);
    return s < 0 ? 0 : s >= limit ? limit - 1 : (uint32_t)s;
}

struct mapping {
    const struct canvas_source *src;
    int64_t box_w, box_h, area_w, area_h;
};

static struct mapping mapping_of(const struct canvas_source *src)
{
    return (struct mapping){
        .src = src,
        .box_w = (int64_t)src->box.right - src->box.left,
        .box_h = (int64_t)src->box.bottom - src->box.top,
        .area_w = (int64_t)src->area.right - src->area.left,
        .area_h = (int64_t)src->area.bottom - src->area.top,
    };
}

static const uint32_t *source_row(const struct mapping *m, int32_t y)
{
    const struct canvas_source *s = m->src;
    return s->pixmap->pixels + (size_t)s->pixmap->width_px * map(y, s->box.top, m->box_h,
                                                                 s->area.top, m->area_h,
                                                                 s->pixmap->height_px);
}

static uint32_t source_x(const struct mapping *m, int32_t x)
{
    const struct canvas_source *s = m->src;
    return map(x, s->box.left, m->box_w, s->area.left, m->area_w, s->pixmap->width_px);
}

/* The part to paint; empty if there is nothing to take pixels from. */
static struct spice_rect paintable(const struct spice_pixmap *dst, const struct spice_rect *part,
                                   const struct canvas_source *src)
{
    const struct spice_rect bounds = spice_rect_of_pixmap(dst);
    const struct spice_rect inside = spice_rect_intersect(part, &bounds);
    if (!src)
        return inside;
    if (spice_rect_is_empty(&src->area) || spice_rect_is_empty(&src->box))
        return (struct spice_rect){ 0 };
    return spice_rect_intersect(&inside, &src->box);
}

/* ---- operations ---- */

void canvas_fill(struct spice_pixmap *dst, const struct spice_rect *part, uint32_t colour,
                 struct canvas_rop rop)
{
    const uint32_t opaque = opaque_bits(dst);
    const struct spice_rect r = paintable(dst, part, NULL);
    for (int32_t y = r.top; y < r.bottom; y++) {
        uint32_t *row = spice_pixmap_row(dst, (uint32_t)y);
        for (int32_t x = r.left; x < r.right; x++)
            row[x] = combine(rop, colour, row[x], opaque);
    }
}

/* Nothing is stretched, and all of `r` has its own source pixel. */
static bool is_straight(const struct mapping *m)
{
    const struct spice_rect all = spice_rect_of_pixmap(m->src->pixmap);
    const struct spice_rect inside = spice_rect_intersect(&m->src->area, &all);
    return m->box_w == m->area_w && m->box_h == m->area_h &&
           memcmp(&inside, &m->src->area, sizeof(inside)) == 0;
}

void canvas_copy(struct spice_pixmap *dst, const struct spice_rect *part,
                 const struct canvas_source *src, struct canvas_rop rop)
{
    const uint32_t opaque = opaque_bits(dst);
    const struct spice_rect r = paintable(dst, part, src);
    if (spice_rect_is_empty(&r))
        return;
    const struct mapping m = mapping_of(src);
    const bool plain = is_plain_put(rop) && is_straight(&m);
    for (int32_t y = r.top; y < r.bottom; y++) {
        uint32_t *row = spice_pixmap_row(dst, (uint32_t)y);
        const uint32_t *from = source_row(&m, y);
        if (plain) {
            memcpy(row + r.left, from + source_x(&m, r.left),
                   (size_t)(r.right - r.left) * sizeof(*row));
            continue;
        }
        for (int32_t x = r.left; x < r.right; x++)
            row[x] = combine(rop, from[source_x(&m, x)], row[x], opaque);
    }
}

void canvas_opaque(struct spice_pixmap *dst, const struct spice_rect *part,
                   const struct canvas_source *src, bool invert_source, uint32_t brush,
                   struct canvas_rop rop)
{
    const uint32_t opaque = opaque_bits(dst);
    const struct spice_rect r = paintable(dst, part, src);
    if (spice_rect_is_empty(&r))
        return;
    const struct mapping m = mapping_of(src);
    for (int32_t y = r.top; y < r.bottom; y++) {
        uint32_t *row = spice_pixmap_row(dst, (uint32_t)y);
        const uint32_t *from = source_row(&m, y);
        for (int32_t x = r.left; x < r.right; x++) {
            const uint32_t s = from[source_x(&m, x)];
            row[x] = combine(rop, brush, invert_source ? ~s : s, opaque);
        }
    }
}

void canvas_copy_keyed(struct spice_pixmap *dst, const struct spice_rect *part,
                       const struct canvas_source *src, uint32_t key)
{
    const struct spice_rect r = paintable(dst, part, src);
    if (spice_rect_is_empty(&r))
        return;
    const struct mapping m = mapping_of(src);
    for (int32_t y = r.top; y < r.bottom; y++) {
        uint32_t *row = spice_pixmap_row(dst, (uint32_t)y);
        const uint32_t *from = source_row(&m, y);
        for (int32_t x = r.left; x < r.right; x++) {
            const uint32_t s = from[source_x(&m, x)];
            if (((s ^ key) & RGB_MASK) != 0)
                row[x] = s;
        }
    }
}

/* c * a / 255, rounded to nearest. */
static uint32_t scale_u8(uint32_t c, uint32_t a)
{
    return (c * a + 127) / 255;
}

static uint32_t blend_px(uint32_t d, uint32_t s, uint32_t alpha)
{
    const uint32_t rest = 255 - scale_u8(s >> 24, alpha);
    uint32_t out = 0;
    for (uint32_t shift = 0; shift < 32; shift += 8) {
        const uint32_t c = scale_u8(s >> shift & 0xff, alpha) + scale_u8(d >> shift & 0xff, rest);
        out |= (c > 255 ? 255 : c) << shift;
    }
    return out;
}

void canvas_blend(struct spice_pixmap *dst, const struct spice_rect *part,
                  const struct canvas_source *src, bool source_alpha, uint8_t alpha)
{
    const struct spice_rect r = paintable(dst, part, src);
    if (spice_rect_is_empty(&r))
        return;
    const struct mapping m = mapping_of(src);
    for (int32_t y = r.top; y < r.bottom; y++) {
        uint32_t *row = spice_pixmap_row(dst, (uint32_t)y);
        const uint32_t *from = source_row(&m, y);
        for (int32_t x = r.left; x < r.right; x++) {
            const uint32_t s = from[source_x(&m, x)];
            row[x] = blend_px(row[x], source_alpha ? s : s | OPAQUE, alpha);
        }
    }
}
