/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/kvmfr/sizing.h - the one place that computes region and buffer sizes. Source:
 * docs/protocol/kvmfr.md section 3.7. Pure functions, any thread. */
#ifndef ESPELHO_KVMFR_SIZING_H
#define ESPELHO_KVMFR_SIZING_H

#include <stdbool.h>
#include <stdint.h>

#include "kvmfr/format.h"

/* B7's documented formula: the next power of two of width * height * bytes_per_pixel * 2 / 1 MiB +
 * 10, in MiB. `bytes_per_pixel` 4 (8 for RGBA16F). 0 if the mode is not representable (above
 * FRAME_MAX_PX, or the region would exceed 32-bit offsets). */
uint32_t kvmfr_region_mib_for_mode(uint32_t width_px, uint32_t height_px, uint32_t bytes_per_pixel);

/* `bytes_per_pixel` for these functions. Packed 24-bit pixels count as four bytes: a host may fall
 * back to such. */
uint32_t kvmfr_sizing_bytes_per_pixel(const struct frame_format_info *fmt);

/* How a host of ours divides a region (two frame buffers, standard pointer buffers). */
struct kvmfr_frame_capacity {
    uint32_t buffer_bytes; /* M of section 3.7, each of the two allocations before rounding */
    uint32_t pixels_bytes; /* what fits behind the write pointer */
};
/* `align_bytes`: a power of two from 2048 on (the frame header lies in front of the pixels). False:
 * too small, or bad numbers. */
bool kvmfr_frame_capacity(uint64_t region_bytes, uint32_t udata_bytes, uint32_t align_bytes,
                          struct kvmfr_frame_capacity *out);
/* The same after `next_bytes` of other allocations, whatever they are. */
bool kvmfr_frame_capacity_after(uint64_t region_bytes, uint64_t next_bytes, uint32_t align_bytes,
                                struct kvmfr_frame_capacity *out);
/* Largest common display mode (16:9, 21:9, 32:9, 16:10 list) whose frames fit; false if none. */
bool kvmfr_largest_mode(uint64_t region_bytes, uint32_t bytes_per_pixel, uint32_t *width_px,
                        uint32_t *height_px);

/* Row pitch that our host uses: width * bytes_per_pixel rounded up to 256 (BGR_32, RGB_24: as
 * section 3.1 says). */
uint32_t kvmfr_default_pitch(const struct frame_format_info *fmt, uint32_t width_px);

#endif
