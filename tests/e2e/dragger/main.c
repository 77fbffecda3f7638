/* SPDX-License-Identifier: GPL-2.0-or-later
 * espelho_e2e_dragger URIS: a window like a file manager's. Says "ready" once it is there; a button
 * pressed over it starts to drag URIS (text/uri-list). Says "started", "finished" (taken) or
 * "cancelled", and ends. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wayland-client.h>

#include "xdg-shell-client-protocol.h"

enum { SIDE_PX = 64 };

struct dragger {
    const char *uris;
    struct wl_compositor *compositor;
    struct wl_shm *shm;
    struct wl_seat *seat;
    struct wl_data_device_manager *manager;
    struct xdg_wm_base *shell;
    struct wl_surface *surface;
    struct wl_data_device *device;
    struct wl_data_source *source;
    bool shown, started, ended;
};

static void on_global(void *ctx, struct wl_registry *r, uint32_t name, const char *interface,
                      uint32_t version)
{
    struct dragger *d = ctx;
    (void)version;
    if (strcmp(interface, wl_compositor_interface.name) == 0)
        d->compositor = wl_registry_bind(r, name, &wl_compositor_interface, 4);
    else if (strcmp(interface, wl_shm_interface.name) == 0)
        d->shm = wl_registry_bind(r, name, &wl_shm_interface, 1);
    else if (strcmp(interface, xdg_wm_base_interface.name) == 0)
        d->shell = wl_registry_bind(r, name, &xdg_wm_base_interface, 1);
    else if (!d->seat && strcmp(interface, wl_seat_interface.name) == 0)
        d->seat = wl_registry_bind(r, name, &wl_seat_interface, 1);
    else if (strcmp(interface, wl_data_device_manager_interface.name) == 0)
        d->manager = wl_registry_bind(r, name, &wl_data_device_manager_interface, 3);
}

static void on_global_remove(void *ctx, struct wl_registry *r, uint32_t name)
{
    (void)ctx, (void)r, (void)name;
}

static const struct wl_registry_listener registry_listener = { .global = on_global,
                                                               .global_remove = on_global_remove };

/* ---- the window ---- */

static void on_ping(void *ctx, struct xdg_wm_base *shell, uint32_t serial)
{
    (void)ctx;
    xdg_wm_base_pong(shell, serial);
}

static const struct xdg_wm_base_listener shell_listener = { .ping = on_ping };

/* Its size does not matter: input counts on the whole picture. */
static void show(struct dragger *d)
{
    const int32_t stride = 4 * SIDE_PX, bytes = stride * SIDE_PX;
    const int fd = memfd_create("window", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, bytes) < 0)
        return;
    struct wl_shm_pool *pool = wl_shm_create_pool(d->shm, fd, bytes);
    struct wl_buffer *buffer =
        wl_shm_pool_create_buffer(pool, 0, SIDE_PX, SIDE_PX, stride, WL_SHM_FORMAT_XRGB8888);
    wl_shm_pool_destroy(pool);
    close(fd);
    wl_surface_attach(d->surface, buffer, 0, 0);
    d->shown = true;
}

static void on_surface_configure(void *ctx, struct xdg_surface *s, uint32_t serial)
{
    struct dragger *d = ctx;
    xdg_surface_ack_configure(s, serial);
    if (!d->shown)
        show(d);
    wl_surface_commit(d->surface);
}

static const struct xdg_surface_listener surface_listener = { .configure = on_surface_configure };

static void on_configure(void *ctx, struct xdg_toplevel *t, int32_t w, int32_t h,
                         struct wl_array *states)
{
    (void)ctx, (void)t, (void)w, (void)h, (void)states;
}

static void on_close(void *ctx, struct xdg_toplevel *t)
{
    (void)ctx, (void)t;
}

static const struct xdg_toplevel_listener toplevel_listener = { .configure = on_configure,
                                                                .close = on_close };

/* ---- what is dragged ---- */

static void on_target(void *ctx, struct wl_data_source *s, const char *mime)
{
    (void)ctx, (void)s, (void)mime;
}

static void on_send(void *ctx, struct wl_data_source *s, const char *mime, int32_t fd)
{
    const struct dragger *d = ctx;
    (void)s, (void)mime;
    if (write(fd, d->uris, strlen(d->uris)) < 0)
        puts("error: write");
    close(fd);
}

static void on_cancelled(void *ctx, struct wl_data_source *s)
{
    (void)s;
    puts("cancelled");
    ((struct dragger *)ctx)->ended = true;
}

static void on_dropped(void *ctx, struct wl_data_source *s)
{
    (void)ctx, (void)s;
}

static void on_finished(void *ctx, struct wl_data_source *s)
{
    (void)s;
    puts("finished");
    ((struct dragger *)ctx)->ended = true;
}

static void on_action(void *ctx, struct wl_data_source *s, uint32_t action)
{
    (void)ctx, (void)s, (void)action;
}

static const struct wl_data_source_listener source_listener = {
    .target = on_target,
    .send = on_send,
    .cancelled = on_cancelled,
    .dnd_drop_performed = on_dropped,
    .dnd_finished = on_finished,
    .action = on_action,
};

/* ---- the hand ---- */

static void on_enter(void *ctx, struct wl_pointer *p, uint32_t serial, struct wl_surface *s,
                     wl_fixed_t x, wl_fixed_t y)
{
    (void)ctx, (void)p, (void)serial, (void)s, (void)x, (void)y;
}

static void on_leave(void *ctx, struct wl_pointer *p, uint32_t serial, struct wl_surface *s)
{
    (void)ctx, (void)p, (void)serial, (void)s;
}

static void on_motion(void *ctx, struct wl_pointer *p, uint32_t t, wl_fixed_t x, wl_fixed_t y)
{
    (void)ctx, (void)p, (void)t, (void)x, (void)y;
}

static void on_button(void *ctx, struct wl_pointer *p, uint32_t serial, uint32_t t, uint32_t button,
                      uint32_t state)
{
    struct dragger *d = ctx;
    (void)p, (void)t, (void)button;
    if (state != WL_POINTER_BUTTON_STATE_PRESSED || d->started)
        return;
    wl_data_device_start_drag(d->device, d->source, d->surface, NULL, serial);
    d->started = true;
    puts("started");
}

static void on_axis(void *ctx, struct wl_pointer *p, uint32_t t, uint32_t axis, wl_fixed_t v)
{
    (void)ctx, (void)p, (void)t, (void)axis, (void)v;
}

static const struct wl_pointer_listener pointer_listener = {
    .enter = on_enter, .leave = on_leave, .motion = on_motion, .button = on_button, .axis = on_axis
};

static void open_window(struct dragger *d)
{
    xdg_wm_base_add_listener(d->shell, &shell_listener, d);
    d->surface = wl_compositor_create_surface(d->compositor);
    struct xdg_surface *s = xdg_wm_base_get_xdg_surface(d->shell, d->surface);
    xdg_surface_add_listener(s, &surface_listener, d);
    xdg_toplevel_add_listener(xdg_surface_get_toplevel(s), &toplevel_listener, d);
    wl_surface_commit(d->surface);
}

static void hold_files(struct dragger *d)
{
    wl_pointer_add_listener(wl_seat_get_pointer(d->seat), &pointer_listener, d);
    d->device = wl_data_device_manager_get_data_device(d->manager, d->seat);
    d->source = wl_data_device_manager_create_data_source(d->manager);
    wl_data_source_add_listener(d->source, &source_listener, d);
    wl_data_source_offer(d->source, "text/uri-list");
    wl_data_source_set_actions(d->source, WL_DATA_DEVICE_MANAGER_DND_ACTION_COPY);
}

int main(int argc, char **argv)
{
    struct dragger d = { .uris = argc == 2 ? argv[1] : "" };
    setvbuf(stdout, NULL, _IONBF, 0);
    struct wl_display *display = wl_display_connect(NULL);
    if (!display)
        return 1;
    wl_registry_add_listener(wl_display_get_registry(display), &registry_listener, &d);
    if (wl_display_roundtrip(display) < 0 || !d.compositor || !d.shm || !d.shell || !d.seat ||
        !d.manager)
        return 1;
    hold_files(&d);
    open_window(&d);
    while (!d.shown)
        if (wl_display_roundtrip(display) < 0)
            return 1;
    wl_display_roundtrip(display);
    puts("ready");
    while (!d.ended)
        if (wl_display_dispatch(display) < 0)
            return 1;
    wl_display_disconnect(display); /* frees what belongs to it in the compositor */
    return 0;
}
