/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/shm_server/server.h - an ivshmem server: gives every peer the memory, and everybody's
 * bells to everybody. The protocol: shm/ivshmem_wire.h.
 *
 * Peers have nothing to say: who sends a byte is dropped. What a peer does not read waits in a
 * queue of bounded length for a bounded time, then the peer is dropped. What peers do with memory
 * and bells does not pass through here. Ids are given out one after the other, 0..65534, and come
 * round again only after all others were used (65535 means "no peer" elsewhere).
 *
 * With systemd, memory, connections and bells are kept over a restart of this process: peers notice
 * nothing. Threads: the loop's. */
#ifndef ESPELHO_SHM_SERVER_SERVER_H
#define ESPELHO_SHM_SERVER_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "loop/loop.h"
#include "shm_server/access.h"
#include "shm_server/notify.h"

struct shm_server;
struct shm_server_config {
    struct loop *loop;               /* borrowed, as all of these */
    const struct shm_access *access; /* constant meanwhile */
    const struct notify *notify;
    int listener_fd, memory_fd;
    uint16_t vectors;     /* of each peer that comes, 1..IVSHMEM_MAX_VECTORS */
    uint32_t max_peers;   /* 1..SHM_SERVER_MAX_PEERS */
    uint32_t patience_ms; /* how long a peer may leave its queue unread */
};

enum { SHM_SERVER_MAX_PEERS = 65535 };

#define SHM_SERVER_MEMORY_NAME "memory" /* what systemd keeps the memory as */

/* 0 or -errno. Nothing is sent yet. */
int shm_server_create(const struct shm_server_config *config, struct shm_server **out) MUST_CHECK;
/* Drops all peers. */
void shm_server_destroy(struct shm_server *s);
/* Peers of the process before this one, out of what systemd kept. Takes those over that it knows
 * (fd = -1 afterwards). How many peers there are now. Once, before the loop runs. */
size_t shm_server_restore(struct shm_server *s, struct notify_given *given, size_t count);
size_t shm_server_peer_count(const struct shm_server *s);

#endif
