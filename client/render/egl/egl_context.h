/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/render/egl/egl_context.h - EGL display, configuration and an OpenGL ES context. Knows no
 * window system: the Wayland surface is made by egl_renderer.c, the tests use pbuffers. One thread.
 */
#ifndef ESPELHO_RENDER_EGL_EGL_CONTEXT_H
#define ESPELHO_RENDER_EGL_EGL_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "render/egl/gl_api.h"

/* What the drawing code may use. */
struct gl_caps {
    bool es3;        /* OpenGL ES 3.0 functions, formats and shaders; else ES 2 */
    bool row_length; /* GL_UNPACK_ROW_LENGTH */
    bool bgra;       /* GL_BGRA_EXT textures; gl_scene_init() has tried them */
    uint32_t max_texture_px;
};

struct egl_context_config {
    EGLenum platform; /* EGL_PLATFORM_WAYLAND_KHR, or EGL_PLATFORM_SURFACELESS_MESA in tests */
    void *native_display;
    EGLint surface_type; /* EGL_WINDOW_BIT or EGL_PBUFFER_BIT */
    bool only_es2;       /* use nothing beyond ES 2, whatever the driver has */
    bool prefer_alpha; /* take the configuration that is our second choice (tests: its channels lie
                          in the other order) */
};

struct egl_context {
    struct egl_api egl;
    struct gl_api gl;
    EGLDisplay display; /* EGL_NO_DISPLAY: nothing was made */
    EGLConfig config;
    EGLContext context;
    struct gl_caps caps; /* valid once current: see egl_context_make_current() */
    bool caps_known, only_es2;
    bool has_buffer_age, has_swap_with_damage, has_partial_update;
};

/* 0; -ENOENT no EGL libraries; -ENOTSUP no usable display, configuration or context. *why says it.
 */
int egl_context_init(struct egl_context *c, const struct egl_context_config *config,
                     const char **why) MUST_CHECK;
void egl_context_fini(struct egl_context *c);
/* Makes it current with `surface`, unless it is already. False: EGL refused (context lost, surface
 * gone). */
bool egl_context_make_current(struct egl_context *c, EGLSurface surface);
/* Makes a new context after the old one was lost. The caller's GL objects are gone with it. */
int egl_context_renew(struct egl_context *c, const char **why) MUST_CHECK;
/* The GPU was reset and took the context along. Current context only. */
bool egl_context_is_lost(const struct egl_context *c);
const char *egl_error_name(EGLint error);

#endif
