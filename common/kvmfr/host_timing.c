/* SPDX-License-Identifier: GPL-2.0-or-later
 * The timing block in the header gap: docs/extensions.md section 3. */
#include "base/clock.h"
#include "kvmfr/host_private.h"
#include "lgmp/fence.h"

static struct kvmfr_wire_timing *block_of(const struct kvmfr_host *host, uint32_t buffer)
{
    uint8_t *payload = host->frame.buffers[buffer].payload.mem;
    return (struct kvmfr_wire_timing *)(void *)(payload + KVMFR_TIMING_OFFSET);
}

void kvmfr_host_timing_begin(struct kvmfr_host *host, uint32_t buffer, uint32_t serial,
                             uint64_t capture_ns)
{
    if (!host->board)
        return;
    struct kvmfr_wire_timing *w = block_of(host, buffer);
    const uint64_t now_ns = clock_ns();
    atomic_store_explicit(&w->complete_ns, 0, memory_order_relaxed);
    /* another clock than ours, or one that was set meanwhile, tells nothing */
    atomic_store_explicit(&w->capture_ns, capture_ns <= now_ns ? capture_ns : 0,
                          memory_order_relaxed);
    atomic_store_explicit(&w->post_ns, now_ns, memory_order_relaxed);
    fence_writes();
    /* release: pairs with the acquire in kvmfr_timing_read() */
    atomic_store_explicit(&w->serial, serial, memory_order_release);
}

void kvmfr_host_timing_complete(struct kvmfr_host *host, uint32_t buffer)
{
    if (host->board) /* the raise fences */
        atomic_store_explicit(&block_of(host, buffer)->complete_ns, clock_ns(),
                              memory_order_relaxed);
}
