/* SPDX-License-Identifier: GPL-2.0-or-later
 * What a driver and a user can say to the Desktop Duplication backend: pointer shapes, wishes for
 * an adapter and an output, sizes for the shader. Whatever is accepted keeps its promises. */
#include <stdlib.h>
#include <string.h>

#include "capture/dxgi/geometry.h"
#include "capture/dxgi/output_list.h"
#include "capture/dxgi/pointer.h"
#include "capture/dxgi/shader_source.h"

static void check(bool good)
{
    if (!good)
        abort();
}

/* Every byte of an accepted shape is there. */
static void as_shape(const uint8_t *data, size_t len)
{
    struct pointer_info info;
    struct cursor_shape shape;
    if (len < sizeof(info))
        return;
    memcpy(&info, data, sizeof(info));
    const size_t bytes = len - sizeof(info);
    uint8_t *copy = malloc(bytes + 1);
    if (!copy)
        return;
    memcpy(copy, data + sizeof(info), bytes);
    if (!pointer_shape_of(&info, copy, (uint32_t)bytes, &shape)) {
        const uint32_t rows = cursor_shape_rows(&shape);
        volatile uint8_t last = 0;
        for (uint32_t i = 0; i < shape.pitch_bytes * rows; i++)
            last = shape.data[i]; /* the sanitizer watches */
        (void)last;
        check(shape.hot_x_px <= 255 && shape.hot_y_px <= 255 && shape.height_px > 0);
    }
    free(copy);
}

static void as_wishes(const uint8_t *data, size_t len)
{
    static const struct output_list list = {
        .count = 2,
        .entries = { { .has_output = true, .attached = true, .software = true, .adapter = "Basic" },
                     { .adapter_index = 1,
                       .has_output = true,
                       .attached = true,
                       .luid_low = 0xb2c4,
                       .adapter = "GPU",
                       .device = "\\\\.\\DISPLAY2" } },
    };
    char text[128] = { 0 };
    memcpy(text, data, len < sizeof(text) - 1 ? len : sizeof(text) - 1);
    char *output = strchr(text, ' ');
    if (output)
        *output++ = 0;
    check(output_list_choose(&list, text, output) < (int)list.count);
}

static void as_sizes(const uint8_t *data, size_t len)
{
    uint32_t n[5];
    static char text[SHADER_TEXT_BYTES];
    if (len < sizeof(n))
        return;
    memcpy(n, data, sizeof(n));
    const struct geometry_size picture = { n[0] % FRAME_MAX_PX + 1, n[1] % FRAME_MAX_PX + 1 };
    const struct geometry_size box = { n[2], n[3] };
    const struct geometry_size fit = geometry_fit(picture, (enum frame_rotation)(n[4] % 4), box);
    const struct shader_job job = { picture.width_px, picture.height_px,      fit.width_px,
                                    fit.height_px,    SHADER_LIGHT_PQ_TO_SDR, 1 };
    check(shader_source_write(&job, text, sizeof(text)) > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    as_shape(data, len);
    as_wishes(data, len);
    as_sizes(data, len);
    return 0;
}
