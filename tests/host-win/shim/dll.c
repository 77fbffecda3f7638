/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/host-win/shim/dll.c - dxgi.dll for programs under Wine, whose own has no Desktop
 * Duplication.
 *
 * Beside the program, with WINEDLLOVERRIDES="dxgi=n,b". It passes everything on to Wine's dxgi.dll,
 * whose adapters then have the outputs of a script (script.h, desktop.h): the capture program runs
 * as it is shipped. */
#include <windows.h>

#include <d3d11.h>
#include <dxgi1_6.h>

#include "shim/desktop.h"
#include "shim/hooks.h"

static HMODULE builtin;

static BOOL CALLBACK load(PINIT_ONCE once, void *parameter, void **context)
{
    wchar_t path[MAX_PATH];
    (void)once, (void)parameter, (void)context;
    const UINT len = GetSystemDirectoryW(path, MAX_PATH - 16);
    if (len == 0)
        return FALSE;
    wcscat(path, L"\\dxgi.dll"); /* the full path, so it is not us */
    builtin = LoadLibraryW(path);
    return builtin != NULL;
}

static void *real(const char *name)
{
    static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
    InitOnceExecuteOnce(&once, load, NULL, NULL);
    return builtin ? (void *)GetProcAddress(builtin, name) : NULL;
}

static void note_begin(void)
{
    if (desktop_get())
        desktop_log("factory_begin");
}

/* Making a factory takes Wine some tenths of a second: the log lets a judge leave that out. */
static HRESULT hooked(HRESULT hr, void **factory)
{
    if (desktop_get())
        desktop_log("factory -> 0x%08lx", (unsigned long)hr);
    if (SUCCEEDED(hr))
        hooks_factory(*factory);
    return hr;
}

HRESULT WINAPI CreateDXGIFactory(REFIID iid, void **out)
{
    HRESULT(WINAPI * create)(REFIID, void **) = real("CreateDXGIFactory");
    note_begin();
    return create ? hooked(create(iid, out), out) : E_FAIL;
}

HRESULT WINAPI CreateDXGIFactory1(REFIID iid, void **out)
{
    HRESULT(WINAPI * create)(REFIID, void **) = real("CreateDXGIFactory1");
    note_begin();
    return create ? hooked(create(iid, out), out) : E_FAIL;
}

HRESULT WINAPI CreateDXGIFactory2(UINT flags, REFIID iid, void **out)
{
    HRESULT(WINAPI * create)(UINT, REFIID, void **) = real("CreateDXGIFactory2");
    note_begin();
    return create ? hooked(create(flags, iid, out), out) : E_FAIL;
}

HRESULT WINAPI DXGIGetDebugInterface1(UINT flags, REFIID iid, void **out)
{
    HRESULT(WINAPI * get)(UINT, REFIID, void **) = real("DXGIGetDebugInterface1");
    return get ? get(flags, iid, out) : E_NOTIMPL;
}

/* The next two are what Wine's d3d11.dll calls. */
HRESULT WINAPI DXGID3D10CreateDevice(HMODULE d3d, IDXGIFactory *factory, IDXGIAdapter *adapter,
                                     UINT flags, const D3D_FEATURE_LEVEL *levels, UINT level_count,
                                     void **device);
HRESULT WINAPI DXGID3D10CreateDevice(HMODULE d3d, IDXGIFactory *factory, IDXGIAdapter *adapter,
                                     UINT flags, const D3D_FEATURE_LEVEL *levels, UINT level_count,
                                     void **device)
{
    HRESULT(WINAPI * create)
    (HMODULE, IDXGIFactory *, IDXGIAdapter *, UINT, const D3D_FEATURE_LEVEL *, UINT, void **) =
        real("DXGID3D10CreateDevice");
    return create ? create(d3d, factory, adapter, flags, levels, level_count, device) : E_FAIL;
}

HRESULT WINAPI DXGID3D10RegisterLayers(const void *layers, UINT count);
HRESULT WINAPI DXGID3D10RegisterLayers(const void *layers, UINT count)
{
    HRESULT(WINAPI * register_layers)(const void *, UINT) = real("DXGID3D10RegisterLayers");
    return register_layers ? register_layers(layers, count) : E_FAIL;
}
