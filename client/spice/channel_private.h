/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/spice/channel_private.h - a channel's connection, shared by the channel_*.c files only.
 * Threads: the loop's. */
#ifndef ESPELHO_SPICE_CHANNEL_PRIVATE_H
#define ESPELHO_SPICE_CHANNEL_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spice/channel.h"
#include "spice/framing.h"
#include "spice/problem.h"
#include "spice/sendqueue.h"
#include "spice/transport.h"

enum channel_state {
    CHANNEL_CONNECT,
    CHANNEL_LINK_HEADER,
    CHANNEL_LINK_REPLY,
    CHANNEL_LINK_RESULT, /* the ticket is on its way; messages may follow it */
    CHANNEL_UP,
    CHANNEL_FAILED,
};

struct spice_channel {
    struct loop *loop;                 /* borrowed */
    const struct spice_server *server; /* borrowed */
    uint32_t connection_id;
    uint8_t channel_id;
    const struct spice_channel_ops *ops;
    void *ctx;

    enum channel_state state;
    struct transport *transport;
    struct loop_source *timer; /* of the handshake */
    struct loop_source *wake;  /* an end to tell, or reading to go on with */
    struct framing in;
    struct sendqueue out;
    bool hold, paused;
    bool heard;     /* a message of the channel's own came */
    bool above_low; /* more than SPICE_SEND_LOW_BYTES waited: on_drained is due */
    size_t reply_bytes;
    uint32_t server_caps;
    bool had_password;
    uint64_t serial; /* of full headers */
    uint32_t ack_window, ack_left;
    char blame[160];
    struct spice_problem problem;
    unsigned busy; /* callbacks that run now: */
    bool dead;     /* destroyed in one of them, freed after it */
};

/* channel.c. flush: sends what is queued, as far as the server takes it; goes_on: false after an
 * end, also when the owner has destroyed the channel in a callback. */
void spice_channel_flush(struct spice_channel *c);
bool spice_channel_goes_on(const struct spice_channel *c);

/* channel_link.c: the handshake, from the connected transport to CHANNEL_UP. */
void spice_channel_send_link(struct spice_channel *c);
/* One step with what has been received. False: more bytes are needed. */
bool spice_channel_step_link(struct spice_channel *c);

/* channel_messages.c: the next message. False: there is none yet. */
bool spice_channel_step_messages(struct spice_channel *c);

#endif
