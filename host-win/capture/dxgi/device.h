/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/capture/dxgi/device.h - a D3D11 device on one adapter, whose immediate context two
 * threads may use. */
#ifndef ESPELHO_CAPTURE_DXGI_DEVICE_H
#define ESPELHO_CAPTURE_DXGI_DEVICE_H

#include "capture/dxgi/com.h"

struct dxgi_device { /* zeroed: none */
    ID3D11Device *d3d;
    ID3D11DeviceContext *context; /* immediate; D3D's own lock around every call */
    LUID adapter;
};

/* Windows' result; on failure *out is as it was. `adapter`: borrowed. */
HRESULT dxgi_device_create(IDXGIAdapter1 *adapter, struct dxgi_device *out);
/* Another owner of the same device; to be destroyed like the first. */
struct dxgi_device dxgi_device_share(const struct dxgi_device *device);
/* Waits for nothing; textures and queries made from it keep it alive. */
void dxgi_device_destroy(struct dxgi_device *device);
/* S_OK, or why it is gone. */
HRESULT dxgi_device_removed_reason(const struct dxgi_device *device);

#endif
