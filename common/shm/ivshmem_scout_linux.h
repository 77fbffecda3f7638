/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/shm/ivshmem_scout_linux.h - looks whether an ivshmem server's socket leads to another
 * memory by now. Used by ivshmem_peer_linux.c only.
 *
 * A server that is restarted has, unless systemd kept it, a new memory, which the VM that runs does
 * not know: who is on the old one stays there, rung by the eventfds that it has. So "replaced" is
 * not a server that went, nor a new one, but a new one on whose memory a host has begun: its first
 * word is not zero. The scout is a second connection, made only when the first one is lost, and
 * kept until that happens. Threads: one at a time. Nothing blocks. */
#ifndef ESPELHO_SHM_IVSHMEM_SCOUT_LINUX_H
#define ESPELHO_SHM_IVSHMEM_SCOUT_LINUX_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/ivshmem_link_linux.h"

struct ivshmem_scout {
    struct ivshmem_link link;
    int memory_fd; /* owned, -1: did not come yet */
};

void ivshmem_scout_init(struct ivshmem_scout *s);
void ivshmem_scout_fini(struct ivshmem_scout *s);
/* True: the server at `path` gives out another memory than (device, inode), and it is in use; or it
 * is the same, which this process then ought to open again, for its connection was lost. */
bool ivshmem_scout_look(struct ivshmem_scout *s, const char *path, uint64_t device, uint64_t inode);

#endif
