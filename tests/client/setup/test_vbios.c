/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "setup/vbios.h"

enum { IMAGE = 1024 };

/* An image of two blocks at `at`. */
static void put_image(uint8_t *at, uint8_t code, bool last)
{
    at[0] = 0x55;
    at[1] = 0xaa;
    at[0x18] = 0x40;
    memcpy(at + 0x40, "PCIR\x02\x10\xdf\x73", 8);
    at[0x40 + 0x10] = IMAGE / 512;
    at[0x40 + 0x14] = code;
    at[0x40 + 0x15] = last ? 0x80 : 0;
}

TEST(what_is_no_firmware_is_refused)
{
    uint8_t bytes[2 * IMAGE] = { 0 };
    CHECK_INT(vbios_read(bytes, 0).fault, VBIOS_NO_SIGNATURE);
    CHECK_INT(vbios_read(bytes, sizeof(bytes)).fault, VBIOS_NO_SIGNATURE);
    bytes[0] = 0x55;
    bytes[1] = 0xaa;
    for (size_t len_bytes = 0; len_bytes < 0x1a; len_bytes++)
        CHECK_INT(vbios_read(bytes, len_bytes).fault, VBIOS_NO_SIGNATURE);
    CHECK_INT(vbios_read(bytes, sizeof(bytes)).fault, VBIOS_NO_STRUCTURE);
    memset(bytes + 0x18, 0xff, 2); /* the structure beyond the end */
    CHECK_INT(vbios_read(bytes, sizeof(bytes)).fault, VBIOS_NO_STRUCTURE);
}

TEST(what_is_cut_off_is_seen)
{
    uint8_t bytes[2 * IMAGE] = { 0 };
    put_image(bytes, 0, true);
    CHECK_INT(vbios_read(bytes, IMAGE - 1).fault, VBIOS_CUT_OFF);
    bytes[0x50] = 0; /* no length: no way to the next */
    CHECK_INT(vbios_read(bytes, sizeof(bytes)).fault, VBIOS_CUT_OFF);
    put_image(bytes, 0, false); /* a second one, which is not there */
    CHECK_INT(vbios_read(bytes, IMAGE).fault, VBIOS_CUT_OFF);
    CHECK_INT(vbios_read(bytes, sizeof(bytes)).fault, VBIOS_CUT_OFF);
}

TEST(whole_firmware_is_described)
{
    uint8_t bytes[3 * IMAGE] = { 0 };
    put_image(bytes, 0, true);
    struct vbios v = vbios_read(bytes, sizeof(bytes));
    CHECK_INT(v.fault, VBIOS_GOOD);
    CHECK(v.vendor == 0x1002 && v.device == 0x73df && v.images == 1 && !v.uefi);
    CHECK_INT(v.len_bytes, IMAGE);
    put_image(bytes, 0, false);
    put_image(bytes + IMAGE, 3, true);
    v = vbios_read(bytes, sizeof(bytes));
    CHECK(v.fault == VBIOS_GOOD && v.images == 2 && v.uefi);
    CHECK_INT(v.len_bytes, 2 * IMAGE);
}

TEST(a_makers_header_is_found)
{
    uint8_t bytes[2 * IMAGE] = { 'N', 'V', 'G', 'I' };
    put_image(bytes + 600, 3, true);
    const struct vbios v = vbios_read(bytes, sizeof(bytes));
    CHECK_INT(v.fault, VBIOS_HEADER);
    CHECK_INT(v.image_offset, 600);
}
