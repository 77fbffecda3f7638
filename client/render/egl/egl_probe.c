/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/egl/egl_probe.h"

#include <glob.h>
#include <string.h>

#include "base/text.h"
#include "display/wayland/native.h"
#include "render/egl/egl_context.h"

bool egl_renderer_name_is_software(const char *name)
{
    static const char *const words[] = {
        "llvmpipe", "softpipe", "swrast", "SwiftShader", "Software Rasterizer", "lavapipe"
    };
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strstr(name, words[i]))
            return true;
    return false;
}

static bool has_render_node(void)
{
    glob_t found = { 0 };
    const bool has = glob("/dev/dri/renderD*", GLOB_NOSORT, NULL, &found) == 0;
    globfree(&found);
    return has;
}

static bool device_is_software(const struct egl_context *c)
{
    const char *client = c->egl.QueryString(EGL_NO_DISPLAY, EGL_EXTENSIONS);
    const bool can_ask =
        gl_list_has(client, "EGL_EXT_device_query") || gl_list_has(client, "EGL_EXT_device_base");
    EGLAttrib device = 0;
    if (!can_ask || !c->egl.QueryDisplayAttribEXT || !c->egl.QueryDeviceStringEXT ||
        !c->egl.QueryDisplayAttribEXT(c->display, EGL_DEVICE_EXT, &device))
        return false;
    return gl_list_has(c->egl.QueryDeviceStringEXT((EGLDeviceEXT)device, EGL_EXTENSIONS),
                       "EGL_MESA_device_software");
}

/* Needs a current context; a driver that cannot be current without a surface is a driver for a GPU:
 * all software ones can. */
static bool name_is_software(struct egl_context *c)
{
    const char *extensions = c->egl.QueryString(c->display, EGL_EXTENSIONS);
    if (!gl_list_has(extensions, "EGL_KHR_surfaceless_context") ||
        !egl_context_make_current(c, EGL_NO_SURFACE))
        return false;
    const char *name = (const char *)c->gl.GetString(GL_RENDERER);
    return name && egl_renderer_name_is_software(name);
}

enum egl_probe egl_probe_display(const struct display_native *native, const char **why)
{
    if (!native->has_dmabuf) {
        *why = _("the compositor takes no GPU buffers");
        return EGL_PROBE_SOFTWARE;
    }
    if (!has_render_node()) {
        *why = _("there is no GPU render node (/dev/dri/renderD*)");
        return EGL_PROBE_SOFTWARE;
    }
    const struct egl_context_config config = { .platform = EGL_PLATFORM_WAYLAND_KHR,
                                               .native_display = native->display,
                                               .surface_type = EGL_WINDOW_BIT };
    struct egl_context c;
    if (egl_context_init(&c, &config, why) < 0)
        return EGL_PROBE_ABSENT;
    const bool software = device_is_software(&c) || name_is_software(&c);
    egl_context_fini(&c);
    *why = software ? _("EGL draws with the CPU") : _("EGL draws with a GPU");
    return software ? EGL_PROBE_SOFTWARE : EGL_PROBE_HARDWARE;
}
