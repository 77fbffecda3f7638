/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kvmfr/format.h"

#include <stddef.h>
#include <string.h>

#include "base/macros.h"

static const struct frame_format_info formats[] = {
    { FRAME_FORMAT_BGRA, "bgra", 4, 4 },     { FRAME_FORMAT_RGBA, "rgba", 4, 4 },
    { FRAME_FORMAT_RGBA10, "rgba10", 4, 4 }, { FRAME_FORMAT_RGBA16F, "rgba16f", 8, 8 },
    { FRAME_FORMAT_BGR_32, "bgr32", 3, 4 },  { FRAME_FORMAT_RGB_24, "rgb24", 3, 3 },
};

const struct frame_format_info *frame_format_find(uint32_t wire_value)
{
    for (size_t i = 0; i < ARRAY_LEN(formats); i++)
        if ((uint32_t)formats[i].format == wire_value)
            return &formats[i];
    return NULL;
}

const struct frame_format_info *frame_format_by_name(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(formats); i++)
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
    return NULL;
}
