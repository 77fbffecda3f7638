/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "egl"

#include "render/egl/gl_picture.h"

#include <stdlib.h>

#include "base/checked.h"
#include "base/log.h"
#include "frame/convert.h"
#include "frame/hdr.h"
#include "render/egl/follow.h"

enum {
    STAGING_BYTES = 256 * 1024,
    /* While the host is writing: smaller pieces than this are not worth a call. */
    BAND_BYTES = 512 * 1024,
    SORTED_CAP = 2 * DAMAGE_MAX_RECTS,
};

/* How raw pixels of a type are handed to GL. */
struct raw_format {
    GLint internal;
    GLenum format, type;
    uint32_t unit_bytes;
};

static const struct raw_format *raw_format_of(enum frame_format format)
{
    static const struct raw_format formats[] = {
        [FRAME_FORMAT_RGBA10] = { GL_RGB10_A2, GL_RGBA, GL_UNSIGNED_INT_2_10_10_10_REV, 4 },
        [FRAME_FORMAT_RGBA16F] = { GL_RGBA16F, GL_RGBA, GL_HALF_FLOAT, 8 },
        [FRAME_FORMAT_BGR_32] = { GL_RGBA8, GL_RGBA, GL_UNSIGNED_BYTE,
                                  4 }, /* units of four bytes, whatever is in them */
        [FRAME_FORMAT_RGB_24] = { GL_RGBA8, GL_RGBA, GL_UNSIGNED_BYTE, 4 },
    };
    return (size_t)format < ARRAY_LEN(formats) && formats[format].unit_bytes ? &formats[format]
                                                                             : NULL;
}

static bool is_24(enum frame_format format)
{
    return format == FRAME_FORMAT_BGR_32 || format == FRAME_FORMAT_RGB_24;
}

void gl_picture_init(struct gl_picture *p, const struct gl_api *gl, const struct gl_caps *caps,
                     struct gl_programs *programs)
{
    *p = (struct gl_picture){ .gl = gl, .caps = caps, .programs = programs };
}

static void drop_textures(struct gl_picture *p)
{
    if (p->texture)
        p->gl->DeleteTextures(1, &p->texture);
    if (p->raw)
        p->gl->DeleteTextures(1, &p->raw);
    if (p->framebuffer)
        p->gl->DeleteFramebuffers(1, &p->framebuffer);
    p->texture = p->raw = p->framebuffer = 0;
    p->path = GL_PICTURE_EMPTY;
    damage_clear(&p->owed);
    p->torn = false;
}

void gl_picture_fini(struct gl_picture *p)
{
    if (p->gl)
        drop_textures(p);
    free(p->staging);
    *p = (struct gl_picture){ 0 };
}

static GLuint create_texture(const struct gl_api *gl, GLint internal, GLenum format, GLenum type,
                             uint32_t width_px, uint32_t height_px, const void *pixels)
{
    GLuint id = gl_new_texture(gl);
    gl->TexImage2D(GL_TEXTURE_2D, 0, internal, (GLsizei)width_px, (GLsizei)height_px, 0, format,
                   type, pixels);
    if (gl->GetError() == GL_NO_ERROR)
        return id;
    gl->DeleteTextures(1, &id);
    return 0;
}

GLuint gl_texture_create(const struct gl_api *gl, GLenum format, uint32_t width_px,
                         uint32_t height_px, const void *pixels)
{
    return create_texture(gl, (GLint)format, format, GL_UNSIGNED_BYTE, width_px, height_px, pixels);
}

/* Pixels per row in the unit that GL counts, if rows of the region can be handed over as they are;
 * else 0. */
static uint32_t row_length_of(const struct frame_view *frame, uint32_t unit_bytes)
{
    return frame->pitch_bytes % unit_bytes == 0 ? frame->pitch_bytes / unit_bytes : 0;
}

static enum gl_picture_path choose_path(const struct gl_picture *p, const struct frame_view *frame)
{
    const enum frame_format format = frame->fmt->format;
    if (!p->caps->row_length)
        return GL_PICTURE_CONVERT;
    if (format == FRAME_FORMAT_BGRA || format == FRAME_FORMAT_RGBA)
        return row_length_of(frame, 4) ? GL_PICTURE_DIRECT : GL_PICTURE_CONVERT;
    const struct raw_format *raw = p->caps->es3 ? raw_format_of(format) : NULL;
    return raw && row_length_of(frame, raw->unit_bytes) ? GL_PICTURE_RESOLVE : GL_PICTURE_CONVERT;
}

static bool same_layout(const struct gl_picture *p, const struct frame_view *f)
{
    const uint32_t flags = f->flags & (FRAME_FLAG_HDR | FRAME_FLAG_HDR_PQ);
    return p->path != GL_PICTURE_EMPTY && p->format == f->fmt->format && p->flags == flags &&
           p->width_px == f->width_px && p->height_px == f->height_px && p->rows_px == f->rows_px &&
           p->pitch_bytes == f->pitch_bytes;
}

/* Width of the raw texture in units. */
static uint32_t raw_width(const struct frame_view *frame)
{
    return is_24(frame->fmt->format) ? (3 * frame->width_px + 3) / 4 : frame->width_px;
}

static bool make_raw(struct gl_picture *p, const struct frame_view *frame)
{
    const struct raw_format *f = raw_format_of(frame->fmt->format);
    p->gl->ActiveTexture(GL_TEXTURE0 + GL_UNIT_RAW);
    p->raw = create_texture(p->gl, f->internal, f->format, f->type, raw_width(frame),
                            frame->rows_px, NULL);
    return p->raw != 0;
}

static bool make_framebuffer(struct gl_picture *p)
{
    const struct gl_api *gl = p->gl;
    gl->GenFramebuffers(1, &p->framebuffer);
    gl->BindFramebuffer(GL_FRAMEBUFFER, p->framebuffer);
    gl->FramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, p->texture, 0);
    const bool complete = gl->CheckFramebufferStatus(GL_FRAMEBUFFER) == GL_FRAMEBUFFER_COMPLETE;
    gl->BindFramebuffer(GL_FRAMEBUFFER, 0);
    return complete;
}

static bool ensure_staging(struct gl_picture *p)
{
    if (!p->staging)
        p->staging = malloc(STAGING_BYTES);
    return p->staging != NULL;
}

/* Rows that a truncated frame does not have are black. */
static bool blacken_missing_rows(struct gl_picture *p, const struct frame_view *frame)
{
    if (frame->rows_px >= frame->height_px)
        return true;
    const size_t row_bytes = (size_t)frame->width_px * 4;
    void *black = calloc(1, row_bytes);
    if (!black)
        return false;
    p->gl->ActiveTexture(GL_TEXTURE0 + GL_UNIT_PICTURE);
    for (uint32_t y = frame->rows_px; y < frame->height_px; y++)
        p->gl->TexSubImage2D(GL_TEXTURE_2D, 0, 0, (GLint)y, (GLsizei)frame->width_px, 1,
                             p->texture_format, GL_UNSIGNED_BYTE, black);
    free(black);
    return true;
}

static bool make_what_the_path_needs(struct gl_picture *p, enum gl_picture_path path,
                                     const struct frame_view *frame)
{
    switch (path) {
    case GL_PICTURE_RESOLVE:
        return make_raw(p, frame) && make_framebuffer(p);
    case GL_PICTURE_IMPORT:
        return make_framebuffer(p);
    case GL_PICTURE_CONVERT:
        return ensure_staging(p);
    default:
        return true;
    }
}

/* Everything for a new layout. False: logged, nothing is left. */
static bool set_layout(struct gl_picture *p, const struct frame_view *frame,
                       enum gl_picture_path path)
{
    drop_textures(p);
    if (max_u32(frame->width_px, frame->height_px) > p->caps->max_texture_px) {
        log_every(10000, LOG_LEVEL_ERROR,
                  "the guest's %ux%u is larger than this GPU's textures (%u): use app.renderer=shm",
                  frame->width_px, frame->height_px, p->caps->max_texture_px);
        return false;
    }
    p->format = frame->fmt->format;
    p->flags = frame->flags & (FRAME_FLAG_HDR | FRAME_FLAG_HDR_PQ);
    p->width_px = frame->width_px;
    p->height_px = frame->height_px;
    p->rows_px = frame->rows_px;
    p->pitch_bytes = frame->pitch_bytes;
    p->filter = GL_NEAREST;
    const bool blue_first = path == GL_PICTURE_DIRECT && p->format == FRAME_FORMAT_BGRA;
    p->texture_format = blue_first && p->caps->bgra ? GL_BGRA_EXT : GL_RGBA;
    p->swapped = blue_first && !p->caps->bgra;
    p->gl->ActiveTexture(GL_TEXTURE0 + GL_UNIT_PICTURE);
    p->texture = gl_texture_create(p->gl, p->texture_format, p->width_px, p->height_px, NULL);
    if (!p->texture || !make_what_the_path_needs(p, path, frame) ||
        !blacken_missing_rows(p, frame)) {
        log_every(1000, LOG_LEVEL_ERROR, "no graphics memory for a picture of %ux%u", p->width_px,
                  p->height_px);
        drop_textures(p);
        return false;
    }
    p->path = path;
    log_debug("%s %ux%u: %s", frame->fmt->name, p->width_px, p->height_px,
              path == GL_PICTURE_DIRECT    ? "uploaded as it is"
              : path == GL_PICTURE_RESOLVE ? "unpacked by a shader"
              : path == GL_PICTURE_IMPORT  ? "read in place"
                                           : "converted by the CPU");
    return true;
}

/* The next three hand rows [y, y_end) of `r` over; they return the bytes read from the region. */
static uint64_t send_direct(struct gl_picture *p, const struct frame_view *frame,
                            const struct frame_rect *r, uint32_t y, uint32_t y_end)
{
    const uint8_t *src = frame->pixels + (size_t)y * frame->pitch_bytes + 4 * (size_t)r->x_px;
    p->gl->TexSubImage2D(GL_TEXTURE_2D, 0, (GLint)r->x_px, (GLint)y, (GLsizei)r->width_px,
                         (GLsizei)(y_end - y), p->texture_format, GL_UNSIGNED_BYTE, src);
    return 4 * (uint64_t)r->width_px * (y_end - y);
}

static uint64_t send_raw(struct gl_picture *p, const struct frame_view *frame,
                         const struct frame_rect *r, uint32_t y, uint32_t y_end)
{
    const struct raw_format *f = raw_format_of(p->format);
    uint32_t first = r->x_px, end = r->x_px + r->width_px; /* in units */
    if (is_24(p->format)) {
        first = 3 * first / 4;
        end = (3 * end + 3) / 4;
    }
    const uint8_t *src =
        frame->pixels + (size_t)y * frame->pitch_bytes + (size_t)first * f->unit_bytes;
    p->gl->TexSubImage2D(GL_TEXTURE_2D, 0, (GLint)first, (GLint)y, (GLsizei)(end - first),
                         (GLsizei)(y_end - y), f->format, f->type, src);
    return (uint64_t)f->unit_bytes * (end - first) * (y_end - y);
}

static uint64_t send_converted(struct gl_picture *p, const struct frame_view *frame,
                               const struct frame_rect *r, uint32_t y, uint32_t y_end)
{
    const uint32_t row_px = r->width_px,
                   step = max_u32(1, STAGING_BYTES / (4 * row_px)); /* 16384 * 4 fits */
    for (uint32_t top = y; top < y_end; top += step) {
        const uint32_t rows = min_u32(step, y_end - top);
        for (uint32_t i = 0; i < rows; i++) {
            const uint8_t *row = frame->pixels + (size_t)(top + i) * frame->pitch_bytes;
            if (!convert_row(frame->fmt, frame->flags, row, r->x_px, row_px, PIXEL_OUT_XBGR8888,
                             (uint32_t *)p->staging + (size_t)i * row_px))
                return 0; /* cannot happen: all types have a converter */
        }
        p->gl->TexSubImage2D(GL_TEXTURE_2D, 0, (GLint)r->x_px, (GLint)top, (GLsizei)row_px,
                             (GLsizei)rows, GL_RGBA, GL_UNSIGNED_BYTE, p->staging);
    }
    return (uint64_t)frame->fmt->bytes_per_pixel * row_px * (y_end - y);
}

static uint64_t send_rows(struct gl_picture *p, const struct frame_view *frame,
                          const struct frame_rect *r, uint32_t y, uint32_t y_end)
{
    switch (p->path) {
    case GL_PICTURE_DIRECT:
        return send_direct(p, frame, r, y, y_end);
    case GL_PICTURE_RESOLVE:
        return send_raw(p, frame, r, y, y_end);
    default:
        return send_converted(p, frame, r, y, y_end);
    }
}

/* Sends one rectangle as its rows become final. False: the writer stalled. */
static bool send_rect(struct gl_picture *p, const struct frame_view *frame,
                      const struct frame_rect *r, struct renderer_stats *stats)
{
    const uint32_t bottom = r->y_px + r->height_px;
    const uint32_t row_bytes = r->width_px * frame->fmt->bytes_per_pixel,
                   band_rows = 1 + BAND_BYTES / row_bytes;
    for (uint32_t y = r->y_px; y < bottom;) {
        const uint32_t want = min_u32(bottom, y + band_rows),
                       ready = follow_rows(frame, want, stats);
        if (ready < want)
            return false;
        const uint32_t end =
            min_u32(bottom, ready); /* maybe far more than asked for: all in one call */
        stats->upload_bytes += send_rows(p, frame, r, y, end);
        y = end;
    }
    return true;
}

static bool send_damage(struct gl_picture *p, const struct frame_view *frame,
                        const struct damage *damage, struct renderer_stats *stats)
{
    struct frame_rect rects[SORTED_CAP];
    const uint32_t count =
        damage_sorted_by_bottom(damage, frame->width_px, frame->rows_px, rects, SORTED_CAP);
    const struct raw_format *raw = raw_format_of(p->format);
    const bool is_raw = p->path == GL_PICTURE_RESOLVE;
    p->gl->ActiveTexture(is_raw ? GL_TEXTURE0 + GL_UNIT_RAW : GL_TEXTURE0 + GL_UNIT_PICTURE);
    p->gl->BindTexture(GL_TEXTURE_2D, is_raw ? p->raw : p->texture);
    if (p->path != GL_PICTURE_CONVERT)
        p->gl->PixelStorei(GL_UNPACK_ROW_LENGTH,
                           (GLint)row_length_of(frame, is_raw ? raw->unit_bytes : 4));
    bool complete = true;
    for (uint32_t i = 0; i < count && complete; i++)
        complete = send_rect(p, frame, &rects[i], stats);
    if (p->path != GL_PICTURE_CONVERT)
        p->gl->PixelStorei(GL_UNPACK_ROW_LENGTH, 0);
    return complete;
}

static unsigned resolve_variant(const struct gl_picture *p)
{
    static const unsigned by_hdr[] = {
        [HDR_NONE] = 0, [HDR_LINEAR] = GL_VARIANT_LINEAR, [HDR_PQ] = GL_VARIANT_PQ
    };
    return by_hdr[hdr_kind_of(p->format, p->flags)] |
           (is_24(p->format) ? GL_VARIANT_SOURCE_24 : 0u) |
           (p->format == FRAME_FORMAT_BGR_32 ? GL_VARIANT_SWAP_RED_BLUE : 0u);
}

/* Fills the damaged rectangles of the picture from the raw texture. */
static bool resolve(struct gl_picture *p, const struct damage *damage)
{
    const struct gl_program *program =
        gl_programs_get(p->programs, GL_PROGRAM_RESOLVE, resolve_variant(p));
    if (!program)
        return false;
    const struct gl_api *gl = p->gl;
    struct frame_rect rects[SORTED_CAP];
    const uint32_t count =
        damage_sorted_by_bottom(damage, p->width_px, p->rows_px, rects, SORTED_CAP);
    gl->BindFramebuffer(GL_FRAMEBUFFER, p->framebuffer);
    gl->Viewport(0, 0, (GLsizei)p->width_px, (GLsizei)p->height_px);
    gl->UseProgram(program->id);
    const float x_px = 2.0f / (float)p->width_px,
                y_px = 2.0f / (float)p->height_px; /* of a pixel in clip space */
    for (uint32_t i = 0; i < count; i++) {
        const struct frame_rect *r = &rects[i];
        gl->Uniform4f(program->target, (float)r->x_px * x_px - 1, (float)r->y_px * y_px - 1,
                      (float)r->width_px * x_px, (float)r->height_px * y_px);
        gl->DrawArrays(GL_TRIANGLE_STRIP, 0, 4);
    }
    gl->BindFramebuffer(GL_FRAMEBUFFER, 0);
    return true;
}

enum render_upload gl_picture_upload(struct gl_picture *p, const struct frame_view *frame,
                                     const struct damage *damage, struct renderer_stats *stats,
                                     struct damage *changed)
{
    *changed = *damage;
    if (!same_layout(p, frame) || p->path == GL_PICTURE_IMPORT) {
        if (!set_layout(p, frame, choose_path(p, frame)))
            return RENDER_UPLOAD_FAILED;
        damage_set_full(changed);
    }
    damage_add(changed, &p->owed);
    p->rotation = frame->rotation;
    stats->damaged_bytes +=
        damage_pixels(changed, frame->width_px, frame->rows_px) * frame->fmt->bytes_per_pixel;
    if (!send_damage(p, frame, changed, stats)) {
        p->owed = *changed;
        p->torn = true;
        return RENDER_UPLOAD_STALLED;
    }
    if (p->path == GL_PICTURE_RESOLVE && !resolve(p, changed))
        return RENDER_UPLOAD_FAILED;
    damage_clear(&p->owed);
    p->torn = false;
    stats->uploads++;
    return RENDER_UPLOAD_OK;
}

/* The lowest row that `damage` touches, plus one. */
static uint32_t bottom_of(const struct damage *damage, uint32_t rows_px)
{
    uint32_t bottom = 0;
    if (damage->full)
        return rows_px;
    for (uint32_t i = 0; i < damage->count; i++)
        bottom = max_u32(bottom, damage->rects[i].y_px + damage->rects[i].height_px);
    return min_u32(bottom, rows_px);
}

/* What importing `frame` changes, in *changed. True: its layout is another one. */
static bool import_changes(const struct gl_picture *p, const struct frame_view *frame,
                           const struct damage *damage, struct damage *changed)
{
    const bool anew = !same_layout(p, frame) || p->path != GL_PICTURE_IMPORT;
    *changed = *damage;
    damage_add(changed, &p->owed);
    if (anew)
        damage_set_full(changed);
    return anew;
}

bool gl_picture_can_import(const struct gl_picture *p, const struct frame_view *frame,
                           const struct damage *damage)
{
    struct damage changed;
    import_changes(p, frame, damage, &changed);
    return frame_view_ready_rows(frame) >= bottom_of(&changed, frame->rows_px);
}

enum render_upload gl_picture_import(struct gl_picture *p, const struct frame_view *frame,
                                     const struct damage *damage, GLuint raw,
                                     struct renderer_stats *stats, struct damage *changed)
{
    if (import_changes(p, frame, damage, changed) && !set_layout(p, frame, GL_PICTURE_IMPORT))
        return RENDER_UPLOAD_FAILED;
    p->rotation = frame->rotation;
    p->gl->ActiveTexture(GL_TEXTURE0 + GL_UNIT_RAW);
    p->gl->BindTexture(GL_TEXTURE_2D, raw);
    if (!resolve(p, changed))
        return RENDER_UPLOAD_FAILED;
    damage_clear(&p->owed);
    p->torn = false;
    stats->imports++;
    stats->damaged_bytes +=
        damage_pixels(changed, frame->width_px, frame->rows_px) * frame->fmt->bytes_per_pixel;
    return RENDER_UPLOAD_OK;
}

void gl_picture_set_filter(struct gl_picture *p, bool linear)
{
    const GLint filter = linear ? GL_LINEAR : GL_NEAREST;
    if (p->filter == filter || !p->texture)
        return;
    p->gl->ActiveTexture(GL_TEXTURE0 + GL_UNIT_PICTURE);
    p->gl->BindTexture(GL_TEXTURE_2D, p->texture);
    p->gl->TexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, filter);
    p->gl->TexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, filter);
    p->filter = filter;
}
