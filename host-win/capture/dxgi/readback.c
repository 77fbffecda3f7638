/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/dxgi/readback.h"

#include "base/clock.h"
#include "capture/dxgi/results.h"
#include "win/hresult.h"

/* A copy takes some hundred microseconds: short sleeps at first, then ones that cost nothing. */
static uint64_t pause_ns(uint64_t waited_ns)
{
    if (waited_ns < 4 * NS_PER_MS)
        return 200 * NS_PER_US;
    return waited_ns < 50 * NS_PER_MS ? NS_PER_MS : 5 * NS_PER_MS;
}

/* A driver may answer with a code of its own once the device is gone: the device knows. */
static enum capture_result judge(const struct readback_gpu_ops *ops, void *gpu, enum dxgi_call call,
                                 int32_t hr, struct readback_failure *why)
{
    const enum capture_result result = dxgi_result_of(call, hr);
    if (result == CAPTURE_OK || result == CAPTURE_TIMEOUT)
        return result;
    *why = (struct readback_failure){ dxgi_call_name(call), hr };
    return ops->removed_reason(gpu) < 0 ? CAPTURE_DEVICE_REMOVED : result;
}

struct attempt {
    enum dxgi_call call;
    int32_t hr;
};

static struct attempt try_once(const struct readback_gpu_ops *ops, void *gpu, uint32_t slot,
                               struct readback_rows *out)
{
    const int32_t done = ops->is_done(gpu, slot);
    if (done != HR_S_OK)
        return (struct attempt){ DXGI_CALL_QUERY, done };
    return (struct attempt){ DXGI_CALL_MAP, ops->map(gpu, slot, out) };
}

enum capture_result readback_map(const struct readback_gpu_ops *ops, void *gpu, uint32_t slot,
                                 struct readback_rows *out, struct readback_failure *why)
{
    const uint64_t begin_ns = ops->now_ns(gpu);
    for (;;) {
        struct readback_rows rows = { 0 };
        const struct attempt a = try_once(ops, gpu, slot, &rows);
        const enum capture_result result = judge(ops, gpu, a.call, a.hr, why);
        if (result == CAPTURE_OK)
            *out = rows;
        if (result != CAPTURE_TIMEOUT)
            return result;
        const uint64_t waited_ns = ops->now_ns(gpu) - begin_ns;
        if (waited_ns >= READBACK_LIMIT_MS * NS_PER_MS) {
            *why = (struct readback_failure){ dxgi_call_name(a.call), a.hr };
            return ops->removed_reason(gpu) < 0 ? CAPTURE_DEVICE_REMOVED : CAPTURE_REBUILD;
        }
        ops->sleep_ns(gpu, pause_ns(waited_ns));
    }
}
