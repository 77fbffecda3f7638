/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/capture/dxgi/results.h - what each result code of each call means for a capture: one
 * table per call, as data. Portable, no state, any thread. */
#ifndef ESPELHO_CAPTURE_DXGI_RESULTS_H
#define ESPELHO_CAPTURE_DXGI_RESULTS_H

#include <stdint.h>

#include "capture/capture.h"

enum dxgi_call {
    DXGI_CALL_NONE,
    DXGI_CALL_CREATE_FACTORY,  /* CreateDXGIFactory1 */
    DXGI_CALL_ENUM,            /* EnumAdapters1, EnumOutputs, QueryInterface(IDXGIOutput1) */
    DXGI_CALL_CREATE_DEVICE,   /* D3D11CreateDevice */
    DXGI_CALL_CREATE_RESOURCE, /* textures, queries, shaders, views */
    DXGI_CALL_DUPLICATE,       /* DuplicateOutput1, DuplicateOutput */
    DXGI_CALL_ACQUIRE,         /* AcquireNextFrame */
    DXGI_CALL_RELEASE,         /* ReleaseFrame */
    DXGI_CALL_RECTS,           /* GetFrameDirtyRects, GetFrameMoveRects */
    DXGI_CALL_POINTER_SHAPE,   /* GetFramePointerShape */
    DXGI_CALL_QUERY,           /* GetData of an event query */
    DXGI_CALL_MAP,             /* Map(DO_NOT_WAIT) of a staging texture */
    DXGI_CALL_COUNT,
};

/* For the log. */
const char *dxgi_call_name(enum dxgi_call call);
/* Success that no table lists is OK, a failure that no table lists is FATAL. TIMEOUT: try the same
 * call again later. */
enum capture_result dxgi_result_of(enum dxgi_call call, int32_t hr);

/* DXGI_ERROR_NOT_CURRENTLY_AVAILABLE and its like may pass (another program has the duplication,
 * the output is being switched on), or never: after so long a row of them it is UNSUPPORTED. */
#define DXGI_PATIENCE_MS 2000u
struct dxgi_patience {
    uint64_t since_ms; /* of the first failure in a row; 0: none */
};
/* The verdict on a failed start at `now_ms` (> 0): REBUILD at first, then UNSUPPORTED. */
enum capture_result dxgi_patience_fail(struct dxgi_patience *patience, uint64_t now_ms);
void dxgi_patience_reset(struct dxgi_patience *patience);
/* Whether this result is one to be patient with. */
bool dxgi_may_pass(enum dxgi_call call, int32_t hr);

#endif
