/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loop/mailbox.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct message {
    struct message *next;
    uint32_t kind;
    size_t body_bytes;
    max_align_t body[];
};

struct mailbox {
    mailbox_fn fn; /* constant */
    void *ctx;
    struct loop_source *wake;
    pthread_mutex_t lock; /* of the two below */
    struct message *first, **last;
    size_t waiting_bytes;
};

static struct message *take_first(struct mailbox *m)
{
    pthread_mutex_lock(&m->lock);
    struct message *msg = m->first;
    if (msg) {
        m->first = msg->next;
        m->waiting_bytes -= sizeof(*msg) + msg->body_bytes;
        if (!m->first)
            m->last = &m->first;
    }
    pthread_mutex_unlock(&m->lock);
    return msg;
}

static void on_wake(void *ctx)
{
    struct mailbox *m = ctx;
    struct message *msg;
    while ((msg = take_first(m)) != NULL) {
        m->fn(m->ctx, msg->kind, msg->body, msg->body_bytes);
        free(msg);
    }
}

int mailbox_create(struct loop *loop, mailbox_fn fn, void *ctx, struct mailbox **out)
{
    struct mailbox *m = calloc(1, sizeof(*m));
    if (!m)
        return -ENOMEM;
    m->fn = fn;
    m->ctx = ctx;
    m->last = &m->first;
    pthread_mutex_init(&m->lock, NULL);
    const int err = loop_add_wake(loop, on_wake, m, &m->wake);
    if (err < 0) {
        mailbox_destroy(m);
        return err;
    }
    *out = m;
    return 0;
}

void mailbox_destroy(struct mailbox *m)
{
    if (!m)
        return;
    loop_source_destroy(m->wake);
    struct message *msg;
    while ((msg = take_first(m)) != NULL)
        free(msg);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

int mailbox_post(struct mailbox *m, uint32_t kind, const void *body, size_t body_bytes)
{
    if (body_bytes > MAILBOX_MAX_BYTES)
        return -ENOBUFS;
    struct message *msg = malloc(sizeof(*msg) + body_bytes);
    if (!msg)
        return -ENOMEM;
    msg->next = NULL;
    msg->kind = kind;
    msg->body_bytes = body_bytes;
    if (body_bytes)
        memcpy(msg->body, body, body_bytes);
    pthread_mutex_lock(&m->lock);
    const size_t bytes = sizeof(*msg) + body_bytes;
    const bool fits = m->waiting_bytes + bytes <= MAILBOX_MAX_BYTES;
    if (fits) {
        *m->last = msg;
        m->last = &msg->next;
        m->waiting_bytes += bytes;
    }
    pthread_mutex_unlock(&m->lock);
    if (!fits) {
        free(msg);
        return -ENOBUFS;
    }
    loop_wake_raise(m->wake);
    return 0;
}
