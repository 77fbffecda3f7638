/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * getaddrinfo() cannot be interrupted, so owner and thread share a counted request: who lets go
 * last frees it. The eventfd belongs to the request, for the loop may be gone when the thread ends.
 */
#include "spice/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct resolve {
    _Atomic int users; /* owner and thread */
    int event_fd;
    char *host;
    uint16_t port;
    struct resolved result; /* the thread's, until it has raised event_fd */
    /* the owner's */
    struct loop_source *source;
    resolve_fn done;
    void *ctx;
};

static void look_up(const char *host, uint16_t port, int flags, struct resolved *out)
{
    char service[8];
    snprintf(service, sizeof(service), "%u", port);
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
                                    .ai_flags = AI_NUMERICSERV | flags };
    struct addrinfo *list = NULL;
    *out = (struct resolved){ 0 };
    out->error = getaddrinfo(host, service, &hints, &list);
    out->system_errno = out->error == EAI_SYSTEM ? errno : 0;
    if (out->error != 0)
        return;
    for (const struct addrinfo *a = list; a && out->count < RESOLVE_MAX; a = a->ai_next) {
        if (a->ai_addrlen > sizeof(out->found[0].address))
            continue;
        memcpy(&out->found[out->count].address, a->ai_addr, a->ai_addrlen);
        out->found[out->count++].bytes = a->ai_addrlen;
    }
    freeaddrinfo(list);
}

bool resolve_known(const char *host, uint16_t port, struct resolved *out)
{
    if (strcasecmp(host, "localhost") == 0) { /* RFC 6761: always the loopback, in both families */
        struct resolved v6;
        look_up("127.0.0.1", port, AI_NUMERICHOST, out);
        look_up("::1", port, AI_NUMERICHOST, &v6);
        if (out->error == 0 && v6.error == 0 && v6.count > 0)
            out->found[out->count++] = v6.found[0];
        return true;
    }
    look_up(host, port, AI_NUMERICHOST, out);
    return out->error != EAI_NONAME;
}

static void let_go(struct resolve *r)
{
    /* acq_rel: what the other side wrote is seen by the one that frees */
    if (atomic_fetch_sub_explicit(&r->users, 1, memory_order_acq_rel) != 1)
        return;
    close(r->event_fd);
    free(r->host);
    free(r);
}

static void *look_up_thread(void *arg)
{
    struct resolve *r = arg;
    look_up(r->host, r->port, 0, &r->result);
    const uint64_t one = 1;
    if (write(r->event_fd, &one, sizeof(one)) < 0) {
        /* cannot happen: the counter is 0 */
    }
    let_go(r);
    return NULL;
}

/* Signals are for the threads that wait for them. */
static int start_thread(struct resolve *r)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    const int err = pthread_create(&thread, NULL, look_up_thread, r);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (err == 0)
        pthread_detach(thread);
    return -err;
}

static void on_done(void *ctx, uint32_t events)
{
    struct resolve *r = ctx;
    (void)events;
    uint64_t count;
    if (read(r->event_fd, &count, sizeof(count)) != (ssize_t)sizeof(count))
        return;
    r->done(r->ctx, &r->result); /* may have freed it */
}

int resolve_start(struct loop *loop, const char *host, uint16_t port, resolve_fn done, void *ctx,
                  struct resolve **out)
{
    struct resolve *r = calloc(1, sizeof(*r));
    if (!r)
        return -ENOMEM;
    atomic_init(&r->users, 1);
    r->port = port;
    r->done = done;
    r->ctx = ctx;
    r->host = strdup(host);
    r->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int err = !r->host ? -ENOMEM : r->event_fd < 0 ? -errno : 0;
    if (err == 0)
        err = loop_add_fd(loop, r->event_fd, EPOLLIN, on_done, r, &r->source);
    if (err == 0) {
        atomic_fetch_add_explicit(&r->users, 1, memory_order_relaxed); /* before it exists */
        err = start_thread(r);
        if (err < 0)
            atomic_fetch_sub_explicit(&r->users, 1, memory_order_relaxed);
    }
    if (err < 0) {
        resolve_cancel(r);
        return err;
    }
    *out = r;
    return 0;
}

void resolve_cancel(struct resolve *r)
{
    if (!r)
        return;
    loop_source_destroy(r->source);
    r->source = NULL;
    let_go(r);
}
