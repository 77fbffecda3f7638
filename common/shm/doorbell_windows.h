/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/shm/doorbell_windows.h - the doorbell of an IVSHMEM device, through its driver. Used by
 * region_windows.c. Source: docs/protocol/kvmfr.md section 9.2. Not to be known here: who is there.
 */
#ifndef ESPELHO_SHM_DOORBELL_WINDOWS_H
#define ESPELHO_SHM_DOORBELL_WINDOWS_H

#include <windows.h>

#include <stdint.h>

#include "base/macros.h"
#include "shm/doorbell.h"

enum { DRIVER_DOORBELL_VECTORS = 32 }; /* as many events does the driver take; the rest is unused */

/* `device` is borrowed and outlives the doorbell; `vectors` as the driver said, above 0. The events
 * are registered here, once: the driver lets go of them when the handle closes, not before. On
 * failure a Windows error code, for instance because the driver takes no event; then the region is
 * plain memory. */
DWORD driver_doorbell_create(HANDLE device, uint16_t own_id, uint16_t vectors,
                             struct shm_doorbell **out) MUST_CHECK;

#endif
