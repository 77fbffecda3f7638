/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/spice/channel.h - one channel: connection, link handshake, ticket, then messages both
 * ways.
 *
 * Everything is asynchronous on one loop and belongs to that loop's thread; callbacks run there.
 * The server is hostile: every size is checked against a limit before anything is allocated; a
 * message that breaks the rules ends this channel with a text that says what and where, never more.
 * Common messages (set-ack, ping, disconnecting, notify, wait-for-channels, migrate) are dealt with
 * here and never reach on_message. Both header forms are spoken; ours is the mini header where the
 * server has it. Format: the SPICE protocol, constants from libspice-protocol (spice/enums.h,
 * spice/protocol.h). A channel lives once: after on_down the owner destroys it and may create
 * another (backoff.h says when). */
#ifndef ESPELHO_SPICE_CHANNEL_H
#define ESPELHO_SPICE_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "loop/loop.h"
#include "spice/server.h"

struct spice_channel;

enum spice_fault {
    SPICE_FAULT_NONE,
    SPICE_FAULT_NO_SERVER,   /* refused, no such socket, timed out: the VM is off or not up yet */
    SPICE_FAULT_UNREACHABLE, /* no permission, no such host: a person has to do something */
    SPICE_FAULT_TLS,         /* certificate or TLS handshake */
    SPICE_FAULT_PASSWORD,    /* wrong, missing or expired */
    SPICE_FAULT_REFUSED,     /* the server does not want this channel (link result) */
    SPICE_FAULT_PROTOCOL,    /* the server broke the rules */
    SPICE_FAULT_CLOSED,      /* the server closed the connection or said disconnecting */
    SPICE_FAULT_MEMORY,
};

struct spice_problem {
    enum spice_fault fault;
    char text[256]; /* one line for a person: what, where, what to do */
};

struct spice_channel_ops {
    const char *name;           /* "inputs": for messages to people */
    uint8_t type;               /* SPICE_CHANNEL_* */
    uint32_t max_message_bytes; /* of one body; a larger one ends the channel */
    uint32_t caps; /* the channel's own capabilities we announce, bit n = capability n */
    /* The ticket goes out next: what is sent from here goes out in the same write. (A display
     * channel must send DISPLAY_INIT here: servers crash when a client leaves before it.) Optional.
     */
    void (*greet)(void *ctx, struct spice_channel *channel);
    /* The server let us in. Optional. */
    void (*on_up)(void *ctx, struct spice_channel *channel);
    /* One message, private memory, valid during the call. 0, or -EPROTO (after
     * spice_channel_blame()): the channel goes down. */
    int (*on_message)(void *ctx, struct spice_channel *channel, uint16_t type, const uint8_t *body,
                      size_t body_bytes);
    /* What was queued for sending has gone down to SPICE_SEND_LOW_BYTES or less. Optional. */
    void (*on_drained)(void *ctx, struct spice_channel *channel);
    /* The end, once, from the loop (never from inside a call of the owner). The channel may be
     * destroyed in here. */
    void (*on_down)(void *ctx, struct spice_channel *channel, const struct spice_problem *problem);
};

#define SPICE_SEND_LOW_BYTES (64u * 1024)
#define SPICE_SEND_MAX_BYTES (4u * 1024 * 1024) /* a server that does not read: then it ends */

/* Begins to connect. `server` is borrowed and outlives the channel. `connection_id`: 0 for the main
 * channel, else what SPICE_MSG_MAIN_INIT told. -ENOMEM or another -errno for our own failures only;
 * the rest comes through on_down. */
int spice_channel_create(struct loop *loop, const struct spice_server *server,
                         uint32_t connection_id, uint8_t channel_id,
                         const struct spice_channel_ops *ops, void *ctx,
                         struct spice_channel **out) MUST_CHECK;
void spice_channel_destroy(struct spice_channel *channel); /* NULL is fine; no callback comes */

/* The same, but once the ticket is sent it first waits for a message of the channel's own,
 * blocking, at most `limit_ms`; what comes until then goes to on_message. For servers that must not
 * lose a channel before they have dealt with its first message (display). */
void spice_channel_destroy_heard(struct spice_channel *channel, uint32_t limit_ms);

/* Writes to the socket at once as far as it takes it, and keeps the rest. Allowed from greet on.
 * 0; -EAGAIN: more than SPICE_SEND_MAX_BYTES wait (nothing was taken); -ENOTCONN. Never calls back.
 */
int spice_channel_send(struct spice_channel *channel, uint16_t type, const void *body,
                       size_t body_bytes) MUST_CHECK;
/* Between hold(true) and hold(false) sends are only queued; the latter writes them all at once. */
void spice_channel_hold(struct spice_channel *channel, bool hold);
size_t spice_channel_queued_bytes(const struct spice_channel *channel);
/* Stops reading from the server (back pressure) until called with false. */
void spice_channel_pause(struct spice_channel *channel, bool pause);
/* Did the server announce this capability of the channel's own set? Valid from greet on. */
bool spice_channel_has_cap(const struct spice_channel *channel, unsigned capability);
/* Says what was wrong with the message in on_message; becomes part of the problem's text. Returns
 * -EPROTO. */
int spice_channel_blame(struct spice_channel *channel, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Ends the channel for another reason than a broken message; on_down comes from the loop. */
void spice_channel_end(struct spice_channel *channel, enum spice_fault fault, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

#endif
