/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/shm/doorbell_module_linux.h - what only our kernel module says of /dev/kvmfrN: a size that
 * fits, and the doorbell of an ivshmem device in a guest. Used by region_linux.c only, on
 * descriptors that are known to be of a kvmfr device. Source: kvmfr-module/uapi/kvmfr.h. */
#ifndef ESPELHO_SHM_DOORBELL_MODULE_LINUX_H
#define ESPELHO_SHM_DOORBELL_MODULE_LINUX_H

#include <stdint.h>

#include "base/macros.h"
#include "shm/doorbell.h"

/* The size in bytes, or -errno. Also of the module that knows nothing but the size. */
int64_t kvmfr_module_size_bytes(int fd);
/* 0 and *out: the doorbell, NULL if the device has none; -errno. `fd`: borrowed, must outlive it.
 */
int kvmfr_module_doorbell(int fd, struct shm_doorbell **out) MUST_CHECK;

#endif
