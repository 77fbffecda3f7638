/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/dxgi/convert.h"

#include <stdlib.h>

#include "capture/dxgi/shader.h"
#include "win/hresult.h"

struct convert {
    struct dxgi_device device; /* borrowed */
    uint32_t width_px, height_px;
    ID3D11Texture2D *result;
    ID3D11RenderTargetView *target;
    ID3D11ShaderResourceView *source;
    ID3D11VertexShader *vertex;
    ID3D11PixelShader *pixel;
    ID3D11Buffer *numbers;
    ID3D11RasterizerState *raster;
};

static HRESULT create_target(struct convert *c, DXGI_FORMAT format)
{
    const D3D11_TEXTURE2D_DESC desc = {
        .Width = c->width_px,
        .Height = c->height_px,
        .MipLevels = 1,
        .ArraySize = 1,
        .Format = format,
        .SampleDesc = { .Count = 1 },
        .BindFlags = D3D11_BIND_RENDER_TARGET,
    };
    ID3D11Device *d3d = c->device.d3d;
    const HRESULT hr = ID3D11Device_CreateTexture2D(d3d, &desc, NULL, &c->result);
    if (FAILED(hr))
        return hr;
    return ID3D11Device_CreateRenderTargetView(d3d, (ID3D11Resource *)c->result, NULL, &c->target);
}

static HRESULT create_vertex_shader(struct convert *c)
{
    ID3DBlob *code = NULL;
    HRESULT hr =
        shader_compile(shader_vertex_source, strlen(shader_vertex_source), "vs_4_0", &code);
    if (SUCCEEDED(hr))
        hr = ID3D11Device_CreateVertexShader(c->device.d3d, ID3D10Blob_GetBufferPointer(code),
                                             ID3D10Blob_GetBufferSize(code), NULL, &c->vertex);
    com_release(&code);
    return hr;
}

static HRESULT create_pixel_shader(struct convert *c, const struct shader_job *job)
{
    ID3DBlob *code = NULL;
    char *text = malloc(SHADER_TEXT_BYTES);
    if (!text)
        return E_OUTOFMEMORY;
    const int len = shader_source_write(job, text, SHADER_TEXT_BYTES);
    HRESULT hr = len < 0 ? E_INVALIDARG : shader_compile(text, (size_t)len, "ps_4_0", &code);
    if (SUCCEEDED(hr))
        hr = ID3D11Device_CreatePixelShader(c->device.d3d, ID3D10Blob_GetBufferPointer(code),
                                            ID3D10Blob_GetBufferSize(code), NULL, &c->pixel);
    com_release(&code);
    free(text);
    return hr;
}

static HRESULT create_state(struct convert *c, const struct shader_job *job)
{
    const struct shader_numbers numbers = shader_numbers_of(job);
    const D3D11_BUFFER_DESC desc = {
        .ByteWidth = sizeof(numbers),
        .Usage = D3D11_USAGE_IMMUTABLE,
        .BindFlags = D3D11_BIND_CONSTANT_BUFFER,
    };
    const D3D11_SUBRESOURCE_DATA data = { .pSysMem = &numbers };
    const D3D11_RASTERIZER_DESC raster = {
        .FillMode = D3D11_FILL_SOLID,
        .CullMode = D3D11_CULL_NONE,
        .ScissorEnable = TRUE,
        .DepthClipEnable = TRUE,
    };
    const HRESULT hr = ID3D11Device_CreateBuffer(c->device.d3d, &desc, &data, &c->numbers);
    if (FAILED(hr))
        return hr;
    return ID3D11Device_CreateRasterizerState(c->device.d3d, &raster, &c->raster);
}

/* Nobody else draws with this context, so it is set once. */
static void set_pipeline(struct convert *c)
{
    ID3D11DeviceContext *ctx = c->device.context;
    const D3D11_VIEWPORT viewport = { 0, 0, (float)c->width_px, (float)c->height_px, 0, 1 };
    ID3D11DeviceContext_ClearState(ctx);
    ID3D11DeviceContext_IASetPrimitiveTopology(ctx, D3D11_PRIMITIVE_TOPOLOGY_TRIANGLELIST);
    ID3D11DeviceContext_VSSetShader(ctx, c->vertex, NULL, 0);
    ID3D11DeviceContext_PSSetShader(ctx, c->pixel, NULL, 0);
    ID3D11DeviceContext_PSSetConstantBuffers(ctx, 0, 1, &c->numbers);
    ID3D11DeviceContext_PSSetShaderResources(ctx, 0, 1, &c->source);
    ID3D11DeviceContext_RSSetState(ctx, c->raster);
    ID3D11DeviceContext_RSSetViewports(ctx, 1, &viewport);
    ID3D11DeviceContext_OMSetRenderTargets(ctx, 1, &c->target, NULL);
}

HRESULT convert_create(const struct dxgi_device *device, const struct shader_job *job,
                       ID3D11Texture2D *source, DXGI_FORMAT format, struct convert **out)
{
    struct convert *c = calloc(1, sizeof(*c));
    if (!c)
        return E_OUTOFMEMORY;
    c->device = *device;
    c->width_px = job->width_px;
    c->height_px = job->height_px;
    HRESULT hr = create_target(c, format);
    if (SUCCEEDED(hr))
        hr = ID3D11Device_CreateShaderResourceView(device->d3d, (ID3D11Resource *)source, NULL,
                                                   &c->source);
    if (SUCCEEDED(hr))
        hr = create_vertex_shader(c);
    if (SUCCEEDED(hr))
        hr = create_pixel_shader(c, job);
    if (SUCCEEDED(hr))
        hr = create_state(c, job);
    if (FAILED(hr)) {
        convert_destroy(c);
        return hr;
    }
    set_pipeline(c);
    *out = c;
    return S_OK;
}

void convert_destroy(struct convert *convert)
{
    if (!convert)
        return;
    ID3D11DeviceContext_ClearState(convert->device.context);
    com_release(&convert->raster);
    com_release(&convert->numbers);
    com_release(&convert->pixel);
    com_release(&convert->vertex);
    com_release(&convert->source);
    com_release(&convert->target);
    com_release(&convert->result);
    free(convert);
}

void convert_run(struct convert *convert, const struct damage *damage)
{
    const struct frame_rect all = { 0, 0, convert->width_px, convert->height_px };
    const uint32_t count = damage->full ? 1 : damage->count;
    for (uint32_t i = 0; i < count; i++) {
        const struct frame_rect *r = damage->full ? &all : &damage->rects[i];
        const D3D11_RECT scissor = { (LONG)r->x_px, (LONG)r->y_px, (LONG)(r->x_px + r->width_px),
                                     (LONG)(r->y_px + r->height_px) };
        ID3D11DeviceContext_RSSetScissorRects(convert->device.context, 1, &scissor);
        ID3D11DeviceContext_Draw(convert->device.context, 3, 0);
    }
}

ID3D11Texture2D *convert_result(const struct convert *convert)
{
    return convert->result;
}
