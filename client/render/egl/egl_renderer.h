/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/render/egl/egl_renderer.h - the insides of the egl backend, for itself and for tests that
 * break something on purpose. Others use render/render.h. Render thread. */
#ifndef ESPELHO_RENDER_EGL_EGL_RENDERER_H
#define ESPELHO_RENDER_EGL_EGL_RENDERER_H

#include "render/egl/egl_import.h"
#include "render/egl/gl_scene.h"
#include "render/render.h"

struct display_native;
struct wl_egl_window;

struct egl_renderer {
    struct renderer base;
    struct display *display;       /* borrowed */
    struct display_native *native; /* borrowed, the display's */
    struct egl_context egl;
    struct wl_egl_window *window; /* owned */
    EGLSurface surface;           /* owned */
    uint32_t surface_width_px, surface_height_px;
    bool surface_used; /* it was swapped at least once */
    bool lost;         /* context or surface do not work any more */
    struct gl_scene scene;
    struct egl_import import;
    struct {
        struct cursor_image image; /* a copy; no argb: none yet */
        int32_t x_px, y_px;
        bool visible;
    } cursor;
    struct display_state state;
    struct geometry_config geometry_config;
    bool nearest;
    struct renderer_stats stats;
};

#endif
