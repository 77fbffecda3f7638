/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shm/ivshmem_peer_linux.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/text.h"
#include "shm/ivshmem_scout_linux.h"
#include "shm/region_problem.h"

enum {
    GREETING_MS = 250, /* one that is well needs 2; the caller may have a window to care for */
    /* The viewer's: frame, pointer. The server does not say how many it gives, so whoever has fewer
     * waits a little for more; what comes later still counts (refresh). */
    WANTED_VECTORS = 2,
    MORE_VECTORS_MS = 20,
    CONNECT_RETRY_MS = 5,
    EVENTS_PER_REFRESH = 4096,
};

struct bells {
    uint16_t count;
    int fds[IVSHMEM_KEPT_VECTORS]; /* owned */
};

struct other {
    uint16_t id;
    struct bells bells;
};

struct ivshmem_peer {
    struct shm_doorbell base;
    struct ivshmem_link link; /* the thread that refreshes */
    bool gone;                /* the same thread */
    pthread_mutex_t lock;     /* for all below; ring() is called from any thread */
    struct bells own;         /* only grows: what was given out stays good */
    struct other *others;     /* heap, in the order they came */
    size_t other_count, other_room;
    bool gone_known;            /* `gone`, for ring() */
    struct ivshmem_scout scout; /* the thread that asks whether the region was replaced */
};

static const struct shm_doorbell_ops server_doorbell_ops;

static struct ivshmem_peer *peer_of(struct shm_doorbell *self)
{
    assert(self->ops == &server_doorbell_ops);
    return container_of(self, struct ivshmem_peer, base);
}

/* ---- bells ---- */

static void bells_close(struct bells *b)
{
    for (uint16_t i = 0; i < b->count; i++)
        close(b->fds[i]);
    b->count = 0;
}

/* Takes `fd` over. */
static void bells_add(struct bells *b, int fd)
{
    if (b->count < IVSHMEM_KEPT_VECTORS)
        b->fds[b->count++] = fd;
    else
        close(fd);
}

/* Eight bytes are written to what the server says is a bell: nothing but an eventfd may get them.
 */
static bool is_eventfd(int fd)
{
    static const char want[] = "anon_inode:[eventfd]";
    char path[32], target[sizeof(want) + 1];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    const ssize_t len = readlink(path, target, sizeof(target));
    return len == (ssize_t)strlen(want) && memcmp(target, want, strlen(want)) == 0;
}

/* 0, or -EPROTO: no eventfd. Afterwards writing to a full one does not block. (The flag is shared
 * with all who hold the eventfd; whoever made it for QEMU has set it.) */
static int prepare_bell(int fd)
{
    const int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || !is_eventfd(fd))
        return -EPROTO;
    return flags & O_NONBLOCK || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 ? 0 : -errno;
}

static int ring_bell(int fd)
{
    const uint64_t one = 1;
    /* EAGAIN: so many rings that nobody took that it cannot count them. It is rung. */
    return write(fd, &one, sizeof(one)) == sizeof(one) || errno == EAGAIN ? 0 : -errno;
}

/* Takes all rings. RWF_NOWAIT: another peer may take them, or the flag, away at any time. */
static bool take_rings(int fd)
{
    uint64_t count;
    struct iovec iov = { .iov_base = &count, .iov_len = sizeof(count) };
    return preadv2(fd, &iov, 1, -1, RWF_NOWAIT) == sizeof(count);
}

/* ---- who is there ---- */

/* Under the lock. */
static struct other *find_other(struct ivshmem_peer *p, uint16_t id)
{
    for (size_t i = 0; i < p->other_count; i++) {
        if (p->others[i].id == id)
            return &p->others[i];
    }
    return NULL;
}

/* Under the lock. NULL: no more are remembered. */
static struct other *add_other(struct ivshmem_peer *p, uint16_t id)
{
    if (p->other_count == IVSHMEM_MAX_PEERS)
        return NULL;
    if (p->other_count == p->other_room) {
        const size_t room = p->other_room ? p->other_room * 2 : 8;
        struct other *others = realloc(p->others, room * sizeof(*others));
        if (!others)
            return NULL;
        p->others = others;
        p->other_room = room;
    }
    p->others[p->other_count] = (struct other){ .id = id };
    return &p->others[p->other_count++];
}

/* Takes `fd` over. */
static void add_vector(struct ivshmem_peer *p, uint16_t id, int fd)
{
    pthread_mutex_lock(&p->lock);
    if (id == p->base.own_id) {
        bells_add(&p->own, fd);
        p->base.vectors = p->own.count;
    } else {
        struct other *o = find_other(p, id);
        if (!o)
            o = add_other(p, id);
        if (o)
            bells_add(&o->bells, fd);
        else
            close(fd);
    }
    pthread_mutex_unlock(&p->lock);
}

static void remove_other(struct ivshmem_peer *p, uint16_t id)
{
    pthread_mutex_lock(&p->lock);
    struct other *o = find_other(p, id);
    if (o) {
        bells_close(&o->bells);
        const size_t behind = (size_t)(p->others + p->other_count - (o + 1));
        memmove(o, o + 1, behind * sizeof(*o));
        p->other_count--;
    }
    pthread_mutex_unlock(&p->lock);
}

/* What is said after the memory came. Takes the event's descriptor over. 0 or -EPROTO. */
static int hear(struct ivshmem_peer *p, struct ivshmem_event *e)
{
    if (e->type == IVSHMEM_EVENT_GONE) {
        remove_other(p, e->id);
        return 0;
    }
    const int err = e->type == IVSHMEM_EVENT_VECTOR ? prepare_bell(e->fd) : -EPROTO;
    if (err == 0)
        add_vector(p, e->id, e->fd);
    else if (e->fd >= 0)
        close(e->fd);
    return err;
}

/* ---- shm_doorbell_ops ---- */

static void server_destroy(struct shm_doorbell *self)
{
    struct ivshmem_peer *p = peer_of(self);
    ivshmem_link_fini(&p->link);
    ivshmem_scout_fini(&p->scout);
    bells_close(&p->own);
    for (size_t i = 0; i < p->other_count; i++)
        bells_close(&p->others[i].bells);
    free(p->others);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

static int server_ring(struct shm_doorbell *self, uint16_t peer, uint16_t vector)
{
    struct ivshmem_peer *p = peer_of(self);
    pthread_mutex_lock(&p->lock);
    const struct other *o = find_other(p, peer);
    const struct bells *bells = peer == p->base.own_id ? &p->own : o ? &o->bells : NULL;
    const int err = bells && vector < bells->count ? ring_bell(bells->fds[vector])
                    : !bells && p->gone_known      ? -EPIPE
                                                   : -ENOENT;
    pthread_mutex_unlock(&p->lock);
    return err;
}

static int server_fd(struct shm_doorbell *self, uint16_t vector)
{
    struct ivshmem_peer *p = peer_of(self);
    pthread_mutex_lock(&p->lock);
    const int fd = vector < p->own.count ? p->own.fds[vector] : -1;
    pthread_mutex_unlock(&p->lock);
    return fd;
}

static bool server_clear(struct shm_doorbell *self, uint16_t vector)
{
    const int fd = server_fd(self, vector);
    return fd >= 0 && take_rings(fd);
}

static uint32_t ms_until(uint64_t deadline_ns)
{
    const uint64_t now_ns = clock_ns();
    return now_ns >= deadline_ns ? 0
                                 : (uint32_t)((deadline_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS);
}

static int server_wait(struct shm_doorbell *self, uint16_t vector, uint32_t timeout_ms)
{
    struct pollfd poll_fd = { .fd = server_fd(self, vector), .events = POLLIN };
    if (poll_fd.fd < 0)
        return -ENOENT;
    const uint64_t deadline_ns = clock_ns() + timeout_ms * NS_PER_MS;
    for (;;) {
        const uint32_t left_ms = ms_until(deadline_ns);
        const int ready = poll(&poll_fd, 1, left_ms > INT32_MAX ? INT32_MAX : (int)left_ms);
        if (ready < 0 && errno != EINTR)
            return -errno;
        if (ready > 0 && take_rings(poll_fd.fd))
            return 1;
        if (left_ms == 0)
            return 0;
    }
}

static bool server_refresh(struct shm_doorbell *self)
{
    struct ivshmem_peer *p = peer_of(self);
    struct ivshmem_event e;
    for (unsigned i = 0; !p->gone && i < EVENTS_PER_REFRESH; i++) {
        int got = ivshmem_link_read(&p->link, &e);
        if (got == 0)
            break;
        if (got > 0)
            got = hear(p, &e);
        /* No room for one more descriptor: that bell is lost, the others are as good as before. */
        p->gone = got < 0 && got != -EMFILE;
    }
    if (p->gone) {
        pthread_mutex_lock(&p->lock);
        p->gone_known = true;
        pthread_mutex_unlock(&p->lock);
    }
    return !p->gone;
}

static int server_news_fd(struct shm_doorbell *self)
{
    return peer_of(self)->link.fd;
}

static bool server_peer_present(struct shm_doorbell *self, uint16_t peer)
{
    struct ivshmem_peer *p = peer_of(self);
    pthread_mutex_lock(&p->lock);
    const bool present = find_other(p, peer) != NULL;
    pthread_mutex_unlock(&p->lock);
    return present;
}

static const struct shm_doorbell_ops server_doorbell_ops = {
    .name = "server",
    .destroy = server_destroy,
    .ring = server_ring,
    .wait = server_wait,
    .fd = server_fd,
    .clear = server_clear,
    .refresh = server_refresh,
    .news_fd = server_news_fd,
    .peer_present = server_peer_present,
};

bool ivshmem_peer_replaced(struct shm_doorbell *doorbell, const char *path, uint64_t device,
                           uint64_t inode)
{
    struct ivshmem_peer *p = peer_of(doorbell);
    return ivshmem_link_hung_up(&p->link) && ivshmem_scout_look(&p->scout, path, device, inode);
}

/* ---- the greeting ---- */

struct greeting {
    struct ivshmem_peer *peer;
    const char *name;
    int memory_fd; /* owned, -1: did not come yet */
    struct shm_problem *problem;
};

static int refused(const struct greeting *g, int64_t reason)
{
    switch (reason) {
    case IVSHMEM_REFUSED_USER:
        return shm_problem_set(g->problem, g->name, SHM_FAULT_PERMISSION, EACCES,
                               _("%.180s: the server does not let this user in"), g->name);
    case IVSHMEM_REFUSED_FULL:
        return shm_problem_set(g->problem, g->name, SHM_FAULT_BUSY, EUSERS,
                               _("%.180s: the server has as many peers as it takes"), g->name);
    default:
        return shm_problem_set(g->problem, g->name, SHM_FAULT_BUSY, ENFILE,
                               _("%.180s: the server may not open more files"), g->name);
    }
}

static int nonsense(const struct greeting *g)
{
    return shm_problem_set(g->problem, g->name, SHM_FAULT_TYPE, EPROTO,
                           _("%.180s: what answers there is no ivshmem server"), g->name);
}

/* Takes the event's descriptor over. */
static int greet(struct greeting *g, struct ivshmem_event *e)
{
    switch (e->type) {
    case IVSHMEM_EVENT_VERSION:
        return 0;
    case IVSHMEM_EVENT_OWN_ID:
        g->peer->base.own_id = e->id;
        return 0;
    case IVSHMEM_EVENT_MEMORY:
        g->memory_fd = e->fd;
        return 0;
    case IVSHMEM_EVENT_REFUSED:
        return refused(g, e->number);
    case IVSHMEM_EVENT_WRONG_VERSION:
        return shm_problem_set(g->problem, g->name, SHM_FAULT_TYPE, EPROTO,
                               _("%.150s: the server speaks version %" PRId64
                                 " of the ivshmem protocol; this program knows version 0"),
                               g->name, e->number);
    default:
        return hear(g->peer, e) < 0 ? nonsense(g) : 0;
    }
}

static int hear_error(const struct greeting *g, int err)
{
    if (err == -EPROTO)
        return nonsense(g);
    if (err == -EPIPE)
        return shm_problem_set(g->problem, g->name, SHM_FAULT_SYSTEM, EPIPE,
                               _("%.180s: the server closed the connection in its greeting"),
                               g->name);
    return shm_problem_from_errno(g->problem, g->name, -err, _("cannot be listened to"));
}

static int not_in_time(const struct greeting *g)
{
    return shm_problem_set(g->problem, g->name, SHM_FAULT_SYSTEM, ETIMEDOUT,
                           _("%.180s: the server did not greet within %d ms"), g->name,
                           GREETING_MS);
}

/* Reads until all is there that will be needed. */
static int listen_to_greeting(struct greeting *g, uint64_t deadline_ns)
{
    struct ivshmem_peer *p = g->peer;
    for (;;) {
        struct ivshmem_event e;
        const int got = ivshmem_link_read(&p->link, &e);
        if (got == -EPIPE && p->own.count > 0)
            return 0; /* it died just now: what it gave is good */
        const int err = got < 0 ? hear_error(g, got) : got > 0 ? greet(g, &e) : 0;
        if (err < 0)
            return err;
        const uint32_t left_ms = ms_until(deadline_ns);
        if (got > 0 && left_ms > 0)
            continue;
        if (p->own.count >= WANTED_VECTORS || (left_ms == 0 && p->own.count > 0))
            return 0;
        struct pollfd poll_fd = { .fd = p->link.fd, .events = POLLIN };
        const bool has_one = p->own.count > 0;
        const uint32_t wait_ms = has_one && left_ms > MORE_VECTORS_MS ? MORE_VECTORS_MS : left_ms;
        if (left_ms == 0 || poll(&poll_fd, 1, (int)wait_ms) == 0)
            return has_one ? 0 : not_in_time(g);
    }
}

static int connect_until(struct greeting *g, const char *path, uint64_t deadline_ns)
{
    int err;
    /* -EAGAIN: the server's queue is full. A process that is stopped looks like that after a while.
     */
    while ((err = ivshmem_link_connect(&g->peer->link, path)) == -EAGAIN &&
           ms_until(deadline_ns) > 0)
        clock_sleep_until_ns(clock_ns() + CONNECT_RETRY_MS * NS_PER_MS);
    if (err == -EAGAIN)
        return not_in_time(g);
    if (err == -ECONNREFUSED)
        return shm_problem_set(g->problem, g->name, SHM_FAULT_MISSING, ECONNREFUSED,
                               _("%.180s: no server listens there (any more)"), g->name);
    return err < 0 ? shm_problem_from_errno(g->problem, g->name, -err, _("cannot be connected to"))
                   : 0;
}

int ivshmem_peer_connect(const char *path, const char *name, struct shm_doorbell **out,
                         int *memory_fd, struct shm_problem *problem)
{
    const uint64_t deadline_ns = clock_ns() + GREETING_MS * NS_PER_MS;
    struct ivshmem_peer *p = calloc(1, sizeof(*p));
    if (!p)
        return shm_problem_from_errno(problem, name, ENOMEM, _("cannot be connected to"));
    p->base.ops = &server_doorbell_ops;
    pthread_mutex_init(&p->lock, NULL);
    ivshmem_link_init(&p->link);
    ivshmem_scout_init(&p->scout);
    struct greeting g = { .peer = p, .name = name, .memory_fd = -1, .problem = problem };
    int err = connect_until(&g, path, deadline_ns);
    if (err == 0)
        err = listen_to_greeting(&g, deadline_ns);
    if (err < 0) {
        if (g.memory_fd >= 0)
            close(g.memory_fd);
        server_destroy(&p->base);
        return err;
    }
    *out = &p->base;
    *memory_fd = g.memory_fd;
    return 0;
}
