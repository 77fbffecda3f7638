/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kvmfr/sizing.h"

#include <assert.h>
#include <stddef.h>

#include "base/checked.h"
#include "base/macros.h"
#include "kvmfr-sizing.h"
#include "kvmfr/extension.h"
#include "kvmfr/frame.h"
#include "kvmfr/layout.h"
#include "lgmp/layout.h"

#define REGION_MAX_BYTES    UINT64_C(0xFFFFF000) /* offsets on the wire are 32-bit */
#define BOARD_BYTES         (sizeof(struct kvmfr_wire_board) + LGMP_ALLOC_ALIGN) /* of our own host */
#define TYPICAL_UDATA_BYTES 512u /* session records of real machines take 170 to 300 */

uint32_t kvmfr_region_mib_for_mode(uint32_t width_px, uint32_t height_px, uint32_t bytes_per_pixel)
{
    static_assert(KVMFR_MODE_MAX_PX == FRAME_MAX_PX, "the kernel module counts likewise");
    const struct kvmfr_mode mode = { width_px, height_px, bytes_per_pixel };
    return kvmfr_mode_mib(&mode);
}

uint32_t kvmfr_sizing_bytes_per_pixel(const struct frame_format_info *fmt)
{
    return max_u32(fmt->bytes_per_pixel, 4);
}

/* Section 3.7, and lgmp.md 2.2 for the order of allocations: both slot arrays, pointer buffers,
 * shapes, then frames. */
static uint64_t fixed_bytes(uint32_t udata_bytes, uint32_t shape_bytes)
{
    uint64_t next = round_up_u64((uint64_t)LGMP_HEADER_BYTES + udata_bytes, LGMP_ALLOC_ALIGN);
    next += (KVMFR_FRAME_SLOTS + 1 + KVMFR_POINTER_SLOTS + 1) * sizeof(struct lgmp_wire_slot);
    next += KVMFR_POINTER_BUFFERS * sizeof(struct kvmfr_wire_pointer);
    return next + KVMFR_SHAPE_BUFFERS * round_up_u64(shape_bytes, LGMP_ALLOC_ALIGN);
}

bool kvmfr_frame_capacity_after(uint64_t region_bytes, uint64_t next_bytes, uint32_t align_bytes,
                                struct kvmfr_frame_capacity *out)
{
    if (!is_power_of_two(align_bytes) || align_bytes < 2048 || region_bytes > REGION_MAX_BYTES ||
        next_bytes > region_bytes)
        return false;
    const uint64_t align = align_bytes, avail = region_bytes - next_bytes;
    if (avail < 2 * align)
        return false;
    uint64_t each = (avail - (align - 1)) / align * align / 2;
    /* The release's formula counts on a region that ends on an alignment border; where it does not,
     * the rounded allocations would not fit and one unit less is taken. */
    const uint64_t first = round_up_u64(next_bytes, align);
    if (first + 2 * round_up_u64(each, align) > region_bytes)
        each = each / align * align;
    const uint64_t alloc = round_up_u64(each, align);
    if (alloc <= align || first + 2 * alloc > region_bytes)
        return false;
    *out = (struct kvmfr_frame_capacity){
        .buffer_bytes = (uint32_t)each,
        .pixels_bytes = (uint32_t)(alloc - align),
    };
    return true;
}

bool kvmfr_frame_capacity(uint64_t region_bytes, uint32_t udata_bytes, uint32_t align_bytes,
                          struct kvmfr_frame_capacity *out)
{
    return kvmfr_frame_capacity_after(region_bytes, fixed_bytes(udata_bytes, KVMFR_SHAPE_BYTES),
                                      align_bytes, out);
}

/* Sorted by area, largest first, so that the first that fits is the answer. */
static const struct {
    uint32_t width_px, height_px;
} modes[] = {
    { 7680, 4320 }, { 7680, 2160 }, { 5120, 2880 }, { 5120, 2160 }, { 3840, 2400 }, { 3840, 2160 },
    { 5120, 1440 }, { 3840, 1600 }, { 3440, 1440 }, { 3840, 1080 }, { 2560, 1600 }, { 2560, 1440 },
    { 2560, 1080 }, { 1920, 1200 }, { 1920, 1080 }, { 1680, 1050 }, { 1600, 900 },  { 1440, 900 },
    { 1366, 768 },  { 1280, 800 },  { 1280, 720 },  { 1024, 576 },  { 640, 480 },
};

bool kvmfr_largest_mode(uint64_t region_bytes, uint32_t bytes_per_pixel, uint32_t *width_px,
                        uint32_t *height_px)
{
    struct kvmfr_frame_capacity cap;
    const uint64_t used_bytes = fixed_bytes(TYPICAL_UDATA_BYTES, KVMFR_SHAPE_BYTES) + BOARD_BYTES;
    if (!kvmfr_frame_capacity_after(region_bytes, used_bytes, 4096, &cap))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        const uint64_t pitch = round_up_u64((uint64_t)modes[i].width_px * bytes_per_pixel, 256);
        if (pitch * modes[i].height_px <= cap.pixels_bytes) {
            *width_px = modes[i].width_px;
            *height_px = modes[i].height_px;
            return true;
        }
    }
    return false;
}

uint32_t kvmfr_default_pitch(const struct frame_format_info *fmt, uint32_t width_px)
{
    const uint64_t row_bytes = (uint64_t)width_px * fmt->bytes_per_pixel;
    /* RGB_24 rows also serve as 4-byte units in whole groups of 64: a multiple of 3 and of 256.
     * BGR_32 counts units of four bytes in groups of 64, which is 256 bytes as for the others. */
    if (fmt->format == FRAME_FORMAT_RGB_24)
        return (uint32_t)((row_bytes + 767) / 768 * 768);
    return (uint32_t)round_up_u64(row_bytes, 256);
}
