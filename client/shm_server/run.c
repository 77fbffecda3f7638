/* SPDX-License-Identifier: GPL-2.0-or-later
 * The whole of a server's life: options to parts, and down again. */
#define LOG_MODULE "shm-server"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "loop/loop.h"
#include "shm_server/access.h"
#include "shm_server/listener.h"
#include "shm_server/memory.h"
#include "shm_server/notify.h"
#include "shm_server/server.h"
#include "shm_server/shm_server.h"

#define QEMU_USERS "libvirt-qemu,qemu"

enum { PATIENCE_MS = 5000, FILES_BESIDES_PEERS = 32 };

struct service {
    const struct shm_server_options *options;
    struct shm_access access;
    struct notify notify;
    struct notify_given *given; /* heap */
    size_t given_count;
    struct listener listener;
    int memory_fd;
    uint64_t memory_bytes;
    bool memory_kept; /* from the process before this one */
    struct loop *loop;
    struct loop_source *terminate, *interrupt;
    struct shm_server *server;
    char why[SHM_SERVER_WHY_BYTES];
};

/* ---- parts ---- */

static int read_access(struct service *s)
{
    const struct shm_server_options *o = s->options;
    int err = shm_access_add_users(&s->access, QEMU_USERS, true, s->why, sizeof(s->why));
    if (err == 0)
        err = shm_access_add_users(&s->access, o->allow_users, false, s->why, sizeof(s->why));
    /* Not every machine has a group kvm, which is our default. */
    if (err == 0)
        err = shm_access_add_groups(&s->access, o->allow_groups,
                                    strcmp(o->allow_groups, "kvm") == 0, s->why, sizeof(s->why));
    if (err == 0 && *o->group)
        err = shm_access_add_groups(&s->access, o->group, false, s->why, sizeof(s->why));
    return err;
}

static int parse_socket_mode(struct service *s, mode_t *mode)
{
    char *end;
    const char *text = s->options->socket_mode;
    const unsigned long v = strtoul(text, &end, 8);
    if (!*text || *end || v > 0777) {
        snprintf(s->why, sizeof(s->why), _("socket-mode: '%.40s' is no mode; write 0660"), text);
        return -EINVAL;
    }
    *mode = (mode_t)v;
    return 0;
}

/* systemd's sockets wait, which only the loop may do. */
static int not_waiting(struct service *s, int fd)
{
    const int flags = fcntl(fd, F_GETFL);
    if (flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0)
        return 0;
    const int err = -errno;
    snprintf(s->why, sizeof(s->why), _("use the socket of systemd: %s"), err_str(err));
    return err;
}

static bool is_listening(int fd)
{
    int listening = 0;
    socklen_t len_bytes = sizeof(listening);
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len_bytes) == 0 && listening;
}

static struct notify_given *given_listener(struct service *s)
{
    for (size_t i = 0; i < s->given_count; i++) {
        if (s->given[i].fd >= 0 && is_listening(s->given[i].fd))
            return &s->given[i];
    }
    return NULL;
}

static int open_listener(struct service *s)
{
    const struct shm_server_options *o = s->options;
    struct notify_given *given = given_listener(s);
    if (given) {
        s->listener = (struct listener){ .fd = steal_fd(&given->fd) };
        return not_waiting(s, s->listener.fd);
    }
    if (!o->socket) {
        snprintf(s->why, sizeof(s->why), _("which socket? Name it, or the VM with --vm=NAME"));
        return -EINVAL;
    }
    struct listener_config config = { .path = o->socket, .group = o->group };
    const int err = parse_socket_mode(s, &config.mode);
    return err < 0 ? err : listener_open(&config, &s->listener, s->why, sizeof(s->why));
}

/* True if systemd has kept a memory: that is taken, whatever the options say now. */
static bool take_kept_memory(struct service *s)
{
    for (size_t i = 0; i < s->given_count; i++) {
        struct notify_given *g = &s->given[i];
        if (g->fd < 0 || strcmp(g->name, SHM_SERVER_MEMORY_NAME) != 0)
            continue;
        s->memory_bytes = shm_memory_check(g->fd);
        if (s->memory_bytes == 0)
            continue;
        s->memory_fd = steal_fd(&g->fd);
        s->memory_kept = true;
        return true;
    }
    return false;
}

static int open_memory(struct service *s)
{
    const struct shm_server_options *o = s->options;
    uint64_t want_bytes;
    int err = shm_server_options_bytes(o, &want_bytes, s->why, sizeof(s->why));
    if (err < 0)
        return err;
    if (take_kept_memory(s)) {
        if (s->memory_bytes != want_bytes)
            log_warn("the memory stays at %" PRIu64
                     " MiB, for there may be a VM on it; for the new "
                     "size stop this server (not restart) while the VM is off",
                     s->memory_bytes >> 20);
        return 0;
    }
    const struct shm_memory_config config = { .name = *o->vm ? o->vm : "espelho",
                                              .len_bytes = want_bytes,
                                              .huge = o->huge,
                                              .prefault = o->prefault,
                                              .numa_node = o->numa };
    err = shm_memory_create(&config, &s->memory_fd, s->why, sizeof(s->why));
    if (err == 0)
        s->memory_bytes = want_bytes;
    if (err == 0)
        notify_store(&s->notify, SHM_SERVER_MEMORY_NAME, s->memory_fd);
    return err;
}

/* As many as may be; each peer is a connection and its bells. */
static void raise_file_limit(const struct shm_server_options *o)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)!setrlimit(RLIMIT_NOFILE, &limit);
    const uint64_t per_peer = 1 + o->vectors;
    const uint64_t need = FILES_BESIDES_PEERS + o->max_peers * per_peer;
    if (limit.rlim_cur < need)
        log_warn("at most %" PRIu64 " files may be opened: enough for %" PRIu64
                 " peers, not for max-peers=%" PRIu32 " (LimitNOFILE=, ulimit -n)",
                 (uint64_t)limit.rlim_cur,
                 limit.rlim_cur > FILES_BESIDES_PEERS
                     ? ((uint64_t)limit.rlim_cur - FILES_BESIDES_PEERS) / per_peer
                     : 0,
                 o->max_peers);
}

static void on_signal(void *ctx)
{
    loop_stop(ctx);
}

static int start_loop(struct service *s)
{
    const struct shm_server_options *o = s->options;
    int err = loop_create(&s->loop);
    if (err == 0)
        err = loop_add_signal(s->loop, SIGTERM, on_signal, s->loop, &s->terminate);
    if (err == 0)
        err = loop_add_signal(s->loop, SIGINT, on_signal, s->loop, &s->interrupt);
    const struct shm_server_config config = { .loop = s->loop,
                                              .access = &s->access,
                                              .notify = &s->notify,
                                              .listener_fd = s->listener.fd,
                                              .memory_fd = s->memory_fd,
                                              .vectors = (uint16_t)o->vectors,
                                              .max_peers = o->max_peers,
                                              .patience_ms = PATIENCE_MS };
    if (err == 0)
        err = shm_server_create(&config, &s->server);
    if (err < 0)
        snprintf(s->why, sizeof(s->why), _("start the server: %s"), err_str(err));
    return err;
}

/* ---- life ---- */

static int start(struct service *s)
{
    raise_file_limit(s->options);
    int err = read_access(s);
    if (err == 0)
        err = open_memory(s);
    if (err == 0)
        err = open_listener(s);
    if (err == 0)
        err = start_loop(s);
    if (err < 0)
        return err;
    /* Peers are worth something only on the memory that they know. */
    if (s->memory_kept)
        shm_server_restore(s->server, s->given, s->given_count);
    for (size_t i = 0; i < s->given_count; i++) {
        if (s->given[i].fd >= 0)
            close(steal_fd(&s->given[i].fd));
    }
    return 0;
}

static void announce(const struct service *s)
{
    const char *path = s->listener.path ? s->listener.path : _("the socket of systemd");
    const uint64_t mib = s->memory_bytes >> 20;
    if (s->options->huge)
        log_info("memory of %" PRIu64 " MiB in huge pages, %" PRIu32 " vectors: %s", mib,
                 s->options->vectors, path);
    else
        log_info("memory of %" PRIu64 " MiB, %" PRIu32 " vectors: %s", mib, s->options->vectors,
                 path);
    if (!s->memory_kept)
        log_info("the memory is new: a VM that runs already is not on it until it is shut down and "
                 "started again");
    notify_say(&s->notify, "READY=1\nSTATUS=Serving");
}

static void stop(struct service *s)
{
    notify_say(&s->notify, "STOPPING=1");
    shm_server_destroy(s->server);
    loop_source_destroy(s->terminate);
    loop_source_destroy(s->interrupt);
    loop_destroy(s->loop);
    listener_close(&s->listener);
    if (s->memory_fd >= 0)
        close(s->memory_fd);
    for (size_t i = 0; i < s->given_count; i++) {
        if (s->given[i].fd >= 0)
            close(s->given[i].fd);
    }
    free(s->given);
    notify_fini(&s->notify);
}

int shm_server_run(const struct shm_server_options *o)
{
    struct service s = { .options = o, .listener = { .fd = -1 }, .memory_fd = -1 };
    notify_init(&s.notify);
    s.given = notify_given_fds(&s.given_count);
    int err = start(&s);
    if (err < 0) {
        log_err("%s", s.why);
    } else {
        announce(&s);
        err = loop_run(s.loop);
        if (err < 0)
            log_err("the server's loop: %s", err_str(err));
    }
    stop(&s);
    return err < 0 ? 1 : 0;
}
