/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/capture/dxgi/staging.h - textures that the CPU can read, one per slot of the ring, each
 * with an event query that tells when the GPU has filled it.
 *
 * Threads: the capture thread creates, fills and destroys; the copy thread maps and unmaps a slot
 * that the ring gave it. The device's context is protected by D3D's own lock. */
#ifndef ESPELHO_CAPTURE_DXGI_STAGING_H
#define ESPELHO_CAPTURE_DXGI_STAGING_H

#include "capture/dxgi/device.h"
#include "capture/dxgi/readback.h"
#include "kvmfr/damage.h"

enum { STAGING_SLOTS = 3 }; /* one is read, one is the newest, one is filled */

struct staging;
HRESULT staging_create(const struct dxgi_device *device, uint32_t width_px, uint32_t height_px,
                       DXGI_FORMAT format, struct staging **out);
void staging_destroy(struct staging *staging); /* NULL is fine; nothing is mapped */

/* Capture thread: copies `stale` of `source` (same size and format), and lets the GPU begin. */
void staging_fill(struct staging *staging, uint32_t slot, ID3D11Texture2D *source,
                  const struct damage *stale);
/* Copy thread: waits for the GPU; see readback_map(). */
enum capture_result staging_map(struct staging *staging, uint32_t slot, struct readback_rows *out,
                                struct readback_failure *why);
void staging_unmap(struct staging *staging, uint32_t slot);

/* Copies `damage` of one texture into another one of the same size. */
void staging_copy_rects(ID3D11DeviceContext *context, ID3D11Texture2D *to, ID3D11Texture2D *from,
                        const struct damage *damage);

#endif
