/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/capture/dxgi/readback.h - waiting for the GPU to finish a copy and mapping it, without
 * ever blocking inside a driver: ask, sleep shortly, ask again.
 *
 * The few calls it needs come as a table, since what they may answer (still drawing, device
 * removed) is not to be had from every driver on demand. Portable; the copy thread only. */
#ifndef ESPELHO_CAPTURE_DXGI_READBACK_H
#define ESPELHO_CAPTURE_DXGI_READBACK_H

#include <stdint.h>

#include "capture/capture.h"

/* A GPU that has not finished a copy after so long hangs; Windows itself resets it after 2 s. */
#define READBACK_LIMIT_MS 1500u

struct readback_rows {
    const uint8_t *pixels;
    uint32_t pitch_bytes;
};
struct readback_gpu_ops {
    int32_t (*is_done)(void *gpu, uint32_t slot); /* GetData(DONOTFLUSH): S_OK, S_FALSE, failure */
    int32_t (*map)(void *gpu, uint32_t slot, struct readback_rows *out); /* Map(DO_NOT_WAIT) */
    int32_t (*removed_reason)(void *gpu); /* GetDeviceRemovedReason */
    uint64_t (*now_ns)(void *gpu);
    void (*sleep_ns)(void *gpu, uint64_t duration_ns);
};

/* OK: *out is mapped. REBUILD: the GPU did not finish within READBACK_LIMIT_MS, or the texture
 * cannot be mapped. DEVICE_REMOVED, FATAL. Nothing is mapped then. *why: the call that decided. */
struct readback_failure {
    const char *call;
    int32_t hr; /* S_FALSE and WAS_STILL_DRAWING: too late */
};
enum capture_result readback_map(const struct readback_gpu_ops *ops, void *gpu, uint32_t slot,
                                 struct readback_rows *out, struct readback_failure *why);

#endif
