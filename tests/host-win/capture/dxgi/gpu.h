/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/host-win/capture/dxgi/gpu.h - a real D3D11 device, and pixels into and out of its textures,
 * for the tests. Every failure ends the test. */
#ifndef ESPELHO_TEST_DXGI_GPU_H
#define ESPELHO_TEST_DXGI_GPU_H

#include <stdint.h>

#include "capture/dxgi/device.h"

struct dxgi_device gpu_create(void); /* on the first adapter */
/* `pixels`: rows without padding. */
ID3D11Texture2D *gpu_texture(const struct dxgi_device *device, uint32_t width_px,
                             uint32_t height_px, DXGI_FORMAT format, const void *pixels,
                             uint32_t row_bytes);
/* Copies the texture's rows to `out`, without padding. */
void gpu_read(const struct dxgi_device *device, ID3D11Texture2D *texture, void *out,
              uint32_t row_bytes);

#endif
