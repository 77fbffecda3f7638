/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "egl"

#include "render/egl/egl_context.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"

const char *egl_error_name(EGLint error)
{
    static const struct {
        EGLint error;
        const char *name;
    } names[] = {
        { EGL_SUCCESS, N_("no error") },
        { EGL_NOT_INITIALIZED, N_("not initialised") },
        { EGL_BAD_ACCESS, N_("bad access") },
        { EGL_BAD_ALLOC, N_("out of memory") },
        { EGL_BAD_DISPLAY, N_("bad display") },
        { EGL_BAD_CONFIG, N_("bad configuration") },
        { EGL_BAD_CONTEXT, N_("bad context") },
        { EGL_BAD_SURFACE, N_("bad surface") },
        { EGL_BAD_MATCH, N_("bad match") },
        { EGL_BAD_NATIVE_WINDOW, N_("bad native window") },
        { EGL_CONTEXT_LOST, N_("context lost") },
        { EGL_BAD_PARAMETER, N_("bad parameter") },
        { EGL_BAD_ATTRIBUTE, N_("bad attribute") },
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (names[i].error == error)
            return _(names[i].name);
    return _("unknown error");
}

static bool attrib_is(const struct egl_context *c, EGLConfig config, EGLint attrib, EGLint want)
{
    EGLint value = -1;
    return c->egl.GetConfigAttrib(c->display, config, attrib, &value) && value == want;
}

static bool is_888(const struct egl_context *c, EGLConfig config, EGLint alpha)
{
    return attrib_is(c, config, EGL_RED_SIZE, 8) && attrib_is(c, config, EGL_GREEN_SIZE, 8) &&
           attrib_is(c, config, EGL_BLUE_SIZE, 8) && attrib_is(c, config, EGL_ALPHA_SIZE, alpha);
}

/* Exactly 8 bits per channel, without alpha if there is such a one: EGL sorts deeper ones first,
 * and 10-bit buffers cost a compositor several times as much (and would not be pixel-exact). */
static bool choose_config(struct egl_context *c, EGLint surface_type, bool prefer_alpha)
{
    const EGLint attribs[] = {
        EGL_SURFACE_TYPE,
        surface_type,
        EGL_RENDERABLE_TYPE,
        EGL_OPENGL_ES2_BIT,
        EGL_RED_SIZE,
        8,
        EGL_GREEN_SIZE,
        8,
        EGL_BLUE_SIZE,
        8,
        EGL_NONE,
    };
    EGLConfig configs[256];
    EGLint count = 0;
    if (!c->egl.ChooseConfig(c->display, attribs, configs, ARRAY_LEN(configs), &count))
        return false;
    for (EGLint choice = 0; choice < 2; choice++) {
        const EGLint alpha = (choice == 1) == prefer_alpha ? 0 : 8;
        for (EGLint i = 0; i < count; i++) {
            if (is_888(c, configs[i], alpha)) {
                c->config = configs[i];
                return true;
            }
        }
    }
    return false;
}

static bool create_context(struct egl_context *c)
{
    const char *extensions = c->egl.QueryString(c->display, EGL_EXTENSIONS);
    const bool robust = gl_list_has(extensions, "EGL_EXT_create_context_robustness");
    for (EGLint version = c->only_es2 ? 2 : 3; version >= 2; version--) {
        const EGLint attribs[] = {
            EGL_CONTEXT_CLIENT_VERSION,
            version,
            robust ? EGL_CONTEXT_OPENGL_RESET_NOTIFICATION_STRATEGY_EXT : EGL_NONE,
            EGL_LOSE_CONTEXT_ON_RESET_EXT,
            EGL_NONE,
        };
        c->context = c->egl.CreateContext(c->display, c->config, EGL_NO_CONTEXT, attribs);
        if (c->context != EGL_NO_CONTEXT)
            return true;
    }
    return false;
}

static bool open_display(struct egl_context *c, const struct egl_context_config *config)
{
    if (!c->egl.GetPlatformDisplayEXT)
        return false;
    EGLDisplay display =
        c->egl.GetPlatformDisplayEXT(config->platform, config->native_display, NULL);
    if (display == EGL_NO_DISPLAY || !c->egl.Initialize(display, NULL, NULL))
        return false;
    c->display = display;
    return c->egl.BindAPI(EGL_OPENGL_ES_API);
}

int egl_context_init(struct egl_context *c, const struct egl_context_config *config,
                     const char **why)
{
    *c = (struct egl_context){ .display = EGL_NO_DISPLAY,
                               .context = EGL_NO_CONTEXT,
                               .only_es2 = config->only_es2 };
    const int err = gl_api_load(&c->egl, &c->gl, why);
    if (err < 0)
        return err;
    if (!open_display(c, config))
        *why = _("EGL has no display for this platform");
    else if (!choose_config(c, config->surface_type, config->prefer_alpha))
        *why = _("EGL has no configuration with 8 bits per channel");
    else if (!create_context(c))
        *why = _("EGL makes no OpenGL ES 2 or 3 context");
    else {
        const char *extensions = c->egl.QueryString(c->display, EGL_EXTENSIONS);
        c->has_partial_update =
            gl_list_has(extensions, "EGL_KHR_partial_update") && c->egl.SetDamageRegionKHR;
        c->has_buffer_age = c->has_partial_update || gl_list_has(extensions, "EGL_EXT_buffer_age");
        c->has_swap_with_damage = c->egl.SwapBuffersWithDamage &&
                                  (gl_list_has(extensions, "EGL_KHR_swap_buffers_with_damage") ||
                                   gl_list_has(extensions, "EGL_EXT_swap_buffers_with_damage"));
        return 0;
    }
    egl_context_fini(c);
    return -ENOTSUP;
}

static void drop_context(struct egl_context *c)
{
    if (c->context == EGL_NO_CONTEXT)
        return;
    if (c->egl.GetCurrentContext() == c->context)
        c->egl.MakeCurrent(c->display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
    c->egl.DestroyContext(c->display, c->context);
    c->context = EGL_NO_CONTEXT;
    c->caps_known = false;
}

void egl_context_fini(struct egl_context *c)
{
    drop_context(c);
    if (c->display != EGL_NO_DISPLAY)
        c->egl.Terminate(c->display);
    c->display = EGL_NO_DISPLAY;
}

int egl_context_renew(struct egl_context *c, const char **why)
{
    drop_context(c);
    if (create_context(c))
        return 0;
    *why = _("EGL makes no new context");
    return -ENOTSUP;
}

static void look_at_caps(struct egl_context *c)
{
    const char *version = (const char *)c->gl.GetString(GL_VERSION);
    const char *extensions = (const char *)c->gl.GetString(GL_EXTENSIONS);
    int major = 2;
    if (!version || sscanf(version, "OpenGL ES %d", &major) != 1)
        major = 2;
    GLint max_px = 0;
    c->gl.GetIntegerv(GL_MAX_TEXTURE_SIZE, &max_px);
    c->caps = (struct gl_caps){
        .es3 = major >= 3 && !c->only_es2,
        .row_length =
            (major >= 3 && !c->only_es2) || gl_list_has(extensions, "GL_EXT_unpack_subimage"),
        .bgra = gl_list_has(extensions, "GL_EXT_texture_format_BGRA8888"),
        .max_texture_px = max_px > 0 ? (uint32_t)max_px : 0,
    };
    if (!gl_list_has(extensions, "GL_EXT_robustness"))
        c->gl.GetGraphicsResetStatus = NULL; /* drivers hand out names they do not have */
    c->caps_known = true;
    log_debug("%s, %s, textures up to %u pixels", version ? version : "?",
              (const char *)c->gl.GetString(GL_RENDERER), c->caps.max_texture_px);
}

bool egl_context_make_current(struct egl_context *c, EGLSurface surface)
{
    if (c->context == EGL_NO_CONTEXT)
        return false;
    if (c->caps_known && c->egl.GetCurrentContext() == c->context)
        return true;
    if (!c->egl.MakeCurrent(c->display, surface, surface, c->context))
        return false;
    if (!c->caps_known)
        look_at_caps(c);
    return true;
}

bool egl_context_is_lost(const struct egl_context *c)
{
    return c->gl.GetGraphicsResetStatus && c->gl.GetGraphicsResetStatus() != GL_NO_ERROR;
}
