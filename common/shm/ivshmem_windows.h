/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/shm/ivshmem_windows.h - the IVSHMEM driver of virtio-win: finding its devices, and its
 * control codes. Used by region_windows.c. Source: docs/protocol/kvmfr.md section 9.2.
 *
 * Functions return a Windows error code, 0 for success. What a driver reports is checked here. */
#ifndef ESPELHO_SHM_IVSHMEM_WINDOWS_H
#define ESPELHO_SHM_IVSHMEM_WINDOWS_H

#include <windows.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "shm/ivshmem_name.h"

/* What a second map is answered: ERROR_DEVICE_ALREADY_ATTACHED, which mingw-w64 does not have. */
#define IVSHMEM_ERROR_IN_USE 548u

enum { IVSHMEM_DEVICES_MAX = 16, IVSHMEM_PATH_UNITS = 260 };

struct ivshmem_device {
    wchar_t path[IVSHMEM_PATH_UNITS]; /* for CreateFile() */
    bool has_address;                 /* the PCI address could be found out */
    uint32_t bus, address;            /* device << 16 | function */
};

/* Devices whose driver runs, in the order of bus and address; those without come last, by path. */
struct ivshmem_devices {
    struct ivshmem_device at[IVSHMEM_DEVICES_MAX];
    size_t count;
};

DWORD ivshmem_find(struct ivshmem_devices *out) MUST_CHECK;
/* NULL: there is none of that name. */
const struct ivshmem_device *ivshmem_choose(const struct ivshmem_devices *devices,
                                            const struct ivshmem_name *name);
/* The PCI device 1AF4:1110 is there, with or without a driver. */
bool ivshmem_hardware_present(void);

DWORD ivshmem_open(const struct ivshmem_device *device, HANDLE *out) MUST_CHECK;
DWORD ivshmem_size(HANDLE device, uint64_t *out) MUST_CHECK;
struct ivshmem_mapping {
    void *mem;
    uint64_t len_bytes;
    uint16_t peer_id; /* with vectors only */
    uint16_t vectors; /* 0: a plain device, without doorbells */
};

/* Write-combined, all of it. IVSHMEM_ERROR_IN_USE when anybody has mapped it. */
DWORD ivshmem_map(HANDLE device, struct ivshmem_mapping *out) MUST_CHECK;
void ivshmem_unmap(HANDLE device);
/* Of another peer, or of this one. Never blocks. */
DWORD ivshmem_ring(HANDLE device, uint16_t peer, uint16_t vector) MUST_CHECK;
/* `event` is set at each ring of our `vector` until `device` is closed. */
DWORD ivshmem_register_event(HANDLE device, uint16_t vector, HANDLE event) MUST_CHECK;

#endif
