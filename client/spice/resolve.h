/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/spice/resolve.h - the addresses of a host, without blocking the loop: addresses and
 * "localhost" are known at once, other names are looked up by a short-lived thread.
 * Threads: everything on the loop's thread. */
#ifndef ESPELHO_SPICE_RESOLVE_H
#define ESPELHO_SPICE_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/macros.h"
#include "loop/loop.h"

enum { RESOLVE_MAX = 8 };

struct resolved {
    int error;        /* EAI_*, 0: none */
    int system_errno; /* with EAI_SYSTEM */
    size_t count;
    struct {
        struct sockaddr_storage address;
        socklen_t bytes;
    } found[RESOLVE_MAX];
};

/* True: `out` has the addresses. False: the name must be looked up. */
bool resolve_known(const char *host, uint16_t port, struct resolved *out);

struct resolve;
/* `done` runs once, on the loop; in it or later the owner calls resolve_cancel(). */
typedef void (*resolve_fn)(void *ctx, const struct resolved *resolved);
int resolve_start(struct loop *loop, const char *host, uint16_t port, resolve_fn done, void *ctx,
                  struct resolve **out) MUST_CHECK;
/* Ends the interest in the answer (the thread may go on for a while) or frees it. NULL is fine. */
void resolve_cancel(struct resolve *resolve);

#endif
