/* SPDX-License-Identifier: GPL-2.0-or-later
 * xdg-shell for one toplevel that always gets the output's size, server-side decorations, and the
 * output. */
#include <stdlib.h>

#include "base/macros.h"
#include "measure_compositor.h"
#include "wayland-server-protocol.h"
#include "xdg-decoration-unstable-v1-server-protocol.h"
#include "xdg-shell-server-protocol.h"

struct mc_toplevel {
    struct mc *mc;
    struct wl_resource *xdg_surface, *toplevel;
    bool configured;
};

static void destroy_resource(struct wl_client *client, struct wl_resource *resource)
{
    (void)client;
    wl_resource_destroy(resource);
}

/* The first commit asks for the size; later ones say nothing new. */
static void on_commit(void *ctx)
{
    struct mc_toplevel *t = ctx;
    if (t->configured || !t->toplevel || !t->xdg_surface)
        return;
    t->configured = true;
    struct wl_array states;
    wl_array_init(&states);
    uint32_t *state = wl_array_add(&states, sizeof(*state));
    if (state)
        *state = XDG_TOPLEVEL_STATE_ACTIVATED;
    xdg_toplevel_send_configure(t->toplevel, (int32_t)t->mc->width, (int32_t)t->mc->height,
                                &states);
    wl_array_release(&states);
    xdg_surface_send_configure(t->xdg_surface, wl_display_next_serial(t->mc->display));
}

static void ignore_resource(struct wl_client *client, struct wl_resource *resource,
                            struct wl_resource *other)
{
    (void)client;
    (void)resource;
    (void)other;
}

static void ignore_text(struct wl_client *client, struct wl_resource *resource, const char *text)
{
    (void)client;
    (void)resource;
    (void)text;
}

static void ignore_size(struct wl_client *client, struct wl_resource *resource, int32_t w,
                        int32_t h)
{
    (void)client;
    (void)resource;
    (void)w;
    (void)h;
}

static void ignore(struct wl_client *client, struct wl_resource *resource)
{
    (void)client;
    (void)resource;
}

static void ignore_menu(struct wl_client *client, struct wl_resource *resource,
                        struct wl_resource *seat, uint32_t serial, int32_t x, int32_t y)
{
    (void)client;
    (void)resource;
    (void)seat;
    (void)serial;
    (void)x;
    (void)y;
}

static void ignore_move(struct wl_client *client, struct wl_resource *resource,
                        struct wl_resource *seat, uint32_t serial)
{
    ignore_menu(client, resource, seat, serial, 0, 0);
}

static void ignore_resize(struct wl_client *client, struct wl_resource *resource,
                          struct wl_resource *seat, uint32_t serial, uint32_t edges)
{
    ignore_menu(client, resource, seat, serial, (int32_t)edges, 0);
}

static const struct xdg_toplevel_interface toplevel_impl = {
    .destroy = destroy_resource,
    .set_parent = ignore_resource,
    .set_title = ignore_text,
    .set_app_id = ignore_text,
    .show_window_menu = ignore_menu,
    .move = ignore_move,
    .resize = ignore_resize,
    .set_max_size = ignore_size,
    .set_min_size = ignore_size,
    .set_maximized = ignore,
    .unset_maximized = ignore,
    .set_fullscreen = ignore_resource,
    .unset_fullscreen = ignore,
    .set_minimized = ignore,
};

static void toplevel_gone(struct wl_resource *resource)
{
    struct mc_toplevel *t = wl_resource_get_user_data(resource);
    if (t)
        t->toplevel = NULL;
}

static void get_toplevel(struct wl_client *client, struct wl_resource *resource, uint32_t id)
{
    struct mc_toplevel *t = wl_resource_get_user_data(resource);
    t->toplevel =
        wl_resource_create(client, &xdg_toplevel_interface, wl_resource_get_version(resource), id);
    wl_resource_set_implementation(t->toplevel, &toplevel_impl, t, toplevel_gone);
}

static void get_popup(struct wl_client *client, struct wl_resource *resource, uint32_t id,
                      struct wl_resource *parent, struct wl_resource *positioner)
{
    (void)client;
    (void)id;
    (void)parent;
    (void)positioner;
    wl_resource_post_error(resource, XDG_WM_BASE_ERROR_ROLE, "no popups here");
}

static void set_geometry(struct wl_client *client, struct wl_resource *resource, int32_t x,
                         int32_t y, int32_t w, int32_t h)
{
    (void)x;
    (void)y;
    ignore_size(client, resource, w, h);
}

static void ack_configure(struct wl_client *client, struct wl_resource *resource, uint32_t serial)
{
    (void)client;
    (void)resource;
    (void)serial;
}

static const struct xdg_surface_interface xdg_surface_impl = { destroy_resource, get_toplevel,
                                                               get_popup, set_geometry,
                                                               ack_configure };

static void xdg_surface_gone(struct wl_resource *resource)
{
    struct mc_toplevel *t = wl_resource_get_user_data(resource);
    if (t->toplevel)
        wl_resource_set_user_data(t->toplevel, NULL);
    t->xdg_surface = NULL;
    t->mc->window = NULL;
    t->toplevel = NULL; /* the surface may still commit: `t` stays until the process ends */
}

static void get_xdg_surface(struct wl_client *client, struct wl_resource *resource, uint32_t id,
                            struct wl_resource *surface)
{
    struct mc_toplevel *t = calloc(1, sizeof(*t));
    if (!t) {
        wl_client_post_no_memory(client);
        return;
    }
    t->mc = wl_resource_get_user_data(resource);
    t->xdg_surface =
        wl_resource_create(client, &xdg_surface_interface, wl_resource_get_version(resource), id);
    wl_resource_set_implementation(t->xdg_surface, &xdg_surface_impl, t, xdg_surface_gone);
    t->mc->window = surface;
    mc_surface_on_commit(mc_surface_from_resource(surface), on_commit, t);
}

static void create_positioner(struct wl_client *client, struct wl_resource *resource, uint32_t id)
{
    (void)client;
    (void)id;
    wl_resource_post_error(resource, XDG_WM_BASE_ERROR_ROLE, "no popups here");
}

static void pong(struct wl_client *client, struct wl_resource *resource, uint32_t serial)
{
    ack_configure(client, resource, serial);
}

static const struct xdg_wm_base_interface wm_base_impl = { destroy_resource, create_positioner,
                                                           get_xdg_surface, pong };

/* ---- decorations: always ours, that is none ---- */

static void set_mode(struct wl_client *client, struct wl_resource *resource, uint32_t mode)
{
    (void)client;
    (void)mode;
    zxdg_toplevel_decoration_v1_send_configure(resource,
                                               ZXDG_TOPLEVEL_DECORATION_V1_MODE_SERVER_SIDE);
}

static void unset_mode(struct wl_client *client, struct wl_resource *resource)
{
    set_mode(client, resource, 0);
}

static const struct zxdg_toplevel_decoration_v1_interface decoration_impl = { destroy_resource,
                                                                              set_mode,
                                                                              unset_mode };

static void get_decoration(struct wl_client *client, struct wl_resource *resource, uint32_t id,
                           struct wl_resource *toplevel)
{
    (void)toplevel;
    struct wl_resource *r = wl_resource_create(client, &zxdg_toplevel_decoration_v1_interface,
                                               wl_resource_get_version(resource), id);
    wl_resource_set_implementation(r, &decoration_impl, NULL, NULL);
    set_mode(client, r, 0);
}

static const struct zxdg_decoration_manager_v1_interface decoration_manager_impl = {
    destroy_resource, get_decoration
};

/* ---- globals ---- */

static void bind_wm_base(struct wl_client *client, void *data, uint32_t version, uint32_t id)
{
    struct wl_resource *r = wl_resource_create(client, &xdg_wm_base_interface, (int)version, id);
    wl_resource_set_implementation(r, &wm_base_impl, data, NULL);
}

static void bind_decoration(struct wl_client *client, void *data, uint32_t version, uint32_t id)
{
    struct wl_resource *r =
        wl_resource_create(client, &zxdg_decoration_manager_v1_interface, (int)version, id);
    wl_resource_set_implementation(r, &decoration_manager_impl, data, NULL);
}

static const struct wl_output_interface output_impl = { destroy_resource };

static void bind_output(struct wl_client *client, void *data, uint32_t version, uint32_t id)
{
    const struct mc *mc = data;
    struct wl_resource *r = wl_resource_create(client, &wl_output_interface, (int)version, id);
    wl_resource_set_implementation(r, &output_impl, data, NULL);
    wl_output_send_geometry(r, 0, 0, 600, 340, WL_OUTPUT_SUBPIXEL_UNKNOWN, "Espelho", "measure",
                            WL_OUTPUT_TRANSFORM_NORMAL);
    wl_output_send_mode(r, WL_OUTPUT_MODE_CURRENT, (int32_t)mc->width, (int32_t)mc->height,
                        (int32_t)(mc->refresh_hz * 1000));
    wl_output_send_scale(r, 1);
    wl_output_send_done(r);
}

bool mc_shell_globals(struct mc *mc)
{
    return wl_global_create(mc->display, &xdg_wm_base_interface, 2, mc, bind_wm_base) &&
           wl_global_create(mc->display, &zxdg_decoration_manager_v1_interface, 1, mc,
                            bind_decoration) &&
           wl_global_create(mc->display, &wl_output_interface, 2, mc, bind_output);
}
