/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/capture/dxgi/target.h - the chosen output, opened: factory, device and duplication, and
 * what their failures mean. One thread.
 *
 * dxgi_target_open() looks at all adapters and outputs anew, since they may have changed. The
 * factory is kept as long as the system says that it is current, the device as long as it is alive
 * and on the chosen adapter: a lost duplication (mode change, desktop switch) costs a new
 * duplication. */
#ifndef ESPELHO_CAPTURE_DXGI_TARGET_H
#define ESPELHO_CAPTURE_DXGI_TARGET_H

#include "capture/capture.h"
#include "capture/dxgi/device.h"
#include "capture/dxgi/duplication.h"
#include "capture/dxgi/output_list.h"
#include "capture/dxgi/results.h"

struct dxgi_target {
    char *adapter, *output; /* the user's wishes */
    bool wide;              /* takes 10-bit and half-float pictures */
    IDXGIFactory1 *factory;
    struct dxgi_device device;
    struct duplication *duplication; /* NULL: closed */
    struct output_entry entry;       /* what was opened last */
    bool device_is_lost;
    struct dxgi_patience patience;
    struct dxgi_failure reported; /* the last reason in the log */
    uint64_t reported_ms;
};

/* 0; -ENOMEM: dxgi_target_fini() it all the same. */
int dxgi_target_init(struct dxgi_target *target, const char *adapter, const char *output,
                     bool wide);
void dxgi_target_fini(struct dxgi_target *target); /* zeroed is fine */

/* As capture_ops.start(). Afterwards `device` may be another one. */
enum capture_result dxgi_target_open(struct dxgi_target *target);
void dxgi_target_close(struct dxgi_target *target);

/* The verdict on a failed call; logs it if it is news. */
enum capture_result dxgi_target_judge(struct dxgi_target *target, struct dxgi_failure failure);

#endif
