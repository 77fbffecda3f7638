/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spice/server.h"

#include <stdio.h>
#include <string.h>

const char *spice_server_path(const struct spice_server *s)
{
    if (s->socket_path)
        return s->socket_path;
    return s->host && s->host[0] == '/' && s->port == 0 && s->tls_port == 0 ? s->host : NULL;
}

void spice_server_describe(const struct spice_server *s, char *out, size_t out_bytes)
{
    const char *path = spice_server_path(s);
    if (path) {
        snprintf(out, out_bytes, "%s", path);
        return;
    }
    const char *host = s->host ? s->host : "127.0.0.1";
    const unsigned port = s->tls_port ? s->tls_port : s->port;
    if (strchr(host, ':'))
        snprintf(out, out_bytes, "[%s]:%u", host, port);
    else
        snprintf(out, out_bytes, "%s:%u", host, port);
}
