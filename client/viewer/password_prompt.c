/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "viewer"

#include "viewer/password_prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <termios.h>
#include <unistd.h>

#include "base/log.h"

struct password_prompt {
    int fd;                /* of the terminal */
    struct termios before; /* restored at the end */
    bool silenced;
    struct loop_source *source;
    void (*on_answer)(void *ctx, const char *password);
    void *ctx;
    char text[PASSWORD_PROMPT_MAX_BYTES];
    size_t length;
};

static void say(const struct password_prompt *p, const char *text)
{
    (void)!write(p->fd, text, strlen(text));
}

static void restore(struct password_prompt *p)
{
    if (p->silenced)
        tcsetattr(p->fd, TCSANOW, &p->before);
    p->silenced = false;
}

static void answer(struct password_prompt *p)
{
    p->text[p->length] = '\0';
    loop_source_destroy(p->source);
    p->source = NULL;
    restore(p);
    say(p, "\n");
    p->on_answer(p->ctx, p->text);
    explicit_bzero(p->text, sizeof(p->text));
}

/* The terminal gives whole lines. */
static void on_readable(void *ctx, uint32_t events)
{
    struct password_prompt *p = ctx;
    const size_t room = sizeof(p->text) - 1 - p->length;
    const ssize_t got = read(p->fd, p->text + p->length, room);
    if (got < 0 && (errno == EAGAIN || errno == EINTR) && !(events & (EPOLLHUP | EPOLLERR)))
        return;
    if (got > 0)
        p->length += (size_t)got;
    char *end = memchr(p->text, '\n', p->length);
    if (end)
        p->length = (size_t)(end - p->text);
    if (end || got <= 0 || p->length == sizeof(p->text) - 1)
        answer(p);
}

static int silence(struct password_prompt *p)
{
    if (tcgetattr(p->fd, &p->before) < 0)
        return -errno;
    struct termios quiet = p->before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    if (tcsetattr(p->fd, TCSANOW, &quiet) < 0)
        return -errno;
    p->silenced = true;
    return 0;
}

int password_prompt_create(struct loop *loop, const char *question,
                           void (*on_answer)(void *ctx, const char *password), void *ctx,
                           struct password_prompt **out)
{
    struct password_prompt *p = calloc(1, sizeof(*p));
    if (!p)
        return -ENOMEM;
    p->on_answer = on_answer;
    p->ctx = ctx;
    p->fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    /* In the background a read would stop the whole viewer. */
    int err = p->fd >= 0 && tcgetpgrp(p->fd) == getpgrp() ? silence(p) : -ENOTTY;
    if (err == 0)
        err = loop_add_fd(loop, p->fd, EPOLLIN, on_readable, p, &p->source);
    if (err < 0) {
        password_prompt_destroy(p);
        return err;
    }
    say(p, question);
    *out = p;
    return 0;
}

void password_prompt_destroy(struct password_prompt *p)
{
    if (!p)
        return;
    loop_source_destroy(p->source);
    restore(p);
    if (p->fd >= 0)
        close(p->fd);
    explicit_bzero(p->text, sizeof(p->text));
    free(p);
}
