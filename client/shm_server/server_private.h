/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/shm_server/server_private.h - the inside of the server, for server*.c only. */
#ifndef ESPELHO_SHM_SERVER_SERVER_PRIVATE_H
#define ESPELHO_SHM_SERVER_SERVER_PRIVATE_H

#include <stdbool.h>

#include "shm/ivshmem_wire.h"
#include "shm_server/outbox.h"
#include "shm_server/server.h"

struct shm_peer {
    struct shm_server *server;
    uint16_t id;
    uint16_t vectors;
    int fd;                     /* owned */
    int *bells;                 /* `vectors` eventfds, owned */
    struct loop_source *source; /* owned */
    struct outbox outbox;
    bool waits_for_room;      /* EPOLLOUT is asked for */
    bool stored;              /* systemd has socket and bells */
    uint64_t unread_since_ns; /* 0: the outbox is empty */
    const char *doomed;       /* why it is to be dropped; NULL: it is not */
};

struct shm_server {
    struct shm_server_config config;
    struct loop_source *listener_source, *timer;
    int spare_fd; /* given up to be able to refuse somebody when there are no more files */
    struct shm_peer **peers; /* dense; `count` of `room` */
    size_t count, room;
    struct shm_peer **by_id; /* SHM_SERVER_MAX_PEERS */
    uint16_t next_id;
    bool any_doomed;
};

/* ---- server_peer.c: one peer ---- */

/* Takes `fd` and `bells` over, also if it fails. NULL: no memory, or the loop would not. */
struct shm_peer *shm_peer_create(struct shm_server *s, int fd, uint16_t id, int *bells,
                                 uint16_t vectors);
void shm_peer_destroy(struct shm_peer *p);
/* `vectors` new eventfds, heap; NULL: no more files, or memory. */
int *shm_bells_create(uint16_t vectors);
void shm_bells_close(int *bells, uint16_t vectors);
/* Queues one word; too many doom the peer. */
void shm_peer_tell(struct shm_peer *p, uint8_t type, uint16_t id, uint8_t vector);
void shm_peer_tell_bells(struct shm_peer *p, const struct shm_peer *of);
/* Sends what the peer takes now. */
void shm_peer_flush(struct shm_peer *p);
/* systemd is to forget it. */
void shm_peer_forget(struct shm_peer *p);
void shm_peer_doom(struct shm_peer *p, const char *why);

/* ---- server.c ---- */

/* Takes the peer over. False: no memory; it is destroyed. */
bool shm_server_add(struct shm_server *s, struct shm_peer *p);
/* Drops the doomed, and tells the others. */
void shm_server_sweep(struct shm_server *s);
/* All others, that this one is not there (any more). */
void shm_server_tell_gone(struct shm_server *s, uint16_t id, uint16_t vectors);
/* Something is unread: looks again soon. */
void shm_server_watch_patience(struct shm_server *s);

/* Names in systemd's store. */
void shm_peer_socket_name(uint16_t id, char name[NOTIFY_NAME_BYTES]);
void shm_peer_bell_name(uint16_t id, uint16_t vector, char name[NOTIFY_NAME_BYTES]);

#endif
