/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/shm/ivshmem_peer_linux.h - one peer of an ivshmem server: the memory, and a doorbell whose
 * bells are eventfds. Used by region_*.c only.
 *
 * The server is not trusted: what it sends is limited in number and checked in type, and it gets a
 * bounded time for its greeting. Other peers hold our eventfds as well as we do: they can ring
 * without reason and take rings away, no more. When the server goes, the memory and the eventfds of
 * the peers that are known stay good. */
#ifndef ESPELHO_SHM_IVSHMEM_PEER_LINUX_H
#define ESPELHO_SHM_IVSHMEM_PEER_LINUX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "shm/doorbell.h"
#include "shm/ivshmem_link_linux.h"
#include "shm/region.h"

enum {
    IVSHMEM_MAX_PEERS = 512,  /* the rest is not remembered: nobody rings it */
    IVSHMEM_KEPT_VECTORS = 8, /* of each peer and of our own; the rest is closed */
};

/* Connects and listens to the greeting, at most a second. `path`: of the socket; `name`: for
 * messages. On success 0, the doorbell (owned by whoever destroys it through its ops), and the
 * memory's descriptor, of any type and size, the caller's. On failure -errno and *problem. */
int ivshmem_peer_connect(const char *path, const char *name, struct shm_doorbell **out,
                         int *memory_fd, struct shm_problem *problem) MUST_CHECK;
/* For shm_region_replaced(), of the memory (device, inode): the connection to the server is lost,
 * and its socket leads to a memory to go over to (ivshmem_scout_linux.h). */
bool ivshmem_peer_replaced(struct shm_doorbell *doorbell, const char *path, uint64_t device,
                           uint64_t inode);

#endif
