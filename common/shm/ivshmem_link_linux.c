/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shm/ivshmem_link_linux.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"

/* More than the one that the protocol knows, so that others are seen and closed. */
enum { MAX_FDS_AT_ONCE = 4 };

void ivshmem_link_init(struct ivshmem_link *l)
{
    l->fd = -1;
    ivshmem_wire_init(&l->wire);
}

void ivshmem_link_fini(struct ivshmem_link *l)
{
    if (l->fd >= 0)
        close(l->fd);
    if (l->wire.fd >= 0)
        close(l->wire.fd);
    ivshmem_link_init(l);
}

int ivshmem_link_connect(struct ivshmem_link *l, const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path));
    autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
        return -errno;
    ivshmem_link_fini(l);
    l->fd = steal_fd(&fd);
    return 0;
}

/* Takes the descriptors out of a message: *fd is the first, more are closed. Their number. */
static size_t take_fds(struct msghdr *message, int *fd)
{
    size_t count = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        const size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n; i++) {
            int one;
            memcpy(&one, CMSG_DATA(c) + i * sizeof(one), sizeof(one));
            if (count++ == 0)
                *fd = one;
            else
                close(one);
        }
    }
    return count;
}

static int receive(struct ivshmem_link *l, struct ivshmem_event *out)
{
    uint8_t bytes[IVSHMEM_NUMBER_BYTES];
    struct iovec iov = { .iov_base = bytes, .iov_len = ivshmem_wire_wants(&l->wire) };
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(MAX_FDS_AT_ONCE * sizeof(int))];
    } control;
    struct msghdr message = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
    };
    ssize_t len_bytes;
    do
        len_bytes = recvmsg(l->fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    while (len_bytes < 0 && errno == EINTR);
    if (len_bytes < 0)
        return errno == EAGAIN ? 0 : errno == ECONNRESET ? -EPIPE : -errno;
    int fd = -1;
    const size_t fds = take_fds(&message, &fd);
    if (len_bytes == 0)
        return -EPIPE; /* no descriptor comes without a byte */
    ivshmem_wire_push(&l->wire, bytes, (size_t)len_bytes, fd, out);
    if (out->type == IVSHMEM_EVENT_BAD && fd >= 0 && out->fd != fd)
        close(fd);
    if (message.msg_flags & MSG_CTRUNC) /* either our limit of files, or too many at once */
        return fds >= MAX_FDS_AT_ONCE ? -EPROTO : -EMFILE;
    return fds > 1 ? -EPROTO : 1;
}

int ivshmem_link_read(struct ivshmem_link *l, struct ivshmem_event *out)
{
    if (l->fd < 0)
        return -EPIPE;
    struct ivshmem_event event = { .type = IVSHMEM_EVENT_NONE, .fd = -1 };
    int got;
    do
        got = receive(l, &event);
    while (got > 0 && event.type == IVSHMEM_EVENT_NONE);
    if (got > 0)
        *out = event;
    else if (event.fd >= 0)
        close(event.fd);
    return got;
}

bool ivshmem_link_hung_up(const struct ivshmem_link *l)
{
    struct pollfd p = { .fd = l->fd, .events = POLLRDHUP };
    return l->fd < 0 || (poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR)));
}
