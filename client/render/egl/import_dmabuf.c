/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "egl"

#include "render/egl/import_dmabuf.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "render/dmabuf/fourcc.h"
#include "render/egl/gl_program.h"

enum { MAX_MODIFIERS = 64 };

const char *import_dmabuf_missing(const struct egl_context *egl)
{
    const char *extensions = egl->egl.QueryString(egl->display, EGL_EXTENSIONS);
    if (!egl->caps.es3)
        return _("the driver has no OpenGL ES 3");
    if (!gl_list_has(extensions, "EGL_EXT_image_dma_buf_import") || !egl->egl.CreateImage ||
        !egl->egl.DestroyImage)
        return _("the driver lacks EGL_EXT_image_dma_buf_import");
    if (!gl_list_has((const char *)egl->gl.GetString(GL_EXTENSIONS), "GL_OES_EGL_image") ||
        !egl->gl.EGLImageTargetTexture2D)
        return _("the driver lacks GL_OES_EGL_image");
    return NULL;
}

void import_dmabuf_init(struct import_dmabuf *m, const struct egl_context *egl)
{
    const char *extensions = egl->egl.QueryString(egl->display, EGL_EXTENSIONS);
    *m = (struct import_dmabuf){ .egl = egl };
    m->has_modifiers = gl_list_has(extensions, "EGL_EXT_image_dma_buf_import_modifiers") &&
                       egl->egl.QueryDmaBufModifiers;
    for (size_t i = 0; i < ARRAY_LEN(m->entries); i++)
        m->entries[i] = (struct import_entry){ .image = EGL_NO_IMAGE_KHR, .fd = -1 };
}

static void drop(struct import_dmabuf *m, struct import_entry *e)
{
    if (e->texture)
        m->egl->gl.DeleteTextures(1, &e->texture);
    if (e->image != EGL_NO_IMAGE_KHR)
        m->egl->egl.DestroyImage(m->egl->display, e->image);
    if (e->fd >= 0)
        close(e->fd);
    *e = (struct import_entry){ .image = EGL_NO_IMAGE_KHR, .fd = -1 };
}

void import_dmabuf_forget(struct import_dmabuf *m)
{
    for (size_t i = 0; m->egl && i < ARRAY_LEN(m->entries); i++)
        drop(m, &m->entries[i]);
}

static void PRINTF_LIKE(2, 3) say(struct import_dmabuf *m, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(m->reason, sizeof(m->reason), fmt, args);
    va_end(args);
    m->advice[0] = '\0';
}

/* Ours are rows of pixels. *explicit_linear: the driver wants to hear it. False: it cannot, said.
 */
static bool takes_linear(struct import_dmabuf *m, uint32_t fourcc, bool *explicit_linear)
{
    EGLuint64KHR modifiers[MAX_MODIFIERS] = { 0 };
    EGLBoolean external[MAX_MODIFIERS] = { EGL_FALSE }; /* software drivers (Mesa 25) leave it so */
    EGLint count = 0;
    *explicit_linear = false;
    if (!m->has_modifiers)
        return true;
    if (!m->egl->egl.QueryDmaBufModifiers(m->egl->display, (EGLint)fourcc, MAX_MODIFIERS, modifiers,
                                          external, &count)) {
        say(m, _("the driver does not import pixels of format %.4s"), (const char *)&fourcc);
        return false;
    }
    for (EGLint i = 0; i < count && i < MAX_MODIFIERS; i++) {
        if (modifiers[i] != FOURCC_MODIFIER_LINEAR)
            continue;
        *explicit_linear = true;
        if (external[i])
            say(m, _("the driver imports linear pixels of format %.4s only as external textures"),
                (const char *)&fourcc);
        return !external[i];
    }
    if (count > 0)
        say(m, _("the driver does not import linear pixels of format %.4s"), (const char *)&fourcc);
    return count == 0;
}

static EGLImageKHR create_image(struct import_dmabuf *m, const struct dmabuf_picture *p,
                                const struct dmabuf *buffer)
{
    bool explicit_linear;
    if (!takes_linear(m, p->fourcc, &explicit_linear))
        return EGL_NO_IMAGE_KHR;
    const EGLint attribs[] = {
        EGL_WIDTH,
        (EGLint)p->width,
        EGL_HEIGHT,
        (EGLint)p->height,
        EGL_LINUX_DRM_FOURCC_EXT,
        (EGLint)p->fourcc,
        EGL_DMA_BUF_PLANE0_FD_EXT,
        buffer->fd,
        EGL_DMA_BUF_PLANE0_OFFSET_EXT,
        (EGLint)buffer->offset_bytes,
        EGL_DMA_BUF_PLANE0_PITCH_EXT,
        (EGLint)p->pitch_bytes,
        explicit_linear ? EGL_DMA_BUF_PLANE0_MODIFIER_LO_EXT : EGL_NONE,
        0,
        EGL_DMA_BUF_PLANE0_MODIFIER_HI_EXT,
        0,
        EGL_NONE,
    };
    EGLImageKHR image = m->egl->egl.CreateImage(m->egl->display, EGL_NO_CONTEXT,
                                                EGL_LINUX_DMA_BUF_EXT, NULL, attribs);
    if (image == EGL_NO_IMAGE_KHR) {
        const EGLint error = m->egl->egl.GetError();
        say(m, _("the driver refuses a dma-buf of %ux%u pixels: %s (0x%x)"), p->width, p->height,
            egl_error_name(error), (unsigned)error);
    }
    return image;
}

static GLuint create_texture(struct import_dmabuf *m, EGLImageKHR image)
{
    const struct gl_api *gl = &m->egl->gl;
    GLuint id = gl_new_texture(gl);
    gl->EGLImageTargetTexture2D(GL_TEXTURE_2D, image);
    const GLenum error = gl->GetError();
    if (error == GL_NO_ERROR)
        return id;
    gl->DeleteTextures(1, &id);
    say(m, _("the driver makes no texture of a dma-buf (0x%x)"), error);
    return 0;
}

static bool import(struct import_dmabuf *m, struct dmabuf_source *source,
                   const struct dmabuf_picture *p, struct import_entry *e)
{
    struct dmabuf_problem problem;
    struct dmabuf buffer;
    if (dmabuf_source_export(source, p->offset_bytes, p->len_bytes, &buffer, &problem) < 0) {
        say(m, "%s", problem.text);
        snprintf(m->advice, sizeof(m->advice), "%s", problem.advice);
        return false;
    }
    *e = (struct import_entry){ .picture = *p, .image = EGL_NO_IMAGE_KHR, .fd = buffer.fd };
    e->image = create_image(m, p, &buffer);
    if (e->image != EGL_NO_IMAGE_KHR)
        e->texture = create_texture(m, e->image);
    if (e->texture)
        return true;
    drop(m, e);
    return false;
}

const struct import_entry *import_dmabuf_find(struct import_dmabuf *m, struct dmabuf_source *source,
                                              const struct dmabuf_picture *picture)
{
    for (size_t i = 0; i < ARRAY_LEN(m->entries); i++)
        if (m->entries[i].texture && dmabuf_picture_equal(&m->entries[i].picture, picture))
            return &m->entries[i];
    struct import_entry *e = &m->entries[m->next];
    m->next = (m->next + 1) % ARRAY_LEN(m->entries);
    drop(m, e);
    m->egl->gl.ActiveTexture(GL_TEXTURE0 + GL_UNIT_RAW); /* leaves the other bindings alone */
    return import(m, source, picture, e) ? e : NULL;
}

bool import_fence_create(const struct egl_context *egl, struct import_fence *out)
{
    const char *extensions = egl->egl.QueryString(egl->display, EGL_EXTENSIONS);
    const bool native =
        gl_list_has(extensions, "EGL_ANDROID_native_fence_sync") && egl->egl.DupNativeFenceFD;
    const bool any = gl_list_has(extensions, "EGL_KHR_fence_sync") && egl->egl.CreateSync &&
                     egl->egl.DestroySync && egl->egl.ClientWaitSync;
    struct import_fence fence = { .fd = -1, .sync = EGL_NO_SYNC_KHR };
    if (any)
        fence.sync = egl->egl.CreateSync(
            egl->display, native ? EGL_SYNC_NATIVE_FENCE_ANDROID : EGL_SYNC_FENCE_KHR, NULL);
    if (fence.sync == EGL_NO_SYNC_KHR) {
        egl->gl.Finish();
        return false;
    }
    egl->gl.Flush(); /* a fence is reached only by commands that were sent */
    if (native) {
        fence.fd = egl->egl.DupNativeFenceFD(egl->display, fence.sync);
        egl->egl.DestroySync(egl->display, fence.sync);
        fence.sync = EGL_NO_SYNC_KHR;
        if (fence.fd < 0) {
            egl->gl.Finish();
            return false;
        }
    }
    *out = fence;
    return true;
}

bool import_fence_is_done(const struct egl_context *egl, const struct import_fence *fence)
{
    struct pollfd p = { .fd = fence->fd, .events = POLLIN };
    if (fence->fd >= 0)
        return poll(&p, 1, 0) != 0; /* an error is no reason to wait */
    return fence->sync == EGL_NO_SYNC_KHR ||
           egl->egl.ClientWaitSync(egl->display, fence->sync, 0, 0) != EGL_TIMEOUT_EXPIRED_KHR;
}

void import_fence_fini(const struct egl_context *egl, struct import_fence *fence)
{
    if (fence->fd >= 0)
        close(fence->fd);
    if (fence->sync != EGL_NO_SYNC_KHR)
        egl->egl.DestroySync(egl->display, fence->sync);
    *fence = (struct import_fence){ .fd = -1, .sync = EGL_NO_SYNC_KHR };
}
