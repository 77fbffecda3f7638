/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shim/duplication.h"

#include <stdlib.h>
#include <string.h>

#include "shim/live.h"

struct duplication {
    IDXGIOutputDuplication base;
    LONG refs;
    struct desktop *desktop;
    struct desktop_output *output;
    uint32_t index;
    enum frame_format format;
    ID3D11Device *device; /* owned, as are the next two */
    ID3D11DeviceContext *context;
    ID3D11Texture2D *texture;
    struct live *live;
    uint32_t losses;       /* of the desktop, when this was made */
    bool fresh;            /* nothing delivered yet: the whole picture is news */
    bool held;             /* acquired and not released */
    bool unknown;          /* the texture is not the picture of before */
    struct shim_news news; /* of the frame that is held */
};

static struct duplication *duplication_of(IDXGIOutputDuplication *self)
{
    return container_of(self, struct duplication, base);
}

static const DXGI_FORMAT dxgi_formats[] = {
    [FRAME_FORMAT_BGRA] = DXGI_FORMAT_B8G8R8A8_UNORM,
    [FRAME_FORMAT_RGBA] = DXGI_FORMAT_R8G8B8A8_UNORM,
    [FRAME_FORMAT_RGBA10] = DXGI_FORMAT_R10G10B10A2_UNORM,
    [FRAME_FORMAT_RGBA16F] = DXGI_FORMAT_R16G16B16A16_FLOAT,
};

/* --- IUnknown, IDXGIObject */

static HRESULT WINAPI query_interface(IDXGIOutputDuplication *self, REFIID iid, void **out)
{
    if (!IsEqualGUID(iid, &IID_IUnknown) && !IsEqualGUID(iid, &IID_IDXGIObject) &&
        !IsEqualGUID(iid, &IID_IDXGIOutputDuplication)) {
        *out = NULL;
        return E_NOINTERFACE;
    }
    IDXGIOutputDuplication_AddRef(self);
    *out = self;
    return S_OK;
}

static ULONG WINAPI add_ref(IDXGIOutputDuplication *self)
{
    return (ULONG)InterlockedIncrement(&duplication_of(self)->refs);
}

static void destroy(struct duplication *p)
{
    desktop_log("destroy %u%s", p->index, p->held ? " held" : "");
    live_destroy(p->live);
    if (p->texture)
        ID3D11Texture2D_Release(p->texture);
    if (p->context)
        ID3D11DeviceContext_Release(p->context);
    if (p->device)
        ID3D11Device_Release(p->device);
    EnterCriticalSection(&p->desktop->lock);
    if (p->output->taken == p)
        p->output->taken = NULL;
    LeaveCriticalSection(&p->desktop->lock);
    free(p);
}

static ULONG WINAPI release(IDXGIOutputDuplication *self)
{
    const LONG refs = InterlockedDecrement(&duplication_of(self)->refs);
    if (refs == 0)
        destroy(duplication_of(self));
    return (ULONG)refs;
}

static HRESULT WINAPI set_private_data(IDXGIOutputDuplication *self, REFGUID guid, UINT bytes,
                                       const void *data)
{
    (void)self, (void)guid, (void)bytes, (void)data;
    return E_NOTIMPL;
}

static HRESULT WINAPI set_private_interface(IDXGIOutputDuplication *self, REFGUID guid,
                                            const IUnknown *object)
{
    (void)self, (void)guid, (void)object;
    return E_NOTIMPL;
}

static HRESULT WINAPI get_private_data(IDXGIOutputDuplication *self, REFGUID guid, UINT *bytes,
                                       void *data)
{
    (void)self, (void)guid, (void)bytes, (void)data;
    return E_NOTIMPL;
}

static HRESULT WINAPI get_parent(IDXGIOutputDuplication *self, REFIID iid, void **out)
{
    (void)self, (void)iid;
    *out = NULL;
    return E_NOTIMPL;
}

/* --- the picture */

static void WINAPI get_desc(IDXGIOutputDuplication *self, DXGI_OUTDUPL_DESC *out)
{
    struct duplication *p = duplication_of(self);
    EnterCriticalSection(&p->desktop->lock);
    const struct shim_screen *s = &p->output->screen;
    const bool lies = s->quarter_turns % 2;
    *out = (DXGI_OUTDUPL_DESC){
        .ModeDesc = { .Width = lies ? s->height_px : s->width_px, /* as the desktop has it */
                      .Height = lies ? s->width_px : s->height_px,
                      .RefreshRate = { 60, 1 },
                      .Format = dxgi_formats[p->format] },
        .Rotation = (DXGI_MODE_ROTATION)(DXGI_MODE_ROTATION_IDENTITY + s->quarter_turns),
    };
    LeaveCriticalSection(&p->desktop->lock);
}

static HRESULT make_texture(struct duplication *p)
{
    const D3D11_TEXTURE2D_DESC desc = {
        .Width = p->output->screen.width_px,
        .Height = p->output->screen.height_px,
        .MipLevels = 1,
        .ArraySize = 1,
        .Format = dxgi_formats[p->format],
        .SampleDesc = { 1, 0 },
        .BindFlags = D3D11_BIND_SHADER_RESOURCE | D3D11_BIND_RENDER_TARGET,
    };
    return ID3D11Device_CreateTexture2D(p->device, &desc, NULL, &p->texture);
}

/* The pixels of `r` as rows of the texture's type. NULL: no memory. */
static uint8_t *rows_of(const struct duplication *p, const struct shim_rect *r, uint32_t *pitch)
{
    const uint32_t width = (uint32_t)(r->right - r->left), height = (uint32_t)(r->bottom - r->top);
    *pitch = width * frame_format_find((uint32_t)p->format)->bytes_per_pixel;
    uint8_t *rows = malloc((size_t)*pitch * height);
    for (uint32_t y = 0; rows && y < height; y++)
        shim_screen_row(&p->output->screen, p->format, (uint32_t)r->left, (uint32_t)r->top + y,
                        width, rows + (size_t)y * *pitch);
    return rows;
}

static struct shim_rect whole(const struct duplication *p)
{
    return (struct shim_rect){ 0, 0, (int32_t)p->output->screen.width_px,
                               (int32_t)p->output->screen.height_px };
}

static void upload(struct duplication *p, const struct shim_rect *r, const void *rows,
                   uint32_t pitch)
{
    const D3D11_BOX box = { (UINT)r->left, (UINT)r->top, 0, (UINT)r->right, (UINT)r->bottom, 1 };
    ID3D11DeviceContext_UpdateSubresource(p->context, (ID3D11Resource *)p->texture, 0, &box, rows,
                                          pitch, 0);
}

static HRESULT draw(struct duplication *p, struct shim_rect r)
{
    if (r.left == r.right)
        return S_OK;
    uint32_t pitch;
    uint8_t *rows = rows_of(p, &r, &pitch);
    if (!rows)
        return E_OUTOFMEMORY;
    upload(p, &r, rows, pitch);
    free(rows);
    return S_OK;
}

static void scribble(struct duplication *p)
{
    const struct shim_rect r = whole(p);
    const uint32_t pitch = (uint32_t)r.right * 8;
    uint8_t *rows = malloc((size_t)pitch * (size_t)r.bottom);
    if (!rows)
        return;
    memset(rows, 0x5A, (size_t)pitch * (size_t)r.bottom);
    upload(p, &r, rows, pitch);
    free(rows);
    p->unknown = true;
}

/* --- AcquireNextFrame */

/* The first frame of a duplication: all there is, and no event. */
static void present(struct duplication *p)
{
    const struct shim_pointer *pointer = &p->output->screen.pointer;
    if (p->live)
        live_look(p->live, &p->output->screen, &p->news);
    p->news = (struct shim_news){ .frame = true,
                                  .accumulated = -1,
                                  .metadata_bytes = -1,
                                  .dirty_count = 1,
                                  .dirty = { whole(p) },
                                  .painted = whole(p),
                                  .pointer_moved = true,
                                  .shape = pointer->shape != CURSOR_NONE };
    p->fresh = false;
    p->unknown = true;
}

static uint32_t shape_bytes(const struct shim_pointer *pointer)
{
    return shim_pointer_pitch_bytes(pointer) * shim_pointer_rows(pointer);
}

static void tell(const struct duplication *p, DXGI_OUTDUPL_FRAME_INFO *out)
{
    const struct shim_news *news = &p->news;
    const struct shim_pointer *pointer = &p->output->screen.pointer;
    const uint32_t metadata = news->bare
                                  ? 0
                                  : (uint32_t)(news->dirty_count * sizeof(RECT) +
                                               news->move_count * sizeof(DXGI_OUTDUPL_MOVE_RECT));
    LARGE_INTEGER now;
    QueryPerformanceCounter(&now);
    *out = (DXGI_OUTDUPL_FRAME_INFO){
        .AccumulatedFrames = news->accumulated >= 0 ? (UINT)news->accumulated : news->frame,
        .ProtectedContentMaskedOut = news->protected_content,
        .TotalMetadataBufferSize =
            news->metadata_bytes >= 0 ? (UINT)news->metadata_bytes : metadata,
    };
    if (news->frame)
        out->LastPresentTime = now;
    if (news->pointer_moved || news->shape)
        out->LastMouseUpdateTime = now;
    if (news->pointer_moved || news->shape)
        out->PointerPosition =
            (DXGI_OUTDUPL_POINTER_POSITION){ .Position = { pointer->x_px, pointer->y_px },
                                             .Visible = pointer->visible };
    if (news->shape)
        out->PointerShapeBufferSize = shape_bytes(pointer);
}

static HRESULT deliver(struct duplication *p, DXGI_OUTDUPL_FRAME_INFO *info, IDXGIResource **out)
{
    HRESULT hr = draw(p, p->unknown ? whole(p) : p->news.painted);
    if (SUCCEEDED(hr))
        hr = ID3D11Texture2D_QueryInterface(p->texture, &IID_IDXGIResource, (void **)out);
    if (FAILED(hr))
        return hr;
    p->unknown = false;
    p->held = true;
    tell(p, info);
    desktop_log("acquire %u -> event %u%s dirty %u move %u%s%s", p->index,
                p->desktop->next_event - 1, p->news.frame ? " frame" : "", p->news.dirty_count,
                p->news.move_count, p->news.pointer_moved ? " pointer" : "",
                p->news.shape ? " shape" : "");
    return S_OK;
}

/* Due now? An event is taken then; NONE: nothing yet, *wait_ms says for how long. */
static enum shim_event_kind look(struct duplication *p, uint32_t *wait_ms)
{
    struct desktop *d = p->desktop;
    *wait_ms = 5;
    if (d->live)
        return live_look(p->live, &p->output->screen, &p->news) ? SHIM_EVENT_NEWS : SHIM_EVENT_NONE;
    *wait_ms = desktop_wait_ms(d);
    if (*wait_ms > 0)
        return SHIM_EVENT_NONE;
    const enum shim_event_kind kind = desktop_step(d);
    p->news = p->output->news;
    return kind;
}

static HRESULT refusal(struct duplication *p)
{
    if (p->held)
        return DXGI_ERROR_INVALID_CALL;
    if (p->desktop->removed == p->device)
        return DXGI_ERROR_DEVICE_REMOVED;
    if (p->losses != p->desktop->losses)
        return DXGI_ERROR_ACCESS_LOST;
    return desktop_failure(p->desktop, SHIM_CALL_ACQUIRE);
}

static HRESULT remove_device(struct duplication *p)
{
    p->desktop->removed = p->device;
    ID3D11Device_AddRef(p->device);
    return DXGI_ERROR_DEVICE_REMOVED;
}

/* With the lock. S_FALSE: wait. */
static HRESULT try_acquire(struct duplication *p, DXGI_OUTDUPL_FRAME_INFO *info,
                           IDXGIResource **out, uint32_t *wait_ms)
{
    const HRESULT refused = refusal(p);
    if (FAILED(refused))
        return refused;
    if (p->fresh) {
        present(p);
        return deliver(p, info, out);
    }
    switch (look(p, wait_ms)) {
    case SHIM_EVENT_NEWS:
        return deliver(p, info, out);
    case SHIM_EVENT_TIMEOUT:
        return DXGI_ERROR_WAIT_TIMEOUT;
    case SHIM_EVENT_LOST:
        return DXGI_ERROR_ACCESS_LOST;
    case SHIM_EVENT_REMOVED:
        return remove_device(p);
    default:
        return S_FALSE;
    }
}

static void sleep_some(uint64_t deadline_ms, uint32_t wait_ms)
{
    const uint64_t now_ms = desktop_now_ms(),
                   left_ms = deadline_ms > now_ms ? deadline_ms - now_ms : 0;
    const uint64_t sleep_ms = wait_ms < left_ms ? wait_ms : left_ms;
    const uint64_t most_ms =
        wait_ms == UINT32_MAX ? 100 : 10; /* a gate may open, others may lose */
    Sleep((DWORD)(sleep_ms < most_ms ? sleep_ms : most_ms));
}

static HRESULT WINAPI acquire(IDXGIOutputDuplication *self, UINT timeout_ms,
                              DXGI_OUTDUPL_FRAME_INFO *info, IDXGIResource **out)
{
    struct duplication *p = duplication_of(self);
    const uint64_t deadline_ms =
        timeout_ms == INFINITE ? UINT64_MAX : desktop_now_ms() + timeout_ms;
    if (!info || !out)
        return E_INVALIDARG;
    *out = NULL;
    for (;;) {
        uint32_t wait_ms = 0;
        EnterCriticalSection(&p->desktop->lock);
        HRESULT hr = try_acquire(p, info, out, &wait_ms);
        LeaveCriticalSection(&p->desktop->lock);
        const bool late = desktop_now_ms() >= deadline_ms;
        if (hr == DXGI_ERROR_WAIT_TIMEOUT) /* the script's: it takes its time, as Windows does */
            while (desktop_now_ms() < deadline_ms)
                sleep_some(deadline_ms, 10);
        if (hr == S_FALSE && late)
            hr = DXGI_ERROR_WAIT_TIMEOUT;
        if (hr != S_OK && hr != S_FALSE)
            desktop_log("acquire %u %u -> 0x%08lx", p->index, timeout_ms, (unsigned long)hr);
        if (hr != S_FALSE)
            return hr;
        sleep_some(deadline_ms, wait_ms);
    }
}

static HRESULT WINAPI release_frame(IDXGIOutputDuplication *self)
{
    struct duplication *p = duplication_of(self);
    EnterCriticalSection(&p->desktop->lock);
    HRESULT hr = p->held ? desktop_failure(p->desktop, SHIM_CALL_RELEASE) : DXGI_ERROR_INVALID_CALL;
    if (p->held && p->desktop->scribble)
        scribble(p);
    p->held = false;
    if (SUCCEEDED(hr) && p->losses != p->desktop->losses)
        hr = DXGI_ERROR_ACCESS_LOST;
    LeaveCriticalSection(&p->desktop->lock);
    desktop_log("release %u -> 0x%08lx", p->index, (unsigned long)hr);
    return hr;
}

/* --- what belongs to an acquired frame */

static HRESULT list_failure(struct duplication *p, enum shim_call call, const char *name)
{
    EnterCriticalSection(&p->desktop->lock);
    const HRESULT hr = p->held ? desktop_failure(p->desktop, call) : DXGI_ERROR_INVALID_CALL;
    LeaveCriticalSection(&p->desktop->lock);
    if (FAILED(hr))
        desktop_log("%s %u -> 0x%08lx", name, p->index, (unsigned long)hr);
    return hr;
}

/* S_OK: there is room for so much. */
static HRESULT room(const char *name, UINT have_bytes, UINT need_bytes, UINT *required)
{
    *required = need_bytes;
    if (have_bytes >= need_bytes)
        return S_OK;
    desktop_log("%s %u of %u -> more data", name, have_bytes, need_bytes);
    return DXGI_ERROR_MORE_DATA;
}

static HRESULT WINAPI get_dirty(IDXGIOutputDuplication *self, UINT bytes, RECT *out, UINT *required)
{
    struct duplication *p = duplication_of(self);
    const uint32_t count = p->news.bare ? 0 : p->news.dirty_count;
    HRESULT hr = list_failure(p, SHIM_CALL_DIRTY, "dirty");
    if (SUCCEEDED(hr))
        hr = room("dirty", bytes, count * (UINT)sizeof(RECT), required);
    for (uint32_t i = 0; SUCCEEDED(hr) && i < count; i++) {
        const struct shim_rect *r = &p->news.dirty[i];
        out[i] = (RECT){ r->left, r->top, r->right, r->bottom };
    }
    return hr;
}

static HRESULT WINAPI get_moves(IDXGIOutputDuplication *self, UINT bytes,
                                DXGI_OUTDUPL_MOVE_RECT *out, UINT *required)
{
    struct duplication *p = duplication_of(self);
    const uint32_t count = p->news.bare ? 0 : p->news.move_count;
    HRESULT hr = list_failure(p, SHIM_CALL_MOVES, "moves");
    if (SUCCEEDED(hr))
        hr = room("moves", bytes, count * (UINT)sizeof(*out), required);
    for (uint32_t i = 0; SUCCEEDED(hr) && i < count; i++) {
        const struct shim_move *m = &p->news.moves[i];
        out[i] = (DXGI_OUTDUPL_MOVE_RECT){
            .SourcePoint = { m->from_x, m->from_y },
            .DestinationRect = { m->to.left, m->to.top, m->to.right, m->to.bottom },
        };
    }
    return hr;
}

static const UINT shape_types[] = {
    [CURSOR_COLOUR] = DXGI_OUTDUPL_POINTER_SHAPE_TYPE_COLOR,
    [CURSOR_MONOCHROME] = DXGI_OUTDUPL_POINTER_SHAPE_TYPE_MONOCHROME,
    [CURSOR_MASKED_COLOUR] = DXGI_OUTDUPL_POINTER_SHAPE_TYPE_MASKED_COLOR,
};

static HRESULT WINAPI get_shape(IDXGIOutputDuplication *self, UINT bytes, void *out, UINT *required,
                                DXGI_OUTDUPL_POINTER_SHAPE_INFO *info)
{
    struct duplication *p = duplication_of(self);
    const struct shim_pointer *pointer = &p->output->screen.pointer;
    HRESULT hr = list_failure(p, SHIM_CALL_SHAPE, "shape");
    if (SUCCEEDED(hr) && pointer->shape == CURSOR_NONE)
        hr = DXGI_ERROR_NOT_FOUND;
    if (SUCCEEDED(hr))
        hr = room("shape", bytes, shape_bytes(pointer), required);
    if (FAILED(hr))
        return hr;
    shim_pointer_bytes(pointer, out);
    *info = (DXGI_OUTDUPL_POINTER_SHAPE_INFO){
        .Type = shape_types[pointer->shape],
        .Width = pointer->width_px,
        .Height = shim_pointer_rows(pointer),
        .Pitch = shim_pointer_pitch_bytes(pointer),
        .HotSpot = { (LONG)pointer->hot_x_px, (LONG)pointer->hot_y_px },
    };
    return S_OK;
}

static HRESULT WINAPI map_surface(IDXGIOutputDuplication *self, DXGI_MAPPED_RECT *out)
{
    (void)self, (void)out;
    return DXGI_ERROR_UNSUPPORTED; /* it lies in the GPU's memory */
}

static HRESULT WINAPI unmap_surface(IDXGIOutputDuplication *self)
{
    (void)self;
    return DXGI_ERROR_INVALID_CALL;
}

static IDXGIOutputDuplicationVtbl vtable = {
    .QueryInterface = query_interface,
    .AddRef = add_ref,
    .Release = release,
    .SetPrivateData = set_private_data,
    .SetPrivateDataInterface = set_private_interface,
    .GetPrivateData = get_private_data,
    .GetParent = get_parent,
    .GetDesc = get_desc,
    .AcquireNextFrame = acquire,
    .GetFrameDirtyRects = get_dirty,
    .GetFrameMoveRects = get_moves,
    .GetFramePointerShape = get_shape,
    .MapDesktopSurface = map_surface,
    .UnMapDesktopSurface = unmap_surface,
    .ReleaseFrame = release_frame,
};

HRESULT duplication_create(struct desktop *d, uint32_t output, ID3D11Device *device,
                           enum frame_format format, IDXGIOutputDuplication **out)
{
    struct duplication *p = calloc(1, sizeof(*p));
    if (!p)
        return E_OUTOFMEMORY;
    EnterCriticalSection(&d->lock);
    *p = (struct duplication){ .base.lpVtbl = &vtable,
                               .refs = 1,
                               .desktop = d,
                               .index = output,
                               .output = &d->outputs[output],
                               .format = format,
                               .device = device,
                               .losses = d->losses,
                               .fresh = true };
    ID3D11Device_AddRef(device);
    ID3D11Device_GetImmediateContext(device, &p->context);
    desktop_use_device(d, device);
    HRESULT hr = d->removed == device ? DXGI_ERROR_DEVICE_REMOVED
                 : p->output->taken   ? E_INVALIDARG
                                      : make_texture(p);
    if (SUCCEEDED(hr) && d->live && !(p->live = live_create(&p->output->screen)))
        hr = E_FAIL;
    if (SUCCEEDED(hr))
        p->output->taken = p;
    LeaveCriticalSection(&d->lock);
    if (FAILED(hr))
        release(&p->base);
    else
        *out = &p->base;
    return hr;
}
