/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "loop"

#include "loop/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

enum { MAX_EVENTS = 16 };

struct loop_source {
    struct loop *loop;
    int fd;
    bool owns_fd;     /* timers, wake-ups and signals: also read empty before the callback */
    loop_fd_fn fd_fn; /* one of the two is set */
    loop_fn fn;
    void *ctx;
    bool dead; /* destroyed during a dispatch: freed after it */
    struct loop_source *next_dead;
};

struct loop {
    int epoll_fd;
    struct loop_source *stop_wake;
    _Atomic bool stopping;
    bool dispatching;
    struct loop_source *dead;
    loop_fn prepare, after_wait;
    void *prepare_ctx, *after_wait_ctx;
};

static void on_stop(void *ctx)
{
    (void)ctx; /* loop_run() looks at `stopping` */
}

int loop_create(struct loop **out)
{
    struct loop *l = calloc(1, sizeof(*l));
    if (!l)
        return -ENOMEM;
    l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    int err = l->epoll_fd < 0 ? -errno : loop_add_wake(l, on_stop, NULL, &l->stop_wake);
    if (err < 0) {
        loop_destroy(l);
        return err;
    }
    *out = l;
    return 0;
}

void loop_destroy(struct loop *l)
{
    if (!l)
        return;
    loop_source_destroy(l->stop_wake);
    if (l->epoll_fd >= 0)
        close(l->epoll_fd);
    free(l);
}

static int add_source(struct loop *l, struct loop_source init, uint32_t events,
                      struct loop_source **out)
{
    struct loop_source *s = malloc(sizeof(*s));
    if (!s) {
        if (init.owns_fd)
            close(init.fd);
        return -ENOMEM;
    }
    *s = init;
    s->loop = l;
    struct epoll_event ev = { .events = events, .data.ptr = s };
    if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, s->fd, &ev) < 0) {
        const int err = -errno;
        if (init.owns_fd)
            close(init.fd);
        free(s);
        return err;
    }
    *out = s;
    return 0;
}

int loop_add_fd(struct loop *l, int fd, uint32_t events, loop_fd_fn fn, void *ctx,
                struct loop_source **out)
{
    return add_source(l, (struct loop_source){ .fd = fd, .fd_fn = fn, .ctx = ctx }, events, out);
}

int loop_set_events(struct loop_source *s, uint32_t events)
{
    struct epoll_event ev = { .events = events, .data.ptr = s };
    return epoll_ctl(s->loop->epoll_fd, EPOLL_CTL_MOD, s->fd, &ev) < 0 ? -errno : 0;
}

/* `fd` is ours from here on, or -1 with errno set. */
static int add_owned(struct loop *l, int fd, loop_fn fn, void *ctx, struct loop_source **out)
{
    if (fd < 0)
        return -errno;
    return add_source(l, (struct loop_source){ .fd = fd, .owns_fd = true, .fn = fn, .ctx = ctx },
                      EPOLLIN, out);
}

int loop_add_timer(struct loop *l, loop_fn fn, void *ctx, struct loop_source **out)
{
    return add_owned(l, timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), fn, ctx, out);
}

void loop_timer_set_ns(struct loop_source *timer, uint64_t deadline_ns, uint64_t interval_ns)
{
    const struct itimerspec spec = {
        .it_value = { .tv_sec = (time_t)(deadline_ns / NS_PER_S),
                      .tv_nsec = (long)(deadline_ns % NS_PER_S) },
        .it_interval = { .tv_sec = (time_t)(interval_ns / NS_PER_S),
                         .tv_nsec = (long)(interval_ns % NS_PER_S) },
    };
    timerfd_settime(timer->fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

int loop_add_wake(struct loop *l, loop_fn fn, void *ctx, struct loop_source **out)
{
    return add_owned(l, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), fn, ctx, out);
}

void loop_wake_raise(struct loop_source *wake)
{
    const uint64_t one = 1;
    /* EAGAIN means that 2^64 - 1 raises are waiting already: raised all the same. */
    if (write(wake->fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
        log_every(1000, LOG_LEVEL_ERROR, "eventfd write failed");
}

int loop_add_signal(struct loop *l, int signo, loop_fn fn, void *ctx, struct loop_source **out)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signo);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return -errno;
    return add_owned(l, signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), fn, ctx, out);
}

void loop_set_prepare(struct loop *l, loop_fn fn, void *ctx)
{
    l->prepare = fn;
    l->prepare_ctx = ctx;
}

void loop_set_after_wait(struct loop *l, loop_fn fn, void *ctx)
{
    l->after_wait = fn;
    l->after_wait_ctx = ctx;
}

void loop_source_destroy(struct loop_source *s)
{
    if (!s || s->dead)
        return;
    struct loop *l = s->loop;
    epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, s->fd, NULL);
    if (s->owns_fd)
        close(s->fd);
    if (!l->dispatching) {
        free(s);
        return;
    }
    s->dead = true; /* the current batch of events may still name it */
    s->next_dead = l->dead;
    l->dead = s;
}

static void free_dead(struct loop *l)
{
    while (l->dead) {
        struct loop_source *s = l->dead;
        l->dead = s->next_dead;
        free(s);
    }
}

static void dispatch(struct loop_source *s, uint32_t events)
{
    if (!s->owns_fd) {
        s->fd_fn(s->ctx, events);
        return;
    }
    struct signalfd_siginfo sink; /* the largest of the three kinds */
    if (read(s->fd, &sink, sizeof(sink)) > 0)
        s->fn(s->ctx);
}

int loop_run_once(struct loop *l, int timeout_ms)
{
    struct epoll_event events[MAX_EVENTS];
    if (l->prepare)
        l->prepare(l->prepare_ctx);
    const int n = epoll_wait(l->epoll_fd, events, MAX_EVENTS, timeout_ms);
    const int err = n < 0 ? -errno : 0;
    if (l->after_wait)
        l->after_wait(l->after_wait_ctx);
    if (err)
        return err == -EINTR ? 0 : err;
    int ran = 0;
    l->dispatching = true;
    for (int i = 0; i < n; i++) {
        struct loop_source *s = events[i].data.ptr;
        if (s->dead)
            continue;
        dispatch(s, events[i].events);
        ran++;
    }
    l->dispatching = false;
    free_dead(l);
    return ran;
}

int loop_run(struct loop *l)
{
    /* acquire: pairs with the release in loop_stop(); what the stopper wrote before is seen after
     * loop_run() */
    while (!atomic_load_explicit(&l->stopping, memory_order_acquire)) {
        const int err = loop_run_once(l, -1);
        if (err < 0)
            return err;
    }
    atomic_store_explicit(&l->stopping, false, memory_order_relaxed);
    return 0;
}

void loop_stop(struct loop *l)
{
    atomic_store_explicit(&l->stopping, true, memory_order_release); /* pairs with loop_run() */
    loop_wake_raise(l->stop_wake);
}
