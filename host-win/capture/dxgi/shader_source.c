/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/dxgi/shader_source.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/checked.h"
#include "base/macros.h"
#include "capture/dxgi/geometry.h"

const char shader_vertex_source[] = "float4 main(uint id : SV_VertexID) : SV_Position\n"
                                    "{\n"
                                    "    float x = id / 2;\n"
                                    "    float y = id % 2;\n"
                                    "    return float4(x * 4 - 1, y * 4 - 1, 0, 1);\n"
                                    "}\n";

static const char head[] = "Texture2D<float4> picture : register(t0);\n"
                           "cbuffer numbers : register(b0)\n"
                           "{\n"
                           "    float2 ratio;\n"
                           "    float2 last;\n"
                           "    float light;\n"
                           "};\n"
                           "float4 main(float4 at : SV_Position) : SV_Target\n"
                           "{\n";

/* ST 2084: 10000 cd/m2 are 1.0; scRGB counts in 80 cd/m2, hence 125. BT.2020 to BT.709 primaries:
 * ITU-R BT.2407. */
static const char from_pq[] =
    "    float3 e = pow(saturate(c.rgb), 0.012683313515655966);\n"
    "    float3 top = max(e - 0.8359375, 0);\n"
    "    float3 wide = pow(top / (18.8515625 - 18.6875 * e), 6.277394636015326) * 125 * light;\n"
    "    float3 lit = float3(\n"
    "        1.660491 * wide.r - 0.587641 * wide.g - 0.072850 * wide.b,\n"
    "        -0.124550 * wide.r + 1.132900 * wide.g - 0.008349 * wide.b,\n"
    "        -0.018151 * wide.r - 0.100579 * wide.g + 1.118730 * wide.b);\n";

static const char from_scrgb[] = "    float3 lit = c.rgb * light;\n";

static const char to_srgb[] = "    lit = saturate(lit);\n"
                              "    float3 low = lit * 12.92;\n"
                              "    float3 high = 1.055 * pow(lit, 0.4166666666666667) - 0.055;\n"
                              "    c = float4(high, 1);\n"
                              "    if (lit.r <= 0.0031308) c.r = low.r;\n"
                              "    if (lit.g <= 0.0031308) c.g = low.g;\n"
                              "    if (lit.b <= 0.0031308) c.b = low.b;\n";

struct writer {
    char *text;
    size_t bytes, used;
    bool full;
};

PRINTF_LIKE(2, 3)
static void add(struct writer *w, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const int n = vsnprintf(w->text + w->used, w->bytes - w->used, fmt, args);
    va_end(args);
    if (n < 0 || (size_t)n >= w->bytes - w->used)
        w->full = true;
    else
        w->used += (size_t)n;
}

/* Source pixels that an output pixel can touch, at most. */
static uint32_t taps(uint32_t source_px, uint32_t px)
{
    if (source_px % px == 0)
        return source_px / px;
    return (source_px + px - 1) / px + 1;
}

/* Where tap i of an axis is, and how much of it is covered. */
static void add_axis(struct writer *w, char axis, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        add(w, "    float %c%u = first.%c + %u;\n", axis, i, axis, i);
        add(w, "    float w%c%u = saturate(min(to.%c, %c%u + 1) - max(from.%c, %c%u));\n", axis, i,
            axis, axis, i, axis, axis, i);
        add(w, "    %c%u = min(%c%u, last.%c);\n", axis, i, axis, i, axis);
    }
}

static void add_filter(struct writer *w, uint32_t taps_x, uint32_t taps_y)
{
    add(w, "    float2 from = (at.xy - 0.5) * ratio;\n"
           "    float2 to = from + ratio;\n"
           "    float2 first = floor(from + 0.001);\n" /* rounding must not lose the last tap */
           "    float4 c = 0;\n"
           "    float4 row = 0;\n");
    add_axis(w, 'x', taps_x);
    add_axis(w, 'y', taps_y);
    for (uint32_t y = 0; y < taps_y; y++) {
        for (uint32_t x = 0; x < taps_x; x++)
            add(w, "    row %s picture.Load(int3(x%u, y%u, 0)) * wx%u;\n", x == 0 ? "=" : "+=", x,
                y, x);
        add(w, "    c += row * wy%u;\n", y);
    }
    add(w, "    c = c / (ratio.x * ratio.y);\n");
}

static bool side_is_good(uint32_t source_px, uint32_t px)
{
    return px > 0 && px <= source_px && source_px <= FRAME_MAX_PX &&
           (source_px + px - 1) / px <= GEOMETRY_MAX_RATIO;
}

static bool is_scaled(const struct shader_job *job)
{
    return job->width_px != job->source_width_px || job->height_px != job->source_height_px;
}

bool shader_is_needed(const struct shader_job *job)
{
    return is_scaled(job) || job->light != SHADER_LIGHT_KEEP;
}

static const char *const light_text[] = {
    [SHADER_LIGHT_KEEP] = "",
    [SHADER_LIGHT_SCALE] = "    c = float4(c.rgb * light, c.a);\n",
    [SHADER_LIGHT_SCRGB_TO_SDR] = from_scrgb,
    [SHADER_LIGHT_PQ_TO_SDR] = from_pq,
};

int shader_source_write(const struct shader_job *job, char *text, size_t text_bytes)
{
    if (!side_is_good(job->source_width_px, job->width_px) ||
        !side_is_good(job->source_height_px, job->height_px) ||
        (unsigned)job->light >= ARRAY_LEN(light_text))
        return -EINVAL;
    struct writer w = { text, text_bytes, 0, text_bytes == 0 };
    add(&w, "%s", head);
    if (is_scaled(job))
        add_filter(&w, taps(job->source_width_px, job->width_px),
                   taps(job->source_height_px, job->height_px));
    else
        add(&w, "    float4 c = picture.Load(int3(at.x, at.y, 0));\n");
    add(&w, "%s", light_text[job->light]);
    if (job->light >= SHADER_LIGHT_SCRGB_TO_SDR)
        add(&w, "%s", to_srgb);
    add(&w, "    return c;\n}\n");
    return w.full ? -ENOSPC : (int)w.used;
}

struct shader_numbers shader_numbers_of(const struct shader_job *job)
{
    return (struct shader_numbers){
        .ratio_x = (float)job->source_width_px / (float)job->width_px,
        .ratio_y = (float)job->source_height_px / (float)job->height_px,
        .last_x = (float)(job->source_width_px - 1),
        .last_y = (float)(job->source_height_px - 1),
        .light = job->light_scale,
    };
}
