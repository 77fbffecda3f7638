/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "shm-server"

#include "shm_server/server.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "shm_server/server_private.h"

enum { ACCEPTS_AT_ONCE = 16, PATIENCE_CHECK_MS = 100, REFUSAL_LOG_MS = 1000 };

size_t shm_server_peer_count(const struct shm_server *s)
{
    return s->count;
}

/* ---- the list of peers ---- */

static bool make_room(struct shm_server *s)
{
    if (s->count < s->room)
        return true;
    const size_t room = s->room ? s->room * 2 : 16;
    struct shm_peer **peers = realloc(s->peers, room * sizeof(struct shm_peer *));
    if (!peers)
        return false;
    s->peers = peers;
    s->room = room;
    return true;
}

bool shm_server_add(struct shm_server *s, struct shm_peer *p)
{
    if (!make_room(s)) {
        shm_peer_destroy(p);
        return false;
    }
    assert(!s->by_id[p->id]);
    s->by_id[p->id] = p;
    s->peers[s->count++] = p;
    return true;
}

/* Later ids than the last one first: an id that somebody has still written down somewhere belongs
 * to nobody for as long as possible. */
static uint16_t free_id(struct shm_server *s)
{
    assert(s->count < SHM_SERVER_MAX_PEERS);
    while (s->by_id[s->next_id])
        s->next_id = (uint16_t)((s->next_id + 1u) % SHM_SERVER_MAX_PEERS);
    const uint16_t id = s->next_id;
    s->next_id = (uint16_t)((s->next_id + 1u) % SHM_SERVER_MAX_PEERS);
    return id;
}

/* ---- leaving ---- */

void shm_server_tell_gone(struct shm_server *s, uint16_t id, uint16_t vectors)
{
    for (size_t i = 0; i < s->count; i++) {
        struct shm_peer *other = s->peers[i];
        if (other->doomed || other->id == id)
            continue;
        /* Who has not been told of any of its bells never knew it. */
        if (vectors == 0 || outbox_forget(&other->outbox, id) < vectors)
            shm_peer_tell(other, SHM_WORD_GONE, id, 0);
    }
}

static void drop(struct shm_server *s, size_t i)
{
    struct shm_peer *p = s->peers[i];
    s->peers[i] = s->peers[--s->count];
    s->by_id[p->id] = NULL;
    shm_server_tell_gone(s, p->id, p->vectors);
    shm_peer_forget(p);
    shutdown(p->fd, SHUT_RDWR); /* systemd may hold a duplicate yet */
    log_info("peer %u is gone: %s; peers left: %zu", (unsigned)p->id, p->doomed, s->count);
    shm_peer_destroy(p);
}

static void flush_all(struct shm_server *s)
{
    for (size_t i = 0; i < s->count; i++)
        shm_peer_flush(s->peers[i]);
}

void shm_server_sweep(struct shm_server *s)
{
    while (s->any_doomed) { /* telling one may show that another one is gone as well */
        s->any_doomed = false;
        for (size_t i = 0; i < s->count;) {
            if (s->peers[i]->doomed)
                drop(s, i);
            else
                i++;
        }
        flush_all(s);
    }
}

/* ---- patience ---- */

void shm_server_watch_patience(struct shm_server *s)
{
    loop_timer_set_ns(s->timer, clock_ns() + PATIENCE_CHECK_MS * NS_PER_MS, 0);
}

static void on_timer(void *ctx)
{
    struct shm_server *s = ctx;
    const uint64_t limit_ns = s->config.patience_ms * NS_PER_MS;
    flush_all(s); /* sets the timer again if something stays unread */
    const uint64_t now_ns = clock_ns();
    for (size_t i = 0; i < s->count; i++) {
        struct shm_peer *p = s->peers[i];
        if (p->unread_since_ns && now_ns - p->unread_since_ns > limit_ns)
            shm_peer_doom(p, _("it does not read"));
    }
    shm_server_sweep(s);
}

/* ---- coming ---- */

static void greet(struct shm_server *s, struct shm_peer *p)
{
    shm_peer_tell(p, SHM_WORD_VERSION, 0, 0);
    shm_peer_tell(p, SHM_WORD_OWN_ID, p->id, 0);
    shm_peer_tell(p, SHM_WORD_MEMORY, 0, 0);
    for (size_t i = 0; i < s->count; i++) {
        if (s->peers[i] != p)
            shm_peer_tell_bells(p, s->peers[i]);
    }
    shm_peer_tell_bells(p, p);
    shm_peer_flush(p);
    for (size_t i = 0; i < s->count; i++) {
        if (s->peers[i] == p)
            continue;
        shm_peer_tell_bells(s->peers[i], p);
        shm_peer_flush(s->peers[i]);
    }
}

/* Takes `fd` over. The peer is told why, if it is one of ours; others read an unknown version. */
static void refuse(int fd, enum ivshmem_refusal reason)
{
    uint8_t bytes[IVSHMEM_NUMBER_BYTES];
    ivshmem_wire_put(reason, bytes);
    (void)!send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL | MSG_DONTWAIT);
    close(fd);
}

static bool may_come(struct shm_server *s, int fd, const struct shm_client *client)
{
    if (!shm_access_allows(s->config.access, fd, client)) {
        log_every(
            REFUSAL_LOG_MS, LOG_LEVEL_WARN,
            "refused: user %u, group %u, process %d is not among allow-users and allow-groups",
            (unsigned)client->uid, (unsigned)client->gid, (int)client->pid);
        refuse(fd, IVSHMEM_REFUSED_USER);
        return false;
    }
    if (s->count >= s->config.max_peers) {
        log_every(REFUSAL_LOG_MS, LOG_LEVEL_WARN,
                  "refused process %d: %zu peers are there, which is max-peers", (int)client->pid,
                  s->count);
        refuse(fd, IVSHMEM_REFUSED_FULL);
        return false;
    }
    return true;
}

/* Takes `fd` over. */
static void admit(struct shm_server *s, int fd)
{
    struct shm_client client;
    if (shm_access_client(fd, &client) < 0) {
        close(fd);
        return;
    }
    if (!may_come(s, fd, &client))
        return;
    int *bells = shm_bells_create(s->config.vectors);
    if (!bells) {
        log_every(REFUSAL_LOG_MS, LOG_LEVEL_WARN, "refused process %d: make eventfds: %s",
                  (int)client.pid, err_str(errno));
        refuse(fd, IVSHMEM_REFUSED_FDS);
        return;
    }
    struct shm_peer *p = shm_peer_create(s, fd, free_id(s), bells, s->config.vectors);
    if (!p || !shm_server_add(s, p)) {
        log_every(REFUSAL_LOG_MS, LOG_LEVEL_WARN, "no memory for a peer");
        return;
    }
    log_info("peer %u came: process %d of user %u", (unsigned)p->id, (int)client.pid,
             (unsigned)client.uid);
    greet(s, p);
    shm_server_sweep(s);
}

/* No more files: without this, whoever waits would wake us for ever. */
static void refuse_one(struct shm_server *s)
{
    close(s->spare_fd);
    const int fd = accept4(s->config.listener_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0)
        refuse(fd, IVSHMEM_REFUSED_FDS);
    s->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    log_every(REFUSAL_LOG_MS, LOG_LEVEL_WARN,
              "refused somebody: no more files may be opened (LimitNOFILE=, ulimit -n)");
}

static void on_listener(void *ctx, uint32_t events)
{
    struct shm_server *s = ctx;
    (void)events;
    for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
        const int fd = accept4(s->config.listener_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            admit(s, fd);
        } else if (errno == EMFILE || errno == ENFILE) {
            refuse_one(s);
            return;
        } else if (errno != ECONNABORTED && errno != EINTR) {
            return;
        }
    }
}

/* ---- life ---- */

int shm_server_create(const struct shm_server_config *config, struct shm_server **out)
{
    struct shm_server *s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    s->config = *config;
    s->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    s->by_id = calloc(SHM_SERVER_MAX_PEERS, sizeof(struct shm_peer *));
    int err = s->spare_fd < 0 ? -errno : s->by_id ? 0 : -ENOMEM;
    if (err == 0)
        err = loop_add_timer(config->loop, on_timer, s, &s->timer);
    if (err == 0)
        err = loop_add_fd(config->loop, config->listener_fd, EPOLLIN, on_listener, s,
                          &s->listener_source);
    if (err < 0)
        shm_server_destroy(s);
    else
        *out = s;
    return err;
}

void shm_server_destroy(struct shm_server *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->count; i++)
        shm_peer_destroy(s->peers[i]);
    free(s->peers);
    free(s->by_id);
    loop_source_destroy(s->listener_source);
    loop_source_destroy(s->timer);
    if (s->spare_fd >= 0)
        close(s->spare_fd);
    free(s);
}
