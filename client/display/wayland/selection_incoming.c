/* SPDX-License-Identifier: GPL-2.0-or-later
 * What another program offers: its types, noted as they come, and one of them read through a pipe.
 */
#include "display/wayland/selection_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "primary-selection-unstable-v1-client-protocol.h"

void selection_incoming_destroy(struct incoming *o)
{
    if (!o)
        return;
    if (o->kind == SELECTION_PRIMARY)
        zwp_primary_selection_offer_v1_destroy(o->proxy);
    else
        wl_data_offer_destroy(o->proxy);
    for (size_t i = 0; i < o->count; i++)
        free(o->mimes[i]);
    free(o);
}

static void add_mime(struct incoming *o, const char *mime)
{
    if (strcmp(mime, o->selection->mark) == 0)
        o->own = true;
    if (o->count == SELECTION_MIMES_MAX || strlen(mime) > SELECTION_MIME_BYTES_MAX)
        return;
    char *copy = strdup(mime);
    if (copy)
        o->mimes[o->count++] = copy;
}

bool selection_incoming_has(const struct incoming *o, const char *mime)
{
    for (size_t i = 0; i < o->count; i++)
        if (strcmp(o->mimes[i], mime) == 0)
            return true;
    return false;
}

static void on_data_mime(void *ctx, struct wl_data_offer *proxy, const char *mime)
{
    (void)proxy;
    add_mime(ctx, mime);
}

static void on_source_actions(void *ctx, struct wl_data_offer *proxy, uint32_t actions)
{
    (void)ctx, (void)proxy, (void)actions;
}

static void on_action(void *ctx, struct wl_data_offer *proxy, uint32_t action)
{
    (void)proxy;
    struct incoming *o = ctx;
    o->action = action;
}

static const struct wl_data_offer_listener data_offer_listener = {
    .offer = on_data_mime,
    .source_actions = on_source_actions,
    .action = on_action,
};

static void on_primary_mime(void *ctx, struct zwp_primary_selection_offer_v1 *proxy,
                            const char *mime)
{
    (void)proxy;
    add_mime(ctx, mime);
}

static const struct zwp_primary_selection_offer_v1_listener primary_offer_listener = {
    .offer = on_primary_mime,
};

void selection_incoming_introduce(struct side *side, void *proxy)
{
    struct incoming *o = calloc(1, sizeof(*o));
    selection_incoming_destroy(side->fresh);
    side->fresh = o;
    if (!o) {
        wl_proxy_destroy(proxy);
        return;
    }
    o->selection = side->selection;
    o->kind = side->kind;
    o->proxy = proxy;
    if (side->kind == SELECTION_PRIMARY)
        zwp_primary_selection_offer_v1_add_listener(proxy, &primary_offer_listener, o);
    else
        wl_data_offer_add_listener(proxy, &data_offer_listener, o);
}

/* The offer that an event names; NULL if it is not one we know. */
struct incoming *selection_incoming_take(struct side *side, const void *proxy)
{
    struct incoming *o = side->fresh;
    if (!o || !proxy || o->proxy != proxy)
        return NULL;
    side->fresh = NULL;
    return o;
}

int selection_incoming_receive(struct selection *s, struct incoming *o, const char *mime,
                               int *out_fd)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    if (fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0) {
        const int err = -errno;
        close(ends[0]);
        close(ends[1]);
        return err;
    }
    if (o->kind == SELECTION_PRIMARY)
        zwp_primary_selection_offer_v1_receive(o->proxy, mime, ends[1]);
    else
        wl_data_offer_receive(o->proxy, mime, ends[1]);
    selection_flush(s); /* libwayland has its own copy of the descriptor */
    close(ends[1]);
    *out_fd = ends[0];
    return 0;
}

int selection_receive(struct selection *s, enum selection_kind kind, const char *mime, int *out_fd)
{
    struct incoming *o = s->sides[kind].current;
    if (!o || o->own || !selection_incoming_has(o, mime))
        return -ENOENT;
    return selection_incoming_receive(s, o, mime, out_fd);
}
