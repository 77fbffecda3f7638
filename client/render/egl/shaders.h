/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/render/egl/shaders.h - the text of shaders/NAME.glsl as shader_NAME; the definitions are
 * generated at build time. */
#ifndef ESPELHO_RENDER_EGL_SHADERS_H
#define ESPELHO_RENDER_EGL_SHADERS_H

extern const char shader_es2_vertex[], shader_es2_fragment[], shader_es3_vertex[],
    shader_es3_fragment[];
extern const char shader_quad_vertex[], shader_picture_fragment[], shader_cursor_fragment[],
    shader_resolve_fragment[];

#endif
