/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/capture/dxgi/convert.h - scaling and HDR conversion on the GPU: a picture of the whole
 * desktop in, the picture that viewers get out.
 *
 * The shader is compiled when the capture starts, by d3dcompiler_47.dll, which is part of Windows
 * since 8.1: so the source says what runs, without a compiler of Microsoft's at build time and
 * without binaries in the repository. Who neither scales nor converts never loads it. Threads: one,
 * the device's. No allocation per frame. */
#ifndef ESPELHO_CAPTURE_DXGI_CONVERT_H
#define ESPELHO_CAPTURE_DXGI_CONVERT_H

#include "capture/dxgi/com.h"
#include "capture/dxgi/device.h"
#include "capture/dxgi/shader_source.h"
#include "kvmfr/damage.h"

struct convert;
/* `source`: of the job's source size, with D3D11_BIND_SHADER_RESOURCE; borrowed as long as the
 * object lives. `format`: of the result. Windows' result; DXGI_ERROR_SDK_COMPONENT_MISSING: no
 * compiler. */
HRESULT convert_create(const struct dxgi_device *device, const struct shader_job *job,
                       ID3D11Texture2D *source, DXGI_FORMAT format, struct convert **out);
void convert_destroy(struct convert *convert); /* NULL is fine */

/* Draws `damage` (of the result) anew; the rest of the result stays. */
void convert_run(struct convert *convert, const struct damage *damage);
/* Borrowed. */
ID3D11Texture2D *convert_result(const struct convert *convert);

#endif
