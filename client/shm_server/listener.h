/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/shm_server/listener.h - the socket that peers connect to, where systemd has not made it.
 *
 * One server per path: a second one is told so, what a dead one left is replaced. The socket never
 * has wider permissions than asked for, at no time. Threads: start-up and end. */
#ifndef ESPELHO_SHM_SERVER_LISTENER_H
#define ESPELHO_SHM_SERVER_LISTENER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/macros.h"

struct listener_config {
    const char *path;
    const char *group; /* name or number; NULL or "": that of this process */
    mode_t mode;
};

struct listener {
    int fd;                  /* owned, -1: none */
    const char *path;        /* borrowed; NULL: somebody else's to remove */
    uint64_t device, inode;  /* of the socket file */
    struct timespec changed; /* the same; numbers alone are used again */
};

/* Makes the last folder of the path if there is none (0755). 0; -errno and lines of what is wrong.
 */
int listener_open(const struct listener_config *config, struct listener *out, char *why,
                  size_t why_bytes) MUST_CHECK;
/* Closes, and removes the file if it is still ours. */
void listener_close(struct listener *l);

#endif
