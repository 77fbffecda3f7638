/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/shm_server/access.h - who may connect: what the kernel says of the process at the other
 * end of a socket against lists of users and groups.
 *
 * root and the server's own user always may. Threads: one. */
#ifndef ESPELHO_SHM_SERVER_ACCESS_H
#define ESPELHO_SHM_SERVER_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/macros.h"

enum { SHM_ACCESS_MAX = 64 };

struct shm_access {
    uid_t users[SHM_ACCESS_MAX];
    size_t user_count;
    gid_t groups[SHM_ACCESS_MAX];
    size_t group_count;
};

/* Adds comma-separated names or numbers. What does not exist on this machine is an error, but for
 * `lenient`: then it is left out (our defaults name users of more than one distribution). 0, or
 * -EINVAL and the reason. */
int shm_access_add_users(struct shm_access *a, const char *names, bool lenient, char *why,
                         size_t why_bytes) MUST_CHECK;
int shm_access_add_groups(struct shm_access *a, const char *names, bool lenient, char *why,
                          size_t why_bytes) MUST_CHECK;

/* The process at the other end, when it connected. */
struct shm_client {
    pid_t pid;
    uid_t uid;
    gid_t gid;
};
/* Asks the kernel. 0 or -errno. */
int shm_access_client(int socket_fd, struct shm_client *out) MUST_CHECK;
/* By user, group or one of its other groups (SO_PEERGROUPS). */
bool shm_access_allows(const struct shm_access *a, int socket_fd, const struct shm_client *client);

#endif
