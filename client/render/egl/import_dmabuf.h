/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/render/egl/import_dmabuf.h - frames as textures that are the guest's memory.
 *
 * A dma-buf becomes an EGLImage once per frame buffer and layout (EGL_EXT_image_dma_buf_import,
 * with the linear modifier where the driver has modifiers), and is found again by that. Nothing is
 * read until something is drawn from the texture, and then at the GPU's leisure: a fence tells when
 * it has. Knows no window system. Render thread, context current. */
#ifndef ESPELHO_RENDER_EGL_IMPORT_DMABUF_H
#define ESPELHO_RENDER_EGL_IMPORT_DMABUF_H

#include "render/dmabuf/dmabuf_picture.h"
#include "render/dmabuf/dmabuf_source.h"
#include "render/egl/egl_context.h"

enum { IMPORT_CACHE_SIZE = 8 }; /* four frame buffers in two layouts */

struct import_entry {
    struct dmabuf_picture picture;
    EGLImageKHR image; /* EGL_NO_IMAGE_KHR: unused */
    GLuint texture;
    int fd; /* of the dma-buf, for dmabuf_sync_for_device() */
};

struct import_dmabuf {
    const struct egl_context *egl; /* borrowed */
    bool has_modifiers;
    struct import_entry entries[IMPORT_CACHE_SIZE];
    uint32_t next;                 /* to be replaced */
    char reason[320], advice[512]; /* after a failure */
};

/* NULL, or which part of the driver is missing (static text). */
const char *import_dmabuf_missing(const struct egl_context *egl);

void import_dmabuf_init(struct import_dmabuf *m, const struct egl_context *egl);
/* Drops all textures and dma-bufs. */
void import_dmabuf_forget(struct import_dmabuf *m);
/* With the texture that shows `picture` of `source`. NULL: m->reason says why not. */
const struct import_entry *import_dmabuf_find(struct import_dmabuf *m, struct dmabuf_source *source,
                                              const struct dmabuf_picture *picture);

/* Is what was drawn so far done? A native fence can be waited for by a loop, the other kind has to
 * be asked. */
struct import_fence {
    int fd;          /* -1: none */
    EGLSyncKHR sync; /* EGL_NO_SYNC_KHR: none */
};
/* False: the driver has no fences; everything was waited for instead. */
bool import_fence_create(const struct egl_context *egl, struct import_fence *out);
bool import_fence_is_done(const struct egl_context *egl, const struct import_fence *fence);
void import_fence_fini(const struct egl_context *egl, struct import_fence *fence);

#endif
