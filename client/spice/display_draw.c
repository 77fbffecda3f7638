/* SPDX-License-Identifier: GPL-2.0-or-later
 * Drawing messages: a surface, a box on it, a clip, then what to paint. Images, palettes and masks
 * are offsets from the start of the message. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <spice/enums.h>

#include "base/text.h"
#include "spice/display_private.h"

/* ---- where ---- */

struct spice_rect display_read_rect(struct spice_reader *r)
{
    const int32_t top = (int32_t)spice_read_u32(r), left = (int32_t)spice_read_u32(r);
    const int32_t bottom = (int32_t)spice_read_u32(r), right = (int32_t)spice_read_u32(r);
    return (struct spice_rect){ .left = left, .top = top, .right = right, .bottom = bottom };
}

void clip_fini(struct clip *c)
{
    free(c->rects);
    *c = (struct clip){ 0 };
}

static int read_clip_rects(struct message *m, struct clip *out)
{
    const uint32_t count = spice_read_u32(&m->r);
    if (m->r.bad || count > CLIP_RECTS_MAX || (uint64_t)count * 16 > m->r.left_bytes)
        return message_bad(m, _("a list of clip rectangles is too long or ends early"));
    struct spice_rect *rects = calloc(count ? count : 1, sizeof(*rects));
    if (!rects)
        return -ENOMEM;
    for (uint32_t i = 0; i < count; i++)
        rects[i] = display_read_rect(&m->r);
    *out = (struct clip){ .count = count, .rects = rects };
    return 0;
}

int display_read_clip(struct message *m, struct clip *out)
{
    const uint8_t type = spice_read_u8(&m->r);
    if (m->r.bad || type > SPICE_CLIP_TYPE_RECTS)
        return message_bad(m, _("a drawing message ends early or has an unknown clip"));
    if (type == SPICE_CLIP_TYPE_RECTS)
        return read_clip_rects(m, out);
    *out = (struct clip){ .all = true };
    return 0;
}

static void paint_part(struct spice_display *d, struct surface *s, const struct spice_rect *part,
                       paint_fn paint, const void *op)
{
    paint(s->pixmap, part, op);
    display_damage(d, s, part);
}

int display_paint(struct spice_display *d, struct message *m, struct surface *s,
                  const struct spice_rect *box, const struct clip *clip, paint_fn paint,
                  const void *op)
{
    const struct spice_rect bounds = spice_rect_of_pixmap(s->pixmap);
    const struct spice_rect inside = spice_rect_intersect(box, &bounds);
    if (clip->all) {
        if (!spice_rect_is_empty(&inside))
            paint_part(d, s, &inside, paint, op);
        return 0;
    }
    uint64_t left_px = spice_rect_pixels(&inside); /* bounds the work of one message */
    for (uint32_t i = 0; i < clip->count; i++) {
        const struct spice_rect part = spice_rect_intersect(&inside, &clip->rects[i]);
        const uint64_t pixels = spice_rect_pixels(&part);
        if (pixels == 0)
            continue;
        if (pixels > left_px)
            return message_bad(m, _("clip rectangles overlap"));
        left_px -= pixels;
        paint_part(d, s, &part, paint, op);
    }
    return 0;
}

struct target {
    struct surface *surface;
    struct spice_rect box;
    struct clip clip;
};

static int read_target(struct spice_display *d, struct message *m, struct target *t)
{
    const uint32_t id = spice_read_u32(&m->r);
    *t = (struct target){ .surface = display_find_surface(d, id) };
    t->box = display_read_rect(&m->r);
    return display_read_clip(m, &t->clip);
}

/* ---- with what ---- */

/* A picture in the message: decoded, from the cache or another surface. The caller owns a
 * reference. */
static int read_image_at(struct spice_display *d, struct message *m, enum spice_depth depth,
                         uint32_t offset, struct spice_pixmap **out)
{
    if (offset == 0 || offset >= m->body_bytes)
        return message_bad(m, _("an image lies outside its message"));
    struct spice_reader r = spice_reader_of(m->body + offset, m->body_bytes - offset);
    struct spice_image_head head;
    const int err = spice_image_read_head(&r, &head, &m->why);
    if (err < 0)
        return err;
    if (head.type == SPICE_IMAGE_TYPE_SURFACE) {
        const struct surface *s = display_find_surface(d, spice_read_u32(&r));
        if (r.bad || !s)
            return message_missing(m, _("a picture from a surface that does not exist"));
        *out = spice_pixmap_ref(s->pixmap);
        return 0;
    }
    if (head.type == SPICE_IMAGE_TYPE_FROM_CACHE ||
        head.type == SPICE_IMAGE_TYPE_FROM_CACHE_LOSSLESS) {
        struct spice_pixmap *kept = spice_pixmap_cache_find(&d->cache, head.id);
        if (!kept)
            return message_missing(m, _("an image that the server thinks we have"));
        *out = spice_pixmap_ref(kept);
        return 0;
    }
    const struct spice_image_context context = {
        .body = m->body, .body_bytes = m->body_bytes, .depth = depth, .palettes = &d->palettes
    };
    const int failed = spice_image_decode(&context, &head, &r, out, &m->why);
    if (failed < 0)
        return failed;
    if (head.flags & (SPICE_IMAGE_FLAGS_CACHE_ME | SPICE_IMAGE_FLAGS_CACHE_REPLACE_ME))
        spice_pixmap_cache_add(&d->cache, head.id, *out);
    return 0;
}

/* Where the image of a message goes: set up before the rest of the message is known. */
struct picture {
    struct canvas_source src;
    struct spice_pixmap *owned;
};

static int read_picture(struct spice_display *d, struct message *m, const struct target *t,
                        struct picture *p)
{
    const uint32_t offset = spice_read_u32(&m->r);
    const struct spice_rect area = display_read_rect(&m->r);
    if (m->r.bad)
        return message_bad(m, _("a drawing message ends early"));
    const enum spice_depth depth = t->surface ? t->surface->depth : SPICE_DEPTH_32;
    const int err = read_image_at(d, m, depth, offset, &p->owned);
    if (err < 0)
        return err;
    p->src = (struct canvas_source){ .pixmap = p->owned, .area = area, .box = t->box };
    if (!t->surface || p->owned != t->surface->pixmap)
        return 0;
    /* Drawn onto itself: from a copy, since parts may overlap. */
    struct spice_pixmap *copy;
    const int failed = spice_pixmap_create(p->owned->width_px, p->owned->height_px, &copy);
    if (failed < 0)
        return failed;
    memcpy(copy->pixels, p->owned->pixels, spice_pixmap_bytes(copy));
    copy->has_alpha = p->owned->has_alpha;
    spice_pixmap_unref(p->owned);
    p->src.pixmap = p->owned = copy;
    return 0;
}

static int read_brush(struct message *m, const struct target *t, uint32_t *colour)
{
    const uint8_t type = spice_read_u8(&m->r);
    if (type == SPICE_BRUSH_TYPE_SOLID) {
        const uint32_t raw = spice_read_u32(&m->r);
        const bool wide = !t->surface || t->surface->depth == SPICE_DEPTH_32;
        *colour = wide ? raw : spice_depth_colour(t->surface->depth, raw);
        return 0;
    }
    if (type == SPICE_BRUSH_TYPE_NONE) {
        *colour = 0;
        return 0;
    }
    return m->r.bad ? message_bad(m, _("a drawing message ends early"))
                    : message_missing(m, _("a pattern brush"));
}

static int read_rop(struct message *m, uint16_t invert_source, uint16_t invert_dest,
                    struct canvas_rop *out)
{
    const uint16_t ropd = spice_read_u16(&m->r);
    if (m->r.bad)
        return message_bad(m, _("a drawing message ends early"));
    if (!canvas_rop_from_wire(ropd, invert_source, invert_dest, out))
        return message_missing(m, _("an unknown raster operation"));
    return 0;
}

/* The last part of most messages: only "no mask" can be drawn. */
static int read_no_mask(struct message *m)
{
    (void)spice_read_u8(&m->r);  /* flags */
    (void)spice_read_u64(&m->r); /* position */
    const uint32_t offset = spice_read_u32(&m->r);
    if (m->r.bad)
        return message_bad(m, _("a drawing message ends early"));
    return offset != 0 ? message_missing(m, _("drawing through a mask")) : 0;
}

/* ---- one function per kind: reads, then paints ---- */

struct fill_op {
    uint32_t colour;
    struct canvas_rop rop;
};

static void paint_fill(struct spice_pixmap *dst, const struct spice_rect *part, const void *op)
{
    const struct fill_op *f = op;
    canvas_fill(dst, part, f->colour, f->rop);
}

/* Surfaces that could not be made are drawn on all the same. */
static int paint(struct spice_display *d, struct message *m, const struct target *t, paint_fn fn,
                 const void *op)
{
    return t->surface ? display_paint(d, m, t->surface, &t->box, &t->clip, fn, op) : 0;
}

static int draw_fill(struct spice_display *d, struct message *m, struct target *t)
{
    struct fill_op op;
    int err = read_brush(m, t, &op.colour);
    if (err == 0)
        err = read_rop(m, SPICE_ROPD_INVERS_BRUSH, SPICE_ROPD_INVERS_DEST, &op.rop);
    if (err == 0)
        err = read_no_mask(m);
    return err < 0 ? err : paint(d, m, t, paint_fill, &op);
}

static int draw_whole(struct spice_display *d, struct message *m, struct target *t,
                      struct canvas_rop rop)
{
    const struct fill_op op = { .rop = rop };
    const int err = read_no_mask(m);
    return err < 0 ? err : paint(d, m, t, paint_fill, &op);
}

static int draw_blackness(struct spice_display *d, struct message *m, struct target *t)
{
    return draw_whole(d, m, t, (struct canvas_rop){ .op = CANVAS_BLACK });
}

static int draw_whiteness(struct spice_display *d, struct message *m, struct target *t)
{
    return draw_whole(d, m, t, (struct canvas_rop){ .op = CANVAS_WHITE });
}

static int draw_invers(struct spice_display *d, struct message *m, struct target *t)
{
    return draw_whole(d, m, t, (struct canvas_rop){ .op = CANVAS_INVERT });
}

struct copy_op {
    const struct canvas_source *src;
    struct canvas_rop rop;
    bool invert_source;
    uint32_t colour; /* brush or key */
    bool source_alpha;
    uint8_t alpha;
};

static void paint_copy(struct spice_pixmap *dst, const struct spice_rect *part, const void *op)
{
    const struct copy_op *c = op;
    canvas_copy(dst, part, c->src, c->rop);
}

static void paint_opaque(struct spice_pixmap *dst, const struct spice_rect *part, const void *op)
{
    const struct copy_op *c = op;
    canvas_opaque(dst, part, c->src, c->invert_source, c->colour, c->rop);
}

static void paint_keyed(struct spice_pixmap *dst, const struct spice_rect *part, const void *op)
{
    const struct copy_op *c = op;
    canvas_copy_keyed(dst, part, c->src, c->colour);
}

static void paint_blend(struct spice_pixmap *dst, const struct spice_rect *part, const void *op)
{
    const struct copy_op *c = op;
    canvas_blend(dst, part, c->src, c->source_alpha, c->alpha);
}

/* Copy and blend are the same: an image and a raster operation. */
static int draw_copy(struct spice_display *d, struct message *m, struct target *t)
{
    struct picture p = { 0 };
    struct copy_op op = { .src = &p.src };
    int err = read_picture(d, m, t, &p);
    if (err == 0)
        err = read_rop(m, SPICE_ROPD_INVERS_SRC, SPICE_ROPD_INVERS_DEST, &op.rop);
    (void)spice_read_u8(&m->r); /* how to stretch */
    if (err == 0)
        err = read_no_mask(m);
    if (err == 0)
        err = paint(d, m, t, paint_copy, &op);
    spice_pixmap_unref(p.owned);
    return err;
}

static int draw_opaque(struct spice_display *d, struct message *m, struct target *t)
{
    struct picture p = { 0 };
    struct copy_op op = { .src = &p.src };
    int err = read_picture(d, m, t, &p);
    if (err == 0)
        err = read_brush(m, t, &op.colour);
    if (err == 0)
        err = read_rop(m, SPICE_ROPD_INVERS_BRUSH, SPICE_ROPD_INVERS_SRC, &op.rop);
    op.invert_source = op.rop.invert_dest; /* the picture takes the destination's place */
    op.rop.invert_dest = false;
    (void)spice_read_u8(&m->r);
    if (err == 0)
        err = read_no_mask(m);
    if (err == 0)
        err = paint(d, m, t, paint_opaque, &op);
    spice_pixmap_unref(p.owned);
    return err;
}

static int draw_transparent(struct spice_display *d, struct message *m, struct target *t)
{
    struct picture p = { 0 };
    struct copy_op op = { .src = &p.src };
    int err = read_picture(d, m, t, &p);
    (void)spice_read_u32(&m->r); /* the colour in the image's own format */
    op.colour = spice_read_u32(&m->r);
    if (err == 0 && m->r.bad)
        err = message_bad(m, _("a drawing message ends early"));
    if (err == 0)
        err = paint(d, m, t, paint_keyed, &op);
    spice_pixmap_unref(p.owned);
    return err;
}

static int draw_alpha_blend(struct spice_display *d, struct message *m, struct target *t)
{
    struct picture p = { 0 };
    struct copy_op op = { .src = &p.src };
    (void)spice_read_u8(&m->r); /* which surfaces have alpha: we know */
    op.alpha = spice_read_u8(&m->r);
    int err = read_picture(d, m, t, &p);
    if (err == 0) {
        op.source_alpha = p.owned->has_alpha;
        err = paint(d, m, t, paint_blend, &op);
    }
    spice_pixmap_unref(p.owned);
    return err;
}

/* Out of a copy of the part that moves: source and destination may overlap, and the clip may have
 * many parts. */
static int copy_bits(struct spice_display *d, struct message *m, struct target *t)
{
    const int32_t from_x = (int32_t)spice_read_u32(&m->r), from_y = (int32_t)spice_read_u32(&m->r);
    if (m->r.bad)
        return message_bad(m, _("a drawing message ends early"));
    if (!t->surface)
        return 0;
    struct spice_pixmap *pixmap = t->surface->pixmap, *copy;
    const struct spice_rect bounds = spice_rect_of_pixmap(pixmap);
    const struct spice_rect inside = spice_rect_intersect(&t->box, &bounds);
    const int64_t x = (int64_t)from_x + inside.left - t->box.left,
                  y = (int64_t)from_y + inside.top - t->box.top;
    const int64_t width = inside.right - inside.left, height = inside.bottom - inside.top;
    if (spice_rect_is_empty(&inside))
        return 0;
    if (x < 0 || y < 0 || x + width > bounds.right || y + height > bounds.bottom)
        return message_missing(m, _("a move from outside the picture"));
    const int err = spice_pixmap_create((uint32_t)width, (uint32_t)height, &copy);
    if (err < 0)
        return err;
    for (int64_t i = 0; i < height; i++)
        memcpy(spice_pixmap_row(copy, (uint32_t)i), spice_pixmap_row(pixmap, (uint32_t)(y + i)) + x,
               (size_t)width * sizeof(uint32_t));
    const struct canvas_source src = { .pixmap = copy,
                                       .area = spice_rect_of_pixmap(copy),
                                       .box = inside };
    const struct copy_op op = { .src = &src, .rop = { .op = CANVAS_PUT } };
    const int result = display_paint(d, m, t->surface, &inside, &t->clip, paint_copy, &op);
    spice_pixmap_unref(copy);
    return result;
}

static const struct {
    uint16_t type;
    int (*fn)(struct spice_display *d, struct message *m, struct target *t); /* NULL: `missing` */
    const char *missing;
} drawings[] = {
    { SPICE_MSG_DISPLAY_COPY_BITS, copy_bits, NULL },
    { SPICE_MSG_DISPLAY_DRAW_FILL, draw_fill, NULL },
    { SPICE_MSG_DISPLAY_DRAW_OPAQUE, draw_opaque, NULL },
    { SPICE_MSG_DISPLAY_DRAW_COPY, draw_copy, NULL },
    { SPICE_MSG_DISPLAY_DRAW_BLEND, draw_copy, NULL },
    { SPICE_MSG_DISPLAY_DRAW_BLACKNESS, draw_blackness, NULL },
    { SPICE_MSG_DISPLAY_DRAW_WHITENESS, draw_whiteness, NULL },
    { SPICE_MSG_DISPLAY_DRAW_INVERS, draw_invers, NULL },
    { SPICE_MSG_DISPLAY_DRAW_TRANSPARENT, draw_transparent, NULL },
    { SPICE_MSG_DISPLAY_DRAW_ALPHA_BLEND, draw_alpha_blend, NULL },
    { SPICE_MSG_DISPLAY_DRAW_ROP3, NULL, N_("a raster operation of three operands") },
    { SPICE_MSG_DISPLAY_DRAW_STROKE, NULL, N_("line drawing") },
    { SPICE_MSG_DISPLAY_DRAW_TEXT, NULL, N_("text drawing") },
    { SPICE_MSG_DISPLAY_DRAW_COMPOSITE, NULL, N_("composite drawing") },
    { SPICE_MSG_DISPLAY_GL_SCANOUT_UNIX, NULL, N_("a picture in a GPU buffer") },
    { SPICE_MSG_DISPLAY_GL_DRAW, NULL, N_("a picture in a GPU buffer") },
};

int display_draw(struct spice_display *d, uint16_t type, struct message *m)
{
    for (size_t i = 0; i < ARRAY_LEN(drawings); i++) {
        if (drawings[i].type != type)
            continue;
        if (!drawings[i].fn)
            return message_missing(m, _(drawings[i].missing));
        struct target t;
        int err = read_target(d, m, &t);
        if (err < 0)
            return err;
        err = drawings[i].fn(d, m, &t);
        clip_fini(&t.clip);
        return err;
    }
    return 0; /* a message of a newer server, which says nothing about the picture */
}
