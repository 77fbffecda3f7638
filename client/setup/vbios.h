/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/setup/vbios.h - what a file that shall be a GPU's firmware holds. It is untrusted: every
 * offset is checked. Pure; source: PCI Firmware Specification 3.3, section 5.1. */
#ifndef ESPELHO_SETUP_VBIOS_H
#define ESPELHO_SETUP_VBIOS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VBIOS_MAX_BYTES = 16 << 20 };

enum vbios_fault {
    VBIOS_GOOD,
    VBIOS_NO_SIGNATURE, /* does not begin with 55 AA: not dumped, or all zeroes */
    VBIOS_HEADER,       /* an image begins later: a vendor's header is in front of it */
    VBIOS_NO_STRUCTURE, /* no PCIR where the image says so */
    VBIOS_CUT_OFF       /* shorter than it says */
};
struct vbios {
    enum vbios_fault fault;
    size_t image_offset; /* HEADER: where the image begins */
    uint32_t vendor, device;
    uint32_t images;
    bool uefi;        /* an image for UEFI, which OVMF needs */
    size_t len_bytes; /* of all images */
};
struct vbios vbios_read(const uint8_t *bytes, size_t len_bytes);

#endif
