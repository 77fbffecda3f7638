/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/spice/pointer.h"

#include <stdlib.h>
#include <string.h>

enum { HOT_MAX_PX = 255 }; /* of a cursor_shape */

static const enum cursor_type types[] = {
    [SPICE_CURSOR_ALPHA] = CURSOR_COLOUR,
    [SPICE_CURSOR_MONO] = CURSOR_MONOCHROME,
    [SPICE_CURSOR_MASKED] = CURSOR_MASKED_COLOUR,
};

void pointer_init(struct pointer *p)
{
    *p = (struct pointer){ 0 };
}

void pointer_fini(struct pointer *p)
{
    if (p->pending && p->update.has_shape)
        cursor_shape_fini(&p->update.shape);
    pointer_init(p);
}

static uint32_t hot(uint32_t px)
{
    return px < HOT_MAX_PX ? px : HOT_MAX_PX;
}

/* False if it cannot be had. */
static bool copy_shape(const struct spice_cursor_shape *from, struct cursor_shape *out)
{
    struct cursor_shape shape = {
        .type = types[from->kind],
        .width_px = from->width_px,
        .height_px = from->height_px,
        .pitch_bytes = from->pitch_bytes,
        .hot_x_px = hot(from->hot_x_px),
        .hot_y_px = hot(from->hot_y_px),
        .data_bytes = from->data_bytes,
    };
    if (cursor_shape_fault(&shape))
        return false;
    shape.data = malloc(from->data_bytes);
    if (!shape.data)
        return false;
    memcpy(shape.data, from->data, from->data_bytes);
    *out = shape;
    return true;
}

void pointer_set(struct pointer *p, const struct spice_cursor_state *state)
{
    p->pending = true;
    p->update.visible = state->visible;
    if (!state->shape)
        return;
    /* Viewers place the shape's corner; with another shape that is elsewhere. */
    p->update.has_position = true;
    p->update.x_px = state->x_px - (int32_t)hot(state->shape->hot_x_px);
    p->update.y_px = state->y_px - (int32_t)hot(state->shape->hot_y_px);
    struct cursor_shape shape;
    if (!state->shape_changed || !copy_shape(state->shape, &shape))
        return;
    if (p->update.has_shape)
        cursor_shape_fini(&p->update.shape);
    p->update.has_shape = true;
    p->update.shape = shape;
}

void pointer_hide(struct pointer *p)
{
    pointer_fini(p);
    p->pending = true;
}

bool pointer_take(struct pointer *p, struct cursor_update *out)
{
    if (!p->pending)
        return false;
    *out = p->update;
    pointer_init(p);
    return true;
}
