/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/capture/dxgi/shader_source.h - writes the pixel shader for one job: scale down with an
 * area filter, and turn HDR light into SDR samples. Pure, portable.
 *
 * The text is HLSL for ps_4_0 without loops, functions and conditional operators (some compilers
 * get those wrong): the filter is written out tap by tap, exactly as many as the ratio needs.
 *
 * The filter: an output pixel is the mean of the source area that it covers, each source pixel
 * weighted by its covered part. Samples are averaged as they are stored: SDR as display scalers do
 * it, scRGB as light. */
#ifndef ESPELHO_CAPTURE_DXGI_SHADER_SOURCE_H
#define ESPELHO_CAPTURE_DXGI_SHADER_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What happens to the samples after scaling. */
enum shader_light {
    SHADER_LIGHT_KEEP,         /* nothing */
    SHADER_LIGHT_SCALE,        /* linear samples times `light` */
    SHADER_LIGHT_SCRGB_TO_SDR, /* times `light`, so that SDR white is 1.0; clipped; sRGB curve */
    SHADER_LIGHT_PQ_TO_SDR, /* ST 2084, BT.2020: light in cd/m2 / 80 times `light`; BT.709; same */
};

struct shader_job {
    uint32_t source_width_px, source_height_px;
    uint32_t width_px, height_px; /* <= source, >= source / GEOMETRY_MAX_RATIO; neither 0 */
    enum shader_light light;
    float light_scale; /* 80 / SDR white in cd/m2 */
};

/* The constant buffer `numbers`, register b0. */
struct shader_numbers {
    float ratio_x, ratio_y; /* source pixels per output pixel */
    float last_x, last_y;   /* of the source */
    float light;
    float unused[3];
};
struct shader_numbers shader_numbers_of(const struct shader_job *job);

/* Whether there is anything to do at all. */
bool shader_is_needed(const struct shader_job *job);

#define SHADER_TEXT_BYTES 32768u /* is enough for every job */
/* Writes the shader's text; entry point "main". Bytes without the 0; -EINVAL: a job out of limits;
 * -ENOSPC. */
int shader_source_write(const struct shader_job *job, char *text, size_t text_bytes);
/* One triangle that covers the target, from the vertex index alone; entry point "main", vs_4_0. */
extern const char shader_vertex_source[];

#endif
