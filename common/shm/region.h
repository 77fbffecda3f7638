/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/shm/region.h - the shared memory between host and client, mapped and checked.
 *
 * A region comes from a regular file (tmpfs, memfd), a /dev/kvmfrN device, an ivshmem server's
 * socket ("unix:PATH"), or (Windows) the IVSHMEM driver. Ownership: shm_region_open() maps it,
 * shm_region_close() unmaps it; nobody else may keep pointers into it. Threads: open and close from
 * one thread; `mem` may be read and written from any thread meanwhile. Truncation: a file that
 * shrinks while mapped raises SIGBUS. The first open installs a handler that replaces the vanished
 * pages by zeroes and marks the region lost (shm_region_lost()); other SIGBUS go on to the previous
 * handler. On Windows the same is done for access violations, when a device goes away. Source of
 * the facts: docs/protocol/kvmfr.md section 9. */
#ifndef ESPELHO_SHM_REGION_H
#define ESPELHO_SHM_REGION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

#define SHM_MAX_BYTES UINT64_C(0xFFFFF000) /* offsets on the wire are 32-bit */

enum shm_kind {
    SHM_KIND_NONE,
    SHM_KIND_FILE,   /* regular file: tmpfs, memfd, hugetlbfs */
    SHM_KIND_KVMFR,  /* /dev/kvmfrN */
    SHM_KIND_DEVICE, /* Windows: the IVSHMEM driver */
    SHM_KIND_SERVER, /* memory of an ivshmem server, usually a sealed memfd */
};

enum shm_fault {
    SHM_FAULT_NONE,
    SHM_FAULT_MISSING,    /* nothing at the path: VM not started, or not configured */
    SHM_FAULT_PERMISSION, /* exists, but this user may not open it read-write */
    SHM_FAULT_TYPE,       /* a directory, FIFO, socket, or a device that is not kvmfr */
    SHM_FAULT_SIZE, /* empty, smaller than a header, not a multiple of the page size, 4 GiB or more
                     */
    SHM_FAULT_SYSTEM, /* anything else, e.g. mmap failed */
    SHM_FAULT_DRIVER, /* Windows: the device is there, its driver is not */
    SHM_FAULT_BUSY, /* Windows: another program has mapped the device. Server: no room for a peer */
};

struct shm_doorbell;
struct shm_guard;
struct shm_handles;

struct shm_region {
    void *mem;
    size_t len_bytes;
#ifdef _WIN32
    struct shm_handles *handles; /* owned, of region_windows.c */
#else
    int fd; /* owned; stays open for dma-buf export and for noticing that the file was replaced */
#endif
    enum shm_kind kind;
    char path[256];         /* for messages; where it was opened from, unless `nameless` */
    bool nameless;          /* opened from a descriptor */
    uint64_t device, inode; /* what the path named when it was opened */
    struct shm_doorbell
        *doorbell;           /* owned; NULL: plain memory, nobody can be rung (shm/doorbell.h) */
    struct shm_guard *guard; /* entry in the table of the SIGBUS handler; NULL: not guarded */
};

/* What went wrong, for a person: what, where and what to do. */
struct shm_problem {
    enum shm_fault fault;
    int err;           /* errno, or 0 */
    char message[320]; /* one sentence: what and where */
    char advice[2048]; /* what to do; several lines, paste-ready */
};

/* The path used when the user names none: /dev/kvmfr0 if it exists, else /dev/shm/looking-glass;
 * on Windows "ivshmem". Static text. */
const char *shm_default_path(void);

/* Opens read-write and maps all of it, shared. On Windows "ivshmem", "ivshmem:N" and
 * "ivshmem:BUS:DEVICE.FUNCTION" (shm/ivshmem_name.h) name a device of the IVSHMEM driver, which one
 * program at a time may map; on Linux "unix:PATH" is the socket of an ivshmem server, which gets a
 * quarter of a second to answer; everything else is a file. On success 0 and *out (heap) is the
 * caller's; on failure -errno and *problem (may be NULL) says why. Never blocks on a FIFO. */
int shm_region_open(const char *path, struct shm_region **out,
                    struct shm_problem *problem) MUST_CHECK;
#ifndef _WIN32
/* The same over an open file descriptor, which is duplicated. `name` is for messages. */
int shm_region_open_fd(int fd, const char *name, struct shm_region **out,
                       struct shm_problem *problem) MUST_CHECK;
#endif
void shm_region_close(struct shm_region *region);

/* True once the file shrank under the mapping, or the device went away and somebody touched its
 * memory (which reads as zeroes since). Cheap, any thread. */
bool shm_region_lost(const struct shm_region *region);
/* True if `path` no longer names the mapped object (deleted, or re-created by a new VM start), its
 * size changed, or its device no longer answers. Makes a system call or two: about once per second
 * is right. Always false for regions opened from a descriptor. A server that goes, or starts anew,
 * replaces nothing by that: the memory and the peers that are known stay. It does once a host uses
 * the new server's memory, or when the same server no longer knows this peer. */
bool shm_region_replaced(const struct shm_region *region);

/* What to do about a region of `have_bytes` where `needed_bytes` are needed: the size to set, and
 * where. Pure. */
void shm_size_advice(uint64_t have_bytes, uint64_t needed_bytes, char *text, size_t text_bytes);

#endif
