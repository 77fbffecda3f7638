/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gl_fixture.h"

#include <dlfcn.h>

#include "frame/convert.h"
#include "test.h"

/* The driver's leaks are not ours. LeakSanitizer can only tell by the module, so the driver has to
 * stay loaded until the end. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:_dri.so\nleak:libLLVM\nleak:libEGL\nleak:libGL";
}

void gl_fixture_pin_driver(void)
{
    char line[4096];
    FILE *f = fopen("/proc/self/maps", "r");
    CHECK(f);
    while (fgets(line, sizeof(line), f)) {
        char *path = strchr(line, '/');
        if (!path || !strstr(path, "_dri.so"))
            continue;
        path[strcspn(path, "\n")] = 0;
        (void)!dlopen(path, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
    }
    fclose(f);
}

static uint32_t random_state = 1;
uint32_t test_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

uint32_t test_below(uint32_t n)
{
    return test_random() % n;
}

static EGLSurface create_pbuffer(struct gl_fixture *f, uint32_t width_px, uint32_t height_px)
{
    const EGLint attribs[] = { EGL_WIDTH, (EGLint)width_px, EGL_HEIGHT, (EGLint)height_px,
                               EGL_NONE };
    EGLSurface surface = f->egl.egl.CreatePbufferSurface(f->egl.display, f->egl.config, attribs);
    CHECK(surface != EGL_NO_SURFACE);
    return surface;
}

static void init(struct gl_fixture *f, uint32_t width_px, uint32_t height_px, uint32_t surfaces,
                 bool only_es2, bool prefer_alpha)
{
    const struct egl_context_config config = { .platform = EGL_PLATFORM_SURFACELESS_MESA,
                                               .surface_type = EGL_PBUFFER_BIT,
                                               .only_es2 = only_es2,
                                               .prefer_alpha = prefer_alpha };
    const char *why = NULL;
    *f = (struct gl_fixture){ .width_px = width_px,
                              .height_px = height_px,
                              .surface_count = surfaces };
    if (egl_context_init(&f->egl, &config, &why) < 0)
        SKIP("no EGL without a display here: %s", why);
    for (uint32_t i = 0; i < surfaces; i++)
        f->surfaces[i] = create_pbuffer(f, width_px, height_px);
    gl_fixture_pin_driver();
    f->trial = create_pbuffer(f, GL_SCENE_TRIAL_PX, GL_SCENE_TRIAL_PX);
    CHECK(egl_context_make_current(&f->egl, f->trial));
    CHECK_INT(f->egl.caps.es3, !only_es2);
    f->read = calloc((size_t)width_px * height_px, 4);
    CHECK(f->read);
    gl_scene_init(&f->scene, &f->egl, false);
}

void gl_fixture_init(struct gl_fixture *f, uint32_t width_px, uint32_t height_px, uint32_t surfaces,
                     bool only_es2)
{
    init(f, width_px, height_px, surfaces, only_es2, false);
}

void gl_fixture_init_alpha(struct gl_fixture *f, uint32_t width_px, uint32_t height_px)
{
    init(f, width_px, height_px, 1, false, true);
}

void gl_fixture_fini(struct gl_fixture *f)
{
    CHECK_INT(f->egl.gl.GetError(), GL_NO_ERROR);
    gl_scene_fini(&f->scene);
    f->egl.egl.MakeCurrent(f->egl.display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
    for (uint32_t i = 0; i < f->surface_count; i++)
        f->egl.egl.DestroySurface(f->egl.display, f->surfaces[i]);
    f->egl.egl.DestroySurface(f->egl.display, f->trial);
    egl_context_fini(&f->egl);
    free(f->read);
}

void gl_fixture_present(struct gl_fixture *f, uint32_t index, uint32_t age)
{
    struct damage region;
    CHECK(f->egl.egl.MakeCurrent(f->egl.display, f->surfaces[index], f->surfaces[index],
                                 f->egl.context));
    CHECK_INT(f->scene.geometry.window_width_px, f->width_px);
    CHECK_INT(f->scene.geometry.window_height_px, f->height_px);
    redraw_for_age(&f->scene.redraw, age, &region);
    CHECK(gl_scene_draw(&f->scene, &region));
    redraw_presented(&f->scene.redraw);
}

const uint32_t *gl_fixture_read(struct gl_fixture *f)
{
    const uint32_t w = f->width_px, h = f->height_px;
    uint8_t *bytes = malloc((size_t)w * h * 4);
    CHECK(bytes);
    f->egl.gl.ReadPixels(0, 0, (GLsizei)w, (GLsizei)h, GL_RGBA, GL_UNSIGNED_BYTE, bytes);
    for (uint32_t y = 0; y < h; y++) {
        for (uint32_t x = 0; x < w; x++) {
            const uint8_t *p = bytes + ((size_t)(h - 1 - y) * w + x) * 4;
            f->read[(size_t)y * w + x] =
                0xff000000u | (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
        }
    }
    free(bytes);
    return f->read;
}

static uint32_t round_up(uint32_t v, uint32_t to)
{
    return (v + to - 1) / to * to;
}

static uint32_t usual_pitch(const struct frame_format_info *fmt, uint32_t width_px)
{
    switch (fmt->format) {
    case FRAME_FORMAT_BGR_32:
        return round_up(round_up(3 * width_px, 4) / 4, 64) * 4;
    case FRAME_FORMAT_RGB_24:
        return round_up(width_px, 256) * 3;
    default:
        return round_up(width_px * fmt->bytes_per_pixel, 256);
    }
}

/* Random, with every special half float among the HDR samples. */
static void fill_pixel(const struct test_frame *f, uint32_t x, uint32_t y)
{
    uint8_t *p =
        f->pixels + (size_t)y * f->view.pitch_bytes + (size_t)x * f->view.fmt->bytes_per_pixel;
    for (uint32_t i = 0; i < f->view.fmt->bytes_per_pixel; i++)
        p[i] = (uint8_t)(test_random() >> 8);
    if (f->view.fmt->format != FRAME_FORMAT_RGBA16F)
        return;
    uint16_t half[4];
    for (int c = 0; c < 4; c++) /* three of four inside 0..1 */
        half[c] = test_below(4) ? (uint16_t)test_below(0x3c01) : (uint16_t)test_random();
    memcpy(p, half, sizeof(half));
}

void test_frame_touch(struct test_frame *f, struct frame_rect r)
{
    for (uint32_t y = r.y_px; y < r.y_px + r.height_px && y < f->view.rows_px; y++)
        for (uint32_t x = r.x_px; x < r.x_px + r.width_px && x < f->view.width_px; x++)
            fill_pixel(f, x, y);
}

void test_frame_init(struct test_frame *f, enum frame_format format, uint32_t flags,
                     uint32_t width_px, uint32_t height_px, uint32_t pitch_bytes,
                     enum frame_rotation rotation)
{
    const struct frame_format_info *fmt = frame_format_find((uint32_t)format);
    const uint32_t pitch = pitch_bytes ? pitch_bytes : usual_pitch(fmt, width_px);
    *f = (struct test_frame){ 0 };
    f->pixels = malloc((size_t)pitch * height_px);
    CHECK(f->pixels);
    memset(f->pixels, 0x5a, (size_t)pitch * height_px);
    f->ready_bytes = pitch * height_px;
    f->view = (struct frame_view){
        .fmt = fmt,
        .width_px = width_px,
        .height_px = height_px,
        .rows_px = height_px,
        .pitch_bytes = pitch,
        .row_bytes = width_px * fmt->bytes_per_pixel,
        .rotation = rotation,
        .flags = flags,
        .pixels = f->pixels,
        .pixels_bytes = (uint64_t)pitch * height_px,
        .write_pointer = &f->ready_bytes,
    };
    test_frame_touch(f, (struct frame_rect){ 0, 0, width_px, height_px });
}

void test_frame_fini(struct test_frame *f)
{
    free(f->pixels);
}

uint32_t *test_frame_upright(const struct test_frame *f, enum frame_rotation extra,
                             uint32_t *width_px, uint32_t *height_px)
{
    const struct frame_view *v = &f->view;
    const uint32_t w = v->width_px, h = v->height_px,
                   turns = ((uint32_t)v->rotation + (uint32_t)extra) % 4;
    uint32_t *row = calloc(w, 4), *out = calloc((size_t)w * h, 4);
    CHECK(row && out);
    for (uint32_t y = 0; y < h; y++) {
        if (y < v->rows_px)
            CHECK(convert_row(v->fmt, v->flags, f->pixels + (size_t)y * v->pitch_bytes, 0, w,
                              PIXEL_OUT_XRGB8888, row));
        for (uint32_t x = 0; x < w; x++) {
            const size_t to = turns == 0   ? (size_t)y * w + x
                              : turns == 1 ? (size_t)x * h + (h - 1 - y)
                              : turns == 2 ? (size_t)(h - 1 - y) * w + (w - 1 - x)
                                           : (size_t)(w - 1 - x) * h + y;
            out[to] = y < v->rows_px ? row[x] : 0xff000000u;
        }
    }
    free(row);
    *width_px = turns % 2 ? h : w;
    *height_px = turns % 2 ? w : h;
    return out;
}
