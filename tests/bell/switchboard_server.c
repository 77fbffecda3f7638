/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bell/switchboard_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "shm/ivshmem_wire.h"

static void say(int to, int64_t number, int fd)
{
    uint8_t bytes[IVSHMEM_NUMBER_BYTES];
    ivshmem_wire_put(number, bytes);
    struct iovec iov = { .iov_base = bytes, .iov_len = sizeof(bytes) };
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
    if (fd >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof(control.space);
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        *c = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
                               .cmsg_type = SCM_RIGHTS,
                               .cmsg_len = CMSG_LEN(sizeof(int)) };
        memcpy(CMSG_DATA(c), &fd, sizeof(fd));
    }
    (void)!sendmsg(to, &message, MSG_NOSIGNAL);
}

static void introduce(const struct switchboard_server *s, int to, uint16_t peer)
{
    for (int v = 0; v < SWITCHBOARD_VECTORS; v++)
        say(to, peer, s->board->fd[peer][v]);
}

static void *serve(void *ctx)
{
    struct switchboard_server *s = ctx;
    for (int fd; (fd = accept(s->listener, NULL, NULL)) >= 0;) {
        say(fd, 0, -1);
        say(fd, s->id, -1);
        say(fd, -1, s->memory_fd);
        for (int peer = 0; peer < SWITCHBOARD_PEERS; peer++)
            if (peer != s->id && !atomic_load(&s->board->gone[peer]))
                introduce(s, fd, (uint16_t)peer);
        introduce(s, fd, s->id);
        const int before = atomic_exchange(&s->connection, fd);
        if (before >= 0)
            close(before);
    }
    return NULL;
}

void switchboard_server_start(struct switchboard_server *s, struct switchboard *board,
                              int memory_fd, uint16_t id)
{
    *s = (struct switchboard_server){ .board = board,
                                      .dir = "/tmp/espelho-test-XXXXXX",
                                      .memory_fd = memory_fd,
                                      .id = id,
                                      .connection = -1 };
    if (!mkdtemp(s->dir))
        abort();
    snprintf(s->path, sizeof(s->path), "%s/vm.sock", s->dir);
    snprintf(s->name, sizeof(s->name), "unix:%s", s->path);
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", s->path);
    s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s->listener < 0 || bind(s->listener, (void *)&address, sizeof(address)) < 0 ||
        listen(s->listener, 4) < 0 || pthread_create(&s->thread, NULL, serve, s) != 0)
        abort();
}

void switchboard_server_stop(struct switchboard_server *s)
{
    shutdown(s->listener, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->listener);
    if (s->connection >= 0)
        close(s->connection);
    unlink(s->path);
    rmdir(s->dir);
}

void switchboard_server_come(struct switchboard_server *s, uint16_t id)
{
    atomic_store(&s->board->gone[id], false);
    const int fd = atomic_load(&s->connection);
    if (fd >= 0)
        introduce(s, fd, id);
}

void switchboard_server_gone(struct switchboard_server *s, uint16_t id)
{
    atomic_store(&s->board->gone[id], true);
    const int fd = atomic_load(&s->connection);
    if (fd >= 0)
        say(fd, id, -1);
}
