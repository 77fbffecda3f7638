/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/kvmfr/client_private.h - what the files of the consuming side share. */
#ifndef ESPELHO_KVMFR_CLIENT_PRIVATE_H
#define ESPELHO_KVMFR_CLIENT_PRIVATE_H

#include "kvmfr/board.h"
#include "kvmfr/client.h"
#include "kvmfr/client_extension.h"
#include "kvmfr/clock_offset.h"
#include "lgmp/client.h"

/* Of one subscription to both queues, but for `wants`. */
struct client_extension {
    struct kvmfr_client_wants wants;
    enum kvmfr_greeting greeting;
    struct kvmfr_extension said;    /* the host's record */
    struct kvmfr_wire_board *board; /* in the region, latched; NULL: no extension */
    struct kvmfr_wire_board_line *line;
    uint16_t line_index, pointer_vector;
    uint32_t client_id;
    uint32_t hello_serial;
    struct clock_offset clock;
    struct {
        uint32_t cookie; /* of the last one sent */
        uint64_t sent_ns;
        uint64_t next_ns; /* not before */
        uint32_t sent;    /* in this subscription */
        bool outstanding;
    } ping;
    bool hold_rings, ring_held;
};

struct kvmfr_client {
    const struct shm_region *region; /* borrowed */
    struct lgmp_client *lgmp;
    struct lgmp_subscription *frames, *pointer; /* NULL: not subscribed */
    enum kvmfr_state state;
    bool in_session;     /* the message layer has one; state says whether it is usable */
    bool session_kvmfr;  /* ... and its user data is ours */
    bool restart_untold; /* a reader has not been told yet that the stream broke */
    bool waiting;        /* silent_since_ms counts */
    uint64_t silent_since_ms;
    uint32_t generation;
    struct kvmfr_session session;
    struct kvmfr_versions versions;
    struct client_extension ext;
};

/* client_extension.c. Both subscriptions were just made; are about to be given up (still valid or
 * not). */
void kvmfr_client_meet(struct kvmfr_client *c);
void kvmfr_client_part(struct kvmfr_client *c);
/* After something that the host should react to. */
void kvmfr_client_ring(struct kvmfr_client *c);

#endif
