/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/render/egl/egl_probe.h - is OpenGL worth using on this desktop? For renderer_create()'s
 * automatic choice. One thread (that of the display). */
#ifndef ESPELHO_RENDER_EGL_EGL_PROBE_H
#define ESPELHO_RENDER_EGL_EGL_PROBE_H

#include <stdbool.h>

struct display_native;

enum egl_probe {
    EGL_PROBE_NONE,
    EGL_PROBE_ABSENT,   /* no EGL, or it does not work here */
    EGL_PROBE_SOFTWARE, /* a CPU draws */
    EGL_PROBE_HARDWARE,
};

/* *why is a static text for the log. Looks first where it costs nothing: without a render node
 * under /dev/dri, or with a compositor that takes no dma-bufs, no driver can be but software, and
 * none is loaded. */
enum egl_probe egl_probe_display(const struct display_native *native, const char **why);
/* The name of a renderer (GL_RENDERER) is that of a software one. For the tests. */
bool egl_renderer_name_is_software(const char *name);

#endif
