/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/dxgi/pipeline.h"

#include <stdlib.h>

#include "capture/dxgi/convert.h"
#include "capture/dxgi/geometry.h"
#include "capture/dxgi/picture_format.h"
#include "capture/rects.h"

struct pipeline {
    struct dxgi_device device; /* shared: it may outlive its maker */
    struct capture_ring *ring; /* borrowed */
    struct pipeline_config config;
    D3D11_TEXTURE2D_DESC source;
    struct capture_layout layout;
    ID3D11Texture2D *desktop; /* our copy; NULL: straight from the duplication's image */
    struct convert *convert;  /* NULL: nothing to convert */
    struct staging *staging;
    bool uses_white;
    struct damage pending; /* of the picture, fed and not staged */
};

static HRESULT create_desktop(struct pipeline *p, DXGI_FORMAT format)
{
    const D3D11_TEXTURE2D_DESC desc = {
        .Width = p->source.Width,
        .Height = p->source.Height,
        .MipLevels = 1,
        .ArraySize = 1,
        .Format = format,
        .SampleDesc = { .Count = 1 },
        .BindFlags = D3D11_BIND_SHADER_RESOURCE,
    };
    return ID3D11Device_CreateTexture2D(p->device.d3d, &desc, NULL, &p->desktop);
}

static struct shader_job job_of(const struct pipeline *p, const struct picture_format *format)
{
    return (struct shader_job){
        .source_width_px = p->source.Width,
        .source_height_px = p->source.Height,
        .width_px = p->layout.width_px,
        .height_px = p->layout.height_px,
        .light = format->light,
        .light_scale = format->light_scale,
    };
}

static HRESULT create_parts(struct pipeline *p, const struct picture_format *format,
                            bool keeps_desktop)
{
    const struct shader_job job = job_of(p, format);
    const bool converts = shader_is_needed(&job);
    HRESULT hr = S_OK;
    if (converts || keeps_desktop)
        hr = create_desktop(p, (DXGI_FORMAT)format->source_dxgi_format);
    if (SUCCEEDED(hr) && converts)
        hr = convert_create(&p->device, &job, p->desktop, (DXGI_FORMAT)format->dxgi_format,
                            &p->convert);
    if (SUCCEEDED(hr))
        hr = staging_create(&p->device, p->layout.width_px, p->layout.height_px,
                            (DXGI_FORMAT)format->dxgi_format, &p->staging);
    return hr;
}

static struct capture_layout layout_of(const struct pipeline_config *config,
                                       const struct picture_format *format,
                                       struct geometry_size screen)
{
    const struct geometry_size box = { config->down_width_px, config->down_height_px };
    const struct geometry_size size = geometry_fit(screen, config->rotation, box);
    return (struct capture_layout){
        .format = format->format,
        .width_px = size.width_px,
        .height_px = size.height_px,
        .screen_width_px = screen.width_px,
        .screen_height_px = screen.height_px,
        .rotation = config->rotation,
        .flags = format->flags,
    };
}

HRESULT pipeline_create(const struct dxgi_device *device, const struct pipeline_config *config,
                        const D3D11_TEXTURE2D_DESC *desc, struct capture_ring *ring,
                        struct pipeline **out)
{
    struct picture_format format;
    if (desc->Width == 0 || desc->Width > FRAME_MAX_PX || desc->Height == 0 ||
        desc->Height > FRAME_MAX_PX || desc->SampleDesc.Count != 1 ||
        !picture_format_choose((uint32_t)desc->Format, config->output_is_hdr, config->hdr,
                               config->sdr_white_permille, &format))
        return DXGI_ERROR_UNSUPPORTED;
    struct pipeline *p = calloc(1, sizeof(*p));
    if (!p)
        return E_OUTOFMEMORY;
    p->device = dxgi_device_share(device);
    p->ring = ring;
    p->config = *config;
    p->source = *desc;
    p->uses_white =
        format.source_dxgi_format == PICTURE_DXGI_RGBA16F || format.light != SHADER_LIGHT_KEEP;
    p->layout = layout_of(config, &format, (struct geometry_size){ desc->Width, desc->Height });
    const HRESULT hr = create_parts(p, &format, config->keeps_desktop);
    if (FAILED(hr)) {
        pipeline_destroy(p);
        return hr;
    }
    pipeline_restart(p);
    *out = p;
    return S_OK;
}

void pipeline_destroy(struct pipeline *pipeline)
{
    if (!pipeline)
        return;
    staging_destroy(pipeline->staging);
    convert_destroy(pipeline->convert);
    com_release(&pipeline->desktop);
    dxgi_device_destroy(&pipeline->device);
    free(pipeline);
}

const struct capture_layout *pipeline_layout(const struct pipeline *pipeline)
{
    return &pipeline->layout;
}

bool pipeline_is_of(const struct pipeline *pipeline, const struct dxgi_device *device)
{
    return pipeline->device.d3d == device->d3d;
}

bool pipeline_uses_white(const struct pipeline *pipeline)
{
    return pipeline->uses_white;
}

bool pipeline_fits(const struct pipeline *pipeline, const D3D11_TEXTURE2D_DESC *desc)
{
    return desc->Width == pipeline->source.Width && desc->Height == pipeline->source.Height &&
           desc->Format == pipeline->source.Format;
}

bool pipeline_is_for(const struct pipeline *pipeline, const struct pipeline_config *config,
                     const D3D11_TEXTURE2D_DESC *desc)
{
    const struct pipeline_config *own = &pipeline->config;
    return pipeline_fits(pipeline, desc) && own->hdr == config->hdr &&
           own->output_is_hdr == config->output_is_hdr &&
           own->sdr_white_permille == config->sdr_white_permille &&
           own->down_width_px == config->down_width_px &&
           own->down_height_px == config->down_height_px && own->rotation == config->rotation &&
           own->keeps_desktop == config->keeps_desktop;
}

void pipeline_restart(struct pipeline *pipeline)
{
    damage_set_full(&pipeline->pending);
}

static void add_pending(struct pipeline *p, const struct damage *damage)
{
    struct damage scaled;
    if (!p->convert) {
        damage_add(&p->pending, damage);
        return;
    }
    rects_scale(damage, p->layout.screen_width_px, p->layout.screen_height_px, p->layout.width_px,
                p->layout.height_px, &scaled);
    damage_add(&p->pending, &scaled);
}

void pipeline_feed(struct pipeline *pipeline, ID3D11Texture2D *image, const struct damage *damage)
{
    static const struct damage all = { .full = true };
    if (pipeline->desktop) /* all of it at first, and as often as all is due anyway */
        staging_copy_rects(pipeline->device.context, pipeline->desktop, image,
                           pipeline->pending.full ? &all : damage);
    add_pending(pipeline, damage);
}

void pipeline_stage(struct pipeline *pipeline, ID3D11Texture2D *image)
{
    struct pipeline *p = pipeline;
    struct damage stale;
    if (p->convert)
        convert_run(p->convert, &p->pending);
    ID3D11Texture2D *from = p->convert   ? convert_result(p->convert)
                            : p->desktop ? p->desktop
                                         : image;
    const uint32_t slot = capture_ring_begin(p->ring, &p->pending, &stale);
    staging_fill(p->staging, slot, from, &stale);
    damage_clear(&p->pending);
    capture_ring_commit(p->ring);
}

struct staging *pipeline_staging(struct pipeline *pipeline)
{
    return pipeline->staging;
}
