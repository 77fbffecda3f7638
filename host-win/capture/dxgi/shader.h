/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/capture/dxgi/shader.h - compiles HLSL with d3dcompiler_47.dll, loaded at the first use
 * from the system's folder. Any thread. */
#ifndef ESPELHO_CAPTURE_DXGI_SHADER_H
#define ESPELHO_CAPTURE_DXGI_SHADER_H

#include "capture/dxgi/com.h"

/* Entry point "main". `target`: "vs_4_0", "ps_4_0". What the compiler complains of is logged. */
HRESULT shader_compile(const char *text, size_t text_bytes, const char *target, ID3DBlob **out);

#endif
