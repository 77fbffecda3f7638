/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/render/egl/gl_scene.h - all that is in the window: picture and cursor, or a still; drawn
 * into the current framebuffer. Keeps account of what changed in window pixels (redraw.h). Knows no
 * window system. Render thread, context current. */
#ifndef ESPELHO_RENDER_EGL_GL_SCENE_H
#define ESPELHO_RENDER_EGL_GL_SCENE_H

#include "frame/still.h"
#include "render/egl/gl_cursor.h"
#include "render/egl/gl_picture.h"
#include "render/egl/redraw.h"

struct gl_scene {
    const struct gl_api *gl; /* borrowed */
    struct gl_programs programs;
    struct gl_picture picture;
    struct gl_cursor cursor;
    struct {
        GLuint texture;
        uint32_t width_px, height_px;
        bool shown; /* instead of the picture */
    } still;
    struct redraw redraw;
    struct geometry geometry; /* of the current picture (or of none) in the current window */
    struct {
        struct geometry_config config;
        uint32_t width, height, scale_120; /* logical size */
        bool nearest;
    } window;
};

/* The current surface should be GL_SCENE_TRIAL_PX in both directions or larger: something is drawn
 * into it and read back, to learn about a driver's faults (see gl_scene.c). With a smaller one the
 * slower way is taken. `context` is borrowed; its caps may lose a bit. */
enum { GL_SCENE_TRIAL_PX = 64 };
void gl_scene_init(struct gl_scene *s, struct egl_context *context, bool nearest);
void gl_scene_fini(struct gl_scene *s);
void gl_scene_set_window(struct gl_scene *s, uint32_t width, uint32_t height, uint32_t scale_120,
                         const struct geometry_config *config);
enum render_upload gl_scene_upload(struct gl_scene *s, const struct frame_view *frame,
                                   const struct damage *damage, struct renderer_stats *stats);
/* As gl_picture_import(); gl_picture_can_import() was asked before. */
enum render_upload gl_scene_import(struct gl_scene *s, const struct frame_view *frame,
                                   const struct damage *damage, GLuint raw,
                                   struct renderer_stats *stats);
void gl_scene_set_cursor(struct gl_scene *s, const struct cursor_image *image, int32_t x_px,
                         int32_t y_px, bool visible);
void gl_scene_show_still(struct gl_scene *s, const struct still *still);
/* Something to draw, and nothing half done. */
bool gl_scene_is_due(const struct gl_scene *s);
/* Draws the parts of the window named by `region`. False: a program is missing. */
bool gl_scene_draw(struct gl_scene *s, const struct damage *region);

#endif
