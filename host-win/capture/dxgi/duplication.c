/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "dxgi"
#include "capture/dxgi/duplication.h"

#include <assert.h>
#include <stdlib.h>

#include "base/checked.h"
#include "base/clock.h"
#include "base/log.h"
#include "capture/dxgi/geometry.h"
#include "capture/dxgi/pointer.h"
#include "capture/rects.h"
#include "win/hresult.h"

#define MAX_RECT_BYTES (1u << 20) /* 65536 rectangles: nothing we would look at one by one */

/* The same bytes first hold what the driver wrote, then what we made of it. */
union dirty_cell {
    RECT theirs;
    struct frame_rect ours;
};
union move_cell {
    DXGI_OUTDUPL_MOVE_RECT theirs;
    struct rects_move ours;
};
static_assert(sizeof(union dirty_cell) == sizeof(RECT) &&
                  sizeof(union dirty_cell) == sizeof(struct frame_rect),
              "dirty rectangles are converted in place");
static_assert(sizeof(union move_cell) == sizeof(DXGI_OUTDUPL_MOVE_RECT) &&
                  sizeof(union move_cell) == sizeof(struct rects_move),
              "moves are converted in place");

struct buffer {
    uint8_t *mem;
    uint32_t bytes;
};

struct duplication {
    IDXGIOutputDuplication *dxgi;
    enum frame_rotation rotation;
    bool holds_frame;
    bool any_image;         /* since it was made */
    ID3D11Texture2D *image; /* of the held frame */
    struct buffer moves, dirty, shape;
    struct cursor_shape cursor; /* borrows `shape` */
    bool pointer_is_visible;    /* as was last told */
};

static bool buffer_grow(struct buffer *b, uint32_t bytes, uint32_t limit_bytes)
{
    if (bytes <= b->bytes)
        return true;
    if (bytes > limit_bytes)
        return false;
    uint8_t *mem = realloc(b->mem, bytes);
    if (!mem)
        return false;
    *b = (struct buffer){ mem, bytes };
    return true;
}

static HRESULT duplicate_wide(IDXGIOutput *output, ID3D11Device *d3d, bool wide, bool hdr,
                              IDXGIOutputDuplication **out)
{
    /* In the order of preference. A desktop in one of these formats comes as it is. */
    static const DXGI_FORMAT hdr_first[] = { DXGI_FORMAT_R16G16B16A16_FLOAT,
                                             DXGI_FORMAT_R10G10B10A2_UNORM,
                                             DXGI_FORMAT_B8G8R8A8_UNORM,
                                             DXGI_FORMAT_R8G8B8A8_UNORM };
    static const DXGI_FORMAT sdr_first[] = { DXGI_FORMAT_B8G8R8A8_UNORM, DXGI_FORMAT_R8G8B8A8_UNORM,
                                             DXGI_FORMAT_R10G10B10A2_UNORM,
                                             DXGI_FORMAT_R16G16B16A16_FLOAT };
    IDXGIOutput5 *output5 = NULL;
    HRESULT hr = IDXGIOutput_QueryInterface(output, &IID_IDXGIOutput5, (void **)&output5);
    if (FAILED(hr))
        return hr;
    hr = IDXGIOutput5_DuplicateOutput1(output5, (IUnknown *)d3d, 0, wide ? 4 : 2,
                                       wide && hdr ? hdr_first : sdr_first, out);
    com_release(&output5);
    return hr;
}

static HRESULT duplicate_plain(IDXGIOutput *output, ID3D11Device *d3d, IDXGIOutputDuplication **out)
{
    IDXGIOutput1 *output1 = NULL;
    HRESULT hr = IDXGIOutput_QueryInterface(output, &IID_IDXGIOutput1, (void **)&output1);
    if (FAILED(hr))
        return hr;
    hr = IDXGIOutput1_DuplicateOutput(output1, (IUnknown *)d3d, out);
    com_release(&output1);
    return hr;
}

/* Old systems lack the new call, and some refuse it (a process that is not aware of DPI). */
static HRESULT duplicate(IDXGIOutput *output, ID3D11Device *d3d, bool wide, bool hdr,
                         IDXGIOutputDuplication **out)
{
    const HRESULT hr = duplicate_wide(output, d3d, wide, hdr, out);
    if (SUCCEEDED(hr) || dxgi_result_of(DXGI_CALL_DUPLICATE, hr) != CAPTURE_UNSUPPORTED)
        return hr;
    const HRESULT plain = duplicate_plain(output, d3d, out);
    if (SUCCEEDED(plain))
        log_debug("DuplicateOutput1: %s; DuplicateOutput works", hresult_text(hr).text);
    return plain;
}

HRESULT duplication_create(const struct dxgi_device *device, IDXGIOutput *output, bool wide,
                           bool hdr, struct duplication **out)
{
    struct duplication *d = calloc(1, sizeof(*d));
    if (!d)
        return E_OUTOFMEMORY;
    const HRESULT hr = duplicate(output, device->d3d, wide, hdr, &d->dxgi);
    if (FAILED(hr)) {
        duplication_destroy(d);
        return hr;
    }
    DXGI_OUTDUPL_DESC desc = { 0 };
    IDXGIOutputDuplication_GetDesc(d->dxgi, &desc);
    d->rotation = geometry_rotation((uint32_t)desc.Rotation);
    *out = d;
    return S_OK;
}

void duplication_destroy(struct duplication *duplication)
{
    if (!duplication)
        return;
    com_release(&duplication->image);
    if (duplication->holds_frame)
        IDXGIOutputDuplication_ReleaseFrame(duplication->dxgi);
    com_release(&duplication->dxgi);
    free(duplication->moves.mem);
    free(duplication->dirty.mem);
    free(duplication->shape.mem);
    free(duplication);
}

enum frame_rotation duplication_rotation(const struct duplication *duplication)
{
    return duplication->rotation;
}

static enum capture_result fail(struct dxgi_failure *why, enum dxgi_call call, HRESULT hr)
{
    *why = (struct dxgi_failure){ call, hr };
    return dxgi_result_of(call, hr);
}

static enum capture_result release_frame(struct duplication *d, struct dxgi_failure *why)
{
    if (!d->holds_frame)
        return CAPTURE_OK;
    com_release(&d->image);
    d->holds_frame = false;
    const HRESULT hr = IDXGIOutputDuplication_ReleaseFrame(d->dxgi);
    return fail(why, DXGI_CALL_RELEASE, hr);
}

typedef HRESULT (*fill_fn)(struct duplication *d, struct buffer *b, UINT *used_bytes);

static HRESULT fill_moves(struct duplication *d, struct buffer *b, UINT *used_bytes)
{
    return IDXGIOutputDuplication_GetFrameMoveRects(d->dxgi, b->bytes, (void *)b->mem, used_bytes);
}

static HRESULT fill_dirty(struct duplication *d, struct buffer *b, UINT *used_bytes)
{
    return IDXGIOutputDuplication_GetFrameDirtyRects(d->dxgi, b->bytes, (void *)b->mem, used_bytes);
}

/* Asks with the buffer that is there, and once more with as much as the driver wants. *used never
 * exceeds the buffer. */
static HRESULT fill_buffer(struct duplication *d, struct buffer *b, fill_fn fill, uint32_t *used)
{
    UINT want_bytes = 0;
    HRESULT hr = fill(d, b, &want_bytes);
    if (hr == DXGI_ERROR_MORE_DATA && buffer_grow(b, want_bytes, MAX_RECT_BYTES))
        hr = fill(d, b, &want_bytes);
    *used = SUCCEEDED(hr) ? min_u32(want_bytes, b->bytes) : 0;
    return hr;
}

static uint32_t convert_moves(struct buffer *b, uint32_t used_bytes)
{
    union move_cell *cells = (void *)b->mem;
    const uint32_t count = used_bytes / (uint32_t)sizeof(*cells);
    for (uint32_t i = 0; i < count; i++) {
        const DXGI_OUTDUPL_MOVE_RECT m = cells[i].theirs;
        const RECT *r = &m.DestinationRect;
        cells[i].ours = (struct rects_move){ m.SourcePoint.x, m.SourcePoint.y,
                                             geometry_rect(r->left, r->top, r->right, r->bottom) };
    }
    return count;
}

static uint32_t convert_dirty(struct buffer *b, uint32_t used_bytes)
{
    union dirty_cell *cells = (void *)b->mem;
    const uint32_t count = used_bytes / (uint32_t)sizeof(*cells);
    for (uint32_t i = 0; i < count; i++) {
        const RECT r = cells[i].theirs;
        cells[i].ours = geometry_rect(r.left, r.top, r.right, r.bottom);
    }
    return count;
}

static enum capture_result read_damage(struct duplication *d, const DXGI_OUTDUPL_FRAME_INFO *info,
                                       struct duplication_news *out, struct dxgi_failure *why)
{
    uint32_t move_bytes = 0, dirty_bytes = 0;
    damage_set_full(&out->damage);
    if (info->TotalMetadataBufferSize == 0)
        return CAPTURE_OK; /* a picture without a word about what changed */
    /* Either list fits into the sum of both, so mostly nobody has to ask twice. */
    const uint32_t guess_bytes = min_u32(info->TotalMetadataBufferSize, MAX_RECT_BYTES);
    if (!buffer_grow(&d->moves, guess_bytes, MAX_RECT_BYTES) ||
        !buffer_grow(&d->dirty, guess_bytes, MAX_RECT_BYTES))
        return CAPTURE_OK;
    HRESULT hr = fill_buffer(d, &d->moves, fill_moves, &move_bytes);
    if (SUCCEEDED(hr))
        hr = fill_buffer(d, &d->dirty, fill_dirty, &dirty_bytes);
    if (FAILED(hr))
        return fail(why, DXGI_CALL_RECTS, hr);
    const uint32_t moves = convert_moves(&d->moves, move_bytes);
    const uint32_t dirty = convert_dirty(&d->dirty, dirty_bytes);
    if (moves + dirty > 0)
        rects_collect((const void *)d->dirty.mem, dirty, (const void *)d->moves.mem, moves,
                      out->desc.Width, out->desc.Height, &out->damage);
    return CAPTURE_OK;
}

static HRESULT read_shape_bytes(struct duplication *d, uint32_t bytes,
                                DXGI_OUTDUPL_POINTER_SHAPE_INFO *info, UINT *used_bytes)
{
    if (!buffer_grow(&d->shape, bytes, CURSOR_MAX_BYTES))
        return E_OUTOFMEMORY;
    HRESULT hr = IDXGIOutputDuplication_GetFramePointerShape(d->dxgi, d->shape.bytes, d->shape.mem,
                                                             used_bytes, info);
    if (hr == DXGI_ERROR_MORE_DATA && buffer_grow(&d->shape, *used_bytes, CURSOR_MAX_BYTES))
        hr = IDXGIOutputDuplication_GetFramePointerShape(d->dxgi, d->shape.bytes, d->shape.mem,
                                                         used_bytes, info);
    return hr;
}

static enum capture_result read_shape(struct duplication *d, uint32_t bytes,
                                      struct capture_pointer *out, struct dxgi_failure *why)
{
    DXGI_OUTDUPL_POINTER_SHAPE_INFO info = { 0 };
    UINT used_bytes = 0;
    const HRESULT hr = read_shape_bytes(d, bytes, &info, &used_bytes);
    if (FAILED(hr)) {
        log_every(1000, LOG_LEVEL_WARN, "pointer shape of %u bytes: %s", (unsigned)bytes,
                  hresult_text(hr).text);
        return fail(why, DXGI_CALL_POINTER_SHAPE, hr);
    }
    const struct pointer_info p = { info.Type,  info.Width,     info.Height,
                                    info.Pitch, info.HotSpot.x, info.HotSpot.y };
    const char *fault =
        pointer_shape_of(&p, d->shape.mem, min_u32(used_bytes, d->shape.bytes), &d->cursor);
    if (fault) {
        log_every(1000, LOG_LEVEL_WARN, "%s: type %u, %ux%u", fault, (unsigned)info.Type,
                  (unsigned)info.Width, (unsigned)info.Height);
        return CAPTURE_OK;
    }
    out->has_shape = true;
    out->shape = &d->cursor;
    return CAPTURE_OK;
}

/* Place and visibility are told with the time of a mouse update, the place only of a visible
 * pointer. */
static enum capture_result read_pointer(struct duplication *d, const DXGI_OUTDUPL_FRAME_INFO *info,
                                        struct duplication_news *out, struct dxgi_failure *why)
{
    if (info->LastMouseUpdateTime.QuadPart == 0 && info->PointerShapeBufferSize == 0)
        return CAPTURE_OK;
    const bool moved = info->LastMouseUpdateTime.QuadPart != 0;
    if (moved)
        d->pointer_is_visible = info->PointerPosition.Visible;
    out->has_pointer = true;
    out->pointer = (struct capture_pointer){
        .has_position = moved && d->pointer_is_visible,
        .x_px = info->PointerPosition.Position.x,
        .y_px = info->PointerPosition.Position.y,
        .visible = d->pointer_is_visible,
    };
    if (info->PointerShapeBufferSize == 0)
        return CAPTURE_OK;
    return read_shape(d, info->PointerShapeBufferSize, &out->pointer, why);
}

static enum capture_result read_image(struct duplication *d, const DXGI_OUTDUPL_FRAME_INFO *info,
                                      IDXGIResource *resource, struct duplication_news *out,
                                      struct dxgi_failure *why)
{
    const bool news = info->LastPresentTime.QuadPart != 0 || info->AccumulatedFrames != 0;
    if (!resource || (!news && d->any_image)) /* the first image is news, whatever is said of it */
        return CAPTURE_OK;
    const HRESULT hr =
        IDXGIResource_QueryInterface(resource, &IID_ID3D11Texture2D, (void **)&d->image);
    if (FAILED(hr))
        return fail(why, DXGI_CALL_ACQUIRE, hr);
    ID3D11Texture2D_GetDesc(d->image, &out->desc);
    d->any_image = true;
    out->image = d->image;
    out->masked = info->ProtectedContentMaskedOut;
    out->present_ns = info->LastPresentTime.QuadPart > 0
                          ? clock_ns_of_counter(info->LastPresentTime.QuadPart)
                          : 0;
    return read_damage(d, info, out, why);
}

enum capture_result duplication_acquire(struct duplication *duplication, uint32_t timeout_ms,
                                        struct duplication_news *out, struct dxgi_failure *why)
{
    struct duplication *d = duplication;
    DXGI_OUTDUPL_FRAME_INFO info = { 0 };
    IDXGIResource *resource = NULL;
    enum capture_result result = release_frame(d, why);
    if (result != CAPTURE_OK)
        return result;
    const HRESULT hr =
        IDXGIOutputDuplication_AcquireNextFrame(d->dxgi, timeout_ms, &info, &resource);
    if (FAILED(hr))
        return fail(why, DXGI_CALL_ACQUIRE, hr);
    d->holds_frame = true;
    out->image = NULL;
    out->has_pointer = false;
    out->masked = false;
    result = read_image(d, &info, resource, out, why);
    if (result == CAPTURE_OK)
        result = read_pointer(d, &info, out, why);
    com_release(&resource);
    return result;
}
