/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bell/switchboard.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct peer {
    struct shm_doorbell base;
    struct switchboard *board;
};

static struct peer *peer_of(struct shm_doorbell *self)
{
    return container_of(self, struct peer, base);
}

static int event(void)
{
    const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0)
        abort();
    return fd;
}

void switchboard_init(struct switchboard *s)
{
    *s = (struct switchboard){ .news_fd = event() };
    for (int peer = 0; peer < SWITCHBOARD_PEERS; peer++) {
        for (int vector = 0; vector < SWITCHBOARD_VECTORS; vector++)
            s->fd[peer][vector] = event();
    }
}

void switchboard_fini(struct switchboard *s)
{
    close(s->news_fd);
    for (int peer = 0; peer < SWITCHBOARD_PEERS; peer++) {
        for (int vector = 0; vector < SWITCHBOARD_VECTORS; vector++)
            close(s->fd[peer][vector]);
    }
}

static void raise_fd(int fd)
{
    const uint64_t one = 1;
    if (write(fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
        abort();
}

void switchboard_hang_up(struct switchboard *s, uint16_t id)
{
    atomic_store(&s->gone[id], true);
    raise_fd(s->news_fd);
}

static void peer_destroy(struct shm_doorbell *self)
{
    free(peer_of(self));
}

static int peer_ring(struct shm_doorbell *self, uint16_t peer, uint16_t vector)
{
    struct switchboard *s = peer_of(self)->board;
    if (peer >= SWITCHBOARD_PEERS || vector >= SWITCHBOARD_VECTORS || atomic_load(&s->gone[peer]))
        return -ENOENT;
    atomic_fetch_add_explicit(&s->rung[peer], 1, memory_order_relaxed);
    if (!atomic_load_explicit(&s->mute[peer], memory_order_relaxed))
        raise_fd(s->fd[peer][vector]);
    return 0;
}

static int peer_fd(struct shm_doorbell *self, uint16_t vector)
{
    return vector < SWITCHBOARD_VECTORS ? peer_of(self)->board->fd[self->own_id][vector] : -1;
}

static bool peer_clear(struct shm_doorbell *self, uint16_t vector)
{
    uint64_t count;
    return read(peer_fd(self, vector), &count, sizeof(count)) == sizeof(count);
}

static int peer_wait(struct shm_doorbell *self, uint16_t vector, uint32_t timeout_ms)
{
    struct pollfd fd = { .fd = peer_fd(self, vector), .events = POLLIN };
    const int n = poll(&fd, 1, (int)timeout_ms);
    if (n < 0)
        return -errno;
    return n > 0 && peer_clear(self, vector);
}

static bool peer_refresh(struct shm_doorbell *self)
{
    uint64_t count;
    (void)!read(peer_of(self)->board->news_fd, &count, sizeof(count));
    return true;
}

static int peer_news_fd(struct shm_doorbell *self)
{
    return peer_of(self)->board->news_fd;
}

static bool peer_present(struct shm_doorbell *self, uint16_t peer)
{
    return peer < SWITCHBOARD_PEERS && !atomic_load(&peer_of(self)->board->gone[peer]);
}

static const struct shm_doorbell_ops peer_ops = {
    .name = "switchboard",
    .destroy = peer_destroy,
    .ring = peer_ring,
    .wait = peer_wait,
    .fd = peer_fd,
    .clear = peer_clear,
    .refresh = peer_refresh,
    .news_fd = peer_news_fd,
    .peer_present = peer_present,
};

struct shm_doorbell *switchboard_peer(struct switchboard *s, uint16_t id)
{
    struct peer *p = calloc(1, sizeof(*p));
    if (!p)
        abort();
    p->base =
        (struct shm_doorbell){ .ops = &peer_ops, .own_id = id, .vectors = SWITCHBOARD_VECTORS };
    p->board = s;
    return &p->base;
}
