/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/capture/dxgi/pipeline.h - a desktop picture's way on the GPU: (own copy -> scaling, HDR
 * conversion ->) the slot's staging texture. The steps in parentheses exist only where they are
 * needed. Threads: one, the capture thread; map and unmap: the copy thread. */
#ifndef ESPELHO_CAPTURE_DXGI_PIPELINE_H
#define ESPELHO_CAPTURE_DXGI_PIPELINE_H

#include "capture/capture.h"
#include "capture/dxgi/device.h"
#include "capture/dxgi/staging.h"
#include "capture/ring.h"

struct pipeline_config {
    enum capture_hdr hdr;
    bool output_is_hdr;
    uint32_t sdr_white_permille; /* of 80 cd/m2; 0: unknown */
    uint32_t down_width_px, down_height_px;
    enum frame_rotation rotation;
    bool keeps_desktop; /* pictures may be staged when the duplication's image is gone */
};

struct pipeline;
/* For images like `desc`. `ring`: reset before; borrowed. Windows' result;
 * DXGI_ERROR_UNSUPPORTED: no format of ours. */
HRESULT pipeline_create(const struct dxgi_device *device, const struct pipeline_config *config,
                        const D3D11_TEXTURE2D_DESC *desc, struct capture_ring *ring,
                        struct pipeline **out);
/* NULL is fine. No slot is read any more. */
void pipeline_destroy(struct pipeline *pipeline);

const struct capture_layout *pipeline_layout(const struct pipeline *pipeline);
/* Its textures are this device's. */
bool pipeline_is_of(const struct pipeline *pipeline, const struct dxgi_device *device);
/* Whether the picture depends on how bright SDR white is. */
bool pipeline_uses_white(const struct pipeline *pipeline);
/* Images like `desc` can go this way. */
bool pipeline_fits(const struct pipeline *pipeline, const D3D11_TEXTURE2D_DESC *desc);
/* So can those of a new duplication, after restart. */
bool pipeline_is_for(const struct pipeline *pipeline, const struct pipeline_config *config,
                     const D3D11_TEXTURE2D_DESC *desc);
/* Nothing is known of the next image: all of it is due. The ring was reset. */
void pipeline_restart(struct pipeline *pipeline);

/* A new image, changed by `damage`: taken over, if a copy is kept. */
void pipeline_feed(struct pipeline *pipeline, ID3D11Texture2D *image, const struct damage *damage);
/* What was fed since the last time becomes the newest picture of the ring. `image`: the last one
 * fed; may be NULL if a copy is kept. */
void pipeline_stage(struct pipeline *pipeline, ID3D11Texture2D *image);

/* Copy thread: staging.h. */
struct staging *pipeline_staging(struct pipeline *pipeline);

#endif
