/* SPDX-License-Identifier: GPL-2.0-or-later
 * How many device pixels a logical pixel has: what wp_fractional_scale says, else the surface's
 * preferred factor, else the largest factor of the outputs that show the window. */
#define LOG_MODULE "wayland"

#include <stdlib.h>

#include "base/checked.h"
#include "base/log.h"
#include "display/wayland/wayland_private.h"

#ifdef ESPELHO_HAVE_FRACTIONAL_SCALE_V1
#include "fractional-scale-v1-client-protocol.h"
#endif

struct output {
    struct display *display;
    struct wl_output *wl;
    struct wl_list link;
    uint32_t name, version;
    uint32_t factor, pending_factor;
    bool shows_us;
};

static void update(struct display *d)
{
    uint32_t scale_120 = d->scale.fractional_120;
    if (!scale_120)
        scale_120 = d->scale.preferred_factor * 120;
    if (!scale_120) {
        struct output *o;
        uint32_t factor = 1;
        wl_list_for_each (o, &d->scale.outputs, link)
            if (o->shows_us)
                factor = max_u32(factor, o->factor);
        scale_120 = factor * 120;
    }
    display_set_scale(d, scale_120);
}

static void on_output_geometry(void *ctx, struct wl_output *wl, int32_t x, int32_t y,
                               int32_t width_mm, int32_t height_mm, int32_t subpixel,
                               const char *make, const char *model, int32_t transform)
{
    (void)ctx, (void)wl, (void)x, (void)y, (void)width_mm, (void)height_mm, (void)subpixel,
        (void)make;
    (void)model, (void)transform;
}

static void on_output_mode(void *ctx, struct wl_output *wl, uint32_t flags, int32_t width,
                           int32_t height, int32_t refresh)
{
    (void)ctx, (void)wl, (void)flags, (void)width, (void)height, (void)refresh;
}

static void on_output_scale(void *ctx, struct wl_output *wl, int32_t factor)
{
    (void)wl;
    struct output *o = ctx;
    o->pending_factor = factor > 0 ? (uint32_t)factor : 1;
}

static void on_output_done(void *ctx, struct wl_output *wl)
{
    (void)wl;
    struct output *o = ctx;
    o->factor = o->pending_factor;
    update(o->display);
}

static const struct wl_output_listener output_listener = {
    .geometry = on_output_geometry,
    .mode = on_output_mode,
    .done = on_output_done,
    .scale = on_output_scale,
};

void scale_add_output(struct display *d, uint32_t name, uint32_t version)
{
    struct output *o = version >= 2 ? calloc(1, sizeof(*o)) : NULL; /* version 1 has no scale */
    if (!o)
        return;
    *o = (struct output){
        .display = d, .name = name, .version = min_u32(version, 3), .factor = 1, .pending_factor = 1
    };
    o->wl = wl_registry_bind(d->registry, name, &wl_output_interface, o->version);
    wl_output_add_listener(o->wl, &output_listener, o);
    wl_list_insert(&d->scale.outputs, &o->link);
}

static void output_destroy(struct output *o)
{
    wl_list_remove(&o->link);
    if (o->version >= 3)
        wl_output_release(o->wl);
    else
        wl_output_destroy(o->wl);
    free(o);
}

void scale_remove_output(struct display *d, uint32_t name)
{
    struct output *o, *next;
    wl_list_for_each_safe (o, next, &d->scale.outputs, link) {
        if (o->name != name)
            continue;
        output_destroy(o);
        update(d);
    }
}

static void set_shown(struct display *d, struct wl_output *wl, bool shows_us)
{
    struct output *o;
    wl_list_for_each (o, &d->scale.outputs, link)
        if (o->wl == wl)
            o->shows_us = shows_us;
    update(d);
}

static void on_enter(void *ctx, struct wl_surface *surface, struct wl_output *output)
{
    (void)surface;
    set_shown(ctx, output, true);
}

static void on_leave(void *ctx, struct wl_surface *surface, struct wl_output *output)
{
    (void)surface;
    set_shown(ctx, output, false);
}

#ifdef WL_SURFACE_PREFERRED_BUFFER_SCALE_SINCE_VERSION
static void on_preferred_buffer_scale(void *ctx, struct wl_surface *surface, int32_t factor)
{
    (void)surface;
    struct display *d = ctx;
    d->scale.preferred_factor = factor > 0 ? (uint32_t)factor : 1;
    update(d);
}

static void on_preferred_buffer_transform(void *ctx, struct wl_surface *surface, uint32_t transform)
{
    (void)ctx, (void)surface, (void)transform; /* the compositor turns our picture as it likes */
}
#endif

static const struct wl_surface_listener surface_listener = {
    .enter = on_enter,
    .leave = on_leave,
#ifdef WL_SURFACE_PREFERRED_BUFFER_SCALE_SINCE_VERSION
    .preferred_buffer_scale = on_preferred_buffer_scale,
    .preferred_buffer_transform = on_preferred_buffer_transform,
#endif
};

#ifdef ESPELHO_HAVE_FRACTIONAL_SCALE_V1
static void on_preferred_scale(void *ctx, struct wp_fractional_scale_v1 *fractional,
                               uint32_t scale_120)
{
    (void)fractional;
    struct display *d = ctx;
    d->scale.fractional_120 = scale_120;
    update(d);
}

static const struct wp_fractional_scale_v1_listener fractional_listener = {
    .preferred_scale = on_preferred_scale,
};
#endif

void scale_init(struct display *d)
{
    wl_list_init(&d->scale.outputs);
    d->state.scale_120 = 120;
}

void scale_watch_surface(struct display *d)
{
    wl_surface_add_listener(d->native.surface, &surface_listener, d);
#ifdef ESPELHO_HAVE_FRACTIONAL_SCALE_V1
    /* Only a viewport can say "this many device pixels" when the factor is not whole. */
    if (d->global.fractional && d->native.viewport) {
        d->scale.fractional = wp_fractional_scale_manager_v1_get_fractional_scale(
            d->global.fractional, d->native.surface);
        wp_fractional_scale_v1_add_listener(d->scale.fractional, &fractional_listener, d);
    }
#endif
}

void scale_fini(struct display *d)
{
    struct output *o, *next;
#ifdef ESPELHO_HAVE_FRACTIONAL_SCALE_V1
    if (d->scale.fractional)
        wp_fractional_scale_v1_destroy(d->scale.fractional);
#endif
    wl_list_for_each_safe (o, next, &d->scale.outputs, link)
        output_destroy(o);
}
