/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/shm/ivshmem_link_linux.h - one connection to an ivshmem server: its words, checked, one at
 * a time. Used by ivshmem_*.c only.
 *
 * Ownership: events own their descriptor: who gets an event closes it or keeps it. Threads: one at
 * a time. Nothing blocks. */
#ifndef ESPELHO_SHM_IVSHMEM_LINK_LINUX_H
#define ESPELHO_SHM_IVSHMEM_LINK_LINUX_H

#include <stdbool.h>

#include "base/macros.h"
#include "shm/ivshmem_wire.h"

struct ivshmem_link {
    int fd; /* owned, -1: not connected */
    struct ivshmem_wire wire;
};

void ivshmem_link_init(struct ivshmem_link *l);
void ivshmem_link_fini(struct ivshmem_link *l);
/* 0; -EAGAIN: as many are waiting as the server lets wait, try later; -errno of connect();
 * -ENAMETOOLONG: no address of a socket is that long. */
int ivshmem_link_connect(struct ivshmem_link *l, const char *path) MUST_CHECK;
/* 1: *out; 0: nothing to read now; -EPIPE: the server closed; -EMFILE: a descriptor was lost
 * because this process may not open more; -errno. A descriptor that is there is of any type. */
int ivshmem_link_read(struct ivshmem_link *l, struct ivshmem_event *out) MUST_CHECK;
/* The server closed, whatever is still to be read. From any thread. */
bool ivshmem_link_hung_up(const struct ivshmem_link *l);

#endif
