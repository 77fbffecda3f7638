/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/dxgi/results.h"

#include "win/hresult.h"

struct row {
    int32_t hr;
    enum capture_result result;
};

/* A driver that was reset, updated or unplugged says one of these to whatever is asked next. */
#define DEVICE_LOST                                                                                \
    { HR_DXGI_ERROR_DEVICE_REMOVED, CAPTURE_DEVICE_REMOVED },                                      \
        { HR_DXGI_ERROR_DEVICE_RESET, CAPTURE_DEVICE_REMOVED },                                    \
        { HR_DXGI_ERROR_DEVICE_HUNG, CAPTURE_DEVICE_REMOVED },                                     \
    {                                                                                              \
        HR_DXGI_ERROR_DRIVER_INTERNAL_ERROR, CAPTURE_DEVICE_REMOVED                                \
    }
/* The desktop is another one than before, or is not for us now: lock screen, UAC, log-off. */
#define DESKTOP_LOST                                                                               \
    { HR_DXGI_ERROR_ACCESS_LOST, CAPTURE_REBUILD }, { HR_E_ACCESSDENIED, CAPTURE_REBUILD },        \
        { HR_DXGI_ERROR_ACCESS_DENIED, CAPTURE_REBUILD },                                          \
        { HR_DXGI_ERROR_SESSION_DISCONNECTED, CAPTURE_REBUILD },                                   \
        { HR_DXGI_ERROR_REMOTE_CLIENT_DISCONNECTED, CAPTURE_REBUILD },                             \
    {                                                                                              \
        HR_DXGI_ERROR_MODE_CHANGE_IN_PROGRESS, CAPTURE_REBUILD                                     \
    }

static const struct row create_factory[] = {
    DEVICE_LOST,
    DESKTOP_LOST,
    { HR_DXGI_ERROR_NOT_CURRENTLY_AVAILABLE, CAPTURE_UNSUPPORTED },
    { HR_DXGI_ERROR_UNSUPPORTED, CAPTURE_UNSUPPORTED },
    { HR_DXGI_ERROR_NOT_FOUND, CAPTURE_UNSUPPORTED },
    { HR_E_NOTIMPL, CAPTURE_UNSUPPORTED },
    { HR_E_NOINTERFACE, CAPTURE_UNSUPPORTED },
    { HR_E_FAIL, CAPTURE_UNSUPPORTED },
    { HR_E_OUTOFMEMORY, CAPTURE_REBUILD },
};
static const struct row enumerate[] = {
    DEVICE_LOST,
    DESKTOP_LOST,
    { HR_DXGI_ERROR_NOT_CURRENT, CAPTURE_REBUILD },
    { HR_DXGI_ERROR_NOT_FOUND, CAPTURE_REBUILD }, /* it went away while we looked */
    { HR_DXGI_ERROR_NOT_CURRENTLY_AVAILABLE, CAPTURE_UNSUPPORTED },
    { HR_E_NOINTERFACE, CAPTURE_UNSUPPORTED },
    { HR_E_NOTIMPL, CAPTURE_UNSUPPORTED },
    { HR_E_OUTOFMEMORY, CAPTURE_REBUILD },
};
static const struct row create_device[] = {
    DEVICE_LOST,
    DESKTOP_LOST,
    { HR_DXGI_ERROR_UNSUPPORTED, CAPTURE_UNSUPPORTED }, /* no feature level of ours */
    { HR_DXGI_ERROR_SDK_COMPONENT_MISSING, CAPTURE_UNSUPPORTED },
    { HR_DXGI_ERROR_NOT_CURRENTLY_AVAILABLE, CAPTURE_UNSUPPORTED },
    { HR_E_INVALIDARG, CAPTURE_UNSUPPORTED },
    { HR_E_FAIL, CAPTURE_UNSUPPORTED },
    { HR_E_NOTIMPL, CAPTURE_UNSUPPORTED },
    { HR_E_NOINTERFACE, CAPTURE_UNSUPPORTED },
    { HR_E_OUTOFMEMORY, CAPTURE_REBUILD },
};
static const struct row create_resource[] = {
    DEVICE_LOST,
    { HR_E_OUTOFMEMORY, CAPTURE_REBUILD },
    { HR_DXGI_ERROR_REMOTE_OUTOFMEMORY, CAPTURE_REBUILD },
    { HR_E_INVALIDARG, CAPTURE_UNSUPPORTED }, /* a format or size that this device has not */
    { HR_DXGI_ERROR_UNSUPPORTED, CAPTURE_UNSUPPORTED },
    { HR_E_NOTIMPL, CAPTURE_UNSUPPORTED },
    { HR_E_FAIL, CAPTURE_UNSUPPORTED }, /* the shader compiler's word for any error */
    { HR_DXGI_ERROR_SDK_COMPONENT_MISSING, CAPTURE_UNSUPPORTED }, /* there is no compiler */
};
static const struct row duplicate[] = {
    DEVICE_LOST,
    DESKTOP_LOST,
    { HR_DXGI_ERROR_NOT_CURRENTLY_AVAILABLE, CAPTURE_UNSUPPORTED }, /* four others duplicate */
    { HR_DXGI_ERROR_UNSUPPORTED, CAPTURE_UNSUPPORTED },
    { HR_E_INVALIDARG, CAPTURE_UNSUPPORTED },
    { HR_E_NOTIMPL, CAPTURE_UNSUPPORTED },
    { HR_E_NOINTERFACE, CAPTURE_UNSUPPORTED },
    { HR_DXGI_ERROR_INVALID_CALL, CAPTURE_REBUILD },
    { HR_DXGI_ERROR_NOT_FOUND, CAPTURE_REBUILD }, /* the output was unplugged meanwhile */
    { HR_E_OUTOFMEMORY, CAPTURE_REBUILD },
    { HR_E_FAIL, CAPTURE_REBUILD },
    { HR_E_UNEXPECTED, CAPTURE_REBUILD },
};
static const struct row acquire[] = {
    DEVICE_LOST,
    DESKTOP_LOST,
    { HR_DXGI_ERROR_WAIT_TIMEOUT, CAPTURE_TIMEOUT },
    { HR_DXGI_ERROR_INVALID_CALL, CAPTURE_REBUILD }, /* after a mode change, on some drivers */
    { HR_E_INVALIDARG, CAPTURE_REBUILD },
    { HR_E_OUTOFMEMORY, CAPTURE_REBUILD },
    { HR_E_FAIL, CAPTURE_REBUILD },
    { HR_E_UNEXPECTED, CAPTURE_REBUILD },
};
static const struct row release[] = {
    DEVICE_LOST,
    DESKTOP_LOST,
    { HR_DXGI_ERROR_INVALID_CALL, CAPTURE_OK }, /* nothing was held: what we wanted */
    { HR_E_FAIL, CAPTURE_REBUILD },
    { HR_E_UNEXPECTED, CAPTURE_REBUILD },
};
/* Rectangles that cannot be had mean full damage, a shape that cannot be had is left out: only a
 * lost duplication or device ends the capture. */
static const struct row rects[] = {
    DEVICE_LOST,
    DESKTOP_LOST,
    { HR_DXGI_ERROR_INVALID_CALL, CAPTURE_REBUILD },
    { HR_DXGI_ERROR_MORE_DATA, CAPTURE_OK },
    { HR_E_INVALIDARG, CAPTURE_OK },
    { HR_E_OUTOFMEMORY, CAPTURE_OK },
    { HR_E_FAIL, CAPTURE_OK },
    { HR_E_NOTIMPL, CAPTURE_OK },
    { HR_E_UNEXPECTED, CAPTURE_OK },
};
static const struct row query[] = {
    DEVICE_LOST,
    { HR_S_FALSE, CAPTURE_TIMEOUT }, /* the GPU is not there yet */
    { HR_DXGI_ERROR_INVALID_CALL, CAPTURE_REBUILD },
};
static const struct row map[] = {
    DEVICE_LOST,
    { HR_DXGI_ERROR_WAS_STILL_DRAWING, CAPTURE_TIMEOUT },
    { HR_E_OUTOFMEMORY, CAPTURE_REBUILD },
    { HR_E_INVALIDARG, CAPTURE_REBUILD },
};

static const struct {
    const char *name;
    const struct row *rows;
    size_t count;
} tables[DXGI_CALL_COUNT] = {
    [DXGI_CALL_NONE] = { "", NULL, 0 },
#define TABLE(call, name, rows) [call] = { name, rows, ARRAY_LEN(rows) }
    TABLE(DXGI_CALL_CREATE_FACTORY, "CreateDXGIFactory1", create_factory),
    TABLE(DXGI_CALL_ENUM, "listing outputs", enumerate),
    TABLE(DXGI_CALL_CREATE_DEVICE, "D3D11CreateDevice", create_device),
    TABLE(DXGI_CALL_CREATE_RESOURCE, "creating textures and shaders", create_resource),
    TABLE(DXGI_CALL_DUPLICATE, "DuplicateOutput", duplicate),
    TABLE(DXGI_CALL_ACQUIRE, "AcquireNextFrame", acquire),
    TABLE(DXGI_CALL_RELEASE, "ReleaseFrame", release),
    TABLE(DXGI_CALL_RECTS, "GetFrameDirtyRects or GetFrameMoveRects", rects),
    TABLE(DXGI_CALL_POINTER_SHAPE, "GetFramePointerShape", rects),
    TABLE(DXGI_CALL_QUERY, "GetData", query),
    TABLE(DXGI_CALL_MAP, "Map", map),
#undef TABLE
};

const char *dxgi_call_name(enum dxgi_call call)
{
    return tables[call].name;
}

enum capture_result dxgi_result_of(enum dxgi_call call, int32_t hr)
{
    for (size_t i = 0; i < tables[call].count; i++) {
        if (tables[call].rows[i].hr == hr)
            return tables[call].rows[i].result;
    }
    return hr >= 0 ? CAPTURE_OK : CAPTURE_FATAL;
}

enum capture_result dxgi_patience_fail(struct dxgi_patience *patience, uint64_t now_ms)
{
    if (patience->since_ms == 0)
        patience->since_ms = now_ms;
    return now_ms - patience->since_ms < DXGI_PATIENCE_MS ? CAPTURE_REBUILD : CAPTURE_UNSUPPORTED;
}

void dxgi_patience_reset(struct dxgi_patience *patience)
{
    patience->since_ms = 0;
}

bool dxgi_may_pass(enum dxgi_call call, int32_t hr)
{
    return hr == HR_DXGI_ERROR_NOT_CURRENTLY_AVAILABLE &&
           dxgi_result_of(call, hr) == CAPTURE_UNSUPPORTED;
}
