/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/spice/tls.h - TLS on a connected non-blocking socket, by GnuTLS: the server's certificate
 * is checked against the authorities and against its host name or subject. One thread. */
#ifndef ESPELHO_SPICE_TLS_H
#define ESPELHO_SPICE_TLS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/macros.h"
#include "spice/channel.h"
#include "spice/server.h"

struct tls;

/* The descriptor is borrowed. 0; -ENOMEM; -EPROTO with `problem` filled in. */
int tls_create(int fd, const struct spice_server *server, struct tls **out,
               struct spice_problem *problem) MUST_CHECK;
void tls_destroy(struct tls *tls); /* NULL is fine; the other side is not waited for */

/* 0: done and the server is who it should be. -EAGAIN: wait for the socket and come again.
 * -EPROTO with `problem` filled in. */
int tls_handshake(struct tls *tls, struct spice_problem *problem) MUST_CHECK;
bool tls_wants_write(const struct tls *tls); /* after -EAGAIN: for EPOLLOUT, else EPOLLIN */

/* As read() and write(): bytes, 0 at the end, -EAGAIN or another -errno. After -EAGAIN of a write
 * the next one must begin with the same bytes. */
ssize_t tls_read(struct tls *tls, void *out, size_t out_bytes) MUST_CHECK;
ssize_t tls_write(struct tls *tls, const void *data, size_t data_bytes) MUST_CHECK;
/* Bytes that tls_read() can give although the socket has none. */
size_t tls_pending_bytes(const struct tls *tls);

#endif
