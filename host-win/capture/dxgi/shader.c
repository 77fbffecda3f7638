/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "dxgi"
#include "capture/dxgi/shader.h"

#include <d3dcompiler.h>

#include "base/log.h"
#include "win/hresult.h"

/* Loaded once and kept: the process needs it again at every change of the mode. The flag concerns
 * this one library only; the process' own search order is left alone. */
static pD3DCompile find_compiler(void)
{
    const HMODULE dll = LoadLibraryExW(L"d3dcompiler_47.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
    const FARPROC found = dll ? GetProcAddress(dll, "D3DCompile") : NULL;
    return (pD3DCompile)(void (*)(void))found;
}

HRESULT shader_compile(const char *text, size_t text_bytes, const char *target, ID3DBlob **out)
{
    const pD3DCompile compile = find_compiler();
    if (!compile) {
        log_err("d3dcompiler_47.dll cannot be loaded: no scaling and no HDR conversion");
        return DXGI_ERROR_SDK_COMPONENT_MISSING;
    }
    ID3DBlob *code = NULL, *said = NULL;
    const HRESULT hr =
        compile(text, text_bytes, NULL, NULL, NULL, "main", target, 0, 0, &code, &said);
    if (SUCCEEDED(hr))
        *out = code;
    else
        log_err("shader (%s) does not compile: %s: %.*s", target, hresult_text(hr).text,
                said ? (int)ID3D10Blob_GetBufferSize(said) : 0,
                said ? (const char *)ID3D10Blob_GetBufferPointer(said) : "");
    com_release(&said);
    return hr;
}
