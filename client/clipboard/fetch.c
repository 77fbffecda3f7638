/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "clipboard/fetch.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"

#define READ_BYTES    (32u * 1024)
#define READS_AT_ONCE 4 /* then others of this loop have their turn */

struct fetch {
    struct fetch_config config;
    int fd; /* owned */
    struct loop_source *source, *timer;
    struct spool *data;
    struct line_end line_end;
    uint8_t in[READ_BYTES], converted[LINE_END_OUT_BYTES(READ_BYTES)];
};

void fetch_cancel(struct fetch *f)
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

static void end(struct fetch *f, int err)
{
    struct spool *data = err == 0 ? f->data : NULL;
    if (data)
        f->data = NULL;
    const struct fetch_config config = f->config;
    fetch_cancel(f);
    config.on_end(config.ctx, err, data);
}

static void restart_timer(struct fetch *f)
{
    loop_timer_set_ns(f->timer, clock_ns() + f->config.timeout_ms * NS_PER_MS, 0);
}

/* 1: more may come; 0: that was all; -EAGAIN or another -errno. */
static int read_once(struct fetch *f)
{
    const ssize_t got = read(f->fd, f->in, sizeof(f->in));
    if (got < 0)
        return errno == EINTR ? 1 : -errno;
    const size_t count = got == 0
                             ? line_end_finish(&f->line_end, f->converted)
                             : line_end_convert(&f->line_end, f->in, (size_t)got, f->converted);
    const int err = spool_add(f->data, f->converted, count);
    return err < 0 ? err : got > 0;
}

static void on_readable(void *ctx, uint32_t events)
{
    (void)events;
    struct fetch *f = ctx;
    int result = 1;
    for (int i = 0; i < READS_AT_ONCE && result > 0; i++)
        result = read_once(f);
    if (result <= 0 && result != -EAGAIN) {
        end(f, result);
        return;
    }
    restart_timer(f);
    if (f->config.on_bytes)
        f->config.on_bytes(f->config.ctx, spool_bytes(f->data));
}

static void on_timeout(void *ctx)
{
    end(ctx, -ETIMEDOUT);
}

int fetch_start(struct loop *loop, int fd, const struct fetch_config *config, struct fetch **out)
{
    struct fetch *f = calloc(1, sizeof(*f));
    if (!f) {
        close(fd);
        return -ENOMEM;
    }
    f->config = *config;
    f->fd = fd;
    f->line_end.mode = config->mode;
    int err = spool_create(config->limit_bytes, &f->data);
    if (err == 0)
        err = loop_add_timer(loop, on_timeout, f, &f->timer);
    if (err == 0)
        err = loop_add_fd(loop, fd, EPOLLIN, on_readable, f, &f->source);
    if (err < 0) {
        fetch_cancel(f);
        return err;
    }
    restart_timer(f);
    *out = f;
    return 0;
}
