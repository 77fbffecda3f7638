/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/shm_server/memory.h - the memory that the server gives out: a memfd that can neither grow
 * nor shrink, so that nobody who maps it can be hurt by another peer, and udmabuf takes it.
 *
 * Threads: start-up. */
#ifndef ESPELHO_SHM_SERVER_MEMORY_H
#define ESPELHO_SHM_SERVER_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

enum { SHM_MEMORY_HUGE_PAGE_BYTES = 2 << 20, SHM_MEMORY_ANY_NODE = -1 };

struct shm_memory_config {
    const char *name;   /* /proc/PID/maps shows it; borrowed */
    uint64_t len_bytes; /* a power of two: QEMU aborts otherwise */
    bool huge;          /* of 2 MiB pages, which must have been reserved; taken at once */
    bool prefault;      /* all pages are there from the start */
    int numa_node;      /* pages come from there, and only there; SHM_MEMORY_ANY_NODE */
};

/* 0 and the descriptor, the caller's; -errno and one or more lines of what is wrong and what to do.
 */
int shm_memory_create(const struct shm_memory_config *config, int *out, char *why,
                      size_t why_bytes) MUST_CHECK;
/* Is this a memory that a server of ours made? Its size, or 0. */
uint64_t shm_memory_check(int fd);

#endif
