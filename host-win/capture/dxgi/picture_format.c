/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/dxgi/picture_format.h"

static void become_sdr(struct picture_format *p, enum shader_light light)
{
    p->format = FRAME_FORMAT_BGRA;
    p->dxgi_format = PICTURE_DXGI_BGRA8;
    p->light = light;
}

static void choose_half(enum capture_hdr wish, struct picture_format *p)
{
    p->format = FRAME_FORMAT_RGBA16F;
    if (wish != CAPTURE_HDR_KEEP) {
        become_sdr(p, SHADER_LIGHT_SCRGB_TO_SDR);
        return;
    }
    p->flags = FRAME_FLAG_HDR;
    p->light = p->light_scale == 1 ? SHADER_LIGHT_KEEP : SHADER_LIGHT_SCALE;
}

static void choose_ten(bool output_is_hdr, enum capture_hdr wish, struct picture_format *p)
{
    p->format = FRAME_FORMAT_RGBA10;
    if (!output_is_hdr)
        return;
    if (wish == CAPTURE_HDR_KEEP)
        p->flags = FRAME_FLAG_HDR | FRAME_FLAG_HDR_PQ;
    else
        become_sdr(p, SHADER_LIGHT_PQ_TO_SDR);
}

bool picture_format_choose(uint32_t dxgi_format, bool output_is_hdr, enum capture_hdr wish,
                           uint32_t sdr_white_permille, struct picture_format *out)
{
    struct picture_format p = {
        .dxgi_format = dxgi_format,
        .light_scale = sdr_white_permille == 0 ? 1 : 1000.0f / (float)sdr_white_permille,
    };
    switch (dxgi_format) {
    case PICTURE_DXGI_BGRA8:
    case PICTURE_DXGI_BGRA8_SRGB:
        p.format = FRAME_FORMAT_BGRA;
        p.dxgi_format = PICTURE_DXGI_BGRA8;
        break;
    case PICTURE_DXGI_RGBA8:
    case PICTURE_DXGI_RGBA8_SRGB:
        p.format = FRAME_FORMAT_RGBA;
        p.dxgi_format = PICTURE_DXGI_RGBA8;
        break;
    case PICTURE_DXGI_RGB10A2:
        choose_ten(output_is_hdr, wish, &p);
        break;
    case PICTURE_DXGI_RGBA16F:
        choose_half(wish, &p);
        break;
    default:
        return false;
    }
    p.source_dxgi_format = dxgi_format == PICTURE_DXGI_BGRA8_SRGB   ? PICTURE_DXGI_BGRA8
                           : dxgi_format == PICTURE_DXGI_RGBA8_SRGB ? PICTURE_DXGI_RGBA8
                                                                    : dxgi_format;
    *out = p;
    return true;
}
