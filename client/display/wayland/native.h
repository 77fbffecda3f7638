/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/display/wayland/native.h - the Wayland objects of the window, for render backends only.
 * Objects belong to the display; a renderer may create children (subsurfaces, viewports of its own
 * surfaces, buffers). */
#ifndef ESPELHO_DISPLAY_WAYLAND_NATIVE_H
#define ESPELHO_DISPLAY_WAYLAND_NATIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wayland-client.h>

struct wp_viewporter;
struct wp_viewport;
struct wp_single_pixel_buffer_manager_v1;
struct display;

struct display_native {
    struct wl_display *display;
    struct wl_compositor *compositor;
    uint32_t compositor_version;
    struct wl_subcompositor *subcompositor;
    struct wl_shm *shm;
    struct wp_viewporter *viewporter;                       /* NULL if not offered */
    struct wp_single_pixel_buffer_manager_v1 *single_pixel; /* NULL if not offered */
    struct wl_surface *surface;                             /* the toplevel's root surface */
    struct wp_viewport *viewport; /* of the root surface, NULL without viewporter */
    const uint32_t *shm_formats;  /* WL_SHM_FORMAT_*, as the compositor announced */
    size_t shm_format_count;
    bool has_dmabuf; /* zwp_linux_dmabuf_v1 is offered: a hint that the compositor has a GPU */
};

/* True once the surface was configured: before that nothing may be attached. */
bool display_native_ready(const struct display *display);
/* To be called just before the commits of a present: asks for a frame callback (on_frame), and if
 * tag != 0 for presentation feedback, both of `content`: the surface that carries the picture, the
 * root or a subsurface. Afterwards `content` is committed (also if only the cursor changed: a
 * commit without attach), then the root. Not the root's callback where another surface covers it,
 * because compositors may throttle callbacks of surfaces that cannot be seen. */
void display_native_prepare_commit(struct display *display, struct wl_surface *content,
                                   uint64_t tag);
/* True if the last commit of the root had the window's present size: then a commit that attaches
 * nothing is harmless. */
bool display_native_settled(const struct display *display);
/* True while a frame callback is outstanding. */
bool display_native_frame_pending(const struct display *display);

#endif
