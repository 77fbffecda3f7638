/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/render/egl/gl_cursor.h - the guest's pointer as textures. Render thread, context current.
 */
#ifndef ESPELHO_RENDER_EGL_GL_CURSOR_H
#define ESPELHO_RENDER_EGL_GL_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "frame/cursor_image.h"
#include "render/egl/gl_program.h"

struct gl_cursor {
    const struct gl_api *gl;      /* borrowed */
    GLuint argb, xor_rgb;         /* 0: none */
    uint32_t width_px, height_px; /* 0: no shape yet */
    int32_t x_px, y_px;           /* top-left in upright guest pixels */
    bool visible;
};

void gl_cursor_init(struct gl_cursor *c, const struct gl_api *gl);
void gl_cursor_fini(struct gl_cursor *c);
/* Copies the image. False: no memory; then there is no shape. */
bool gl_cursor_set_image(struct gl_cursor *c, const struct cursor_image *image);
/* Scaled cursors: `linear` for the colours. Inverting pixels are never mixed. Binds both planes to
 * their units. */
void gl_cursor_bind(const struct gl_cursor *c, bool linear);
static inline bool gl_cursor_is_drawn(const struct gl_cursor *c)
{
    return c->visible && c->argb;
}

#endif
