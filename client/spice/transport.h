/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/spice/transport.h - a non-blocking stream of bytes to a SPICE server: unix socket or TCP,
 * with TLS where the server has a TLS port. All addresses of a host are tried, one after the other.
 * Threads: everything on the loop's thread. */
#ifndef ESPELHO_SPICE_TRANSPORT_H
#define ESPELHO_SPICE_TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/macros.h"
#include "loop/loop.h"
#include "spice/channel.h"
#include "spice/server.h"

struct transport;

struct transport_ops { /* the transport may be destroyed in each of them but the first */
    /* Connected; the TLS handshake may follow. Here the waiting for the server's answers begins. */
    void (*on_connected)(void *ctx);
    void (*on_open)(void *ctx); /* bytes can be sent and received */
    void (*on_ready)(void *ctx, bool readable, bool writable);
    /* Instead of on_open. */
    void (*on_failed)(void *ctx, const struct spice_problem *problem);
};

/* Begins to connect, at most 5 s per address; nothing is called before the loop runs.
 * `server` is borrowed. */
int transport_create(struct loop *loop, const struct spice_server *server,
                     const struct transport_ops *ops, void *ctx, struct transport **out) MUST_CHECK;
void transport_destroy(struct transport *transport); /* closes; NULL is fine */
/* Blocks until there is something to read, or the end: true; or for `limit_ms`: false. */
bool transport_wait(const struct transport *transport, uint32_t limit_ms) MUST_CHECK;

/* As read() and write(): bytes, 0 at the end, -EAGAIN, another -errno. After -EAGAIN of a write the
 * next one must begin with the same bytes. */
ssize_t transport_read(struct transport *transport, void *out, size_t out_bytes) MUST_CHECK;
ssize_t transport_write(struct transport *transport, const void *data,
                        size_t data_bytes) MUST_CHECK;
/* What on_ready is called for; at first for reading. */
void transport_want(struct transport *transport, bool readable, bool writable);
/* There are bytes to read of which the socket does not know: on_ready will not tell. */
bool transport_has_pending(const struct transport *transport);

#endif
