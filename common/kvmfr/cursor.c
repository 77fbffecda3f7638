/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kvmfr/cursor.h"

#include <errno.h>
#include <stdlib.h>

#include "base/checked.h"
#include "base/copy_in.h"
#include "base/text.h"
#include "kvmfr/layout.h"

void cursor_shape_fini(struct cursor_shape *shape)
{
    free(shape->data);
    shape->data = NULL;
}

uint32_t cursor_shape_rows(const struct cursor_shape *shape)
{
    return shape->type == CURSOR_MONOCHROME ? shape->height_px * 2 : shape->height_px;
}

const char *cursor_shape_fault(const struct cursor_shape *shape)
{
    const uint32_t width = shape->width_px, height = shape->height_px;
    if (shape->type < CURSOR_COLOUR || shape->type > CURSOR_MASKED_COLOUR)
        return N_("unknown pointer shape type");
    if (width == 0 || width > CURSOR_MAX_PX || height == 0 || height > CURSOR_MAX_PX)
        return N_("pointer shape size is zero or too large");
    if (shape->pitch_bytes < (shape->type == CURSOR_MONOCHROME ? (width + 7) / 8 : width * 4))
        return N_("pointer shape pitch smaller than a row");
    if ((uint64_t)shape->pitch_bytes * cursor_shape_rows(shape) > CURSOR_MAX_BYTES)
        return N_("pointer shape has too many bytes");
    return NULL;
}

/* The description in the header, checked. NULL if good. */
static const char *shape_from_wire(const struct kvmfr_wire_pointer *w, uint32_t len_bytes,
                                   struct cursor_shape *out)
{
    if (w->shape_type >= CURSOR_MASKED_COLOUR)
        return N_("unknown pointer shape type");
    const enum cursor_type type = (enum cursor_type)(w->shape_type + 1);
    if (type == CURSOR_MONOCHROME && w->height % 2 != 0)
        return N_("monochrome pointer shape with an odd number of rows");
    *out = (struct cursor_shape){
        .type = type,
        .width_px = w->width,
        .height_px = type == CURSOR_MONOCHROME ? w->height / 2 : w->height,
        .pitch_bytes = w->pitch,
        .hot_x_px = w->hot_x,
        .hot_y_px = w->hot_y,
    };
    const char *fault = cursor_shape_fault(out);
    if (fault)
        return fault;
    out->data_bytes = w->pitch * w->height;
    if ((uint64_t)sizeof(*w) + out->data_bytes > len_bytes)
        return N_("pointer shape does not fit the message");
    return NULL;
}

int cursor_update_from_wire(const void *region, size_t region_len_bytes, uint32_t offset_bytes,
                            uint32_t len_bytes, uint32_t flags, struct cursor_update *out,
                            const char **why)
{
    struct kvmfr_wire_pointer w;
    if (!range_inside(offset_bytes, len_bytes, region_len_bytes) || len_bytes < sizeof(w)) {
        *why = N_("payload outside the region or smaller than a pointer header");
        return -EPROTO;
    }
    const uint8_t *payload = (const uint8_t *)region + offset_bytes;
    copy_in(&w, payload, sizeof(w));

    struct cursor_update update = {
        .visible = flags & KVMFR_POINTER_VISIBLE,
        .has_position = flags & KVMFR_POINTER_POSITION,
        .has_shape = flags & KVMFR_POINTER_SHAPE,
        .x_px = w.x,
        .y_px = w.y,
    };
    if (update.has_shape) {
        *why = shape_from_wire(&w, len_bytes, &update.shape);
        if (*why)
            return -EPROTO;
        update.shape.data = malloc(update.shape.data_bytes);
        if (!update.shape.data)
            return -ENOMEM;
        copy_in(update.shape.data, payload + sizeof(w), update.shape.data_bytes);
    }
    *out = update;
    return 0;
}
