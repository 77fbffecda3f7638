/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "dxgi"
#include "capture/dxgi/device.h"

#include "base/log.h"
#include "capture/dxgi/priority.h"
#include "win/hresult.h"

/* Both interfaces have the same functions; ID3D11Multithread is the newer name. */
static HRESULT protect_context(const struct dxgi_device *device)
{
    ID3D10Multithread *lock = NULL;
    HRESULT hr = ID3D11DeviceContext_QueryInterface(device->context, &espelho_iid_multithread,
                                                    (void **)&lock);
    if (FAILED(hr))
        hr = ID3D11Device_QueryInterface(device->d3d, &IID_ID3D10Multithread, (void **)&lock);
    if (FAILED(hr))
        return hr;
    ID3D10Multithread_SetMultithreadProtected(lock, TRUE);
    com_release(&lock);
    return S_OK;
}

/* Level 10.0 has everything we draw with. A runtime that does not know 11.1 refuses the whole list.
 */
static HRESULT create(IDXGIAdapter1 *adapter, struct dxgi_device *out)
{
    static const D3D_FEATURE_LEVEL levels[] = { D3D_FEATURE_LEVEL_11_1, D3D_FEATURE_LEVEL_11_0,
                                                D3D_FEATURE_LEVEL_10_1, D3D_FEATURE_LEVEL_10_0 };
    HRESULT hr = E_INVALIDARG;
    for (UINT skip = 0; skip < 2 && hr == E_INVALIDARG; skip++)
        hr = D3D11CreateDevice((IDXGIAdapter *)adapter, D3D_DRIVER_TYPE_UNKNOWN, NULL,
                               D3D11_CREATE_DEVICE_BGRA_SUPPORT, levels + skip,
                               (UINT)ARRAY_LEN(levels) - skip, D3D11_SDK_VERSION, &out->d3d, NULL,
                               &out->context);
    return hr;
}

HRESULT dxgi_device_create(IDXGIAdapter1 *adapter, struct dxgi_device *out)
{
    struct dxgi_device device = { 0 };
    DXGI_ADAPTER_DESC1 desc;
    HRESULT hr = IDXGIAdapter1_GetDesc1(adapter, &desc);
    if (SUCCEEDED(hr))
        hr = create(adapter, &device);
    if (SUCCEEDED(hr))
        hr = protect_context(&device);
    if (FAILED(hr)) {
        dxgi_device_destroy(&device);
        return hr;
    }
    device.adapter = desc.AdapterLuid;
    priority_raise(device.d3d);
    *out = device;
    return S_OK;
}

struct dxgi_device dxgi_device_share(const struct dxgi_device *device)
{
    ID3D11Device_AddRef(device->d3d);
    ID3D11DeviceContext_AddRef(device->context);
    return *device;
}

void dxgi_device_destroy(struct dxgi_device *device)
{
    if (device->context) {
        ID3D11DeviceContext_ClearState(device->context);
        ID3D11DeviceContext_Flush(device->context);
    }
    com_release(&device->context);
    com_release(&device->d3d);
}

HRESULT dxgi_device_removed_reason(const struct dxgi_device *device)
{
    return ID3D11Device_GetDeviceRemovedReason(device->d3d);
}
