/* SPDX-License-Identifier: GPL-2.0-or-later
 * The toplevel by xdg-shell; the compositor draws the frame (xdg-decoration), or there is none. */
#define LOG_MODULE "wayland"

#include <errno.h>

#include "base/log.h"
#include "display/wayland/wayland_private.h"

#include "xdg-decoration-unstable-v1-client-protocol.h"
#include "xdg-shell-client-protocol.h"

static void on_ping(void *ctx, struct xdg_wm_base *wm_base, uint32_t serial)
{
    (void)ctx;
    xdg_wm_base_pong(wm_base, serial);
}

static const struct xdg_wm_base_listener wm_base_listener = { .ping = on_ping };

static void add_state(struct toplevel_configure *c, uint32_t state)
{
    switch (state) {
    case XDG_TOPLEVEL_STATE_FULLSCREEN:
        c->fullscreen = true;
        break;
    case XDG_TOPLEVEL_STATE_MAXIMIZED:
        c->maximized = true;
        break;
    case XDG_TOPLEVEL_STATE_ACTIVATED:
        c->activated = true;
        break;
    case XDG_TOPLEVEL_STATE_TILED_LEFT:
    case XDG_TOPLEVEL_STATE_TILED_RIGHT:
    case XDG_TOPLEVEL_STATE_TILED_TOP:
    case XDG_TOPLEVEL_STATE_TILED_BOTTOM:
        c->tiled = true;
        break;
#ifdef XDG_TOPLEVEL_STATE_SUSPENDED_SINCE_VERSION
    case XDG_TOPLEVEL_STATE_SUSPENDED:
        c->suspended = true;
        break;
#endif
    default:
        break;
    }
}

static void on_toplevel_configure(void *ctx, struct xdg_toplevel *toplevel, int32_t width,
                                  int32_t height, struct wl_array *states)
{
    (void)toplevel;
    struct display *d = ctx;
    const uint32_t *all = states->data;
    d->xdg.pending = (struct toplevel_configure){ .width = width > 0 ? (uint32_t)width : 0,
                                                  .height = height > 0 ? (uint32_t)height : 0 };
    for (size_t i = 0; i < states->size / sizeof(*all); i++)
        add_state(&d->xdg.pending, all[i]);
}

static void on_toplevel_close(void *ctx, struct xdg_toplevel *toplevel)
{
    (void)toplevel;
    struct display *d = ctx;
    if (d->live && d->listener.on_close)
        d->listener.on_close(d->listener.ctx);
}

static void on_bounds(void *ctx, struct xdg_toplevel *toplevel, int32_t width, int32_t height)
{
    (void)toplevel;
    struct display *d = ctx;
    d->bounds_width = width > 0 ? (uint32_t)width : 0;
    d->bounds_height = height > 0 ? (uint32_t)height : 0;
}

#ifdef XDG_TOPLEVEL_WM_CAPABILITIES_SINCE_VERSION
static void on_wm_capabilities(void *ctx, struct xdg_toplevel *toplevel,
                               struct wl_array *capabilities)
{
    (void)ctx, (void)toplevel, (void)capabilities;
}
#endif

static const struct xdg_toplevel_listener toplevel_listener = {
    .configure = on_toplevel_configure,
    .close = on_toplevel_close,
#ifdef XDG_TOPLEVEL_CONFIGURE_BOUNDS_SINCE_VERSION
    .configure_bounds = on_bounds,
#endif
#ifdef XDG_TOPLEVEL_WM_CAPABILITIES_SINCE_VERSION
    .wm_capabilities = on_wm_capabilities,
#endif
};

static void set_geometry(struct display *d)
{
    /* Applied by the next commit, like the size itself: every commit of the root goes through the
     * renderer's present(). */
    xdg_surface_set_window_geometry(d->xdg.surface, 0, 0, (int32_t)d->state.width,
                                    (int32_t)d->state.height);
}

static void on_surface_configure(void *ctx, struct xdg_surface *surface, uint32_t serial)
{
    struct display *d = ctx;
    xdg_surface_ack_configure(surface, serial);
    display_configure(d, &d->xdg.pending);
    set_geometry(d);
    display_notify(d);
}

static const struct xdg_surface_listener surface_listener = { .configure = on_surface_configure };

static void xdg_destroy(struct display *d)
{
    if (d->xdg.decoration)
        zxdg_toplevel_decoration_v1_destroy(d->xdg.decoration);
    if (d->xdg.toplevel)
        xdg_toplevel_destroy(d->xdg.toplevel);
    if (d->xdg.surface)
        xdg_surface_destroy(d->xdg.surface);
}

static int xdg_create(struct display *d)
{
    xdg_wm_base_add_listener(d->global.wm_base, &wm_base_listener, d);
    d->xdg.surface = xdg_wm_base_get_xdg_surface(d->global.wm_base, d->native.surface);
    xdg_surface_add_listener(d->xdg.surface, &surface_listener, d);
    d->xdg.toplevel = xdg_surface_get_toplevel(d->xdg.surface);
    xdg_toplevel_add_listener(d->xdg.toplevel, &toplevel_listener, d);
    xdg_toplevel_set_app_id(d->xdg.toplevel, d->app_id);
    xdg_toplevel_set_title(d->xdg.toplevel, d->title);
    if (d->global.decoration) {
        d->xdg.decoration = zxdg_decoration_manager_v1_get_toplevel_decoration(d->global.decoration,
                                                                               d->xdg.toplevel);
        zxdg_toplevel_decoration_v1_set_mode(
            d->xdg.decoration, d->borderless ? ZXDG_TOPLEVEL_DECORATION_V1_MODE_CLIENT_SIDE
                                             : ZXDG_TOPLEVEL_DECORATION_V1_MODE_SERVER_SIDE);
    }
    if (d->want_maximized)
        xdg_toplevel_set_maximized(d->xdg.toplevel);
    if (d->want_fullscreen)
        xdg_toplevel_set_fullscreen(d->xdg.toplevel, NULL);
    wl_surface_commit(d->native.surface); /* no picture yet: asks for the first configure */
    return 0;
}

static void xdg_set_title(struct display *d, const char *title)
{
    xdg_toplevel_set_title(d->xdg.toplevel, title);
}

static void xdg_set_fullscreen(struct display *d, bool on)
{
    if (on)
        xdg_toplevel_set_fullscreen(d->xdg.toplevel, NULL);
    else
        xdg_toplevel_unset_fullscreen(d->xdg.toplevel);
}

const struct toplevel_ops toplevel_xdg_ops = {
    .name = "xdg-shell",
    .create = xdg_create,
    .destroy = xdg_destroy,
    .set_title = xdg_set_title,
    .set_fullscreen = xdg_set_fullscreen,
    .resize = set_geometry,
};
