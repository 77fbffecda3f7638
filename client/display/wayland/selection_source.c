/* SPDX-License-Identifier: GPL-2.0-or-later
 * What we offer, and who holds the selection.
 *
 * Whether the compositor took our selection is only known from what it says is the selection then,
 * and an older foreign offer may be on its way to us. So selection events are looked at when the
 * compositor has answered a sync that follows our request. */
#include "display/wayland/selection_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "primary-selection-unstable-v1-client-protocol.h"

void selection_source_drop(struct side *side)
{
    if (!side->source)
        return;
    if (side->kind == SELECTION_PRIMARY)
        zwp_primary_selection_source_v1_destroy(side->source);
    else
        wl_data_source_destroy(side->source);
    side->source = NULL;
}

void selection_source_lose(struct side *side)
{
    struct selection *s = side->selection;
    if (!side->source)
        return;
    selection_source_drop(side);
    if (s->listener.on_lost)
        s->listener.on_lost(s->listener.ctx, side->kind);
}

static void give(struct side *side, const char *mime, int fd)
{
    struct selection *s = side->selection;
    if (s->listener.on_paste && strcmp(mime, s->mark) != 0)
        s->listener.on_paste(s->listener.ctx, side->kind, mime, fd);
    else
        close(fd);
}

static void on_target(void *ctx, struct wl_data_source *source, const char *mime)
{
    (void)ctx, (void)source, (void)mime;
}

static void on_send(void *ctx, struct wl_data_source *source, const char *mime, int32_t fd)
{
    (void)source;
    give(ctx, mime, fd);
}

static void on_cancelled(void *ctx, struct wl_data_source *source)
{
    (void)source;
    selection_source_lose(ctx);
}

static void on_drop_performed(void *ctx, struct wl_data_source *source)
{
    (void)ctx, (void)source;
}

static void on_source_action(void *ctx, struct wl_data_source *source, uint32_t action)
{
    (void)ctx, (void)source, (void)action;
}

static const struct wl_data_source_listener data_source_listener = {
    .target = on_target,
    .send = on_send,
    .cancelled = on_cancelled,
    .dnd_drop_performed = on_drop_performed,
    .dnd_finished = on_drop_performed,
    .action = on_source_action,
};

static void on_primary_send(void *ctx, struct zwp_primary_selection_source_v1 *source,
                            const char *mime, int32_t fd)
{
    (void)source;
    give(ctx, mime, fd);
}

static void on_primary_cancelled(void *ctx, struct zwp_primary_selection_source_v1 *source)
{
    (void)source;
    selection_source_lose(ctx);
}

static const struct zwp_primary_selection_source_v1_listener primary_source_listener = {
    .send = on_primary_send,
    .cancelled = on_primary_cancelled,
};

static struct wl_data_source *make_data_source(struct side *side, char *const *mimes)
{
    struct selection *s = side->selection;
    struct wl_data_source *source = wl_data_device_manager_create_data_source(s->manager);
    if (!source)
        return NULL;
    wl_data_source_add_listener(source, &data_source_listener, side);
    for (; *mimes; mimes++)
        wl_data_source_offer(source, *mimes);
    wl_data_source_offer(source, s->mark);
    return source;
}

static struct zwp_primary_selection_source_v1 *make_primary_source(struct side *side,
                                                                   char *const *mimes)
{
    struct selection *s = side->selection;
    struct zwp_primary_selection_source_v1 *source =
        zwp_primary_selection_device_manager_v1_create_source(s->primary_manager);
    if (!source)
        return NULL;
    zwp_primary_selection_source_v1_add_listener(source, &primary_source_listener, side);
    for (; *mimes; mimes++)
        zwp_primary_selection_source_v1_offer(source, *mimes);
    zwp_primary_selection_source_v1_offer(source, s->mark);
    return source;
}

static void tell_current(struct side *side)
{
    struct selection *s = side->selection;
    const struct incoming *o = side->current;
    side->news = false;
    if (o && o->own)
        return;
    selection_source_lose(side);
    if (s->listener.on_offer)
        s->listener.on_offer(s->listener.ctx, side->kind, o ? (const char *const *)o->mimes : NULL,
                             o ? o->count : 0);
}

void selection_source_current(struct side *side, const void *proxy)
{
    selection_incoming_destroy(side->current);
    side->current = selection_incoming_take(side, proxy);
    side->news = true;
    if (!side->asking)
        tell_current(side);
}

static void on_asked(void *ctx, struct wl_callback *callback, uint32_t data)
{
    (void)data;
    struct side *side = ctx;
    wl_callback_destroy(callback);
    side->asking = NULL;
    if (side->news)
        tell_current(side);
}

static const struct wl_callback_listener asked_listener = { .done = on_asked };

static void free_names(char **names)
{
    for (size_t i = 0; names && names[i]; i++)
        free(names[i]);
    free((void *)names);
}

static char **copy_names(const char *const *names, size_t count)
{
    char **copy = calloc(count + 1, sizeof(*copy));
    for (size_t i = 0; copy && i < count; i++) {
        copy[i] = strdup(names[i]);
        if (!copy[i]) {
            free_names(copy);
            return NULL;
        }
    }
    return copy;
}

/* Serials wrap around. */
static uint32_t newest_serial(const struct selection *s)
{
    const uint32_t seats = *s->native->serial;
    return seats == 0 || (s->serial != 0 && (int32_t)(s->serial - seats) > 0) ? s->serial : seats;
}

static void set_selection(struct side *side, void *source, uint32_t serial)
{
    struct selection *s = side->selection;
    if (side->kind == SELECTION_PRIMARY)
        zwp_primary_selection_device_v1_set_selection(side->device, source, serial);
    else
        wl_data_device_set_selection(side->device, source, serial);
    selection_source_drop(side); /* the one before: after the request, so that there is no gap */
    side->source = source;
    if (side->asking)
        wl_callback_destroy(side->asking);
    side->asking = wl_display_sync(s->wrapper);
    if (side->asking)
        wl_callback_add_listener(side->asking, &asked_listener, side);
    selection_flush(s);
}

/* Offers what is wanted, if that is possible yet. */
int selection_source_try(struct side *side)
{
    const uint32_t serial = newest_serial(side->selection);
    if (!side->wanted || !side->device || serial == 0)
        return 0;
    void *source = side->kind == SELECTION_PRIMARY ? (void *)make_primary_source(side, side->wanted)
                                                   : (void *)make_data_source(side, side->wanted);
    free_names(side->wanted);
    side->wanted = NULL;
    if (!source)
        return -ENOMEM;
    set_selection(side, source, serial);
    return 0;
}

int selection_offer(struct selection *s, enum selection_kind kind, const char *const *mimes,
                    size_t count)
{
    struct side *side = &s->sides[kind];
    char **names = copy_names(mimes, count);
    if (!names)
        return -ENOMEM;
    free_names(side->wanted);
    side->wanted = names;
    return selection_source_try(side);
}

void selection_clear(struct selection *s, enum selection_kind kind)
{
    struct side *side = &s->sides[kind];
    free_names(side->wanted);
    side->wanted = NULL;
    selection_source_drop(side); /* the compositor takes it out of the selection, if it is in it */
    selection_flush(s);
}

void selection_source_forget(struct side *side)
{
    selection_source_drop(side);
    selection_incoming_destroy(side->fresh);
    selection_incoming_destroy(side->current);
    side->fresh = side->current = NULL;
    if (side->asking)
        wl_callback_destroy(side->asking);
    side->asking = NULL;
    free_names(side->wanted);
    side->wanted = NULL;
}
