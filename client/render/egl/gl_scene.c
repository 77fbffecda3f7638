/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A usual frame is one quad and nothing else: bars are cleared only where there are bars, and no
 * pixel is drawn twice but those under the cursor. On a software rasteriser that is what the whole
 * cost consists of. */
#define LOG_MODULE "egl"

#include "render/egl/gl_scene.h"

#include <stdlib.h>

#include "base/checked.h"
#include "base/log.h"

enum { MAX_REGION_RECTS = 2 * DAMAGE_MAX_RECTS };

/* llvmpipe (seen with Mesa 22.3) has a quick way for plain quads that copies whole tiles of a BGRA
 * texture even into a framebuffer whose channels lie the other way round: red and blue change
 * places. It cannot be asked for, so it is tried with one tile. */
static bool bgra_textures_work(struct gl_scene *s)
{
    static uint8_t tile[GL_SCENE_TRIAL_PX * GL_SCENE_TRIAL_PX * 4];
    GLint viewport[4] = { 0 };
    uint8_t read[4] = { 0 };
    s->gl->GetIntegerv(GL_VIEWPORT, viewport); /* of a new context: the surface */
    const struct gl_program *program = gl_programs_get(&s->programs, GL_PROGRAM_PICTURE, 0);
    if (!program || viewport[2] < GL_SCENE_TRIAL_PX || viewport[3] < GL_SCENE_TRIAL_PX)
        return false;
    for (size_t i = 0; i < sizeof(tile); i += 4)
        tile[i] = 255; /* blue */
    s->gl->ActiveTexture(GL_TEXTURE0 + GL_UNIT_PICTURE);
    GLuint texture =
        gl_texture_create(s->gl, GL_BGRA_EXT, GL_SCENE_TRIAL_PX, GL_SCENE_TRIAL_PX, tile);
    if (!texture)
        return false;
    s->gl->Viewport(0, 0, GL_SCENE_TRIAL_PX, GL_SCENE_TRIAL_PX);
    s->gl->UseProgram(program->id);
    /* four times the surface, so that the tile lies in the first of the two triangles: one with an
     * edge in it is drawn otherwise */
    s->gl->Uniform4f(program->target, -1, 1, 8, -8);
    s->gl->Uniform3f(program->picture_s, 4, 0, 0);
    s->gl->Uniform3f(program->picture_t, 0, 4, 0);
    s->gl->DrawArrays(GL_TRIANGLE_STRIP, 0, 4);
    s->gl->ReadPixels(GL_SCENE_TRIAL_PX / 2, GL_SCENE_TRIAL_PX / 2, 1, 1, GL_RGBA, GL_UNSIGNED_BYTE,
                      read);
    s->gl->DeleteTextures(1, &texture);
    return read[0] == 0 && read[1] == 0 && read[2] == 255;
}

void gl_scene_init(struct gl_scene *s, struct egl_context *context, bool nearest)
{
    *s = (struct gl_scene){ .gl = &context->gl, .window.nearest = nearest };
    gl_programs_init(&s->programs, &context->gl, &context->caps);
    gl_picture_init(&s->picture, &context->gl, &context->caps, &s->programs);
    gl_cursor_init(&s->cursor, &context->gl);
    s->gl->PixelStorei(GL_UNPACK_ALIGNMENT, 1); /* rows of the region come at any pitch */
    s->gl->ClearColor(0, 0, 0, 1);
    context->caps.bgra = context->caps.bgra && bgra_textures_work(s);
    redraw_reset(&s->redraw);
}

static void drop_still(struct gl_scene *s)
{
    if (s->still.texture)
        s->gl->DeleteTextures(1, &s->still.texture);
    s->still.texture = 0;
    s->still.shown = false;
}

void gl_scene_fini(struct gl_scene *s)
{
    if (!s->gl)
        return;
    drop_still(s);
    gl_cursor_fini(&s->cursor);
    gl_picture_fini(&s->picture);
    gl_programs_fini(&s->programs);
    *s = (struct gl_scene){ 0 };
}

static void update_geometry(struct gl_scene *s)
{
    const struct gl_picture *p = &s->picture;
    const bool has = p->path != GL_PICTURE_EMPTY;
    geometry_compute(&s->window.config, s->window.width, s->window.height, s->window.scale_120,
                     has ? p->width_px : 0, has ? p->height_px : 0, p->rotation, &s->geometry);
}

void gl_scene_set_window(struct gl_scene *s, uint32_t width, uint32_t height, uint32_t scale_120,
                         const struct geometry_config *config)
{
    s->window.width = width;
    s->window.height = height;
    s->window.scale_120 = scale_120;
    s->window.config = *config;
    update_geometry(s);
    redraw_reset(&s->redraw);
}

static bool is_linear(const struct gl_scene *s)
{
    return !s->geometry.exact && !s->window.nearest;
}

static void add_cursor_rect(struct gl_scene *s)
{
    const struct gl_cursor *c = &s->cursor;
    if (s->still.shown || !gl_cursor_is_drawn(c) || s->geometry.upright_width_px == 0)
        return;
    damage_add_rect(&s->redraw.pending, redraw_upright_to_window(&s->geometry, c->x_px, c->y_px,
                                                                 c->width_px, c->height_px));
}

/* A changed picture: other sizes move everything; else its damage, in window pixels. */
static void picture_changed(struct gl_scene *s, const struct damage *changed)
{
    const struct geometry before = s->geometry;
    update_geometry(s);
    const struct geometry *g = &s->geometry;
    const bool moved = before.image_px.x != g->image_px.x || before.image_px.y != g->image_px.y ||
                       before.image_px.width != g->image_px.width ||
                       before.image_px.height != g->image_px.height ||
                       before.rotation != g->rotation;
    if (moved || s->still.shown || changed->full) {
        damage_set_full(&s->redraw.pending);
        return;
    }
    for (uint32_t i = 0; i < changed->count; i++)
        damage_add_rect(&s->redraw.pending,
                        redraw_frame_to_window(g, changed->rects[i], is_linear(s) ? 1 : 0));
}

static enum render_upload taken(struct gl_scene *s, enum render_upload result,
                                const struct damage *changed)
{
    if (result == RENDER_UPLOAD_OK) {
        picture_changed(s, changed);
        drop_still(s);
    }
    return result;
}

enum render_upload gl_scene_upload(struct gl_scene *s, const struct frame_view *frame,
                                   const struct damage *damage, struct renderer_stats *stats)
{
    struct damage changed;
    const enum render_upload result =
        gl_picture_upload(&s->picture, frame, damage, stats, &changed);
    return taken(s, result, &changed);
}

enum render_upload gl_scene_import(struct gl_scene *s, const struct frame_view *frame,
                                   const struct damage *damage, GLuint raw,
                                   struct renderer_stats *stats)
{
    struct damage changed;
    const enum render_upload result =
        gl_picture_import(&s->picture, frame, damage, raw, stats, &changed);
    return taken(s, result, &changed);
}

void gl_scene_set_cursor(struct gl_scene *s, const struct cursor_image *image, int32_t x_px,
                         int32_t y_px, bool visible)
{
    struct gl_cursor *c = &s->cursor;
    if (!image && c->x_px == x_px && c->y_px == y_px && c->visible == visible)
        return;
    add_cursor_rect(s); /* where it was */
    if (image)
        (void)gl_cursor_set_image(c, image); /* logged; without a shape nothing is drawn */
    c->x_px = x_px;
    c->y_px = y_px;
    c->visible = visible;
    add_cursor_rect(s); /* where it is */
}

/* XRGB8888 rows to bytes R G B A: stills are rare and may have any stride. */
static GLuint create_still_texture(struct gl_scene *s, const struct still *still)
{
    const size_t count = (size_t)still->width_px * still->height_px;
    uint8_t *bytes = malloc(count * 4);
    if (!bytes)
        return 0;
    uint8_t *to = bytes;
    for (uint32_t y = 0; y < still->height_px; y++) {
        const uint8_t *row = (const uint8_t *)still->pixels + (size_t)y * still->stride_bytes;
        for (uint32_t x = 0; x < still->width_px; x++, row += 4, to += 4) {
            to[0] = row[2];
            to[1] = row[1];
            to[2] = row[0];
            to[3] = 255;
        }
    }
    s->gl->ActiveTexture(GL_TEXTURE0 + GL_UNIT_PICTURE);
    const GLuint id = gl_texture_create(s->gl, GL_RGBA, still->width_px, still->height_px, bytes);
    free(bytes);
    return id;
}

void gl_scene_show_still(struct gl_scene *s, const struct still *still)
{
    drop_still(s);
    if (still->width_px > 0 && still->height_px > 0)
        s->still.texture = create_still_texture(s, still);
    if (!s->still.texture)
        log_err("no graphics memory for a screen of %ux%u", still->width_px, still->height_px);
    s->still.width_px = still->width_px;
    s->still.height_px = still->height_px;
    s->still.shown = true;
    damage_set_full(&s->redraw.pending);
}

bool gl_scene_is_due(const struct gl_scene *s)
{
    const bool half_done = s->picture.torn && !s->still.shown;
    return !half_done && !damage_is_empty(&s->redraw.pending) && s->geometry.window_width_px > 0 &&
           s->geometry.window_height_px > 0;
}

/* A rectangle of the window in (fractional) pixels, origin top-left. */
struct box {
    float x, y, width, height;
};

/* What is under the cursor quad and fills the picture quad. */
struct content {
    struct frame_rect bounds; /* the visible part, window pixels; outside are the bars */
    struct box picture;       /* the whole content */
    enum frame_rotation rotation;
    GLuint texture;
    bool swapped;
};

static struct frame_rect clip_to_window(const struct gl_scene *s, const struct geometry_rect *r)
{
    const int64_t w = s->geometry.window_width_px, h = s->geometry.window_height_px;
    const int64_t x0 = r->x > 0 ? r->x : 0, y0 = r->y > 0 ? r->y : 0;
    const int64_t right = (int64_t)r->x + r->width, bottom = (int64_t)r->y + r->height;
    const int64_t x1 = right < w ? right : w, y1 = bottom < h ? bottom : h;
    if (x0 >= x1 || y0 >= y1)
        return (struct frame_rect){ 0 };
    return (struct frame_rect){ (uint32_t)x0, (uint32_t)y0, (uint32_t)(x1 - x0),
                                (uint32_t)(y1 - y0) };
}

static struct content content_of(const struct gl_scene *s)
{
    struct geometry_rect at = s->geometry.image_px;
    struct content c = { .rotation = s->geometry.rotation,
                         .texture = s->picture.texture,
                         .swapped = s->picture.swapped };
    if (s->still.shown) { /* 1:1, centred if the window has another size meanwhile */
        at = (struct geometry_rect){
            ((int32_t)s->geometry.window_width_px - (int32_t)s->still.width_px) / 2,
            ((int32_t)s->geometry.window_height_px - (int32_t)s->still.height_px) / 2,
            s->still.width_px, s->still.height_px
        };
        c = (struct content){ .rotation = FRAME_ROTATE_0, .texture = s->still.texture };
    }
    if (c.texture)
        c.bounds = clip_to_window(s, &at);
    c.picture = (struct box){ (float)at.x, (float)at.y, (float)at.width, (float)at.height };
    return c;
}

static struct frame_rect intersect(const struct frame_rect *a, const struct frame_rect *b)
{
    const uint32_t x0 = max_u32(a->x_px, b->x_px),
                   x1 = min_u32(a->x_px + a->width_px, b->x_px + b->width_px);
    const uint32_t y0 = max_u32(a->y_px, b->y_px),
                   y1 = min_u32(a->y_px + a->height_px, b->y_px + b->height_px);
    if (x0 >= x1 || y0 >= y1)
        return (struct frame_rect){ 0 };
    return (struct frame_rect){ x0, y0, x1 - x0, y1 - y0 };
}

static bool is_empty(const struct frame_rect *r)
{
    return r->width_px == 0;
}

/* GL counts window rows from the bottom. */
static void set_scissor(const struct gl_scene *s, const struct frame_rect *r)
{
    s->gl->Scissor((GLint)r->x_px, (GLint)(s->geometry.window_height_px - r->y_px - r->height_px),
                   (GLsizei)r->width_px, (GLsizei)r->height_px);
}

static void clear_part(const struct gl_scene *s, const struct frame_rect *region,
                       struct frame_rect bar)
{
    const struct frame_rect part = intersect(region, &bar);
    if (is_empty(&part))
        return;
    set_scissor(s, &part);
    s->gl->Clear(GL_COLOR_BUFFER_BIT);
}

/* The four bars around the content: above and below over the whole width, left and right between
 * them. */
static void clear_bars(const struct gl_scene *s, const struct frame_rect *region,
                       const struct frame_rect *content)
{
    const uint32_t w = s->geometry.window_width_px, h = s->geometry.window_height_px;
    const uint32_t right = content->x_px + content->width_px,
                   bottom = content->y_px + content->height_px;
    clear_part(s, region, (struct frame_rect){ 0, 0, w, content->y_px });
    clear_part(s, region, (struct frame_rect){ 0, bottom, w, h - bottom });
    clear_part(s, region,
               (struct frame_rect){ 0, content->y_px, content->x_px, content->height_px });
    clear_part(s, region,
               (struct frame_rect){ right, content->y_px, w - right, content->height_px });
}

/* Texture coordinates of the corner (u, v) of a box inside the content: the guest's picture turned
 * clockwise by the rotation is what is shown upright, so upright (u, v) looks up the picture at the
 * point turned back. */
static void set_quad(const struct gl_scene *s, const struct gl_program *program,
                     const struct content *c, const struct box *box)
{
    const struct gl_api *gl = s->gl;
    const float ww = (float)s->geometry.window_width_px, wh = (float)s->geometry.window_height_px;
    gl->Uniform4f(program->target, box->x / ww * 2 - 1, 1 - box->y / wh * 2, box->width / ww * 2,
                  -box->height / wh * 2);
    const float u0 = (box->x - c->picture.x) / c->picture.width, du = box->width / c->picture.width;
    const float v0 = (box->y - c->picture.y) / c->picture.height,
                dv = box->height / c->picture.height;
    switch (c->rotation) {
    case FRAME_ROTATE_90: /* s = v, t = 1 - u */
        gl->Uniform3f(program->picture_s, 0, dv, v0);
        gl->Uniform3f(program->picture_t, -du, 0, 1 - u0);
        break;
    case FRAME_ROTATE_180:
        gl->Uniform3f(program->picture_s, -du, 0, 1 - u0);
        gl->Uniform3f(program->picture_t, 0, -dv, 1 - v0);
        break;
    case FRAME_ROTATE_270: /* s = 1 - v, t = u */
        gl->Uniform3f(program->picture_s, 0, -dv, 1 - v0);
        gl->Uniform3f(program->picture_t, du, 0, u0);
        break;
    default:
        gl->Uniform3f(program->picture_s, du, 0, u0);
        gl->Uniform3f(program->picture_t, 0, dv, v0);
    }
}

/* Draws the part of every region rectangle inside `bounds`. */
static void draw_parts(const struct gl_scene *s, const struct frame_rect *region, uint32_t count,
                       const struct frame_rect *bounds)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct frame_rect part = intersect(&region[i], bounds);
        if (is_empty(&part))
            continue;
        set_scissor(s, &part);
        s->gl->DrawArrays(GL_TRIANGLE_STRIP, 0, 4);
    }
}

static bool draw_content(struct gl_scene *s, const struct content *c,
                         const struct frame_rect *region, uint32_t count)
{
    if (is_empty(&c->bounds))
        return true;
    const struct gl_program *program = gl_programs_get(&s->programs, GL_PROGRAM_PICTURE,
                                                       c->swapped ? GL_VARIANT_SWAP_RED_BLUE : 0);
    if (!program)
        return false;
    s->gl->UseProgram(program->id);
    s->gl->ActiveTexture(GL_TEXTURE0 + GL_UNIT_PICTURE);
    s->gl->BindTexture(GL_TEXTURE_2D, c->texture);
    set_quad(s, program, c, &c->picture);
    draw_parts(s, region, count, &c->bounds);
    return true;
}

static bool draw_cursor(struct gl_scene *s, const struct content *c,
                        const struct frame_rect *region, uint32_t count)
{
    const struct gl_cursor *cursor = &s->cursor;
    if (s->still.shown || !gl_cursor_is_drawn(cursor) || is_empty(&c->bounds))
        return true;
    const struct frame_rect bounds = redraw_upright_to_window(
        &s->geometry, cursor->x_px, cursor->y_px, cursor->width_px, cursor->height_px);
    const unsigned variant =
        (c->swapped ? GL_VARIANT_SWAP_RED_BLUE : 0u) | (cursor->xor_rgb ? GL_VARIANT_WITH_XOR : 0u);
    const struct gl_program *program =
        is_empty(&bounds) ? NULL : gl_programs_get(&s->programs, GL_PROGRAM_CURSOR, variant);
    if (!program)
        return is_empty(&bounds);
    const float x_scale = c->picture.width / (float)s->geometry.upright_width_px;
    const float y_scale = c->picture.height / (float)s->geometry.upright_height_px;
    const struct box box = { c->picture.x + (float)cursor->x_px * x_scale,
                             c->picture.y + (float)cursor->y_px * y_scale,
                             (float)cursor->width_px * x_scale,
                             (float)cursor->height_px * y_scale };
    s->gl->UseProgram(program->id);
    gl_cursor_bind(cursor, is_linear(s));
    set_quad(s, program, c, &box);
    draw_parts(s, region, count, &bounds);
    return true;
}

bool gl_scene_draw(struct gl_scene *s, const struct damage *region)
{
    const struct gl_api *gl = s->gl;
    struct frame_rect rects[MAX_REGION_RECTS];
    const uint32_t count = damage_sorted_by_bottom(
        region, s->geometry.window_width_px, s->geometry.window_height_px, rects, MAX_REGION_RECTS);
    const struct content content = content_of(s);
    if (!s->still.shown)
        gl_picture_set_filter(&s->picture, is_linear(s));
    gl->Viewport(0, 0, (GLsizei)s->geometry.window_width_px, (GLsizei)s->geometry.window_height_px);
    gl->Enable(GL_SCISSOR_TEST);
    for (uint32_t i = 0; i < count; i++)
        clear_bars(s, &rects[i], &content.bounds);
    const bool drawn =
        draw_content(s, &content, rects, count) && draw_cursor(s, &content, rects, count);
    gl->Disable(GL_SCISSOR_TEST);
    return drawn;
}
