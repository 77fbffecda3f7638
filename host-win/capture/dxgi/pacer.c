/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/dxgi/pacer.h"

#include "base/clock.h"

void pacer_init(struct pacer *pacer, uint32_t max_fps)
{
    *pacer = (struct pacer){ .interval_ns = max_fps ? NS_PER_S / max_fps : 0 };
}

uint64_t pacer_wait_ns(const struct pacer *pacer, uint64_t now_ns)
{
    return pacer->interval_ns == 0 || now_ns >= pacer->due_ns ? 0 : pacer->due_ns - now_ns;
}

void pacer_done(struct pacer *pacer, uint64_t now_ns)
{
    if (now_ns - pacer->due_ns >= pacer->interval_ns)
        pacer->due_ns = now_ns;
    pacer->due_ns += pacer->interval_ns;
}
