/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/shm/ivshmem_wire.h - what an ivshmem server says, number by number.
 *
 * The protocol is QEMU's (docs/specs/ivshmem-spec there, "client-server protocol", version 0): the
 * server alone speaks, in signed 64-bit little-endian numbers, some with one file descriptor:
 *     version 0; the client's own id 0..65535; -1 with the memory; then, for each other client and
 *     each of its vectors, its id with an eventfd that rings it; at last the own id with an eventfd
 *     once per own vector. Later: ids with eventfds of clients that come; an id alone: it went.
 * The server does not say how many vectors there are, nor when its greeting ends.
 *
 * Ours says why it turns somebody away: instead of the version stands a negative number below,
 * which other clients take for a version that they do not know.
 *
 * Pure; descriptors are mere numbers here. Any thread. */
#ifndef ESPELHO_SHM_IVSHMEM_WIRE_H
#define ESPELHO_SHM_IVSHMEM_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

enum {
    IVSHMEM_VERSION = 0,
    IVSHMEM_NUMBER_BYTES = 8,
    IVSHMEM_MAX_ID = UINT16_MAX,
    /* What QEMU takes as vectors=N at most. */
    IVSHMEM_MAX_VECTORS = 64,
};

/* Instead of a version, from our server only. */
enum ivshmem_refusal {
    IVSHMEM_REFUSED_NONE = 0,
    IVSHMEM_REFUSED_USER = -0x45530001, /* this user is not among the allowed ones */
    IVSHMEM_REFUSED_FULL = -0x45530002, /* as many peers as the server takes */
    IVSHMEM_REFUSED_FDS = -0x45530003,  /* the server may not open more files */
};

enum ivshmem_event_type {
    IVSHMEM_EVENT_NONE, /* the number is not whole yet */
    IVSHMEM_EVENT_VERSION,
    IVSHMEM_EVENT_OWN_ID,
    IVSHMEM_EVENT_MEMORY, /* with fd */
    IVSHMEM_EVENT_VECTOR, /* with fd: the next vector of peer `id`, which may be ourselves */
    IVSHMEM_EVENT_GONE,   /* peer `id` */
    IVSHMEM_EVENT_REFUSED,
    IVSHMEM_EVENT_WRONG_VERSION,
    IVSHMEM_EVENT_BAD, /* `number` has no business here, or came with or without a descriptor */
};

struct ivshmem_event {
    enum ivshmem_event_type type;
    uint16_t id;
    int fd;         /* -1: none */
    int64_t number; /* as it was sent; for messages */
};

struct ivshmem_wire {
    uint8_t bytes[IVSHMEM_NUMBER_BYTES];
    size_t have_bytes;
    int fd;                /* came with the number that is being collected; -1: none */
    unsigned numbers_seen; /* counts to 3: the greeting's fixed part */
    uint16_t own_id;
};

void ivshmem_wire_init(struct ivshmem_wire *w);
/* How many bytes end the number: nobody may read more at once, or it would be unclear which number
 * a descriptor belongs to. 1..8. */
size_t ivshmem_wire_wants(const struct ivshmem_wire *w);
/* Bytes as they came, ivshmem_wire_wants() at most, with a descriptor or -1. The descriptor is the
 * caller's again with the event: it stands in out->fd whatever the type. Before that, it stands in
 * w->fd. A second one for the same number is IVSHMEM_EVENT_BAD; it stays the caller's as well. */
void ivshmem_wire_push(struct ivshmem_wire *w, const uint8_t *bytes, size_t len_bytes, int fd,
                       struct ivshmem_event *out);
/* The number for a server's message. */
void ivshmem_wire_put(int64_t number, uint8_t bytes[IVSHMEM_NUMBER_BYTES]);

#endif
