/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "egl"

#include "render/egl/gl_program.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "render/egl/shaders.h"

enum { CORNER = 0 }; /* the attribute */

static const char *const variant_names[] = { "SWAP_RED_BLUE", "WITH_XOR", "SOURCE_24", "LINEAR",
                                             "PQ" };

static void write_defines(unsigned variant, char *text, size_t len_bytes)
{
    size_t at = 0;
    text[0] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(variant_names); i++)
        if (variant & 1u << i)
            at += (size_t)snprintf(text + at, len_bytes - at, "#define %s\n", variant_names[i]);
}

/* 0: failed, logged. */
static GLuint compile(const struct gl_api *gl, GLenum stage, const char *const parts[3])
{
    const GLuint shader = gl->CreateShader(stage);
    GLint ok = GL_FALSE;
    gl->ShaderSource(shader, 3, parts, NULL);
    gl->CompileShader(shader);
    gl->GetShaderiv(shader, GL_COMPILE_STATUS, &ok);
    if (ok)
        return shader;
    char text[1024] = "";
    gl->GetShaderInfoLog(shader, sizeof(text), NULL, text);
    log_err("the driver refuses a shader: %s", text);
    gl->DeleteShader(shader);
    return 0;
}

static bool link_program(const struct gl_api *gl, GLuint id)
{
    GLint ok = GL_FALSE;
    gl->BindAttribLocation(id, CORNER, "corner");
    gl->LinkProgram(id);
    gl->GetProgramiv(id, GL_LINK_STATUS, &ok);
    if (ok)
        return true;
    char text[1024] = "";
    gl->GetProgramInfoLog(id, sizeof(text), NULL, text);
    log_err("the driver does not link a shader program: %s", text);
    return false;
}

static void find_uniforms(const struct gl_api *gl, struct gl_program *p)
{
    static const struct {
        const char *name;
        GLint unit;
    } samplers[] = {
        { "picture", GL_UNIT_PICTURE },
        { "cursor_argb", GL_UNIT_CURSOR_ARGB },
        { "cursor_xor", GL_UNIT_CURSOR_XOR },
        { "raw", GL_UNIT_RAW },
    };
    gl->UseProgram(p->id);
    for (size_t i = 0; i < ARRAY_LEN(samplers); i++)
        gl->Uniform1i(gl->GetUniformLocation(p->id, samplers[i].name),
                      samplers[i].unit); /* location -1 is ignored */
    p->target = gl->GetUniformLocation(p->id, "target");
    p->picture_s = gl->GetUniformLocation(p->id, "picture_s");
    p->picture_t = gl->GetUniformLocation(p->id, "picture_t");
}

static bool build(const struct gl_programs *all, enum gl_program_kind kind, unsigned variant,
                  struct gl_program *out)
{
    static const char *const fragments[] = {
        [GL_PROGRAM_PICTURE] = shader_picture_fragment,
        [GL_PROGRAM_CURSOR] = shader_cursor_fragment,
        [GL_PROGRAM_RESOLVE] = shader_resolve_fragment,
    };
    const struct gl_api *gl = all->gl;
    const bool es3 = all->caps->es3;
    char defines[256];
    write_defines(variant, defines, sizeof(defines));
    const char *vertex_parts[] = { es3 ? shader_es3_vertex : shader_es2_vertex, defines,
                                   shader_quad_vertex };
    const char *fragment_parts[] = { es3 ? shader_es3_fragment : shader_es2_fragment, defines,
                                     fragments[kind] };
    const GLuint vertex = compile(gl, GL_VERTEX_SHADER, vertex_parts);
    const GLuint fragment = vertex ? compile(gl, GL_FRAGMENT_SHADER, fragment_parts) : 0;
    struct gl_program p = { .id = fragment ? gl->CreateProgram() : 0 };
    if (p.id) {
        gl->AttachShader(p.id, vertex);
        gl->AttachShader(p.id, fragment);
        if (link_program(gl, p.id)) {
            find_uniforms(gl, &p);
        } else {
            gl->DeleteProgram(p.id);
            p.id = 0;
        }
    }
    gl->DeleteShader(vertex); /* kept by the program; 0 is ignored */
    gl->DeleteShader(fragment);
    *out = p;
    return p.id != 0;
}

void gl_programs_init(struct gl_programs *p, const struct gl_api *gl, const struct gl_caps *caps)
{
    static const GLfloat corners[] = { 0, 0, 1, 0, 0, 1, 1, 1 };
    *p = (struct gl_programs){ .gl = gl, .caps = caps };
    gl->GenBuffers(1, &p->quad);
    gl->BindBuffer(GL_ARRAY_BUFFER, p->quad);
    gl->BufferData(GL_ARRAY_BUFFER, sizeof(corners), corners, GL_STATIC_DRAW);
    gl->VertexAttribPointer(CORNER, 2, GL_FLOAT, GL_FALSE, 0, NULL);
    gl->EnableVertexAttribArray(CORNER);
    gl->Disable(GL_DITHER); /* on by default; would not be exact */
    gl->Disable(GL_BLEND);
    gl->Disable(GL_DEPTH_TEST);
}

void gl_programs_fini(struct gl_programs *p)
{
    for (size_t kind = 0; kind < GL_PROGRAM_KINDS; kind++)
        for (size_t variant = 0; variant < GL_VARIANT_COUNT; variant++)
            if (p->programs[kind][variant].id)
                p->gl->DeleteProgram(p->programs[kind][variant].id);
    if (p->quad)
        p->gl->DeleteBuffers(1, &p->quad);
    *p = (struct gl_programs){ 0 };
}

const struct gl_program *gl_programs_get(struct gl_programs *p, enum gl_program_kind kind,
                                         unsigned variant)
{
    struct gl_program *program = &p->programs[kind][variant];
    if (program->id == 0 && !build(p, kind, variant, program))
        return NULL;
    return program;
}
