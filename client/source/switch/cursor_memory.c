/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source/switch/cursor_memory.h"

#include <stdlib.h>
#include <string.h>

static bool copy_shape(const struct cursor_shape *from, struct cursor_shape *out)
{
    uint8_t *data = malloc(from->data_bytes ? from->data_bytes : 1);
    if (!data)
        return false;
    memcpy(data, from->data, from->data_bytes);
    *out = *from;
    out->data = data;
    return true;
}

void cursor_memory_fini(struct cursor_memory *m)
{
    if (m->all.has_shape)
        cursor_shape_fini(&m->all.shape);
    *m = (struct cursor_memory){ 0 };
}

void cursor_memory_add(struct cursor_memory *m, const struct cursor_update *update)
{
    m->all.visible = update->visible;
    if (update->has_position) {
        m->all.has_position = true;
        m->all.x_px = update->x_px;
        m->all.y_px = update->y_px;
    }
    if (!update->has_shape)
        return;
    if (m->all.has_shape)
        cursor_shape_fini(&m->all.shape);
    m->all.has_shape = copy_shape(&update->shape, &m->all.shape);
}

void cursor_memory_tell(const struct cursor_memory *m, struct cursor_update *out)
{
    *out = m->all;
    out->has_shape = m->all.has_shape && copy_shape(&m->all.shape, &out->shape);
    /* Without a shape of its own, the other source's would be shown. */
    out->visible = m->all.visible && out->has_shape;
}
