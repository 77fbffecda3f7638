/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/kvmfr/board.h - what a viewer reads of the host's half of the extension, checked. Source:
 * docs/extensions.md sections 3 and 4. The host may write anything at any time; pure functions of
 * the bytes, fuzzed. Threads: any one. */
#ifndef ESPELHO_KVMFR_BOARD_H
#define ESPELHO_KVMFR_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "kvmfr/extension.h"
#include "kvmfr/frame.h"

/* When things happened, by the host's monotonic clock; 0: not known. */
struct kvmfr_timing {
    uint64_t capture_ns, post_ns, complete_ns;
};

/* The board at `offset_bytes`; NULL: it does not lie in the region. */
struct kvmfr_wire_board *kvmfr_board_at(void *region, size_t region_len_bytes,
                                        uint32_t offset_bytes, uint32_t board_bytes);

/* The timing block of the frame `view` (in the region at `region`): true if there is one that
 * belongs to this frame and makes sense. */
bool kvmfr_timing_read(const void *region, const struct frame_view *view, uint32_t timing_offset,
                       struct kvmfr_timing *out) MUST_CHECK;

/* What the word `newest` names: index of a frame buffer, or -1 if it is none. */
int kvmfr_newest_index(uint64_t newest);
/* The frame in buffer `index`, which the caller holds: 0; -EPROTO with a static text in *why. */
int kvmfr_board_frame(const struct kvmfr_wire_board *board, const void *region,
                      size_t region_len_bytes, uint32_t index, struct frame_view *out,
                      const char **why) MUST_CHECK;

#endif
