/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/spice/picture.h"

void picture_init(struct picture *p)
{
    *p = (struct picture){ 0 };
    damage_set_full(&p->owed);
    /* relaxed: read by this thread only */
    atomic_store_explicit(&p->all_written, UINT32_MAX, memory_order_relaxed);
}

void picture_fini(struct picture *p)
{
    spice_pixmap_unref(p->surface);
    spice_pixmap_unref(p->taken);
    p->surface = p->taken = NULL;
}

void picture_set_surface(struct picture *p, struct spice_pixmap *surface)
{
    spice_pixmap_unref(p->surface);
    p->surface = surface ? spice_pixmap_ref(surface) : NULL;
    p->drawn_on = p->fresh = false;
    damage_clear(&p->damage);
    damage_set_full(&p->owed);
}

void picture_add_damage(struct picture *p, const struct spice_rect *r)
{
    if (!p->surface || spice_rect_is_empty(r))
        return;
    p->drawn_on = p->fresh = true;
    damage_add_rect(&p->damage, (struct frame_rect){ .x_px = (uint32_t)r->left,
                                                     .y_px = (uint32_t)r->top,
                                                     .width_px = (uint32_t)(r->right - r->left),
                                                     .height_px = (uint32_t)(r->bottom - r->top) });
}

void picture_offer_again(struct picture *p)
{
    damage_set_full(&p->owed);
}

bool picture_has_news(const struct picture *p)
{
    return p->drawn_on && (p->fresh || !damage_is_empty(&p->owed));
}

static struct frame_view view_of(const struct picture *p)
{
    const struct spice_pixmap *s = p->taken;
    const uint32_t row_bytes = s->width_px * 4;
    return (struct frame_view){
        .fmt = frame_format_find(FRAME_FORMAT_BGRA),
        .serial = p->serial,
        .width_px = s->width_px,
        .height_px = s->height_px,
        .rows_px = s->height_px,
        .screen_width_px = s->width_px,
        .screen_height_px = s->height_px,
        .pitch_bytes = row_bytes,
        .row_bytes = row_bytes,
        .rotation = FRAME_ROTATE_0,
        .pixels = (const uint8_t *)s->pixels,
        .pixels_bytes = spice_pixmap_bytes(s),
        .write_pointer = &p->all_written,
    };
}

enum source_take picture_take(struct picture *p, struct frame_view *frame, struct damage *damage)
{
    picture_finish(p, false);
    if (!picture_has_news(p))
        return SOURCE_TAKE_NONE;
    if (p->fresh)
        p->serial++;
    p->fresh = false;
    damage_add(&p->owed, &p->damage);
    damage_clear(&p->damage);
    p->taken = spice_pixmap_ref(p->surface);
    *frame = view_of(p);
    *damage = p->owed;
    return SOURCE_TAKE_FRAME;
}

void picture_finish(struct picture *p, bool drawn)
{
    if (!p->taken)
        return;
    /* Of an older surface: everything of the newer one is still owed. */
    if (drawn && p->taken == p->surface)
        damage_clear(&p->owed);
    spice_pixmap_unref(p->taken);
    p->taken = NULL;
}
