/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/spice/server.h - where a VM's SPICE server listens and how to be let in. Plain data.
 * Threads: constant while a channel uses it, except `password` (spice_session_set_password()). */
#ifndef ESPELHO_SPICE_SERVER_H
#define ESPELHO_SPICE_SERVER_H

#include <stddef.h>
#include <stdint.h>

struct spice_server {
    const char *socket_path; /* unix socket; NULL: TCP */
    const char *host;        /* name or address, IPv6 without brackets; NULL: 127.0.0.1 */
    uint16_t port;           /* without TLS; 0: none */
    uint16_t tls_port;       /* with TLS, preferred where both are given; 0: none */
    const char *password;    /* NULL: none. At most 60 bytes are sent (SPICE_MAX_PASSWORD_LENGTH) */
    const char *ca_file;     /* PEM; NULL: the system's authorities */
    const char *host_subject; /* "C=..,O=..,CN=.." that the certificate must have instead of
                                 matching `host`; NULL: the host name is checked */
};

/* The path of the unix socket, or NULL for TCP: socket_path, or a host that is a path and no port.
 */
const char *spice_server_path(const struct spice_server *server);
/* For messages to people: "127.0.0.1:5900", "[::1]:5900", "/run/vm.sock". */
void spice_server_describe(const struct spice_server *server, char *out, size_t out_bytes);

#endif
