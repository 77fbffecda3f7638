/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kvmfr/board.h"

#include <errno.h>

#include "base/checked.h"
#include "base/text.h"

#define BELIEVED_NS UINT64_C(10000000000) /* between two times of one frame */

struct kvmfr_wire_board *kvmfr_board_at(void *region, size_t region_len_bytes,
                                        uint32_t offset_bytes, uint32_t board_bytes)
{
    if (offset_bytes == 0 || offset_bytes % 64 != 0 ||
        board_bytes < sizeof(struct kvmfr_wire_board) ||
        !range_inside(offset_bytes, board_bytes, region_len_bytes))
        return NULL;
    return (struct kvmfr_wire_board *)(void *)((uint8_t *)region + offset_bytes);
}

static bool in_order(uint64_t first_ns, uint64_t then_ns)
{
    return then_ns >= first_ns && then_ns - first_ns <= BELIEVED_NS;
}

static bool plausible(const struct kvmfr_timing *t)
{
    return t->post_ns != 0 && (t->capture_ns == 0 || in_order(t->capture_ns, t->post_ns)) &&
           (t->complete_ns == 0 || in_order(t->post_ns, t->complete_ns));
}

bool kvmfr_timing_read(const void *region, const struct frame_view *view, uint32_t timing_offset,
                       struct kvmfr_timing *out)
{
    const uint32_t gap_end = view->pixels_offset_bytes - view->payload_offset_bytes - 4;
    if (timing_offset == 0 || timing_offset % 8 != 0 || view->payload_offset_bytes % 8 != 0 ||
        !range_inside(timing_offset, sizeof(struct kvmfr_wire_timing), gap_end))
        return false;
    const struct kvmfr_wire_timing *w =
        (const void *)((const uint8_t *)region + view->payload_offset_bytes + timing_offset);
    /* acquire: the times are read after the serial; pairs with the host's release */
    if (atomic_load_explicit(&w->serial, memory_order_acquire) != view->serial)
        return false;
    const struct kvmfr_timing t = {
        .capture_ns = atomic_load_explicit(&w->capture_ns, memory_order_acquire),
        .post_ns = atomic_load_explicit(&w->post_ns, memory_order_acquire),
        .complete_ns = atomic_load_explicit(&w->complete_ns, memory_order_acquire),
    };
    if (atomic_load_explicit(&w->serial, memory_order_relaxed) != view->serial || !plausible(&t))
        return false;
    *out = t;
    return true;
}

int kvmfr_newest_index(uint64_t newest)
{
    const uint32_t number = (uint32_t)newest;
    return number >= 1 && number <= KVMFR_MAX_FRAME_BUFFERS ? (int)number - 1 : -1;
}

int kvmfr_board_frame(const struct kvmfr_wire_board *board, const void *region,
                      size_t region_len_bytes, uint32_t index, struct frame_view *out,
                      const char **why)
{
    const struct kvmfr_wire_board_host *h = &board->host;
    if (index >= KVMFR_MAX_FRAME_BUFFERS ||
        index >= atomic_load_explicit(&h->buffer_count, memory_order_relaxed)) {
        *why = _("a frame buffer that is not there");
        return -EPROTO;
    }
    return frame_view_from_wire(
        region, region_len_bytes,
        atomic_load_explicit(&h->buffer_offset[index], memory_order_relaxed),
        atomic_load_explicit(&h->buffer_bytes[index], memory_order_relaxed), out, why);
}
