/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/render/egl/gl_picture.h - the guest's picture as one 8-bit RGB texture, unrotated, at the
 * guest's size.
 *
 * Four ways into it, by pixel type and what the driver has:
 *  direct:  BGRA, RGBA: damaged rectangles go from the region to the texture as they are.
 *  resolve: 24-bit, 10-bit, half float (ES 3): they go to a raw texture as they are, then a shader
 * fills the same rectangles of the picture. Drawing, scaling and the cursor then know one kind of
 * texture, and HDR is computed once per changed pixel. convert: everything else (ES 2; rows that
 * are no whole number of units): converted by the CPU (frame/convert.h), then uploaded. import: the
 * raw texture is the guest's own memory (import_dmabuf.h), which the shader reads once per changed
 * pixel; what is drawn later, for the cursor's sake or in another size, reads the picture. Render
 * thread, context current. */
#ifndef ESPELHO_RENDER_EGL_GL_PICTURE_H
#define ESPELHO_RENDER_EGL_GL_PICTURE_H

#include "kvmfr/damage.h"
#include "kvmfr/frame.h"
#include "render/egl/gl_program.h"
#include "render/render.h"

enum gl_picture_path {
    GL_PICTURE_EMPTY,
    GL_PICTURE_DIRECT,
    GL_PICTURE_RESOLVE,
    GL_PICTURE_CONVERT,
    GL_PICTURE_IMPORT
};

struct gl_picture {
    const struct gl_api *gl; /* borrowed, as the next two */
    const struct gl_caps *caps;
    struct gl_programs *programs;
    enum gl_picture_path path; /* EMPTY: no frame yet */
    enum frame_format format;  /* from here: what the textures were made for */
    uint32_t flags;            /* HDR ones only */
    uint32_t width_px, height_px, rows_px, pitch_bytes;
    enum frame_rotation rotation; /* of the last frame */
    GLuint texture;               /* the picture */
    GLenum texture_format;        /* GL_RGBA or GL_BGRA_EXT */
    bool swapped;                 /* it holds B where the texture says R: shaders swap */
    GLuint raw, framebuffer;      /* resolve; import: framebuffer only */
    GLint filter;                 /* GL_NEAREST or GL_LINEAR, as set on `texture` */
    void *staging;                /* convert only: STAGING_BYTES */
    bool torn;          /* a frame stalled half way: must not be shown until the next upload() */
    struct damage owed; /* what that frame left undone */
};

void gl_picture_init(struct gl_picture *p, const struct gl_api *gl, const struct gl_caps *caps,
                     struct gl_programs *programs);
void gl_picture_fini(struct gl_picture *p);
/* Uploads `damage` (all of it if the layout is new, and what a stalled frame left out). *changed:
 * which part of the picture is new now. FAILED is logged. */
enum render_upload gl_picture_upload(struct gl_picture *p, const struct frame_view *frame,
                                     const struct damage *damage, struct renderer_stats *stats,
                                     struct damage *changed);
/* The same from texture `raw`, which shows the frame's memory (ES 3 only), once all rows that have
 * to be read are final. */
bool gl_picture_can_import(const struct gl_picture *p, const struct frame_view *frame,
                           const struct damage *damage);
enum render_upload gl_picture_import(struct gl_picture *p, const struct frame_view *frame,
                                     const struct damage *damage, GLuint raw,
                                     struct renderer_stats *stats, struct damage *changed);
void gl_picture_set_filter(struct gl_picture *p, bool linear);

/* A texture of 8-bit pixels for others: the cursor planes, stills. Leaves it bound to the active
 * unit. 0: no memory. */
GLuint gl_texture_create(const struct gl_api *gl, GLenum format, uint32_t width_px,
                         uint32_t height_px, const void *pixels);

#endif
