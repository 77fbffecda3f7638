/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/dxgi/staging.h"

#include <stdlib.h>

#include "base/clock.h"

#ifndef CREATE_WAITABLE_TIMER_HIGH_RESOLUTION
#define CREATE_WAITABLE_TIMER_HIGH_RESOLUTION 0x00000002 /* Windows 10 1803 */
#endif

struct staging {
    struct dxgi_device device; /* borrowed */
    HANDLE timer;              /* for the copy thread's short sleeps; NULL: there is none */
    struct {
        ID3D11Texture2D *texture;
        ID3D11Query *filled;
    } slots[STAGING_SLOTS];
};

static HRESULT create_slot(struct staging *s, uint32_t slot, const D3D11_TEXTURE2D_DESC *desc)
{
    static const D3D11_QUERY_DESC event = { .Query = D3D11_QUERY_EVENT };
    ID3D11Device *d3d = s->device.d3d;
    const HRESULT hr = ID3D11Device_CreateTexture2D(d3d, desc, NULL, &s->slots[slot].texture);
    if (FAILED(hr))
        return hr;
    return ID3D11Device_CreateQuery(d3d, &event, &s->slots[slot].filled);
}

HRESULT staging_create(const struct dxgi_device *device, uint32_t width_px, uint32_t height_px,
                       DXGI_FORMAT format, struct staging **out)
{
    const D3D11_TEXTURE2D_DESC desc = {
        .Width = width_px,
        .Height = height_px,
        .MipLevels = 1,
        .ArraySize = 1,
        .Format = format,
        .SampleDesc = { .Count = 1 },
        .Usage = D3D11_USAGE_STAGING,
        .CPUAccessFlags = D3D11_CPU_ACCESS_READ,
    };
    struct staging *s = calloc(1, sizeof(*s));
    if (!s)
        return E_OUTOFMEMORY;
    s->device = *device;
    s->timer =
        CreateWaitableTimerExW(NULL, NULL, CREATE_WAITABLE_TIMER_HIGH_RESOLUTION, TIMER_ALL_ACCESS);
    HRESULT hr = S_OK;
    for (uint32_t i = 0; i < STAGING_SLOTS && SUCCEEDED(hr); i++)
        hr = create_slot(s, i, &desc);
    if (FAILED(hr)) {
        staging_destroy(s);
        return hr;
    }
    *out = s;
    return S_OK;
}

void staging_destroy(struct staging *staging)
{
    if (!staging)
        return;
    for (uint32_t i = 0; i < STAGING_SLOTS; i++) {
        com_release(&staging->slots[i].filled);
        com_release(&staging->slots[i].texture);
    }
    if (staging->timer)
        CloseHandle(staging->timer);
    free(staging);
}

void staging_copy_rects(ID3D11DeviceContext *context, ID3D11Texture2D *to, ID3D11Texture2D *from,
                        const struct damage *damage)
{
    if (damage->full) {
        ID3D11DeviceContext_CopySubresourceRegion(context, (ID3D11Resource *)to, 0, 0, 0, 0,
                                                  (ID3D11Resource *)from, 0, NULL);
        return;
    }
    for (uint32_t i = 0; i < damage->count; i++) {
        const struct frame_rect *r = &damage->rects[i];
        const D3D11_BOX box = { r->x_px, r->y_px, 0, r->x_px + r->width_px, r->y_px + r->height_px,
                                1 };
        ID3D11DeviceContext_CopySubresourceRegion(context, (ID3D11Resource *)to, 0, r->x_px,
                                                  r->y_px, 0, (ID3D11Resource *)from, 0, &box);
    }
}

void staging_fill(struct staging *staging, uint32_t slot, ID3D11Texture2D *source,
                  const struct damage *stale)
{
    ID3D11DeviceContext *ctx = staging->device.context;
    staging_copy_rects(ctx, staging->slots[slot].texture, source, stale);
    ID3D11DeviceContext_End(ctx, (ID3D11Asynchronous *)staging->slots[slot].filled);
    ID3D11DeviceContext_Flush(ctx); /* now: the copy thread asks with DONOTFLUSH */
}

static int32_t gpu_is_done(void *gpu, uint32_t slot)
{
    const struct staging *s = gpu;
    BOOL done = FALSE;
    const HRESULT hr =
        ID3D11DeviceContext_GetData(s->device.context, (ID3D11Asynchronous *)s->slots[slot].filled,
                                    &done, sizeof(done), D3D11_ASYNC_GETDATA_DONOTFLUSH);
    return hr == S_OK && !done ? S_FALSE : hr;
}

static int32_t gpu_map(void *gpu, uint32_t slot, struct readback_rows *out)
{
    const struct staging *s = gpu;
    D3D11_MAPPED_SUBRESOURCE map;
    const HRESULT hr =
        ID3D11DeviceContext_Map(s->device.context, (ID3D11Resource *)s->slots[slot].texture, 0,
                                D3D11_MAP_READ, D3D11_MAP_FLAG_DO_NOT_WAIT, &map);
    if (SUCCEEDED(hr))
        *out = (struct readback_rows){ map.pData, map.RowPitch };
    return hr;
}

static int32_t gpu_removed_reason(void *gpu)
{
    const struct staging *s = gpu;
    return dxgi_device_removed_reason(&s->device);
}

static uint64_t gpu_now_ns(UNUSED void *gpu)
{
    return clock_ns();
}

/* Sleep() knows milliseconds only, and less than one of them would be spinning. */
static void gpu_sleep_ns(void *gpu, uint64_t duration_ns)
{
    const struct staging *s = gpu;
    const LARGE_INTEGER due = { .QuadPart = -(LONGLONG)(duration_ns / 100) }; /* from now */
    if (s->timer && SetWaitableTimer(s->timer, &due, 0, NULL, NULL, FALSE))
        WaitForSingleObject(s->timer, 1000);
    else
        Sleep((DWORD)(duration_ns / NS_PER_MS) + 1);
}

enum capture_result staging_map(struct staging *staging, uint32_t slot, struct readback_rows *out,
                                struct readback_failure *why)
{
    static const struct readback_gpu_ops ops = { gpu_is_done, gpu_map, gpu_removed_reason,
                                                 gpu_now_ns, gpu_sleep_ns };
    return readback_map(&ops, staging, slot, out, why);
}

void staging_unmap(struct staging *staging, uint32_t slot)
{
    ID3D11DeviceContext_Unmap(staging->device.context,
                              (ID3D11Resource *)staging->slots[slot].texture, 0);
}
