/* SPDX-License-Identifier: GPL-2.0-or-later
 * The input side of the connection: its queue, its place in the loop, its globals and devices. */
#define LOG_MODULE "seat"

#include "display/seat.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <xkbcommon/xkbcommon.h>

#include "base/checked.h"
#include "base/err.h"
#include "base/log.h"
#include "display/display.h"
#include "display/wayland/wayland_private.h"
#include "display/wayland/seat_private.h"

#include "keyboard-shortcuts-inhibit-unstable-v1-client-protocol.h"
#include "pointer-constraints-unstable-v1-client-protocol.h"
#include "relative-pointer-unstable-v1-client-protocol.h"
#include "viewporter-client-protocol.h"
#ifdef ESPELHO_HAVE_CURSOR_SHAPE_V1
#include "cursor-shape-v1-client-protocol.h"
#endif
#ifdef ESPELHO_HAVE_POINTER_WARP_V1
#include "pointer-warp-v1-client-protocol.h"
#endif

enum { SEAT_VERSION = 8 }; /* 9 only adds the direction of fingers, 10 repeats, which we drop */

struct global {
    const struct wl_interface *interface;
    uint32_t version;
    size_t slot; /* in struct display_seat */
};

static const struct global globals[] = {
    { &wl_compositor_interface, 4, offsetof(struct display_seat, global.compositor) },
    { &wl_shm_interface, 1, offsetof(struct display_seat, global.shm) },
    { &wp_viewporter_interface, 1, offsetof(struct display_seat, global.viewporter) },
    { &zwp_relative_pointer_manager_v1_interface, 1,
      offsetof(struct display_seat, global.relative) },
    { &zwp_pointer_constraints_v1_interface, 1, offsetof(struct display_seat, global.constraints) },
    { &zwp_keyboard_shortcuts_inhibit_manager_v1_interface, 1,
      offsetof(struct display_seat, global.inhibit) },
#ifdef ESPELHO_HAVE_CURSOR_SHAPE_V1
    { &wp_cursor_shape_manager_v1_interface, 1, offsetof(struct display_seat, global.shape) },
#endif
#ifdef ESPELHO_HAVE_POINTER_WARP_V1
    { &wp_pointer_warp_v1_interface, 1, offsetof(struct display_seat, global.warp) },
#endif
};

static void **slot_of(struct display_seat *s, const struct global *g)
{
    return (void **)(void *)((char *)s + g->slot);
}

/* ---- devices ---- */

static void inhibit_device(struct seat_device *d)
{
    struct display_seat *s = d->seat;
    if (s->wanted_inhibit && !d->inhibitor && s->global.inhibit) {
        d->inhibitor = zwp_keyboard_shortcuts_inhibit_manager_v1_inhibit_shortcuts(
            s->global.inhibit, s->native.surface, d->wl);
    } else if (!s->wanted_inhibit && d->inhibitor) {
        zwp_keyboard_shortcuts_inhibitor_v1_destroy(d->inhibitor);
        d->inhibitor = NULL;
    }
}

static void on_capabilities(void *ctx, struct wl_seat *wl, uint32_t caps)
{
    (void)wl;
    struct seat_device *d = ctx;
    if (!(caps & WL_SEAT_CAPABILITY_KEYBOARD))
        seat_keyboard_drop(d);
    else if (!d->keyboard.wl)
        seat_keyboard_add(d);
    if (!(caps & WL_SEAT_CAPABILITY_POINTER))
        seat_pointer_drop(d);
    else if (!d->pointer.wl)
        seat_pointer_add(d);
}

static void on_name(void *ctx, struct wl_seat *wl, const char *name)
{
    (void)wl;
    log_debug("seat %s, version %u", name, ((struct seat_device *)ctx)->version);
}

static const struct wl_seat_listener seat_listener = { .capabilities = on_capabilities,
                                                       .name = on_name };

static void add_device(struct display_seat *s, uint32_t name, uint32_t version)
{
    struct seat_device *d = calloc(1, sizeof(*d));
    if (!d)
        return;
    *d = (struct seat_device){
        .seat = s,
        .name = name,
        .version = min_u32(min_u32(version, SEAT_VERSION), (uint32_t)wl_seat_interface.version),
    };
    d->wl = wl_registry_bind(s->registry, name, &wl_seat_interface, d->version);
    if (!d->wl) {
        free(d);
        return;
    }
    wl_list_insert(&s->devices, &d->link);
    wl_seat_add_listener(d->wl, &seat_listener, d);
    inhibit_device(d);
}

static void drop_device(struct seat_device *d)
{
    seat_keyboard_drop(d);
    seat_pointer_drop(d);
    if (d->inhibitor)
        zwp_keyboard_shortcuts_inhibitor_v1_destroy(d->inhibitor);
    wl_list_remove(&d->link);
    if (d->version >= WL_SEAT_RELEASE_SINCE_VERSION)
        wl_seat_release(d->wl);
    else
        wl_seat_destroy(d->wl);
    free(d);
}

/* ---- globals ---- */

static void on_global(void *ctx, struct wl_registry *registry, uint32_t name, const char *interface,
                      uint32_t version)
{
    struct display_seat *s = ctx;
    if (strcmp(interface, wl_seat_interface.name) == 0) {
        add_device(s, name, version);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(globals); i++) {
        void **slot = slot_of(s, &globals[i]);
        if (!*slot && strcmp(interface, globals[i].interface->name) == 0)
            *slot = wl_registry_bind(registry, name, globals[i].interface,
                                     min_u32(version, globals[i].version));
    }
}

static void on_global_remove(void *ctx, struct wl_registry *registry, uint32_t name)
{
    (void)registry;
    struct display_seat *s = ctx;
    struct seat_device *d, *next;
    wl_list_for_each_safe (d, next, &s->devices, link)
        if (d->name == name)
            drop_device(d);
}

static const struct wl_registry_listener registry_listener = {
    .global = on_global,
    .global_remove = on_global_remove,
};

/* Everything that comes of this registry belongs to our queue: the queue is inherited from the
 * wrapper, so there is no moment in which the render thread could dispatch an event of ours. */
static int bind_all(struct display_seat *s)
{
    s->queue = wl_display_create_queue(s->native.display);
    s->native.queue = s->queue;
    struct wl_display *wrapper = s->queue ? wl_proxy_create_wrapper(s->native.display) : NULL;
    if (!wrapper)
        return -ENOMEM;
    wl_proxy_set_queue((struct wl_proxy *)wrapper, s->queue);
    s->registry = wl_display_get_registry(wrapper);
    wl_proxy_wrapper_destroy(wrapper);
    if (!s->registry)
        return -ENOMEM;
    wl_registry_add_listener(s->registry, &registry_listener, s);
    if (wl_display_roundtrip_queue(s->native.display, s->queue) < 0)
        return -ECONNRESET;
    s->abilities = (struct display_seat_abilities){
        .relative = s->global.relative,
        .constraints = s->global.constraints,
        .inhibit_shortcuts = s->global.inhibit,
        .warp = s->global.warp,
        .scaled_images = s->global.viewporter,
        .shapes = s->global.shape,
    };
    return wl_display_roundtrip_queue(s->native.display, s->queue) < 0 ? -ECONNRESET : 0;
}

/* Devices met before the managers that serve them were bound are completed here. */
static void complete_devices(struct display_seat *s)
{
    struct seat_device *d;
    wl_list_for_each (d, &s->devices, link)
        seat_pointer_complete(d);
}

/* ---- the loop; compare display.c, which does the same for the default queue ---- */

static void drop_devices(struct display_seat *s)
{
    struct seat_device *d, *next;
    wl_list_for_each_safe (d, next, &s->devices, link)
        drop_device(d);
}

static void seat_lost(struct display_seat *s)
{
    if (s->lost)
        return;
    s->lost = true; /* the display says why */
    loop_source_destroy(s->fd_source);
    s->fd_source = NULL;
    drop_devices(s);
    if (s->listener.on_lost)
        s->listener.on_lost(s->listener.ctx);
}

static void flush(struct display_seat *s)
{
    const int sent = wl_display_flush(s->native.display);
    if (sent < 0 && errno != EAGAIN) {
        seat_lost(s);
        return;
    }
    const bool blocked = sent < 0;
    if (blocked == s->blocked || !s->fd_source)
        return;
    s->blocked = blocked;
    if (loop_set_events(s->fd_source, blocked ? EPOLLIN | EPOLLOUT : EPOLLIN) < 0)
        seat_lost(s);
}

static void before_wait(void *ctx)
{
    struct display_seat *s = ctx;
    while (!s->lost && wl_display_prepare_read_queue(s->native.display, s->queue) != 0) {
        if (wl_display_dispatch_queue_pending(s->native.display, s->queue) < 0)
            seat_lost(s);
    }
    if (s->lost)
        return;
    s->reading = true;
    flush(s);
    if (s->lost) { /* not to be held by one who no longer looks */
        s->reading = false;
        wl_display_cancel_read(s->native.display);
    }
}

static void after_wait(void *ctx)
{
    struct display_seat *s = ctx;
    if (!s->reading)
        return;
    s->reading = false;
    struct pollfd p = { .fd = wl_display_get_fd(s->native.display), .events = POLLIN };
    if (poll(&p, 1, 0) <= 0) {
        wl_display_cancel_read(s->native.display);
        return;
    }
    (void)!wl_display_read_events(s->native.display); /* an error shows again at dispatch */
    display_events_came(s->display);
}

static void on_fd(void *ctx, uint32_t events)
{
    (void)events;
    struct display_seat *s = ctx;
    if (wl_display_dispatch_queue_pending(s->native.display, s->queue) < 0)
        seat_lost(s);
}

static int join_loop(struct display_seat *s)
{
    loop_set_prepare(s->loop, before_wait, s);
    loop_set_after_wait(s->loop, after_wait, s);
    return loop_add_fd(s->loop, wl_display_get_fd(s->native.display), EPOLLIN, on_fd, s,
                       &s->fd_source);
}

/* ---- interface ---- */

int display_seat_create(struct display *display, struct loop *input_loop,
                        const struct display_seat_listener *listener, struct display_seat **out)
{
    struct display_seat *s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    const struct display_native *n = display_get_native(display);
    s->native =
        (struct seat_native){ .display = n->display, .surface = n->surface, .serial = &s->serial };
    s->display = display;
    s->loop = input_loop;
    s->listener = *listener;
    wl_list_init(&s->devices);
    s->xkb = xkb_context_new(XKB_CONTEXT_NO_FLAGS);
    int err = s->xkb ? bind_all(s) : -ENOMEM;
    if (!err) {
        complete_devices(s);
        err = join_loop(s);
    }
    if (err) {
        log_err("cannot listen to keyboard and mouse: %s", err_str(-err));
        display_seat_destroy(s);
        return err;
    }
    display_set_read_elsewhere(display, true);
    *out = s;
    return 0;
}

void display_seat_destroy(struct display_seat *s)
{
    if (!s)
        return;
    s->listener = (struct display_seat_listener){ 0 };
    loop_set_prepare(s->loop, NULL, NULL);
    loop_set_after_wait(s->loop, NULL, NULL);
    loop_source_destroy(s->fd_source);
    if (s->reading)
        wl_display_cancel_read(s->native.display);
    display_set_read_elsewhere(s->display, false);
    drop_devices(s);
    seat_cursor_fini(s);
    for (size_t i = ARRAY_LEN(globals); i-- > 0;) {
        void **slot = slot_of(s, &globals[i]);
        if (*slot)
            wl_proxy_destroy(*slot);
    }
    if (s->registry)
        wl_registry_destroy(s->registry);
    if (s->queue) {
        wl_display_flush(s->native.display);
        wl_event_queue_destroy(s->queue);
    }
    xkb_context_unref(s->xkb);
    free(s);
}

const struct display_seat_abilities *display_seat_get_abilities(const struct display_seat *s)
{
    return &s->abilities;
}

const struct seat_native *display_seat_native(struct display_seat *s)
{
    return &s->native;
}

static void want_constraint(struct display_seat *s, enum display_constraint wanted)
{
    s->wanted_constraint = wanted;
    struct seat_device *d;
    wl_list_for_each (d, &s->devices, link)
        seat_pointer_constrain(d);
}

void display_seat_lock_pointer(struct display_seat *s)
{
    want_constraint(s, DISPLAY_LOCKED);
}

void display_seat_confine_pointer(struct display_seat *s)
{
    want_constraint(s, DISPLAY_CONFINED);
}

void display_seat_unlock_pointer(struct display_seat *s)
{
    want_constraint(s, DISPLAY_UNCONSTRAINED);
}

void display_seat_set_unlock_position(struct display_seat *s, double x, double y)
{
    struct seat_device *d = s->pointer;
    if (d && d->pointer.locked)
        zwp_locked_pointer_v1_set_cursor_position_hint(d->pointer.locked, wl_fixed_from_double(x),
                                                       wl_fixed_from_double(y));
}

void display_seat_warp_pointer(struct display_seat *s, double x, double y)
{
    (void)s, (void)x, (void)y;
#ifdef ESPELHO_HAVE_POINTER_WARP_V1
    struct seat_device *d = s->pointer;
    if (s->global.warp && d)
        wp_pointer_warp_v1_warp_pointer(s->global.warp, s->native.surface, d->pointer.wl,
                                        wl_fixed_from_double(x), wl_fixed_from_double(y),
                                        d->pointer.enter_serial);
#endif
}

void display_seat_inhibit_shortcuts(struct display_seat *s, bool on)
{
    s->wanted_inhibit = on;
    struct seat_device *d;
    wl_list_for_each (d, &s->devices, link)
        inhibit_device(d);
}
