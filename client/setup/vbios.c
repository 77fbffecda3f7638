/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "setup/vbios.h"

#include <string.h>

#include "base/checked.h"

enum {
    POINTER_AT = 0x18, /* of an image: where its PCIR structure is */
    PCIR_BYTES = 0x18,
    BLOCK_BYTES = 512,
    CODE_UEFI = 3,
    IMAGES_MAX = 32
};

static uint32_t u16(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8;
}

static bool has_signature(const uint8_t *bytes, size_t len_bytes, size_t offset)
{
    return range_inside(offset, POINTER_AT + 2, len_bytes) && bytes[offset] == 0x55 &&
           bytes[offset + 1] == 0xaa;
}

/* The PCIR structure of the image at `offset`; NULL: there is none. */
static const uint8_t *structure_of(const uint8_t *bytes, size_t len_bytes, size_t offset)
{
    if (!has_signature(bytes, len_bytes, offset))
        return NULL;
    const size_t at = offset + u16(bytes + offset + POINTER_AT);
    if (!range_inside(at, PCIR_BYTES, len_bytes) || memcmp(bytes + at, "PCIR", 4) != 0)
        return NULL;
    return bytes + at;
}

/* An image behind a header; 0: none. */
static size_t find_image(const uint8_t *bytes, size_t len_bytes)
{
    for (size_t offset = 1; offset < len_bytes; offset++)
        if (structure_of(bytes, len_bytes, offset))
            return offset;
    return 0;
}

static struct vbios without_signature(const uint8_t *bytes, size_t len_bytes)
{
    const size_t offset = find_image(bytes, len_bytes);
    return (struct vbios){ .fault = offset ? VBIOS_HEADER : VBIOS_NO_SIGNATURE,
                           .image_offset = offset };
}

struct vbios vbios_read(const uint8_t *bytes, size_t len_bytes)
{
    if (!has_signature(bytes, len_bytes, 0))
        return without_signature(bytes, len_bytes);
    struct vbios v = { .fault = VBIOS_GOOD };
    for (bool last = false; !last && v.images < IMAGES_MAX; v.images++) {
        const uint8_t *const pcir = structure_of(bytes, len_bytes, v.len_bytes);
        if (!pcir) {
            v.fault = v.images ? VBIOS_CUT_OFF : VBIOS_NO_STRUCTURE;
            return v;
        }
        if (v.images == 0) {
            v.vendor = u16(pcir + 4);
            v.device = u16(pcir + 6);
        }
        v.uefi = v.uefi || pcir[0x14] == CODE_UEFI;
        last = pcir[0x15] & 0x80;
        const size_t image_bytes = (size_t)u16(pcir + 0x10) * BLOCK_BYTES;
        v.len_bytes += image_bytes;
        if (image_bytes == 0 || v.len_bytes > len_bytes) {
            v.fault = VBIOS_CUT_OFF;
            return v;
        }
    }
    return v;
}
