/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/capture/dxgi/picture_format.h - what a desktop's pixels become on their way: type,
 * flags, and what the GPU has to do with their light. Pure, portable. */
#ifndef ESPELHO_CAPTURE_DXGI_PICTURE_FORMAT_H
#define ESPELHO_CAPTURE_DXGI_PICTURE_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/capture.h"
#include "capture/dxgi/shader_source.h"

/* DXGI_FORMAT values that a desktop can have (dxgiformat.h); the sRGB variants are the same bytes.
 */
enum {
    PICTURE_DXGI_RGBA16F = 10,
    PICTURE_DXGI_RGB10A2 = 24,
    PICTURE_DXGI_RGBA8 = 28,
    PICTURE_DXGI_RGBA8_SRGB = 29,
    PICTURE_DXGI_BGRA8 = 87,
    PICTURE_DXGI_BGRA8_SRGB = 91,
};

struct picture_format {
    enum frame_format format;
    uint32_t dxgi_format; /* of the result, without sRGB */
    uint32_t source_dxgi_format;
    uint32_t flags; /* FRAME_FLAG_HDR, FRAME_FLAG_HDR_PQ */
    enum shader_light light;
    float light_scale; /* 80 / SDR white */
};

/* RGBA16F is scRGB: linear, 1.0 = 80 cd/m2. Viewers take 1.0 for SDR white (kvmfr.md section 3.5),
 * so it is scaled by what the system says of SDR white (`sdr_white_permille` of 80 cd/m2, 0:
 * unknown, then nothing is scaled). RGB10A2 carries ST 2084 samples where the output's colour space
 * is HDR10, else it is SDR with two more bits. TO_SDR, and NONE where a wide format comes all the
 * same: BGRA8; SDR white becomes 255, light above it is clipped. False: no format of ours. */
bool picture_format_choose(uint32_t dxgi_format, bool output_is_hdr, enum capture_hdr wish,
                           uint32_t sdr_white_permille, struct picture_format *out);

#endif
