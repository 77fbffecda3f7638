/* SPDX-License-Identifier: GPL-2.0-or-later
 * The globals of the compositor: which we use, up to which version, and where they go. */
#define LOG_MODULE "wayland"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/log.h"
#include "base/text.h"
#include "display/wayland/internal.h"

#include "idle-inhibit-unstable-v1-client-protocol.h"
#include "presentation-time-client-protocol.h"
#include "viewporter-client-protocol.h"
#include "xdg-activation-v1-client-protocol.h"
#include "xdg-decoration-unstable-v1-client-protocol.h"
#include "xdg-shell-client-protocol.h"
#ifdef ESPELHO_HAVE_CONTENT_TYPE_V1
#include "content-type-v1-client-protocol.h"
#endif
#ifdef ESPELHO_HAVE_FRACTIONAL_SCALE_V1
#include "fractional-scale-v1-client-protocol.h"
#endif
#ifdef ESPELHO_HAVE_SINGLE_PIXEL_BUFFER_V1
#include "single-pixel-buffer-v1-client-protocol.h"
#endif

#ifdef WL_SURFACE_PREFERRED_BUFFER_SCALE_SINCE_VERSION
enum { COMPOSITOR_VERSION = 6 };
#else
enum { COMPOSITOR_VERSION = 4 };
#endif

struct global {
    const struct wl_interface *interface;
    uint32_t version; /* the newest we know; our headers may know less */
    size_t slot;      /* in struct display: a pointer to the bound object */
    bool needed;      /* without it there is no window */
};

static const struct global globals[] = {
    { &wl_compositor_interface, COMPOSITOR_VERSION, offsetof(struct display, native.compositor),
      true },
    { &wl_subcompositor_interface, 1, offsetof(struct display, native.subcompositor), true },
    { &wl_shm_interface, 1, offsetof(struct display, native.shm), true },
    { &xdg_wm_base_interface, 6, offsetof(struct display, global.wm_base), true },
    /* Not used here: seat.c has its own. But wlroots gives the focus only to clients that have a
     * seat when their window appears, and a seat that comes later then gets none. */
    { &wl_seat_interface, 1, offsetof(struct display, global.seat), false },
    { &wp_viewporter_interface, 1, offsetof(struct display, native.viewporter), false },
    { &wp_presentation_interface, 1, offsetof(struct display, global.presentation), false },
    { &zxdg_decoration_manager_v1_interface, 1, offsetof(struct display, global.decoration),
      false },
    { &zwp_idle_inhibit_manager_v1_interface, 1, offsetof(struct display, global.idle), false },
    { &xdg_activation_v1_interface, 1, offsetof(struct display, global.activation), false },
#ifdef ESPELHO_HAVE_FRACTIONAL_SCALE_V1
    { &wp_fractional_scale_manager_v1_interface, 1, offsetof(struct display, global.fractional),
      false },
#endif
#ifdef ESPELHO_HAVE_CONTENT_TYPE_V1
    { &wp_content_type_manager_v1_interface, 1, offsetof(struct display, global.content_type),
      false },
#endif
#ifdef ESPELHO_HAVE_SINGLE_PIXEL_BUFFER_V1
    { &wp_single_pixel_buffer_manager_v1_interface, 1,
      offsetof(struct display, native.single_pixel), false },
#endif
};

static void **slot_of(struct display *d, const struct global *g)
{
    return (void **)(void *)((char *)d + g->slot);
}

static bool bind_global(struct display *d, uint32_t name, const char *interface, uint32_t version)
{
    for (size_t i = 0; i < ARRAY_LEN(globals); i++) {
        const struct global *g = &globals[i];
        void **slot = slot_of(d, g);
        if (*slot || strcmp(interface, g->interface->name) != 0)
            continue;
        const uint32_t bound =
            min_u32(min_u32(version, g->version), (uint32_t)g->interface->version);
        *slot = wl_registry_bind(d->registry, name, g->interface, bound);
        if (g->interface == &wl_compositor_interface)
            d->native.compositor_version = bound;
        return true;
    }
    return false;
}

static void on_global(void *ctx, struct wl_registry *registry, uint32_t name, const char *interface,
                      uint32_t version)
{
    (void)registry;
    struct display *d = ctx;
    if (bind_global(d, name, interface, version))
        return;
    if (strcmp(interface, wl_output_interface.name) == 0)
        scale_add_output(d, name, version);
    else if (strcmp(interface, "zwp_linux_dmabuf_v1") == 0)
        d->native.has_dmabuf = true;
}

static void on_global_remove(void *ctx, struct wl_registry *registry, uint32_t name)
{
    (void)registry;
    struct display *d = ctx;
    scale_remove_output(d, name);
}

static const struct wl_registry_listener registry_listener = {
    .global = on_global,
    .global_remove = on_global_remove,
};

static void on_shm_format(void *ctx, struct wl_shm *shm, uint32_t format)
{
    (void)shm;
    struct display *d = ctx;
    uint32_t *formats =
        realloc((void *)d->native.shm_formats, (d->native.shm_format_count + 1) * sizeof(*formats));
    if (!formats)
        return; /* we know fewer formats, and convert */
    formats[d->native.shm_format_count++] = format;
    d->native.shm_formats = formats;
}

static const struct wl_shm_listener shm_listener = { .format = on_shm_format };

int registry_bind(struct display *d)
{
    d->registry = wl_display_get_registry(d->native.display);
    if (!d->registry)
        return -ENOMEM;
    wl_registry_add_listener(d->registry, &registry_listener, d);
    if (wl_display_roundtrip(d->native.display) < 0)
        return -ECONNRESET;
    for (size_t i = 0; i < ARRAY_LEN(globals); i++) {
        const struct global *g = &globals[i];
        if (g->needed && !*slot_of(d, g)) {
            log_err("this compositor does not offer %s, which is needed: use a desktop-type "
                    "Wayland compositor",
                    g->interface->name);
            return -ENOTSUP;
        }
    }
    wl_shm_add_listener(d->native.shm, &shm_listener, d);
    return 0;
}

void registry_release(struct display *d)
{
    /* Only our side: the connection is closed next, and the compositor drops its side with it. */
    for (size_t i = ARRAY_LEN(globals); i-- > 0;) {
        void **slot = slot_of(d, &globals[i]);
        if (*slot)
            wl_proxy_destroy(*slot);
        *slot = NULL;
    }
    if (d->registry)
        wl_registry_destroy(d->registry);
    free((void *)d->native.shm_formats);
}
