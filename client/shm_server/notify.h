/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/shm_server/notify.h - systemd's side of a service: descriptors that it hands over at the
 * start (sd_listen_fds(3)), words to it, and descriptors that it keeps over a restart
 * (sd_notify(3), FDSTORE). By hand: it is two environment variables and one datagram, and
 * libsystemd would be the largest part of the server.
 *
 * Without systemd all of it does nothing. Threads: one. */
#ifndef ESPELHO_SHM_SERVER_NOTIFY_H
#define ESPELHO_SHM_SERVER_NOTIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { NOTIFY_NAME_BYTES = 32 };

struct notify {
    int fd; /* owned, -1: nobody listens */
    struct sockaddr_un address;
    socklen_t address_bytes;
};

void notify_init(struct notify *n); /* takes $NOTIFY_SOCKET out of the environment */
void notify_fini(struct notify *n);
/* "READY=1", "STOPPING=1", "STATUS=..." */
void notify_say(const struct notify *n, const char *text);
/* Keeps a duplicate under that name, until it is forgotten, or hangs up. */
void notify_store(const struct notify *n, const char *name, int fd);
void notify_forget(const struct notify *n, const char *name);

struct notify_given {
    int fd;                       /* the receiver's to close; -1 once taken */
    char name[NOTIFY_NAME_BYTES]; /* "": none, or too long */
};
/* What this process was started with, and takes that out of the environment. Heap, the caller's;
 * the number in *count; NULL if there is nothing, or it is meant for another process. */
struct notify_given *notify_given_fds(size_t *count);

#endif
