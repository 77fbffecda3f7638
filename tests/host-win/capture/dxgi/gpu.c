/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gpu.h"

#include "test.h"

#include "win/hresult.h"

#define CHECK_HR(call)                                                                             \
    do {                                                                                           \
        const HRESULT hr_ = (call);                                                                \
        CHECK_MSG(SUCCEEDED(hr_), "%s: %s", #call, hresult_text(hr_).text);                        \
    } while (0)

struct dxgi_device gpu_create(void)
{
    struct dxgi_device device = { 0 };
    IDXGIFactory1 *factory = NULL;
    IDXGIAdapter1 *adapter = NULL;
    CHECK_HR(CreateDXGIFactory1(&IID_IDXGIFactory1, (void **)&factory));
    CHECK_HR(IDXGIFactory1_EnumAdapters1(factory, 0, &adapter));
    CHECK_HR(dxgi_device_create(adapter, &device));
    com_release(&adapter);
    com_release(&factory);
    return device;
}

ID3D11Texture2D *gpu_texture(const struct dxgi_device *device, uint32_t width_px,
                             uint32_t height_px, DXGI_FORMAT format, const void *pixels,
                             uint32_t row_bytes)
{
    const D3D11_TEXTURE2D_DESC desc = {
        .Width = width_px,
        .Height = height_px,
        .MipLevels = 1,
        .ArraySize = 1,
        .Format = format,
        .SampleDesc = { .Count = 1 },
        .BindFlags = D3D11_BIND_SHADER_RESOURCE,
    };
    const D3D11_SUBRESOURCE_DATA data = { .pSysMem = pixels, .SysMemPitch = row_bytes };
    ID3D11Texture2D *texture = NULL;
    CHECK_HR(ID3D11Device_CreateTexture2D(device->d3d, &desc, &data, &texture));
    return texture;
}

void gpu_read(const struct dxgi_device *device, ID3D11Texture2D *texture, void *out,
              uint32_t row_bytes)
{
    D3D11_TEXTURE2D_DESC desc;
    ID3D11Texture2D *staging = NULL;
    D3D11_MAPPED_SUBRESOURCE map;
    ID3D11Texture2D_GetDesc(texture, &desc);
    desc.Usage = D3D11_USAGE_STAGING;
    desc.BindFlags = 0;
    desc.MiscFlags = 0;
    desc.CPUAccessFlags = D3D11_CPU_ACCESS_READ;
    CHECK_HR(ID3D11Device_CreateTexture2D(device->d3d, &desc, NULL, &staging));
    ID3D11DeviceContext_CopyResource(device->context, (ID3D11Resource *)staging,
                                     (ID3D11Resource *)texture);
    CHECK_HR(ID3D11DeviceContext_Map(device->context, (ID3D11Resource *)staging, 0, D3D11_MAP_READ,
                                     0, &map));
    for (uint32_t y = 0; y < desc.Height; y++)
        memcpy((uint8_t *)out + (size_t)y * row_bytes,
               (const uint8_t *)map.pData + (size_t)y * map.RowPitch, row_bytes);
    ID3D11DeviceContext_Unmap(device->context, (ID3D11Resource *)staging, 0);
    com_release(&staging);
}
