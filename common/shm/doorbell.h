/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/shm/doorbell.h - ringing the other peers of an ivshmem device, and being rung.
 *
 * A region that came from an ivshmem server's socket, from our kernel module in a guest with a
 * doorbell device, or from the Windows driver, has a doorbell (shm_region.doorbell; NULL for plain
 * memory). Peers have ids (0..65535) and each has its own vectors; a ring wakes whoever waits on
 * that vector. Rings do not count: several may be seen as one. Ids and vectors that others tell us
 * are untrusted: ringing one that is not there is an error code, never more.
 *
 * Ownership: of the region; dies with it. Threads: ring() from any thread; wait(), fd() and clear()
 * of one vector from one thread at a time; refresh() from one thread. */
#ifndef ESPELHO_SHM_DOORBELL_H
#define ESPELHO_SHM_DOORBELL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

#define SHM_DOORBELL_NO_PEER UINT16_MAX

struct shm_doorbell;
struct shm_doorbell_ops {
    const char *name; /* "server", "module", "driver" */
    void (*destroy)(struct shm_doorbell *self);
    /* Never blocks. 0; -ENOENT: no such peer or vector now; -EPIPE: the device or server is gone
     * and this peer is not known. */
    int (*ring)(struct shm_doorbell *self, uint16_t peer, uint16_t vector);
    /* Sleeps until the vector is rung, and takes the ring: 1; 0 after `timeout_ms`; -errno. A ring
     * that came before the call counts. */
    int (*wait)(struct shm_doorbell *self, uint16_t vector, uint32_t timeout_ms);
    /* Linux: a descriptor that is readable while a ring is untaken, borrowed, for epoll. -1: none
     * (Windows). */
    int (*fd)(struct shm_doorbell *self, uint16_t vector);
    /* Takes rings without waiting. True if there was one. */
    bool (*clear)(struct shm_doorbell *self, uint16_t vector);
    /* Reads what the server said meanwhile (peers that came and went). False: the server is gone;
     * known peers can still be rung. Optional: NULL where nobody says such things. */
    bool (*refresh)(struct shm_doorbell *self);
    /* Linux: readable when refresh() has something to read; -1 or NULL: never. Borrowed. Once
     * refresh() said false it is readable for ever: take it out of the loop. */
    int (*news_fd)(struct shm_doorbell *self);
    /* Is this peer there now? As of the last refresh(). NULL: not to be known. */
    bool (*peer_present)(struct shm_doorbell *self, uint16_t peer);
};
struct shm_doorbell {
    const struct shm_doorbell_ops *ops;
    uint16_t own_id;
    uint16_t vectors; /* own ones, at least 1. A server's refresh() may add some, never takes any */
};

#endif
