/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "minimal.h"

#include <wayland-egl.h>

#include "display/wayland/native.h"
#include "render/egl/egl_context.h"
#include "test.h"

struct minimal {
    struct display *display;
    struct egl_context egl;
    struct wl_egl_window *window;
    EGLSurface surface;
    GLuint texture;
    uint32_t width_px, height_px;
};

/* The same order of bytes for both kinds of frame: a minimal program has them as its texture wants
 * them, or swaps in the shader. */
static const char vertex_text[] = "#version 300 es\n"
                                  "in vec2 corner; out vec2 at;\n"
                                  "void main() { at = corner; gl_Position = vec4(corner.x * 2.0 - "
                                  "1.0, 1.0 - corner.y * 2.0, 0.0, 1.0); }\n";
static const char rgba_text[] =
    "#version 300 es\n"
    "precision highp float; in vec2 at; out vec4 colour; uniform sampler2D picture;\n"
    "void main() { colour = vec4(texture(picture, at).rgb, 1.0); }\n";
static const char bgra_text[] =
    "#version 300 es\n"
    "precision highp float; in vec2 at; out vec4 colour; uniform sampler2D picture;\n"
    "void main() { colour = vec4(texture(picture, at).bgr, 1.0); }\n";

static GLuint compile(const struct gl_api *gl, GLenum stage, const char *text)
{
    GLint ok = 0;
    const GLuint shader = gl->CreateShader(stage);
    gl->ShaderSource(shader, 1, &text, NULL);
    gl->CompileShader(shader);
    gl->GetShaderiv(shader, GL_COMPILE_STATUS, &ok);
    CHECK(ok);
    return shader;
}

static void set_up_gl(struct minimal *m, bool bgra)
{
    static const GLfloat corners[] = { 0, 0, 1, 0, 0, 1, 1, 1 };
    const struct gl_api *gl = &m->egl.gl;
    GLuint buffer;
    const GLuint program = gl->CreateProgram();
    gl->AttachShader(program, compile(gl, GL_VERTEX_SHADER, vertex_text));
    gl->AttachShader(program, compile(gl, GL_FRAGMENT_SHADER, bgra ? bgra_text : rgba_text));
    gl->BindAttribLocation(program, 0, "corner");
    gl->LinkProgram(program);
    gl->UseProgram(program);
    gl->GenBuffers(1, &buffer);
    gl->BindBuffer(GL_ARRAY_BUFFER, buffer);
    gl->BufferData(GL_ARRAY_BUFFER, sizeof(corners), corners, GL_STATIC_DRAW);
    gl->VertexAttribPointer(0, 2, GL_FLOAT, GL_FALSE, 0, NULL);
    gl->EnableVertexAttribArray(0);
    gl->GenTextures(1, &m->texture);
    gl->BindTexture(GL_TEXTURE_2D, m->texture);
    gl->TexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
    gl->TexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
    gl->TexImage2D(GL_TEXTURE_2D, 0, GL_RGBA, (GLsizei)m->width_px, (GLsizei)m->height_px, 0,
                   GL_RGBA, GL_UNSIGNED_BYTE, NULL);
    gl->Viewport(0, 0, (GLsizei)m->width_px, (GLsizei)m->height_px);
}

struct minimal *minimal_create(struct display *display, uint32_t width_px, uint32_t height_px,
                               bool bgra)
{
    struct minimal *m = calloc(1, sizeof(*m));
    CHECK(m);
    *m = (struct minimal){ .display = display, .width_px = width_px, .height_px = height_px };
    const struct display_native *native = display_get_native(display);
    const struct egl_context_config config = { .platform = EGL_PLATFORM_WAYLAND_KHR,
                                               .native_display = native->display,
                                               .surface_type = EGL_WINDOW_BIT };
    const char *why = NULL;
    CHECK_MSG(egl_context_init(&m->egl, &config, &why) == 0, "EGL: %s", why);
    m->window = wl_egl_window_create(native->surface, (int)width_px, (int)height_px);
    m->surface = m->egl.egl.CreateWindowSurface(m->egl.display, m->egl.config,
                                                (EGLNativeWindowType)m->window, NULL);
    CHECK(m->surface != EGL_NO_SURFACE && egl_context_make_current(&m->egl, m->surface));
    m->egl.egl.SwapInterval(m->egl.display, 0);
    set_up_gl(m, bgra);
    return m;
}

void minimal_destroy(struct minimal *m)
{
    m->egl.egl.MakeCurrent(m->egl.display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
    m->egl.egl.DestroySurface(m->egl.display, m->surface);
    wl_egl_window_destroy(m->window);
    egl_context_fini(&m->egl);
    free(m);
}

void minimal_show(struct minimal *m, const struct frame_view *frame)
{
    const struct gl_api *gl = &m->egl.gl;
    gl->TexSubImage2D(GL_TEXTURE_2D, 0, 0, 0, (GLsizei)m->width_px, (GLsizei)m->height_px, GL_RGBA,
                      GL_UNSIGNED_BYTE, frame->pixels);
    gl->DrawArrays(GL_TRIANGLE_STRIP, 0, 4);
    display_native_prepare_commit(m->display, display_get_native(m->display)->surface, 0);
    CHECK(m->egl.egl.SwapBuffers(m->egl.display, m->surface));
}
