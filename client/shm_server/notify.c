/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "shm-server"

#include "shm_server/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"

enum { FIRST_FD = 3, MAX_GIVEN = 1 << 18, TEXT_BYTES = 256 };

void notify_init(struct notify *n)
{
    const char *path = getenv("NOTIFY_SOCKET");
    *n = (struct notify){ .fd = -1, .address = { .sun_family = AF_UNIX } };
    if (!path || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof(n->address.sun_path))
        return;
    memcpy(n->address.sun_path, path, strlen(path));
    n->address_bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    if (path[0] == '@')
        n->address.sun_path[0] = '\0';
    n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    unsetenv("NOTIFY_SOCKET");
}

void notify_fini(struct notify *n)
{
    if (n->fd >= 0)
        close(n->fd);
    n->fd = -1;
}

/* Never waits: this server owes more to its peers than to systemd. What is not stored is missing
 * after a restart only. */
static void send_text(const struct notify *n, const char *text, int with_fd)
{
    if (n->fd < 0)
        return;
    struct iovec iov = { .iov_base = (void *)text, .iov_len = strlen(text) };
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct msghdr message = { .msg_name = (void *)&n->address,
                              .msg_namelen = n->address_bytes,
                              .msg_iov = &iov,
                              .msg_iovlen = 1 };
    if (with_fd >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof(control);
        control.align = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
                                          .cmsg_type = SCM_RIGHTS,
                                          .cmsg_len = CMSG_LEN(sizeof(int)) };
        memcpy(CMSG_DATA(&control.align), &with_fd, sizeof(with_fd));
    }
    if (sendmsg(n->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        log_every(10000, LOG_LEVEL_WARN, "tell systemd '%.40s': %s", text, err_str(errno));
}

void notify_say(const struct notify *n, const char *text)
{
    send_text(n, text, -1);
}

void notify_store(const struct notify *n, const char *name, int fd)
{
    char text[TEXT_BYTES];
    snprintf(text, sizeof(text), "FDSTORE=1\nFDNAME=%s", name);
    send_text(n, text, fd);
}

void notify_forget(const struct notify *n, const char *name)
{
    char text[TEXT_BYTES];
    snprintf(text, sizeof(text), "FDSTOREREMOVE=1\nFDNAME=%s", name);
    send_text(n, text, -1);
}

static long number_in(const char *variable)
{
    const char *text = getenv(variable);
    char *end;
    errno = 0;
    const long v = text ? strtol(text, &end, 10) : 0;
    return text && *text && !*end && !errno ? v : 0;
}

/* The name before the next ':'. */
static const char *next_name(const char *names, char name[NOTIFY_NAME_BYTES])
{
    const size_t len = strcspn(names, ":");
    snprintf(name, NOTIFY_NAME_BYTES, "%.*s", len < NOTIFY_NAME_BYTES ? (int)len : 0, names);
    return names + len + (names[len] == ':');
}

struct notify_given *notify_given_fds(size_t *count)
{
    const long n = number_in("LISTEN_FDS");
    const bool ours = number_in("LISTEN_PID") == getpid() && n > 0 && n <= MAX_GIVEN;
    struct notify_given *given = ours ? calloc((size_t)n, sizeof(*given)) : NULL;
    const char *names = getenv("LISTEN_FDNAMES");
    *count = given ? (size_t)n : 0;
    names = names ? names : "";
    for (size_t i = 0; i < *count; i++) {
        names = next_name(names, given[i].name);
        given[i].fd = FIRST_FD + (int)i;
        if (fcntl(given[i].fd, F_SETFD, FD_CLOEXEC) < 0)
            given[i].fd = -1; /* there is none: a lie */
    }
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDNAMES");
    return given;
}
