/* SPDX-License-Identifier: GPL-2.0-or-later
 * The connection to the compositor, its place in the loop, and the window's size and states. */
#define LOG_MODULE "wayland"

#include "display/display.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/checked.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "display/wayland/internal.h"

#include "viewporter-client-protocol.h"

enum {
    DEFAULT_WIDTH = 1024,
    DEFAULT_HEIGHT = 768,
    /* A compositor answers the initial commit within one or two roundtrips, libdecor needs some
     * more. After these the window is configured later, from the loop. */
    MAX_FIRST_ROUNDTRIPS = 8,
};

static void log_why(struct display *d)
{
    const int err = wl_display_get_error(d->native.display);
    if (err != EPROTO) {
        log_err("lost the connection to the Wayland compositor: %s", err_str(err ? err : EPIPE));
        return;
    }
    const struct wl_interface *interface = NULL;
    uint32_t id = 0;
    const uint32_t code = wl_display_get_protocol_error(d->native.display, &interface, &id);
    log_err("the Wayland compositor ended the connection: protocol error %u (%s#%u); please "
            "report this",
            code, interface ? interface->name : "?", id);
}

void display_lost(struct display *d)
{
    if (d->lost)
        return;
    d->lost = true;
    log_why(d);
    loop_source_destroy(d->fd_source); /* it would stay readable for ever */
    d->fd_source = NULL;
    if (d->live && d->listener.on_lost)
        d->listener.on_lost(d->listener.ctx);
}

static void flush(struct display *d)
{
    const int sent = wl_display_flush(d->native.display);
    if (sent < 0 && errno != EAGAIN) {
        display_lost(d);
        return;
    }
    /* A compositor that does not read: go on when it does, instead of blocking. */
    const uint32_t in = atomic_load(&d->read_elsewhere) ? 0 : EPOLLIN;
    const uint32_t events = sent < 0 ? in | EPOLLOUT : in;
    if (events == d->watched || !d->fd_source)
        return;
    d->watched = events;
    if (loop_set_events(d->fd_source, events) < 0)
        display_lost(d);
}

/* The reading of the socket is announced before each wait and ended right after it: other threads
 * and GL may read the same connection, and each takes what belongs to the others along. */
static void before_wait(void *ctx)
{
    struct display *d = ctx;
    if (atomic_load(&d->read_elsewhere)) {
        if (!d->lost && wl_display_dispatch_pending(d->native.display) < 0)
            display_lost(d);
        if (!d->lost)
            flush(d);
        return;
    }
    while (!d->lost && wl_display_prepare_read(d->native.display) != 0) {
        if (wl_display_dispatch_pending(d->native.display) < 0)
            display_lost(d);
    }
    if (d->lost)
        return;
    d->reading = true;
    flush(d);
}

static void after_wait(void *ctx)
{
    struct display *d = ctx;
    if (!d->reading)
        return;
    d->reading = false;
    struct pollfd p = { .fd = wl_display_get_fd(d->native.display), .events = POLLIN };
    if (poll(&p, 1, 0) > 0)
        (void)!wl_display_read_events(d->native.display); /* an error shows again at dispatch */
    else
        wl_display_cancel_read(d->native.display);
}

static void on_events(void *ctx)
{
    struct display *d = ctx;
    if (d->lost)
        return;
    if (wl_display_dispatch_pending(d->native.display) < 0 ||
        (d->toplevel->dispatch && d->toplevel->dispatch(d) < 0))
        display_lost(d);
}

static void on_fd(void *ctx, uint32_t events)
{
    (void)events;
    on_events(ctx);
}

void display_events_came(struct display *d)
{
    loop_wake_raise(d->events);
}

void display_set_read_elsewhere(struct display *d, bool on)
{
    /* Sequentially consistent, before the wake: the round that it begins sees it. */
    atomic_store(&d->read_elsewhere, on);
    loop_wake_raise(d->events);
}

static bool is_floating(const struct display *d)
{
    return !d->state.fullscreen && !d->state.maximized && !d->tiled;
}

static uint32_t within(uint32_t wanted, uint32_t bound)
{
    return bound ? min_u32(wanted, bound) : wanted;
}

void display_configure(struct display *d, const struct toplevel_configure *c)
{
    d->tiled = c->tiled;
    d->state.fullscreen = c->fullscreen;
    d->state.maximized = c->maximized;
    d->state.activated = c->activated;
    d->state.suspended = c->suspended;
    d->state.width = c->width ? c->width : within(d->float_width, d->bounds_width);
    d->state.height = c->height ? c->height : within(d->float_height, d->bounds_height);
    if (is_floating(d) && c->width && c->height) { /* the user pulled at the window */
        d->float_width = c->width;
        d->float_height = c->height;
    }
}

void display_notify(struct display *d)
{
    d->configured = true;
    if (d->live && d->listener.on_configure)
        d->listener.on_configure(d->listener.ctx, &d->state);
}

void display_set_scale(struct display *d, uint32_t scale_120)
{
    if (scale_120 == 0 || scale_120 == d->state.scale_120)
        return;
    d->state.scale_120 = scale_120;
    if (d->configured)
        display_notify(d);
}

static int connect_compositor(struct display *d)
{
    d->native.display = wl_display_connect(NULL);
    if (d->native.display)
        return 0;
    const int err = errno;
    const char *name = getenv("WAYLAND_DISPLAY"), *dir = getenv("XDG_RUNTIME_DIR");
    log_err("cannot connect to a Wayland compositor (%s, WAYLAND_DISPLAY=%s, XDG_RUNTIME_DIR=%s): "
            "start espelho "
            "inside a Wayland session",
            err_str(err), name ? name : _("not set"), dir ? dir : _("not set"));
    return err ? -err : -ENOENT;
}

static int create_surface(struct display *d)
{
    struct display_native *n = &d->native;
    n->surface = wl_compositor_create_surface(n->compositor);
    if (!n->surface)
        return -ENOMEM;
    if (n->viewporter)
        n->viewport = wp_viewporter_get_viewport(n->viewporter, n->surface);
    scale_watch_surface(d);
    return 0;
}

static const struct toplevel_ops *choose_toplevel(const struct display *d)
{
#ifdef ESPELHO_HAVE_LIBDECOR
    if (!d->global.decoration && !d->borderless)
        return &toplevel_libdecor_ops;
#endif
    (void)d;
    return &toplevel_xdg_ops;
}

static int create_toplevel(struct display *d)
{
    d->toplevel = choose_toplevel(d);
    log_debug("window by %s", d->toplevel->name);
    return d->toplevel->create(d);
}

static int await_configure(struct display *d)
{
    for (int i = 0; i < MAX_FIRST_ROUNDTRIPS && (i == 0 || !d->configured); i++) {
        if (wl_display_roundtrip(d->native.display) < 0 ||
            (d->toplevel->dispatch && d->toplevel->dispatch(d) < 0))
            return -ECONNRESET;
    }
    return 0;
}

static int join_loop(struct display *d)
{
    loop_set_prepare(d->loop, before_wait, d);
    loop_set_after_wait(d->loop, after_wait, d);
    const int err = loop_add_wake(d->loop, on_events, d, &d->events);
    return err < 0 ? err
                   : loop_add_fd(d->loop, wl_display_get_fd(d->native.display), EPOLLIN, on_fd, d,
                                 &d->fd_source);
}

int display_create(struct loop *loop, const struct display_config *config,
                   const struct display_listener *listener, struct display **out)
{
    struct display *d = calloc(1, sizeof(*d));
    if (!d)
        return -ENOMEM;
    d->loop = loop;
    d->listener = *listener;
    d->float_width = config->width ? config->width : DEFAULT_WIDTH;
    d->float_height = config->height ? config->height : DEFAULT_HEIGHT;
    d->want_fullscreen = config->fullscreen;
    d->want_maximized = config->maximized;
    d->borderless = config->borderless;
    d->title = config->title;
    d->app_id = config->app_id;
    scale_init(d);
    presentation_init(d);
    int err = connect_compositor(d);
    if (!err)
        err = registry_bind(d);
    if (!err)
        err = create_surface(d);
    if (!err) {
        presentation_watch_clock(d);
        attention_start(d, config->inhibit_idle);
        err = create_toplevel(d);
    }
    if (!err)
        err = await_configure(d);
    if (!err)
        err = join_loop(d);
    if (err) {
        if (err == -ECONNRESET)
            log_why(d);
        display_destroy(d);
        return err;
    }
    d->title = d->app_id = NULL;
    d->live = true;
    *out = d;
    return 0;
}

void display_destroy(struct display *d)
{
    if (!d)
        return;
    d->live = false;
    loop_set_prepare(d->loop, NULL, NULL);
    loop_set_after_wait(d->loop, NULL, NULL);
    loop_source_destroy(d->fd_source);
    loop_source_destroy(d->events);
    if (d->native.display) {
        if (d->reading)
            wl_display_cancel_read(d->native.display);
        presentation_fini(d);
        attention_fini(d);
        if (d->toplevel)
            d->toplevel->destroy(d);
        scale_fini(d);
        if (d->native.viewport)
            wp_viewport_destroy(d->native.viewport);
        if (d->native.surface)
            wl_surface_destroy(d->native.surface);
        registry_release(d);
        wl_display_flush(d->native.display);
        wl_display_disconnect(d->native.display);
    }
    free(d);
}

const struct display_state *display_get_state(const struct display *d)
{
    return &d->state;
}

struct display_native *display_get_native(struct display *d)
{
    return &d->native;
}

bool display_native_ready(const struct display *d)
{
    return d->configured && !d->lost;
}

void display_set_title(struct display *d, const char *title)
{
    d->toplevel->set_title(d, title);
}

void display_set_fullscreen(struct display *d, bool on)
{
    d->toplevel->set_fullscreen(d, on);
}

void display_request_size(struct display *d, uint32_t width, uint32_t height)
{
    if (!width || !height)
        return;
    d->float_width = width;
    d->float_height = height;
    const uint32_t now_width = within(width, d->bounds_width),
                   now_height = within(height, d->bounds_height);
    if (!d->configured || !is_floating(d) ||
        (now_width == d->state.width && now_height == d->state.height))
        return;
    d->state.width = now_width;
    d->state.height = now_height;
    d->toplevel->resize(d);
    display_notify(d);
}
