/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shim/output.h"

#include <stdlib.h>

#include "shim/duplication.h"
#include "shim/hooks.h"

struct output {
    IDXGIOutput6 base;
    LONG refs;
    struct desktop *desktop;
    uint32_t index;
    IDXGIAdapter *adapter; /* owned */
    HMONITOR monitor;
};

static struct output *output_of(IDXGIOutput6 *self)
{
    return container_of(self, struct output, base);
}

static bool is_one_of(REFIID iid, const IID *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (IsEqualGUID(iid, list[i]))
            return true;
    return false;
}

static HRESULT WINAPI query_interface(IDXGIOutput6 *self, REFIID iid, void **out)
{
    static const IID *const always[] = { &IID_IUnknown,     &IID_IDXGIObject,  &IID_IDXGIOutput,
                                         &IID_IDXGIOutput1, &IID_IDXGIOutput2, &IID_IDXGIOutput3 };
    static const IID *const newer[] = { &IID_IDXGIOutput4, &IID_IDXGIOutput5, &IID_IDXGIOutput6 };
    *out = NULL;
    if (!is_one_of(iid, always, ARRAY_LEN(always)) &&
        (output_of(self)->desktop->old_interfaces || !is_one_of(iid, newer, ARRAY_LEN(newer))))
        return E_NOINTERFACE;
    IDXGIOutput6_AddRef(self);
    *out = self;
    return S_OK;
}

static ULONG WINAPI add_ref(IDXGIOutput6 *self)
{
    return (ULONG)InterlockedIncrement(&output_of(self)->refs);
}

static ULONG WINAPI release(IDXGIOutput6 *self)
{
    struct output *o = output_of(self);
    const LONG refs = InterlockedDecrement(&o->refs);
    if (refs == 0) {
        IDXGIAdapter_Release(o->adapter);
        free(o);
    }
    return (ULONG)refs;
}

static HRESULT WINAPI get_parent(IDXGIOutput6 *self, REFIID iid, void **out)
{
    return IDXGIAdapter_QueryInterface(output_of(self)->adapter, iid, out);
}

static HRESULT WINAPI get_desc1(IDXGIOutput6 *self, DXGI_OUTPUT_DESC1 *out)
{
    struct output *o = output_of(self);
    if (!out)
        return E_INVALIDARG;
    desktop_describe(o->desktop, o->index, o->monitor, out);
    return S_OK;
}

static HRESULT WINAPI get_desc(IDXGIOutput6 *self, DXGI_OUTPUT_DESC *out)
{
    DXGI_OUTPUT_DESC1 desc;
    if (!out)
        return E_INVALIDARG;
    get_desc1(self, &desc);
    *out = (DXGI_OUTPUT_DESC){ .DesktopCoordinates = desc.DesktopCoordinates,
                               .AttachedToDesktop = desc.AttachedToDesktop,
                               .Rotation = desc.Rotation,
                               .Monitor = desc.Monitor };
    memcpy(out->DeviceName, desc.DeviceName, sizeof(out->DeviceName));
    return S_OK;
}

static HRESULT WINAPI wait_for_vblank(IDXGIOutput6 *self)
{
    (void)self;
    Sleep(16);
    return S_OK;
}

static enum frame_format format_of(DXGI_FORMAT format)
{
    switch (format) {
    case DXGI_FORMAT_B8G8R8A8_UNORM:
        return FRAME_FORMAT_BGRA;
    case DXGI_FORMAT_R8G8B8A8_UNORM:
        return FRAME_FORMAT_RGBA;
    case DXGI_FORMAT_R10G10B10A2_UNORM:
        return FRAME_FORMAT_RGBA10;
    case DXGI_FORMAT_R16G16B16A16_FLOAT:
        return FRAME_FORMAT_RGBA16F;
    default:
        return FRAME_FORMAT_INVALID;
    }
}

static HRESULT duplicate(struct output *o, IUnknown *unknown, enum frame_format format,
                         enum shim_call call, IDXGIOutputDuplication **out)
{
    ID3D11Device *device;
    EnterCriticalSection(&o->desktop->lock);
    HRESULT hr = desktop_failure(o->desktop, call);
    LeaveCriticalSection(&o->desktop->lock);
    if (SUCCEEDED(hr))
        hr = unknown ? IUnknown_QueryInterface(unknown, &IID_ID3D11Device, (void **)&device)
                     : E_INVALIDARG;
    if (SUCCEEDED(hr)) {
        hooks_device(device);
        hr = duplication_create(o->desktop, o->index, device, format, out);
        ID3D11Device_Release(device);
    }
    const struct frame_format_info *info = frame_format_find((uint32_t)format);
    desktop_log("duplicate%s %u %s -> 0x%08lx", call == SHIM_CALL_DUPLICATE1 ? "1" : "", o->index,
                info ? info->name : "?", (unsigned long)hr);
    return hr;
}

static HRESULT WINAPI duplicate_output(IDXGIOutput6 *self, IUnknown *device,
                                       IDXGIOutputDuplication **out)
{
    *out = NULL;
    return duplicate(output_of(self), device, FRAME_FORMAT_BGRA, SHIM_CALL_DUPLICATE, out);
}

/* The desktop's own type if the program takes it, else the first that it names. */
static HRESULT WINAPI duplicate_output1(IDXGIOutput6 *self, IUnknown *device, UINT flags,
                                        UINT count, const DXGI_FORMAT *formats,
                                        IDXGIOutputDuplication **out)
{
    struct output *o = output_of(self);
    *out = NULL;
    if (flags || !count || !formats)
        return E_INVALIDARG;
    enum frame_format format = format_of(formats[0]);
    for (UINT i = 0; i < count; i++)
        if (format_of(formats[i]) == o->desktop->outputs[o->index].screen.format)
            format = format_of(formats[i]);
    if (format == FRAME_FORMAT_INVALID)
        return DXGI_ERROR_UNSUPPORTED;
    return duplicate(o, device, format, SHIM_CALL_DUPLICATE1, out);
}

/* Stands for methods of any arguments: on x86-64 the caller cleans up. */
static HRESULT WINAPI not_here(void)
{
    return E_NOTIMPL;
}

static IDXGIOutput6Vtbl vtable = {
    .QueryInterface = query_interface,
    .AddRef = add_ref,
    .Release = release,
    .SetPrivateData = (void *)not_here,
    .SetPrivateDataInterface = (void *)not_here,
    .GetPrivateData = (void *)not_here,
    .GetParent = get_parent,
    .GetDesc = get_desc,
    .GetDisplayModeList = (void *)not_here,
    .FindClosestMatchingMode = (void *)not_here,
    .WaitForVBlank = wait_for_vblank,
    .TakeOwnership = (void *)not_here,
    .ReleaseOwnership = (void *)not_here,
    .GetGammaControlCapabilities = (void *)not_here,
    .SetGammaControl = (void *)not_here,
    .GetGammaControl = (void *)not_here,
    .SetDisplaySurface = (void *)not_here,
    .GetDisplaySurfaceData = (void *)not_here,
    .GetFrameStatistics = (void *)not_here,
    .GetDisplayModeList1 = (void *)not_here,
    .FindClosestMatchingMode1 = (void *)not_here,
    .GetDisplaySurfaceData1 = (void *)not_here,
    .DuplicateOutput = duplicate_output,
    .SupportsOverlays = (void *)not_here,
    .CheckOverlaySupport = (void *)not_here,
    .CheckOverlayColorSpaceSupport = (void *)not_here,
    .DuplicateOutput1 = duplicate_output1,
    .GetDesc1 = get_desc1,
    .CheckHardwareCompositionSupport = (void *)not_here,
};

HRESULT output_create(struct desktop *desktop, uint32_t index, IDXGIAdapter *adapter,
                      HMONITOR monitor, IDXGIOutput **out)
{
    struct output *o = calloc(1, sizeof(*o));
    if (!o)
        return E_OUTOFMEMORY;
    *o = (struct output){ .base.lpVtbl = &vtable,
                          .refs = 1,
                          .desktop = desktop,
                          .index = index,
                          .adapter = adapter,
                          .monitor = monitor };
    IDXGIAdapter_AddRef(adapter);
    *out = (IDXGIOutput *)&o->base;
    return S_OK;
}
