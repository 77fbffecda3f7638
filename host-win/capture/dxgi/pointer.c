/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/dxgi/pointer.h"

static enum cursor_type type_of(uint32_t type)
{
    static const enum cursor_type types[] = {
        [1] = CURSOR_MONOCHROME, [2] = CURSOR_COLOUR, [4] = CURSOR_MASKED_COLOUR
    };
    return type < ARRAY_LEN(types) ? types[type] : CURSOR_NONE;
}

static uint32_t hot_spot(int32_t v)
{
    return v < 0 ? 0 : v > 255 ? 255 : (uint32_t)v;
}

const char *pointer_shape_of(const struct pointer_info *info, uint8_t *data, uint32_t data_bytes,
                             struct cursor_shape *out)
{
    const enum cursor_type type = type_of(info->type);
    if (type == CURSOR_MONOCHROME && info->height_px % 2 != 0)
        return "monochrome pointer shape with an odd number of rows";
    struct cursor_shape shape = {
        .type = type,
        .width_px = info->width_px,
        .height_px = type == CURSOR_MONOCHROME ? info->height_px / 2 : info->height_px,
        .pitch_bytes = info->pitch_bytes,
        .hot_x_px = hot_spot(info->hot_x_px),
        .hot_y_px = hot_spot(info->hot_y_px),
        .data = data,
    };
    const char *fault = cursor_shape_fault(&shape);
    if (fault)
        return fault;
    shape.data_bytes = shape.pitch_bytes * cursor_shape_rows(&shape);
    if (shape.data_bytes > data_bytes)
        return "pointer shape with fewer bytes than its rows need";
    *out = shape;
    return NULL;
}
