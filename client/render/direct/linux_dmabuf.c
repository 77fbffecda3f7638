/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/direct/linux_dmabuf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/checked.h"
#include "render/direct/linux_dmabuf_protocol.h"
#include "render/dmabuf/fourcc.h"

enum { MAX_FORMATS = 256, ENTRY_BYTES = 16, NEWEST = 4 };

/* While asking. */
struct query {
    struct linux_dmabuf *d;
    const void *table;
    size_t table_bytes;
    int err;
    bool done;
};

static int add(struct linux_dmabuf *d, uint32_t fourcc, uint64_t modifier)
{
    if (modifier != FOURCC_MODIFIER_LINEAR && modifier != FOURCC_MODIFIER_INVALID)
        return 0;
    if (d->format_count >= MAX_FORMATS)
        return 0; /* the common ones come first */
    struct linux_dmabuf_format *more =
        realloc(d->formats, (d->format_count + 1) * sizeof(*d->formats));
    if (!more)
        return -ENOMEM;
    d->formats = more;
    d->formats[d->format_count++] = (struct linux_dmabuf_format){ fourcc, modifier };
    return 0;
}

int linux_dmabuf_add_entry(struct linux_dmabuf *d, const void *table, size_t table_bytes,
                           uint32_t index)
{
    uint32_t fourcc;
    uint64_t modifier;
    const uint64_t at = (uint64_t)index * ENTRY_BYTES;
    if (!table || !range_inside(at, ENTRY_BYTES, table_bytes))
        return 0;
    memcpy(&fourcc, (const char *)table + at, sizeof(fourcc));
    memcpy(&modifier, (const char *)table + at + 8, sizeof(modifier));
    return add(d, fourcc, modifier);
}

/* ---- versions 1 to 3 ---- */

static void keep_error(struct query *q, int err)
{
    if (err < 0)
        q->err = err;
}

static void on_format(void *ctx, struct zwp_linux_dmabuf_v1 *proxy, uint32_t format)
{
    (void)proxy;
    struct query *q = ctx;
    if (q->d->version < 3) /* from then on, on_modifier tells the same and more */
        keep_error(q, add(q->d, format, FOURCC_MODIFIER_INVALID));
}

static void on_modifier(void *ctx, struct zwp_linux_dmabuf_v1 *proxy, uint32_t format,
                        uint32_t modifier_hi, uint32_t modifier_lo)
{
    (void)proxy;
    struct query *q = ctx;
    keep_error(q, add(q->d, format, (uint64_t)modifier_hi << 32 | modifier_lo));
}

static const struct zwp_linux_dmabuf_v1_listener dmabuf_listener = { .format = on_format,
                                                                     .modifier = on_modifier };

/* ---- version 4 ---- */

static void drop_table(struct query *q)
{
    if (q->table)
        munmap((void *)q->table, q->table_bytes);
    q->table = NULL;
    q->table_bytes = 0;
}

static void on_done(void *ctx, struct zwp_linux_dmabuf_feedback_v1 *feedback)
{
    (void)feedback;
    ((struct query *)ctx)->done = true;
}

static void on_table(void *ctx, struct zwp_linux_dmabuf_feedback_v1 *feedback, int32_t fd,
                     uint32_t size)
{
    (void)feedback;
    struct query *q = ctx;
    drop_table(q);
    void *table = size ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    close(fd);
    if (table == MAP_FAILED)
        return;
    q->table = table;
    q->table_bytes = size;
}

static void on_tranche_formats(void *ctx, struct zwp_linux_dmabuf_feedback_v1 *feedback,
                               struct wl_array *indices)
{
    (void)feedback;
    struct query *q = ctx;
    const uint16_t *index = indices->data;
    for (size_t i = 0; i < indices->size / sizeof(*index); i++)
        keep_error(q, linux_dmabuf_add_entry(q->d, q->table, q->table_bytes, index[i]));
}

static void ignore_device(void *ctx, struct zwp_linux_dmabuf_feedback_v1 *feedback,
                          struct wl_array *device)
{
    (void)ctx;
    (void)feedback;
    (void)device;
}

static void ignore_done(void *ctx, struct zwp_linux_dmabuf_feedback_v1 *feedback)
{
    (void)ctx;
    (void)feedback;
}

static void ignore_flags(void *ctx, struct zwp_linux_dmabuf_feedback_v1 *feedback, uint32_t flags)
{
    (void)ctx;
    (void)feedback;
    (void)flags;
}

static const struct zwp_linux_dmabuf_feedback_v1_listener feedback_listener = {
    .done = on_done,
    .format_table = on_table,
    .main_device = ignore_device,
    .tranche_done = ignore_done,
    .tranche_target_device = ignore_device,
    .tranche_formats = on_tranche_formats,
    .tranche_flags = ignore_flags,
};

/* ---- asking ---- */

static void on_global(void *ctx, struct wl_registry *registry, uint32_t name, const char *interface,
                      uint32_t version)
{
    struct query *q = ctx;
    if (strcmp(interface, zwp_linux_dmabuf_v1_interface.name) != 0 || q->d->proxy)
        return;
    q->d->version = min_u32(version, NEWEST);
    q->d->proxy = wl_registry_bind(registry, name, &zwp_linux_dmabuf_v1_interface, q->d->version);
    if (!q->d->proxy)
        q->err = -ENOMEM;
    else
        zwp_linux_dmabuf_v1_add_listener(q->d->proxy, &dmabuf_listener, q);
}

static void on_global_remove(void *ctx, struct wl_registry *registry, uint32_t name)
{
    (void)ctx;
    (void)registry;
    (void)name;
}

static const struct wl_registry_listener registry_listener = { .global = on_global,
                                                               .global_remove = on_global_remove };

static void wait_for(struct query *q, struct wl_display *display, struct wl_event_queue *queue)
{
    if (!q->err && wl_display_roundtrip_queue(display, queue) < 0)
        q->err = -EPIPE;
}

static void ask_formats(struct query *q, struct wl_display *display, struct wl_event_queue *queue)
{
    struct zwp_linux_dmabuf_feedback_v1 *feedback = NULL;
    if (!q->d->proxy)
        return;
    if (q->d->version >= 4) {
        feedback = zwp_linux_dmabuf_v1_get_default_feedback(q->d->proxy);
        if (!feedback)
            q->err = -ENOMEM;
        else
            zwp_linux_dmabuf_feedback_v1_add_listener(feedback, &feedback_listener, q);
    }
    wait_for(q, display, queue);
    if (feedback)
        zwp_linux_dmabuf_feedback_v1_destroy(feedback);
    drop_table(q);
    wl_proxy_set_user_data((struct wl_proxy *)q->d->proxy, NULL); /* it says nothing more */
    wl_proxy_set_queue((struct wl_proxy *)q->d->proxy, NULL);
}

/* On a queue of its own: nobody else's events are to be dispatched meanwhile. */
int linux_dmabuf_init(struct linux_dmabuf *d, struct wl_display *display)
{
    *d = (struct linux_dmabuf){ .display = display };
    struct query q = { .d = d };
    struct wl_event_queue *queue = wl_display_create_queue(display);
    struct wl_display *wrapper = queue ? wl_proxy_create_wrapper(display) : NULL;
    struct wl_registry *registry = NULL;
    if (wrapper) {
        wl_proxy_set_queue((struct wl_proxy *)wrapper, queue);
        registry = wl_display_get_registry(wrapper);
        wl_proxy_wrapper_destroy(wrapper);
    }
    if (registry) {
        wl_registry_add_listener(registry, &registry_listener, &q);
        wait_for(&q, display, queue);
        ask_formats(&q, display, queue);
        wl_registry_destroy(registry);
    } else {
        q.err = -ENOMEM;
    }
    if (queue)
        wl_event_queue_destroy(queue);
    if (!q.err && !d->proxy)
        q.err = -ENOTSUP;
    if (q.err)
        linux_dmabuf_fini(d);
    return q.err;
}

void linux_dmabuf_fini(struct linux_dmabuf *d)
{
    if (d->proxy)
        zwp_linux_dmabuf_v1_destroy(d->proxy);
    free(d->formats);
    *d = (struct linux_dmabuf){ 0 };
}

bool linux_dmabuf_takes(const struct linux_dmabuf *d, uint32_t fourcc, uint64_t *modifier)
{
    bool found = false;
    for (size_t i = 0; i < d->format_count; i++) {
        if (d->formats[i].fourcc != fourcc)
            continue;
        if (!found || d->formats[i].modifier == FOURCC_MODIFIER_LINEAR)
            *modifier = d->formats[i].modifier;
        found = true;
    }
    return found;
}
