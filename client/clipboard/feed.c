/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "clipboard/feed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

#define WRITES_AT_ONCE 8 /* then others of this loop have their turn */

struct feed {
    int fd; /* owned */
    struct spool *data;
    uint32_t timeout_ms;
    struct loop_source *source, *timer;
    feed_end_fn fn;
    void *ctx;
};

void feed_cancel(struct feed *f)
{
    if (!f)
        return;
    loop_source_destroy(f->source);
    loop_source_destroy(f->timer);
    if (f->fd >= 0)
        close(f->fd);
    spool_destroy(f->data);
    free(f);
}

static void end(struct feed *f, int err)
{
    f->fn(f->ctx, f, err);
    feed_cancel(f);
}

static void restart_timer(struct feed *f)
{
    loop_timer_set_ns(f->timer, clock_ns() + f->timeout_ms * NS_PER_MS, 0);
}

/* 1: more is to be written; 0: all is; -errno. */
static int write_once(struct feed *f)
{
    size_t count;
    const uint8_t *bytes = spool_peek(f->data, &count);
    if (!bytes)
        return 0;
    const ssize_t put = write(f->fd, bytes, count);
    if (put < 0)
        return errno == EINTR ? 1 : -errno;
    spool_take(f->data, (size_t)put);
    return 1;
}

static void on_writable(void *ctx, uint32_t events)
{
    struct feed *f = ctx;
    int result = 1;
    for (int i = 0; i < WRITES_AT_ONCE && result > 0; i++)
        result = write_once(f);
    if (result == 0)
        end(f, 0);
    else if (result < 0 && result != -EAGAIN)
        end(f, result);
    else if (result == -EAGAIN && events & (EPOLLERR | EPOLLHUP))
        end(f, -EPIPE);
    else
        restart_timer(f);
}

static void on_timeout(void *ctx)
{
    end(ctx, -ETIMEDOUT);
}

static int make_non_blocking(int fd)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode))
        return -EINVAL; /* a file or device would block this thread */
    const int flags = fcntl(fd, F_GETFL);
    return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

int feed_start(struct loop *loop, int fd, struct spool *data, uint32_t timeout_ms, feed_end_fn fn,
               void *ctx, struct feed **out)
{
    struct feed *f = calloc(1, sizeof(*f));
    if (!f) {
        close(fd);
        spool_destroy(data);
        return -ENOMEM;
    }
    *f = (struct feed){ .fd = fd, .data = data, .timeout_ms = timeout_ms, .fn = fn, .ctx = ctx };
    int err = make_non_blocking(fd);
    if (err == 0)
        err = loop_add_timer(loop, on_timeout, f, &f->timer);
    if (err == 0)
        err = loop_add_fd(loop, fd, EPOLLOUT, on_writable, f, &f->source);
    if (err < 0) {
        feed_cancel(f);
        return err;
    }
    restart_timer(f);
    *out = f;
    return 0;
}

uint64_t feed_left_bytes(const struct feed *f)
{
    return spool_bytes(f->data);
}
