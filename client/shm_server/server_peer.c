/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/text.h"
#include "shm_server/server_private.h"

/* ---- bells ---- */

void shm_bells_close(int *bells, uint16_t vectors)
{
    for (uint16_t i = 0; bells && i < vectors; i++) {
        if (bells[i] >= 0)
            close(bells[i]);
    }
    free(bells);
}

int *shm_bells_create(uint16_t vectors)
{
    int *bells = malloc(vectors * sizeof(*bells));
    for (uint16_t i = 0; bells && i < vectors; i++) {
        bells[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (bells[i] < 0) {
            shm_bells_close(bells, i);
            return NULL;
        }
    }
    return bells;
}

/* ---- telling ---- */

void shm_peer_doom(struct shm_peer *p, const char *why)
{
    if (!p->doomed)
        p->doomed = why;
    p->server->any_doomed = true;
}

void shm_peer_tell(struct shm_peer *p, uint8_t type, uint16_t id, uint8_t vector)
{
    if (p->doomed)
        return;
    if (!outbox_push(&p->outbox, (struct shm_word){ .type = type, .vector = vector, .id = id }))
        shm_peer_doom(p, _("it reads too slowly, its queue is full"));
}

void shm_peer_tell_bells(struct shm_peer *p, const struct shm_peer *of)
{
    for (uint16_t v = 0; v < of->vectors; v++)
        shm_peer_tell(p, SHM_WORD_VECTOR, of->id, (uint8_t)v);
}

/* What a word looks like on the wire. */
static int64_t wire_of(const struct shm_peer *p, const struct shm_word *word, int *fd)
{
    const struct shm_server *s = p->server;
    *fd = -1;
    switch (word->type) {
    case SHM_WORD_VERSION:
        return IVSHMEM_VERSION;
    case SHM_WORD_MEMORY:
        *fd = s->config.memory_fd;
        return -1;
    case SHM_WORD_VECTOR:
        *fd = s->by_id[word->id]->bells[word->vector];
        return word->id;
    default:
        return word->id;
    }
}

static int send_number(int to, int64_t number, int fd)
{
    uint8_t bytes[IVSHMEM_NUMBER_BYTES];
    struct iovec iov = { .iov_base = bytes, .iov_len = sizeof(bytes) };
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
    ivshmem_wire_put(number, bytes);
    if (fd >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof(control);
        control.align = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
                                          .cmsg_type = SCM_RIGHTS,
                                          .cmsg_len = CMSG_LEN(sizeof(int)) };
        memcpy(CMSG_DATA(&control.align), &fd, sizeof(fd));
    }
    ssize_t sent;
    do
        sent = sendmsg(to, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    /* Eight bytes go whole or not at all: a stream of this kind splits nothing below a page. */
    return sent == sizeof(bytes) ? 0 : sent < 0 ? -errno : -EIO;
}

static void wait_for_room(struct shm_peer *p, bool wait)
{
    if (wait == p->waits_for_room)
        return;
    if (loop_set_events(p->source, wait ? EPOLLIN | EPOLLOUT : EPOLLIN) < 0)
        shm_peer_doom(p, _("it cannot be watched"));
    p->waits_for_room = wait;
}

/* 0: all was sent; -EAGAIN: no room; -ETOOMANYREFS: as many descriptors under way as may be, look
 * again later; -errno: it is gone. */
static int send_some(struct shm_peer *p)
{
    const struct shm_word *word;
    while ((word = outbox_first(&p->outbox)) != NULL) {
        int fd;
        const int64_t number = wire_of(p, word, &fd);
        const int err = send_number(p->fd, number, fd);
        if (err < 0)
            return err;
        outbox_pop(&p->outbox);
        if (p->unread_since_ns)
            p->unread_since_ns = clock_ns(); /* it reads, if slowly */
    }
    return 0;
}

/* A greeting that was cut off is better begun anew: so not before it was sent. */
static void store(struct shm_peer *p)
{
    const struct notify *n = p->server->config.notify;
    char name[NOTIFY_NAME_BYTES];
    if (p->stored)
        return;
    for (uint16_t v = 0; v < p->vectors; v++) {
        shm_peer_bell_name(p->id, v, name);
        notify_store(n, name, p->bells[v]);
    }
    shm_peer_socket_name(p->id, name);
    notify_store(n, name, p->fd);
    p->stored = true;
}

void shm_peer_forget(struct shm_peer *p)
{
    const struct notify *n = p->server->config.notify;
    char name[NOTIFY_NAME_BYTES];
    if (!p->stored)
        return;
    shm_peer_socket_name(p->id, name);
    notify_forget(n, name);
    for (uint16_t v = 0; v < p->vectors; v++) {
        shm_peer_bell_name(p->id, v, name);
        notify_forget(n, name);
    }
    p->stored = false;
}

void shm_peer_flush(struct shm_peer *p)
{
    if (p->doomed)
        return;
    const int err = send_some(p);
    if (err == 0) {
        p->unread_since_ns = 0;
        wait_for_room(p, false);
        store(p);
        return;
    }
    if (err != -EAGAIN && err != -ETOOMANYREFS) {
        shm_peer_doom(p, _("it left"));
        return;
    }
    if (p->unread_since_ns == 0)
        p->unread_since_ns = clock_ns();
    wait_for_room(p, err == -EAGAIN);
    shm_server_watch_patience(p->server);
}

/* ---- the connection ---- */

static void on_peer(void *ctx, uint32_t events)
{
    struct shm_peer *p = ctx;
    struct shm_server *s = p->server;
    if (events & EPOLLOUT)
        shm_peer_flush(p);
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        char byte;
        /* Without room for descriptors: what it may have sent of them is closed by the kernel. */
        const ssize_t got = recv(p->fd, &byte, sizeof(byte), MSG_DONTWAIT);
        if (got > 0)
            shm_peer_doom(p, _("it sent something, and peers have nothing to say"));
        else if (got == 0 || (errno != EAGAIN && errno != EINTR))
            shm_peer_doom(p, _("it left"));
    }
    shm_server_sweep(s);
}

struct shm_peer *shm_peer_create(struct shm_server *s, int fd, uint16_t id, int *bells,
                                 uint16_t vectors)
{
    struct shm_peer *p = calloc(1, sizeof(*p));
    if (!p) {
        close(fd);
        shm_bells_close(bells, vectors);
        return NULL;
    }
    *p = (struct shm_peer){ .server = s, .id = id, .vectors = vectors, .fd = fd, .bells = bells };
    /* Room for a greeting, and as much again for what happens meanwhile. */
    outbox_init(&p->outbox, 64 + 2 * (size_t)s->config.max_peers * (IVSHMEM_MAX_VECTORS + 1u));
    if (loop_add_fd(s->config.loop, fd, EPOLLIN, on_peer, p, &p->source) < 0) {
        shm_peer_destroy(p);
        return NULL;
    }
    return p;
}

void shm_peer_destroy(struct shm_peer *p)
{
    if (!p)
        return;
    loop_source_destroy(p->source);
    close(p->fd);
    shm_bells_close(p->bells, p->vectors);
    outbox_fini(&p->outbox);
    free(p);
}

void shm_peer_socket_name(uint16_t id, char name[NOTIFY_NAME_BYTES])
{
    snprintf(name, NOTIFY_NAME_BYTES, "peer-%u", (unsigned)id);
}

void shm_peer_bell_name(uint16_t id, uint16_t vector, char name[NOTIFY_NAME_BYTES])
{
    snprintf(name, NOTIFY_NAME_BYTES, "bell-%u-%u", (unsigned)id, (unsigned)vector);
}
