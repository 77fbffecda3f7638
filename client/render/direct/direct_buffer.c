/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/direct/direct_buffer.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "render/direct/linux_dmabuf_protocol.h"

enum { MAX_BUFFERS = 16 }; /* a host's four frame buffers in four layouts */

/* A compositor that does not answer for so long shows nothing either. */
#define ANSWER_NS (150 * NS_PER_MS)

static void tell_done(struct direct_buffer *b)
{
    const uint32_t id = b->id;
    b->id = 0;
    if (id)
        b->owner->on_done(b->owner->ctx, id);
}

static void destroy(struct direct_buffer *b)
{
    tell_done(b);
    wl_list_remove(&b->link);
    b->owner->count--;
    if (b->params)
        zwp_linux_buffer_params_v1_destroy(b->params);
    if (b->wl)
        wl_buffer_destroy(b->wl);
    if (b->fd >= 0)
        close(b->fd);
    free(b);
}

static void on_release(void *ctx, struct wl_buffer *wl)
{
    (void)wl;
    struct direct_buffer *b = ctx;
    b->busy = false;
    if (b->retired)
        destroy(b);
    else
        tell_done(b);
}

static const struct wl_buffer_listener buffer_listener = { .release = on_release };

static void end_params(struct direct_buffer *b)
{
    zwp_linux_buffer_params_v1_destroy(b->params);
    b->params = NULL;
}

static void on_created(void *ctx, struct zwp_linux_buffer_params_v1 *params, struct wl_buffer *wl)
{
    (void)params;
    struct direct_buffer *b = ctx;
    end_params(b);
    b->wl = wl;
    b->state = DIRECT_BUFFER_READY;
    wl_buffer_add_listener(wl, &buffer_listener, b);
}

static void on_failed(void *ctx, struct zwp_linux_buffer_params_v1 *params)
{
    (void)params;
    struct direct_buffer *b = ctx;
    end_params(b);
    b->state = DIRECT_BUFFER_REFUSED;
}

static const struct zwp_linux_buffer_params_v1_listener params_listener = { .created = on_created,
                                                                            .failed = on_failed };

void direct_buffers_init(struct direct_buffers *all, const struct linux_dmabuf *dmabuf,
                         void (*on_done)(void *ctx, uint32_t id), void *ctx)
{
    *all = (struct direct_buffers){ .dmabuf = dmabuf, .on_done = on_done, .ctx = ctx };
    wl_list_init(&all->list);
}

void direct_buffers_fini(struct direct_buffers *all)
{
    struct direct_buffer *b, *next;
    wl_list_for_each_safe (b, next, &all->list, link)
        destroy(b);
}

static void retire(struct direct_buffer *b)
{
    b->retired = true;
    if (b->busy)
        tell_done(b);
    else
        destroy(b);
}

void direct_buffers_retire(struct direct_buffers *all)
{
    struct direct_buffer *b, *next;
    wl_list_for_each_safe (b, next, &all->list, link)
        if (!b->retired)
            retire(b);
}

/* Room for one more: of those that nobody uses, the one that was for the longest time goes. */
static bool make_room(struct direct_buffers *all)
{
    struct direct_buffer *b, *before;
    wl_list_for_each_reverse_safe(b, before, &all->list, link)
    {
        if (all->count < MAX_BUFFERS)
            break;
        if (!b->busy && b->id == 0)
            destroy(b);
    }
    return all->count < MAX_BUFFERS;
}

static void ask(struct direct_buffer *b, const struct dmabuf *buffer, uint64_t modifier)
{
    b->params = zwp_linux_dmabuf_v1_create_params(b->owner->dmabuf->proxy);
    if (!b->params)
        return;
    zwp_linux_buffer_params_v1_add_listener(b->params, &params_listener, b);
    zwp_linux_buffer_params_v1_add(b->params, buffer->fd, 0, buffer->offset_bytes,
                                   b->picture.pitch_bytes, (uint32_t)(modifier >> 32),
                                   (uint32_t)modifier);
    zwp_linux_buffer_params_v1_create(b->params, (int32_t)b->picture.width,
                                      (int32_t)b->picture.height, b->picture.fourcc, 0);
    b->state = DIRECT_BUFFER_ASKED;
    b->asked_ns = clock_ns();
}

static struct direct_buffer *add(struct direct_buffers *all, struct dmabuf_source *source,
                                 const struct dmabuf_picture *picture, uint64_t modifier)
{
    struct dmabuf_problem problem = { .text = "" };
    snprintf(problem.text, sizeof(problem.text), "%s", _("out of memory"));
    struct dmabuf buffer;
    struct direct_buffer *b = make_room(all) ? calloc(1, sizeof(*b)) : NULL;
    if (!b || dmabuf_source_export(source, picture->offset_bytes, picture->len_bytes, &buffer,
                                   &problem) < 0) {
        snprintf(all->reason, sizeof(all->reason), "%s", problem.text);
        snprintf(all->advice, sizeof(all->advice), "%s", problem.advice);
        free(b);
        return NULL;
    }
    b->owner = all;
    b->picture = *picture;
    b->state = DIRECT_BUFFER_REFUSED;
    b->fd = buffer.fd;
    wl_list_insert(&all->list, &b->link);
    all->count++;
    ask(b, &buffer, modifier);
    return b;
}

struct direct_buffer *direct_buffers_get(struct direct_buffers *all, struct dmabuf_source *source,
                                         const struct dmabuf_picture *picture, uint64_t modifier)
{
    struct direct_buffer *b;
    wl_list_for_each (b, &all->list, link) {
        if (b->retired || !dmabuf_picture_equal(&b->picture, picture))
            continue;
        wl_list_remove(&b->link);
        wl_list_insert(&all->list, &b->link);
        return b;
    }
    return add(all, source, picture, modifier);
}

bool direct_buffer_is_coming(const struct direct_buffer *b)
{
    return b->state == DIRECT_BUFFER_ASKED && clock_ns() - b->asked_ns < ANSWER_NS;
}

void direct_buffer_drop(struct direct_buffer *b)
{
    if (!b->busy)
        tell_done(b);
}

void direct_buffer_attach(struct direct_buffer *b, struct wl_surface *surface)
{
    b->busy = true;
    wl_surface_attach(surface, b->wl, 0, 0);
}
