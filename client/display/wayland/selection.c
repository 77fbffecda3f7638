/* SPDX-License-Identifier: GPL-2.0-or-later
 * wl_data_device and zwp_primary_selection_device_v1 have the same shape; what differs is in the
 * small functions with `kind` in the middle of this file. Own registry, seat and keyboard objects
 * on the input thread's queue: nobody else's listeners are in the way.
 *
 * Whether the compositor took our selection is only known from what it says is the selection then,
 * and an older foreign offer may be on its way to us. So selection events are looked at when the
 * compositor has answered a sync that follows our request. */
#define LOG_MODULE "selection"

#include "display/selection.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/log.h"
#include "base/random.h"
#include "display/wayland/seat_native.h"

#include "primary-selection-unstable-v1-client-protocol.h"

#define URI_LIST        "text/uri-list"
#define MANAGER_VERSION 3u /* actions of drags */
#define SEAT_VERSION    5u /* release requests; later ones only add events that are not used here */

struct offer { /* something of another program */
    struct selection *selection;
    enum selection_kind kind;
    void *proxy; /* wl_data_offer or zwp_primary_selection_offer_v1, owned */
    bool own;    /* it carries our mark */
    uint32_t action;
    size_t count;
    char *mimes[SELECTION_MIMES_MAX];
};

struct side {
    struct selection *selection;
    enum selection_kind kind;
    void *device;               /* owned; NULL: not there */
    void *source;               /* ours, owned; NULL: nothing offered */
    struct offer *current;      /* the selection, owned; NULL: none */
    struct offer *fresh;        /* introduced, but not yet said for what */
    struct wl_callback *asking; /* our request is on its way */
    bool news;                  /* a selection event came meanwhile */
    char **wanted;              /* NULL-terminated: to be offered when there is a serial */
};

struct selection {
    const struct seat_native *native; /* borrowed */
    struct selection_listener listener;
    bool primary, drops;
    char mark[64];              /* type name that says "mine" */
    struct wl_display *wrapper; /* makes objects on our queue */
    struct wl_registry *registry;
    struct wl_data_device_manager *manager;
    uint32_t manager_version;
    struct zwp_primary_selection_device_manager_v1 *primary_manager;
    struct wl_seat *seat;
    uint32_t seat_name, seat_version;
    struct wl_keyboard *keyboard;
    uint32_t serial; /* of the newest focus or key event that came here */
    bool focused;
    struct side sides[SELECTION_KINDS];
    struct offer *drag; /* held over the window */
    bool drag_good;     /* ... and it is files that we take */
    struct offer *drop; /* dropped, being read */
};

static void flush(const struct selection *s)
{
    wl_display_flush(s->native->display); /* a full socket is flushed by the loop later */
}

/* ---- offers ---- */

static void offer_destroy(struct offer *o)
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

static void add_mime(struct offer *o, const char *mime)
{
    if (strcmp(mime, o->selection->mark) == 0)
        o->own = true;
    if (o->count == SELECTION_MIMES_MAX || strlen(mime) > SELECTION_MIME_BYTES_MAX)
        return;
    char *copy = strdup(mime);
    if (copy)
        o->mimes[o->count++] = copy;
}

static bool offer_has(const struct offer *o, const char *mime)
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
    struct offer *o = ctx;
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

static void introduce(struct side *side, void *proxy)
{
    struct offer *o = calloc(1, sizeof(*o));
    offer_destroy(side->fresh);
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
static struct offer *take_fresh(struct side *side, const void *proxy)
{
    struct offer *o = side->fresh;
    if (!o || !proxy || o->proxy != proxy)
        return NULL;
    side->fresh = NULL;
    return o;
}

static int receive(struct selection *s, struct offer *o, const char *mime, int *out_fd)
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
    flush(s); /* libwayland has its own copy of the descriptor */
    close(ends[1]);
    *out_fd = ends[0];
    return 0;
}

int selection_receive(struct selection *s, enum selection_kind kind, const char *mime, int *out_fd)
{
    struct offer *o = s->sides[kind].current;
    if (!o || o->own || !offer_has(o, mime))
        return -ENOENT;
    return receive(s, o, mime, out_fd);
}

/* ---- sources ---- */

static void drop_source(struct side *side)
{
    if (!side->source)
        return;
    if (side->kind == SELECTION_PRIMARY)
        zwp_primary_selection_source_v1_destroy(side->source);
    else
        wl_data_source_destroy(side->source);
    side->source = NULL;
}

static void lose_source(struct side *side)
{
    struct selection *s = side->selection;
    if (!side->source)
        return;
    drop_source(side);
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
    lose_source(ctx);
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
    lose_source(ctx);
}

static const struct zwp_primary_selection_source_v1_listener primary_source_listener = {
    .send = on_primary_send,
    .cancelled = on_primary_cancelled,
};

static struct wl_data_source *make_source(struct side *side, char *const *mimes)
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

/* ---- what the selection is ---- */

static void tell_current(struct side *side)
{
    struct selection *s = side->selection;
    const struct offer *o = side->current;
    side->news = false;
    if (o && o->own)
        return;
    lose_source(side);
    if (s->listener.on_offer)
        s->listener.on_offer(s->listener.ctx, side->kind, o ? (const char *const *)o->mimes : NULL,
                             o ? o->count : 0);
}

static void on_selection(struct side *side, const void *proxy)
{
    offer_destroy(side->current);
    side->current = take_fresh(side, proxy);
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
    drop_source(side); /* the one before: after the request, so that there is no gap */
    side->source = source;
    if (side->asking)
        wl_callback_destroy(side->asking);
    side->asking = wl_display_sync(s->wrapper);
    if (side->asking)
        wl_callback_add_listener(side->asking, &asked_listener, side);
    flush(s);
}

/* Offers what is wanted, if that is possible yet. */
static int try_offer(struct side *side)
{
    const uint32_t serial = newest_serial(side->selection);
    if (!side->wanted || !side->device || serial == 0)
        return 0;
    void *source = side->kind == SELECTION_PRIMARY ? (void *)make_primary_source(side, side->wanted)
                                                   : (void *)make_source(side, side->wanted);
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
    return try_offer(side);
}

void selection_clear(struct selection *s, enum selection_kind kind)
{
    struct side *side = &s->sides[kind];
    free_names(side->wanted);
    side->wanted = NULL;
    drop_source(side); /* the compositor takes it out of the selection, if it is in it */
    flush(s);
}

/* ---- dragging ---- */

static void on_drag_enter(void *ctx, struct wl_data_device *device, uint32_t serial,
                          struct wl_surface *surface, wl_fixed_t x, wl_fixed_t y,
                          struct wl_data_offer *proxy)
{
    (void)device, (void)x, (void)y;
    struct side *side = ctx;
    struct selection *s = side->selection;
    offer_destroy(s->drag);
    s->drag = take_fresh(side, proxy);
    if (!s->drag)
        return;
    /* One that we do not want is kept, too, until it leaves: letting it go would end the drag. */
    const bool good = s->drops && surface == s->native->surface && offer_has(s->drag, URI_LIST);
    wl_data_offer_accept(proxy, serial, good ? URI_LIST : NULL);
    if (s->manager_version >= WL_DATA_OFFER_SET_ACTIONS_SINCE_VERSION) {
        const uint32_t action =
            good ? WL_DATA_DEVICE_MANAGER_DND_ACTION_COPY : WL_DATA_DEVICE_MANAGER_DND_ACTION_NONE;
        wl_data_offer_set_actions(proxy, action, action);
    }
    flush(s);
    s->drag_good = good;
    if (good && s->listener.on_drag)
        s->listener.on_drag(s->listener.ctx, true);
}

static void end_drag(struct selection *s)
{
    if (!s->drag)
        return;
    offer_destroy(s->drag);
    s->drag = NULL;
    if (s->drag_good && s->listener.on_drag)
        s->listener.on_drag(s->listener.ctx, false);
}

static void on_drag_leave(void *ctx, struct wl_data_device *device)
{
    (void)device;
    const struct side *side = ctx;
    end_drag(side->selection);
}

static void on_drag_motion(void *ctx, struct wl_data_device *device, uint32_t time_ms, wl_fixed_t x,
                           wl_fixed_t y)
{
    (void)ctx, (void)device, (void)time_ms, (void)x, (void)y;
}

static void on_drop(void *ctx, struct wl_data_device *device)
{
    (void)device;
    const struct side *side = ctx;
    struct selection *s = side->selection;
    int fd;
    if (!s->drag || !s->drag_good || s->drop || !s->listener.on_drop ||
        receive(s, s->drag, URI_LIST, &fd) < 0) {
        end_drag(s); /* one drop is read at a time */
        return;
    }
    s->drop = s->drag;
    s->drag = NULL;
    if (s->listener.on_drag)
        s->listener.on_drag(s->listener.ctx, false);
    s->listener.on_drop(s->listener.ctx, fd);
}

void selection_drop_done(struct selection *s, bool ok)
{
    struct offer *o = s->drop;
    s->drop = NULL;
    /* Finishing a drag for which no action was agreed on is a protocol error. */
    if (o && ok && s->manager_version >= WL_DATA_OFFER_FINISH_SINCE_VERSION &&
        o->action == WL_DATA_DEVICE_MANAGER_DND_ACTION_COPY)
        wl_data_offer_finish(o->proxy);
    offer_destroy(o);
    flush(s);
}

/* ---- devices ---- */

static void on_data_offer(void *ctx, struct wl_data_device *device, struct wl_data_offer *proxy)
{
    (void)device;
    introduce(ctx, proxy);
}

static void on_data_selection(void *ctx, struct wl_data_device *device, struct wl_data_offer *proxy)
{
    (void)device;
    on_selection(ctx, proxy);
}

static const struct wl_data_device_listener data_device_listener = {
    .data_offer = on_data_offer,
    .enter = on_drag_enter,
    .leave = on_drag_leave,
    .motion = on_drag_motion,
    .drop = on_drop,
    .selection = on_data_selection,
};

static void on_primary_offer(void *ctx, struct zwp_primary_selection_device_v1 *device,
                             struct zwp_primary_selection_offer_v1 *proxy)
{
    (void)device;
    introduce(ctx, proxy);
}

static void on_primary_selection(void *ctx, struct zwp_primary_selection_device_v1 *device,
                                 struct zwp_primary_selection_offer_v1 *proxy)
{
    (void)device;
    on_selection(ctx, proxy);
}

static const struct zwp_primary_selection_device_v1_listener primary_device_listener = {
    .data_offer = on_primary_offer,
    .selection = on_primary_selection,
};

static void make_devices(struct selection *s)
{
    struct side *clip = &s->sides[SELECTION_CLIPBOARD], *primary = &s->sides[SELECTION_PRIMARY];
    if (s->seat && s->manager && !clip->device) {
        clip->device = wl_data_device_manager_get_data_device(s->manager, s->seat);
        wl_data_device_add_listener(clip->device, &data_device_listener, clip);
    }
    if (s->seat && s->primary_manager && !primary->device) {
        primary->device =
            zwp_primary_selection_device_manager_v1_get_device(s->primary_manager, s->seat);
        zwp_primary_selection_device_v1_add_listener(primary->device, &primary_device_listener,
                                                     primary);
    }
}

static void drop_side(struct side *side)
{
    drop_source(side);
    offer_destroy(side->fresh);
    offer_destroy(side->current);
    side->fresh = side->current = NULL;
    if (side->asking)
        wl_callback_destroy(side->asking);
    side->asking = NULL;
    free_names(side->wanted);
    side->wanted = NULL;
    if (!side->device)
        return;
    if (side->kind == SELECTION_PRIMARY)
        zwp_primary_selection_device_v1_destroy(side->device);
    else if (side->selection->manager_version >= WL_DATA_DEVICE_RELEASE_SINCE_VERSION)
        wl_data_device_release(side->device);
    else
        wl_data_device_destroy(side->device);
    side->device = NULL;
}

/* ---- focus ---- */

static void on_keymap(void *ctx, struct wl_keyboard *k, uint32_t format, int32_t fd,
                      uint32_t len_bytes)
{
    (void)ctx, (void)k, (void)format, (void)len_bytes;
    close(fd);
}

static void set_focus(struct selection *s, bool focused)
{
    if (s->focused == focused)
        return;
    s->focused = focused;
    if (s->listener.on_focus)
        s->listener.on_focus(s->listener.ctx, focused);
}

static void on_key_enter(void *ctx, struct wl_keyboard *k, uint32_t serial,
                         struct wl_surface *surface, struct wl_array *keys)
{
    (void)k, (void)keys;
    struct selection *s = ctx;
    if (surface != s->native->surface)
        return;
    s->serial = serial;
    set_focus(s, true);
    for (size_t i = 0; i < SELECTION_KINDS; i++)
        if (try_offer(&s->sides[i]) < 0)
            log_every(5000, LOG_LEVEL_WARN, "no memory to offer the guest's clipboard");
}

static void on_key_leave(void *ctx, struct wl_keyboard *k, uint32_t serial,
                         struct wl_surface *surface)
{
    (void)k, (void)serial;
    struct selection *s = ctx;
    if (!surface || surface == s->native->surface)
        set_focus(s, false);
}

static void on_key(void *ctx, struct wl_keyboard *k, uint32_t serial, uint32_t time_ms,
                   uint32_t key, uint32_t state)
{
    (void)k, (void)time_ms, (void)key, (void)state;
    struct selection *s = ctx;
    s->serial = serial;
}

static void on_modifiers(void *ctx, struct wl_keyboard *k, uint32_t serial, uint32_t depressed,
                         uint32_t latched, uint32_t locked, uint32_t group)
{
    (void)ctx, (void)k, (void)serial, (void)depressed, (void)latched, (void)locked, (void)group;
}

static void on_repeat(void *ctx, struct wl_keyboard *k, int32_t rate, int32_t delay)
{
    (void)ctx, (void)k, (void)rate, (void)delay;
}

static const struct wl_keyboard_listener keyboard_listener = {
    .keymap = on_keymap,
    .enter = on_key_enter,
    .leave = on_key_leave,
    .key = on_key,
    .modifiers = on_modifiers,
    .repeat_info = on_repeat,
};

static void drop_keyboard(struct selection *s)
{
    if (!s->keyboard)
        return;
    if (s->seat_version >= WL_KEYBOARD_RELEASE_SINCE_VERSION)
        wl_keyboard_release(s->keyboard);
    else
        wl_keyboard_destroy(s->keyboard);
    s->keyboard = NULL;
    set_focus(s, false);
}

static void on_capabilities(void *ctx, struct wl_seat *seat, uint32_t caps)
{
    struct selection *s = ctx;
    if (!(caps & WL_SEAT_CAPABILITY_KEYBOARD)) {
        drop_keyboard(s);
    } else if (!s->keyboard) {
        s->keyboard = wl_seat_get_keyboard(seat);
        wl_keyboard_add_listener(s->keyboard, &keyboard_listener, s);
    }
}

static void on_seat_name(void *ctx, struct wl_seat *seat, const char *name)
{
    (void)ctx, (void)seat, (void)name;
}

static const struct wl_seat_listener seat_listener = { .capabilities = on_capabilities,
                                                       .name = on_seat_name };

static void drop_seat(struct selection *s)
{
    for (size_t i = 0; i < SELECTION_KINDS; i++) {
        lose_source(&s->sides[i]);
        drop_side(&s->sides[i]);
    }
    end_drag(s);
    drop_keyboard(s);
    if (!s->seat)
        return;
    if (s->seat_version >= WL_SEAT_RELEASE_SINCE_VERSION)
        wl_seat_release(s->seat);
    else
        wl_seat_destroy(s->seat);
    s->seat = NULL;
}

/* ---- globals ---- */

static void on_global(void *ctx, struct wl_registry *registry, uint32_t name, const char *interface,
                      uint32_t version)
{
    struct selection *s = ctx;
    if (strcmp(interface, wl_seat_interface.name) == 0 && !s->seat) { /* one of them: the first */
        s->seat_name = name;
        s->seat_version = min_u32(version, SEAT_VERSION);
        s->seat = wl_registry_bind(registry, name, &wl_seat_interface, s->seat_version);
        wl_seat_add_listener(s->seat, &seat_listener, s);
    } else if (strcmp(interface, wl_data_device_manager_interface.name) == 0 && !s->manager) {
        s->manager_version = min_u32(version, MANAGER_VERSION);
        s->manager =
            wl_registry_bind(registry, name, &wl_data_device_manager_interface, s->manager_version);
    } else if (strcmp(interface, zwp_primary_selection_device_manager_v1_interface.name) == 0 &&
               s->primary && !s->primary_manager) {
        s->primary_manager =
            wl_registry_bind(registry, name, &zwp_primary_selection_device_manager_v1_interface, 1);
    }
    make_devices(s);
}

static void on_global_remove(void *ctx, struct wl_registry *registry, uint32_t name)
{
    (void)registry;
    struct selection *s = ctx;
    if (s->seat && s->seat_name == name)
        drop_seat(s);
}

static const struct wl_registry_listener registry_listener = {
    .global = on_global,
    .global_remove = on_global_remove,
};

static int open_registry(struct selection *s)
{
    s->wrapper = wl_proxy_create_wrapper(s->native->display);
    if (!s->wrapper)
        return -ENOMEM;
    wl_proxy_set_queue((struct wl_proxy *)s->wrapper, s->native->queue);
    s->registry = wl_display_get_registry(s->wrapper);
    if (!s->registry)
        return -ENOMEM;
    wl_registry_add_listener(s->registry, &registry_listener, s);
    flush(s);
    return 0;
}

int selection_create(const struct seat_native *native, bool primary, bool drops,
                     const struct selection_listener *listener, struct selection **out)
{
    struct selection *s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    *s = (struct selection){
        .native = native, .listener = *listener, .primary = primary, .drops = drops
    };
    for (size_t i = 0; i < SELECTION_KINDS; i++)
        s->sides[i] = (struct side){ .selection = s, .kind = (enum selection_kind)i };
    snprintf(s->mark, sizeof(s->mark), "application/x-espelho-selection;id=%08" PRIx32 "%08" PRIx32,
             random_u32(), random_u32());
    const int err = open_registry(s);
    if (err < 0) {
        selection_destroy(s);
        return err;
    }
    *out = s;
    return 0;
}

void selection_destroy(struct selection *s)
{
    if (!s)
        return;
    s->listener = (struct selection_listener){ 0 };
    offer_destroy(s->drop);
    drop_seat(s);
    if (s->primary_manager)
        zwp_primary_selection_device_manager_v1_destroy(s->primary_manager);
    if (s->manager)
        wl_data_device_manager_destroy(s->manager);
    if (s->registry)
        wl_registry_destroy(s->registry);
    if (s->wrapper) {
        flush(s);
        wl_proxy_wrapper_destroy(s->wrapper);
    }
    free(s);
}
