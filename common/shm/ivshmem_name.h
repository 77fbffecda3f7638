/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/shm/ivshmem_name.h - how a path names one of several IVSHMEM devices of a Windows guest.
 * Pure, any thread.
 *
 *     ivshmem                     the first
 *     ivshmem:N                   the N-th, counted from 0, in the order of their PCI addresses
 *     ivshmem:BUS:DEVICE.FUNCTION the one there; decimal as Windows' Device Manager shows it, or
 *                                 0x and hexadecimal as in the VM's configuration */
#ifndef ESPELHO_SHM_IVSHMEM_NAME_H
#define ESPELHO_SHM_IVSHMEM_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

struct ivshmem_name {
    bool by_address;
    uint32_t index;        /* unless by_address */
    uint32_t bus, address; /* of the driver model: device << 16 | function */
};

/* True if `path` is meant for a device (begins with "ivshmem", not followed by a letter or the
 * like), well-formed or not. */
bool ivshmem_name_is(const char *path);
/* 0; -EINVAL: none of the three forms, or a number is out of range. */
int ivshmem_name_parse(const char *path, struct ivshmem_name *out) MUST_CHECK;

#endif
