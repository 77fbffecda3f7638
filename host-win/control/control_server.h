/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/control/control_server.h - answers on the control pipe: the capture process's end.
 * Windows.
 *
 * Allowed to talk: the system, administrators, the user this process runs as, and users logged on
 * at this machine; nobody over the network. Up to CONTROL_CLIENTS_MAX at a time; one that neither
 * asks nor hangs up is cut off after CONTROL_CLIENT_PATIENCE_MS, so a program that wants to be a
 * nuisance can delay others, not lock them out.
 *
 * Threads: a thread of its own, on which the callbacks come; they return quickly and do not call
 * control_server_destroy(). */
#ifndef ESPELHO_CONTROL_CONTROL_SERVER_H
#define ESPELHO_CONTROL_CONTROL_SERVER_H

#include "base/macros.h"
#include "control/control_text.h"

enum { CONTROL_CLIENTS_MAX = 8, CONTROL_CLIENT_PATIENCE_MS = 2000 };

struct control_server;

struct control_server_config {
    void (*status)(void *ctx, struct control_status *out); /* *out is zeroed before */
    void (*restart)(void *ctx); /* end with HOST_EXIT_RESTART; the answer is on its way already */
    void (*quit)(void *ctx);    /* a person wants it to end: HOST_EXIT_QUIT */
    void *ctx;
    const char *suffix; /* of the pipe's name, for tests; NULL: none */
};

/* `config` is copied. 0; -EBUSY: another process answers on this pipe; -EINVAL bad suffix; -ENOMEM;
 * -EIO otherwise. */
int control_server_create(const struct control_server_config *config,
                          struct control_server **out) MUST_CHECK;
void control_server_destroy(struct control_server *server); /* NULL is fine */

#endif
