/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/render/egl/gl_program.h - the shader programs, compiled when first used. Render thread,
 * context current. */
#ifndef ESPELHO_RENDER_EGL_GL_PROGRAM_H
#define ESPELHO_RENDER_EGL_GL_PROGRAM_H

#include "render/egl/egl_context.h"

enum gl_program_kind {
    GL_PROGRAM_NONE,
    GL_PROGRAM_PICTURE,
    GL_PROGRAM_CURSOR,
    GL_PROGRAM_RESOLVE,
    GL_PROGRAM_KINDS
};

/* Variants: each is a #define of that name in the shader. */
enum {
    GL_VARIANT_SWAP_RED_BLUE = 1,
    GL_VARIANT_WITH_XOR = 2,
    GL_VARIANT_SOURCE_24 = 4,
    GL_VARIANT_LINEAR = 8,
    GL_VARIANT_PQ = 16,
    GL_VARIANT_COUNT = 32,
};

/* Texture units, fixed for all programs. */
enum { GL_UNIT_PICTURE, GL_UNIT_CURSOR_ARGB, GL_UNIT_CURSOR_XOR, GL_UNIT_RAW };

struct gl_program {
    GLuint id; /* 0: not compiled yet */
    GLint target, picture_s, picture_t;
};

struct gl_programs {
    const struct gl_api *gl;    /* borrowed */
    const struct gl_caps *caps; /* borrowed */
    GLuint quad;                /* the corners of a unit square */
    struct gl_program programs[GL_PROGRAM_KINDS][GL_VARIANT_COUNT];
};

void gl_programs_init(struct gl_programs *p, const struct gl_api *gl, const struct gl_caps *caps);
void gl_programs_fini(struct gl_programs *p);
/* NULL: the driver does not compile it; logged. */
const struct gl_program *gl_programs_get(struct gl_programs *p, enum gl_program_kind kind,
                                         unsigned variant);

#endif
