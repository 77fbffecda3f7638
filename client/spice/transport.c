/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spice/transport.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/text.h"
#include "spice/problem.h"
#include "spice/resolve.h"
#include "spice/tls.h"

#define CONNECT_LAST_MS  5000u
#define CONNECT_OTHER_MS 1500u /* while there is another address to try */
#define DEAD_PEER_MS     20000

enum phase { PHASE_NONE, PHASE_RESOLVE, PHASE_CONNECT, PHASE_HANDSHAKE, PHASE_OPEN, PHASE_FAILED };

struct transport {
    struct loop *loop;                 /* borrowed */
    const struct spice_server *server; /* borrowed */
    const struct transport_ops *ops;
    void *ctx;
    enum phase phase;
    int fd;
    struct loop_source *source; /* NULL while nothing is wanted: a hang-up is always reported */
    struct loop_source *timer;  /* starts it; then the time-out of one address */
    uint32_t events;            /* of `source` */
    struct resolve *resolve;
    struct resolved addresses;
    size_t next_address;
    int connect_errno; /* of the address that told most */
    struct tls *tls;
};

static void on_fd(void *ctx, uint32_t events);

static void set_events(struct transport *t, uint32_t events)
{
    if (events == 0) {
        loop_source_destroy(t->source);
        t->source = NULL;
    } else if (!t->source) {
        if (loop_add_fd(t->loop, t->fd, events, on_fd, t, &t->source) < 0)
            t->source = NULL; /* the next call tries again; the handshake's time-out ends it */
    } else if (events != t->events && loop_set_events(t->source, events) < 0) {
        return;
    }
    t->events = events;
}

static void close_socket(struct transport *t)
{
    loop_source_destroy(t->source);
    t->source = NULL;
    if (t->fd >= 0)
        close(t->fd);
    t->fd = -1;
}

/* ---- what to say ---- */

static const struct {
    int error;
    enum spice_fault fault;
    const char *text; /* %s: where */
} connect_problems[] = {
    { ECONNREFUSED, SPICE_FAULT_NO_SERVER,
      N_("SPICE: nothing listens on %s: is the VM running with <graphics type='spice'>?") },
    { ENOENT, SPICE_FAULT_NO_SERVER,
      N_("SPICE: there is no socket %s: is the VM running with <graphics type='spice'>?") },
    { EAGAIN, SPICE_FAULT_NO_SERVER, N_("SPICE: %s takes no more connections now") },
    { ETIMEDOUT, SPICE_FAULT_NO_SERVER,
      N_("SPICE: no answer from %s: is the host on, and does its firewall let SPICE through?") },
    { EACCES, SPICE_FAULT_UNREACHABLE,
      N_("SPICE: no permission to connect to %s: your user must be allowed to write to it") },
    { EPERM, SPICE_FAULT_UNREACHABLE, N_("SPICE: the system forbids the connection to %s") },
    { ENAMETOOLONG, SPICE_FAULT_UNREACHABLE, N_("SPICE: the path %s is too long for a socket") },
    { ENOTDIR, SPICE_FAULT_UNREACHABLE, N_("SPICE: %s is not a path of a socket") },
    { ENOTSOCK, SPICE_FAULT_UNREACHABLE, N_("SPICE: %s is not a socket") },
    { EPROTOTYPE, SPICE_FAULT_UNREACHABLE, N_("SPICE: %s is not a stream socket") },
};

static void failed(struct transport *t, const struct spice_problem *problem)
{
    t->phase = PHASE_FAILED;
    close_socket(t);
    loop_timer_set_ns(t->timer, 0, 0);
    t->ops->on_failed(t->ctx, problem);
}

static void connect_failed(struct transport *t, int error)
{
    struct spice_problem problem;
    char where[160];
    spice_server_describe(t->server, where, sizeof(where));
    spice_problem_set(&problem, SPICE_FAULT_NO_SERVER, _("SPICE: connect to %s: %s"), where,
                      err_str(error));
    for (size_t i = 0; i < ARRAY_LEN(connect_problems); i++) {
        if (connect_problems[i].error != error)
            continue;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        spice_problem_set(&problem, connect_problems[i].fault, _(connect_problems[i].text), where);
#pragma GCC diagnostic pop
    }
    failed(t, &problem);
}

static void resolve_failed(struct transport *t, const struct resolved *r)
{
    struct spice_problem problem;
    const bool final = r->error == EAI_NONAME || r->error == EAI_NODATA || r->error == 0;
    spice_problem_set(&problem, final ? SPICE_FAULT_UNREACHABLE : SPICE_FAULT_NO_SERVER,
                      _("SPICE: the host name %s cannot be resolved: %s: see spice:host"),
                      t->server->host ? t->server->host : "",
                      r->error == EAI_SYSTEM ? err_str(r->system_errno)
                      : r->error             ? gai_strerror(r->error)
                                             : _("it has no address"));
    failed(t, &problem);
}

/* ---- connecting ---- */

static void is_open(struct transport *t)
{
    t->phase = PHASE_OPEN;
    set_events(t, EPOLLIN);
    t->ops->on_open(t->ctx);
}

static void step_handshake(struct transport *t)
{
    struct spice_problem problem;
    spice_problem_set(&problem, SPICE_FAULT_MEMORY, "%s", _("SPICE: out of memory"));
    const int err = tls_handshake(t->tls, &problem);
    if (err == -EAGAIN)
        set_events(t, tls_wants_write(t->tls) ? EPOLLOUT : EPOLLIN);
    else if (err < 0)
        failed(t, &problem);
    else
        is_open(t);
}

static void set_tcp_options(int fd)
{
    const struct {
        int level, name, value;
    } options[] = {
        { IPPROTO_TCP, TCP_NODELAY, 1 },   { SOL_SOCKET, SO_KEEPALIVE, 1 },
        { IPPROTO_TCP, TCP_KEEPIDLE, 10 }, { IPPROTO_TCP, TCP_KEEPINTVL, 5 },
        { IPPROTO_TCP, TCP_KEEPCNT, 2 },   { IPPROTO_TCP, TCP_USER_TIMEOUT, DEAD_PEER_MS },
    };
    /* None is needed for it to work. */
    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        (void)setsockopt(fd, options[i].level, options[i].name, &options[i].value,
                         sizeof(options[i].value));
}

static void connected(struct transport *t)
{
    struct spice_problem problem;
    spice_problem_set(&problem, SPICE_FAULT_MEMORY, "%s", _("SPICE: out of memory"));
    loop_timer_set_ns(t->timer, 0, 0);
    const bool unix_socket = spice_server_path(t->server) != NULL;
    if (!unix_socket)
        set_tcp_options(t->fd);
    if (unix_socket || !t->server->tls_port) {
        t->ops->on_connected(t->ctx);
        is_open(t);
        return;
    }
    t->phase = PHASE_HANDSHAKE;
    if (tls_create(t->fd, t->server, &t->tls, &problem) < 0) {
        t->tls = NULL;
        failed(t, &problem);
        return;
    }
    t->ops->on_connected(t->ctx);
    step_handshake(t);
}

/* Refused tells more than unreachable: something is there. */
static void note_error(struct transport *t, int error)
{
    if (t->connect_errno == 0 || error == ECONNREFUSED || error == EACCES)
        t->connect_errno = error;
}

/* 0: under way or connected. */
static int try_address(struct transport *t, const struct sockaddr *address, socklen_t bytes)
{
    t->fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (t->fd < 0)
        return -errno;
    if (connect(t->fd, address, bytes) == 0 || errno == EINPROGRESS)
        return 0;
    const int err = -errno;
    close_socket(t);
    return err;
}

static void try_next(struct transport *t)
{
    t->phase = PHASE_CONNECT;
    while (t->next_address < t->addresses.count) {
        const size_t i = t->next_address++;
        const int err = try_address(t, (const struct sockaddr *)&t->addresses.found[i].address,
                                    t->addresses.found[i].bytes);
        if (err < 0) {
            note_error(t, -err);
            continue;
        }
        const bool last = t->next_address == t->addresses.count;
        loop_timer_set_ns(t->timer,
                          clock_ns() + (last ? CONNECT_LAST_MS : CONNECT_OTHER_MS) * NS_PER_MS, 0);
        set_events(t, EPOLLOUT); /* also comes for what is connected already */
        return;
    }
    connect_failed(t, t->connect_errno);
}

static void on_connect_result(struct transport *t)
{
    int error = 0;
    socklen_t bytes = sizeof(error);
    if (getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &error, &bytes) < 0)
        error = errno;
    if (error == 0) {
        connected(t);
        return;
    }
    note_error(t, error);
    close_socket(t);
    try_next(t);
}

static void on_resolved(void *ctx, const struct resolved *resolved)
{
    struct transport *t = ctx;
    t->addresses = *resolved;
    resolve_cancel(t->resolve);
    t->resolve = NULL;
    if (t->addresses.error != 0 || t->addresses.count == 0)
        resolve_failed(t, &t->addresses);
    else
        try_next(t);
}

static void begin_unix(struct transport *t, const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const size_t bytes = strlen(path);
    if (bytes >= sizeof(address.sun_path)) {
        connect_failed(t, ENAMETOOLONG);
        return;
    }
    memcpy(address.sun_path, path, bytes);
    memcpy(&t->addresses.found[0].address, &address, sizeof(address));
    t->addresses.found[0].bytes = sizeof(address);
    t->addresses.count = 1;
    try_next(t);
}

static void begin(struct transport *t)
{
    const char *path = spice_server_path(t->server);
    if (path) {
        begin_unix(t, path);
        return;
    }
    const char *host = t->server->host ? t->server->host : "127.0.0.1";
    const uint16_t port = t->server->tls_port ? t->server->tls_port : t->server->port;
    struct spice_problem problem;
    t->phase = PHASE_RESOLVE;
    if (port == 0) {
        spice_problem_set(&problem, SPICE_FAULT_UNREACHABLE,
                          _("SPICE: neither a port nor a socket is given: see spice:port, "
                            "spice:tlsPort and spice:socket"));
        failed(t, &problem);
    } else if (resolve_known(host, port, &t->addresses)) {
        const struct resolved known = t->addresses;
        on_resolved(t, &known);
    } else {
        const int err = resolve_start(t->loop, host, port, on_resolved, t, &t->resolve);
        if (err < 0) {
            spice_problem_set(&problem, SPICE_FAULT_MEMORY, _("SPICE: look up %s: %s"), host,
                              err_str(err));
            failed(t, &problem);
        }
    }
}

/* ---- events ---- */

static void on_timer(void *ctx)
{
    struct transport *t = ctx;
    if (t->phase == PHASE_NONE) {
        begin(t);
    } else if (t->phase == PHASE_CONNECT) {
        note_error(t, ETIMEDOUT);
        close_socket(t);
        try_next(t);
    }
}

static void on_fd(void *ctx, uint32_t events)
{
    struct transport *t = ctx;
    if (t->phase == PHASE_CONNECT)
        on_connect_result(t);
    else if (t->phase == PHASE_HANDSHAKE)
        step_handshake(t);
    else if (t->phase == PHASE_OPEN)
        t->ops->on_ready(t->ctx, events & (EPOLLIN | EPOLLHUP | EPOLLERR), events & EPOLLOUT);
}

int transport_create(struct loop *loop, const struct spice_server *server,
                     const struct transport_ops *ops, void *ctx, struct transport **out)
{
    struct transport *t = calloc(1, sizeof(*t));
    if (!t)
        return -ENOMEM;
    t->loop = loop;
    t->server = server;
    t->ops = ops;
    t->ctx = ctx;
    t->fd = -1;
    const int err = loop_add_timer(loop, on_timer, t, &t->timer);
    if (err < 0) {
        transport_destroy(t);
        return err;
    }
    loop_timer_set_ns(t->timer, 1, 0); /* with the loop's next round */
    *out = t;
    return 0;
}

bool transport_wait(const struct transport *t, uint32_t limit_ms)
{
    struct pollfd p = { .fd = t->fd, .events = POLLIN };
    return transport_has_pending(t) || (t->fd >= 0 && poll(&p, 1, (int)limit_ms) > 0);
}

void transport_destroy(struct transport *t)
{
    if (!t)
        return;
    resolve_cancel(t->resolve);
    tls_destroy(t->tls);
    close_socket(t);
    loop_source_destroy(t->timer);
    free(t);
}

/* ---- data ---- */

ssize_t transport_read(struct transport *t, void *out, size_t out_bytes)
{
    if (t->phase != PHASE_OPEN)
        return -ENOTCONN;
    if (t->tls)
        return tls_read(t->tls, out, out_bytes);
    ssize_t n;
    do
        n = recv(t->fd, out, out_bytes, 0);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

ssize_t transport_write(struct transport *t, const void *data, size_t data_bytes)
{
    if (t->phase != PHASE_OPEN)
        return -ENOTCONN;
    if (t->tls)
        return tls_write(t->tls, data, data_bytes);
    ssize_t n;
    do
        n = send(t->fd, data, data_bytes, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

void transport_want(struct transport *t, bool readable, bool writable)
{
    if (t->phase == PHASE_OPEN)
        set_events(t, (readable ? (uint32_t)EPOLLIN : 0) | (writable ? (uint32_t)EPOLLOUT : 0));
}

bool transport_has_pending(const struct transport *t)
{
    return t->tls && tls_pending_bytes(t->tls) > 0;
}
