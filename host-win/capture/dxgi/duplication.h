/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/capture/dxgi/duplication.h - one IDXGIOutputDuplication: news of the desktop's picture
 * and of its pointer, in our terms. One thread. Buffers grow with what the driver reports, up to
 * limits; in the steady state nothing is allocated. */
#ifndef ESPELHO_CAPTURE_DXGI_DUPLICATION_H
#define ESPELHO_CAPTURE_DXGI_DUPLICATION_H

#include "capture/capture.h"
#include "capture/dxgi/com.h"
#include "capture/dxgi/device.h"
#include "capture/dxgi/results.h"

struct dxgi_failure {
    enum dxgi_call call;
    int32_t hr;
};

struct duplication;
/* `wide`: takes 10-bit and half-float pictures, too; `hdr`: prefers them. DuplicateOutput1 where
 * the system has it, else DuplicateOutput (BGRA8 only). */
HRESULT duplication_create(const struct dxgi_device *device, IDXGIOutput *output, bool wide,
                           bool hdr, struct duplication **out);
void duplication_destroy(struct duplication *duplication); /* NULL is fine */

enum frame_rotation duplication_rotation(const struct duplication *duplication);

struct duplication_news {
    ID3D11Texture2D *image;    /* the whole desktop; borrowed until the next call; NULL: no news */
    D3D11_TEXTURE2D_DESC desc; /* of the image */
    struct damage damage;      /* since the image before; full if the driver does not say */
    uint64_t present_ns;       /* when the system got it, as clock_ns(); 0: it does not say */
    bool masked;               /* protected content is black in it */
    struct capture_pointer pointer;
    bool has_pointer;
};
/* Gives the last frame back, then waits up to `timeout_ms`. OK: *out may still be no news at all.
 * With any other result *why says which call decided. The last frame is given back only here, just
 * before the next one is asked for: while a frame is held the system collects changes instead of
 * copying them one by one. */
enum capture_result duplication_acquire(struct duplication *duplication, uint32_t timeout_ms,
                                        struct duplication_news *out, struct dxgi_failure *why);

#endif
