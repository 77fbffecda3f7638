/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/module/guest/prime.h - another driver that takes our dma-bufs: vgem. */
#ifndef ESPELHO_MODULE_PRIME_H
#define ESPELHO_MODULE_PRIME_H

#include <stdint.h>

/* vgem's node; skips the case where the kernel has no vgem. */
int open_vgem(void);
/* A handle of the buffer, which makes our driver map it for vgem's device; 0 or -errno. */
int prime_import(int vgem, int buf, uint32_t *handle);
void prime_close(int vgem, uint32_t handle);
/* Maps an imported buffer through vgem: it asks our driver for the mapping. NULL: refused. */
void *prime_map(int vgem, uint32_t handle, uint64_t bytes);

#endif
