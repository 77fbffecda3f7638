/* SPDX-License-Identifier: GPL-2.0-or-later
 * The toplevel by libdecor: it draws a frame where the compositor does not. It wraps xdg-shell and
 * dispatches the connection itself, since its plug-in may have a main loop of its own (GTK). */
#define LOG_MODULE "wayland"

#include <errno.h>
#include <libdecor.h>

#include "base/log.h"
#include "display/wayland/wayland_private.h"

static void on_error(struct libdecor *context, enum libdecor_error error, const char *message)
{
    (void)context;
    log_warn("libdecor error %d: %s", (int)error, message);
}

static struct libdecor_interface context_interface = { .error = on_error };

static void commit_size(struct display *d, struct libdecor_configuration *configuration)
{
    struct libdecor_state *state = libdecor_state_new((int)d->state.width, (int)d->state.height);
    if (!state)
        return;
    libdecor_frame_commit(d->decor.frame, state, configuration);
    libdecor_state_free(state);
}

static void on_configure(struct libdecor_frame *frame, struct libdecor_configuration *configuration,
                         void *ctx)
{
    struct display *d = ctx;
    struct toplevel_configure c = { .activated = d->state.activated,
                                    .fullscreen = d->state.fullscreen,
                                    .maximized = d->state.maximized,
                                    .tiled = d->tiled };
    int width = 0, height = 0;
    if (libdecor_configuration_get_content_size(configuration, frame, &width, &height) &&
        width > 0 && height > 0) {
        c.width = (uint32_t)width;
        c.height = (uint32_t)height;
    }
    enum libdecor_window_state state;
    if (libdecor_configuration_get_window_state(configuration, &state)) {
        c.fullscreen = state & LIBDECOR_WINDOW_STATE_FULLSCREEN;
        c.maximized = state & LIBDECOR_WINDOW_STATE_MAXIMIZED;
        c.activated = state & LIBDECOR_WINDOW_STATE_ACTIVE;
        c.tiled = state & (LIBDECOR_WINDOW_STATE_TILED_LEFT | LIBDECOR_WINDOW_STATE_TILED_RIGHT |
                           LIBDECOR_WINDOW_STATE_TILED_TOP | LIBDECOR_WINDOW_STATE_TILED_BOTTOM);
    }
    display_configure(d, &c);
    commit_size(d, configuration);
    display_notify(d);
}

static void on_close(struct libdecor_frame *frame, void *ctx)
{
    (void)frame;
    struct display *d = ctx;
    if (d->live && d->listener.on_close)
        d->listener.on_close(d->listener.ctx);
}

static void on_commit(struct libdecor_frame *frame, void *ctx)
{
    (void)frame;
    struct display *d = ctx;
    /* The frame's own subsurfaces changed. A new size that waits for our picture must not be
     * committed without it. */
    if (d->committed_width == d->state.width && d->committed_height == d->state.height)
        wl_surface_commit(d->native.surface);
}

static void on_dismiss_popup(struct libdecor_frame *frame, const char *seat_name, void *ctx)
{
    (void)frame, (void)seat_name, (void)ctx;
}

static struct libdecor_frame_interface frame_interface = {
    .configure = on_configure,
    .close = on_close,
    .commit = on_commit,
    .dismiss_popup = on_dismiss_popup,
};

/* libdecor makes the toplevel when it has looked at the compositor. Titles it keeps until then;
 * states it would set on NULL. */
static bool wait_for_toplevel(struct display *d)
{
    enum { MAX_ROUNDTRIPS = 8 };
    for (int i = 0; i < MAX_ROUNDTRIPS && !libdecor_frame_get_xdg_toplevel(d->decor.frame); i++) {
        if (wl_display_roundtrip(d->native.display) < 0 ||
            libdecor_dispatch(d->decor.context, 0) < 0)
            return false;
    }
    return libdecor_frame_get_xdg_toplevel(d->decor.frame) != NULL;
}

static int decor_create(struct display *d)
{
    d->decor.context = libdecor_new(d->native.display, &context_interface);
    if (!d->decor.context)
        return -ENOTSUP;
    d->decor.frame = libdecor_decorate(d->decor.context, d->native.surface, &frame_interface, d);
    if (!d->decor.frame)
        return -ENOTSUP;
    libdecor_frame_set_app_id(d->decor.frame, d->app_id);
    libdecor_frame_set_title(d->decor.frame, d->title);
    if ((d->want_maximized || d->want_fullscreen) && !wait_for_toplevel(d))
        return -ENOTSUP;
    if (d->want_maximized)
        libdecor_frame_set_maximized(d->decor.frame);
    if (d->want_fullscreen)
        libdecor_frame_set_fullscreen(d->decor.frame, NULL);
    libdecor_frame_map(d->decor.frame);
    return 0;
}

static void decor_destroy(struct display *d)
{
    if (d->decor.frame)
        libdecor_frame_unref(d->decor.frame);
    if (d->decor.context)
        libdecor_unref(d->decor.context);
}

static int decor_dispatch(struct display *d)
{
    return libdecor_dispatch(d->decor.context, 0);
}

static void decor_set_title(struct display *d, const char *title)
{
    libdecor_frame_set_title(d->decor.frame, title);
}

static void decor_set_fullscreen(struct display *d, bool on)
{
    if (on)
        libdecor_frame_set_fullscreen(d->decor.frame, NULL);
    else
        libdecor_frame_unset_fullscreen(d->decor.frame);
}

static void decor_resize(struct display *d)
{
    commit_size(d, NULL);
}

const struct toplevel_ops toplevel_libdecor_ops = {
    .name = "libdecor",
    .create = decor_create,
    .destroy = decor_destroy,
    .dispatch = decor_dispatch,
    .set_title = decor_set_title,
    .set_fullscreen = decor_set_fullscreen,
    .resize = decor_resize,
};
