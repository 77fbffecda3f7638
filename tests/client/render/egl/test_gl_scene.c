/* SPDX-License-Identifier: GPL-2.0-or-later
 * The GL core against the CPU's conversion and cursor, pixel by pixel. SDR is exact; HDR may differ
 * by one step, because the GPU's pow() is its own. */
#include <pthread.h>
#include <time.h>

#include "gl_fixture.h"
#include "render/dmabuf/dmabuf_picture.h"
#include "render/dmabuf/fourcc.h"
#include "test.h"

static const struct geometry_config plain = { .keep_aspect = true };

struct variant {
    enum frame_format format;
    uint32_t flags, tolerance;
};
static const struct variant variants[] = {
    { FRAME_FORMAT_BGRA, 0, 0 },
    { FRAME_FORMAT_RGBA, 0, 0 },
    { FRAME_FORMAT_RGBA10, 0, 0 },
    { FRAME_FORMAT_BGR_32, 0, 0 },
    { FRAME_FORMAT_RGB_24, 0, 0 },
    { FRAME_FORMAT_RGBA10, FRAME_FLAG_HDR, 1 },
    { FRAME_FORMAT_RGBA16F, FRAME_FLAG_HDR, 1 },
    { FRAME_FORMAT_RGBA10, FRAME_FLAG_HDR | FRAME_FLAG_HDR_PQ, 1 },
    { FRAME_FORMAT_RGBA16F, FRAME_FLAG_HDR | FRAME_FLAG_HDR_PQ, 1 },
};

static void set_full(struct damage *d)
{
    damage_clear(d);
    damage_set_full(d);
}

static void upload_all(struct gl_fixture *f, const struct test_frame *frame)
{
    struct damage full;
    set_full(&full);
    CHECK_INT(gl_scene_upload(&f->scene, &frame->view, &full, &f->stats), RENDER_UPLOAD_OK);
}

static void check_same(const struct gl_fixture *f, const uint32_t *got, const uint32_t *want,
                       uint32_t tolerance, const char *what)
{
    for (size_t i = 0; i < (size_t)f->width_px * f->height_px; i++) {
        if (got[i] == want[i])
            continue;
        for (uint32_t shift = 0; shift < 24; shift += 8) {
            const int a = got[i] >> shift & 0xff, b = want[i] >> shift & 0xff;
            CHECK_MSG(abs(a - b) <= (int)tolerance, "%s: pixel %zu,%zu is %06x, expected %06x",
                      what, i % f->width_px, i / f->width_px, got[i] & 0xffffff,
                      want[i] & 0xffffff);
        }
    }
}

enum mode { MODE_ES3, MODE_ES2, MODE_ALPHA, MODE_BARE /* ES 2 without extensions */ };

/* One frame at 1:1 in a window of its size. */
static void check_frame(enum frame_format format, uint32_t flags, uint32_t pitch_bytes,
                        enum frame_rotation rotation, enum frame_rotation user, uint32_t tolerance,
                        enum mode mode)
{
    enum { W = 150, H = 200 }; /* whole tiles of a tiled rasteriser, and parts */
    struct test_frame frame;
    struct gl_fixture f;
    uint32_t w, h;
    char what[96];
    test_frame_init(&frame, format, flags, W, H, pitch_bytes, rotation);
    uint32_t *want = test_frame_upright(&frame, user, &w, &h);
    snprintf(what, sizeof(what), "%s flags %u pitch %u rotation %u+%u ES%d", frame.view.fmt->name,
             flags, frame.view.pitch_bytes, rotation, user, mode == MODE_ES2 ? 2 : 3);
    if (mode == MODE_ALPHA)
        gl_fixture_init_alpha(&f, w, h);
    else
        gl_fixture_init(&f, w, h, 1, mode == MODE_ES2 || mode == MODE_BARE);
    if (mode == MODE_BARE)
        f.egl.caps.row_length = f.egl.caps.bgra = false;
    struct geometry_config config = plain;
    config.rotation = user;
    gl_scene_set_window(&f.scene, w, h, 120, &config);
    upload_all(&f, &frame);
    gl_fixture_present(&f, 0, 0);
    check_same(&f, gl_fixture_read(&f), want, tolerance, what);
    gl_fixture_fini(&f);
    test_frame_fini(&frame);
    free(want);
}

static void check_all_rotations(enum mode mode)
{
    for (size_t i = 0; i < ARRAY_LEN(variants); i++) {
        const uint32_t tolerance =
            mode == MODE_ES2 || mode == MODE_BARE
                ? 0
                : variants[i].tolerance; /* ES 2: the CPU converts HDR, too */
        for (uint32_t rotation = 0; rotation < 4; rotation++)
            check_frame(variants[i].format, variants[i].flags, 0, (enum frame_rotation)rotation,
                        (enum frame_rotation)(i % 4), tolerance, mode);
    }
}

TEST(all_formats_all_rotations_es3)
{
    check_all_rotations(MODE_ES3);
}

TEST(all_formats_all_rotations_es2)
{
    check_all_rotations(MODE_ES2);
}

TEST(all_formats_all_rotations_es2_without_extensions)
{
    check_all_rotations(MODE_BARE);
}

TEST(all_formats_all_rotations_alpha)
{
    check_all_rotations(MODE_ALPHA);
}

/* Rows of any length: tight, odd, not a whole number of pixels. */
TEST(odd_pitches)
{
    for (size_t i = 0; i < ARRAY_LEN(variants); i++) {
        const uint32_t tight =
            150 * frame_format_find((uint32_t)variants[i].format)->bytes_per_pixel;
        for (uint32_t more = 0; more < 9; more++)
            check_frame(variants[i].format, variants[i].flags, tight + more, FRAME_ROTATE_0,
                        FRAME_ROTATE_0, variants[i].tolerance, MODE_ES3);
    }
}

/* HDR as the shader has it, on every 10-bit grey and not only on noise. */
TEST(hdr_greys)
{
    static const uint32_t flags[] = { 0, FRAME_FLAG_HDR, FRAME_FLAG_HDR | FRAME_FLAG_HDR_PQ };
    for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
        struct test_frame frame;
        struct gl_fixture f;
        uint32_t w, h;
        test_frame_init(&frame, FRAME_FORMAT_RGBA10, flags[i], 1024, 1, 0, FRAME_ROTATE_0);
        for (uint32_t x = 0; x < 1024; x++)
            ((uint32_t *)(void *)frame.pixels)[x] = x * 0x00100401u;
        uint32_t *want = test_frame_upright(&frame, FRAME_ROTATE_0, &w, &h);
        gl_fixture_init(&f, w, h, 1, false);
        gl_scene_set_window(&f.scene, w, h, 120, &plain);
        upload_all(&f, &frame);
        gl_fixture_present(&f, 0, 0);
        const uint32_t *got = gl_fixture_read(&f);
        check_same(&f, got, want, i == 0 ? 0 : 1, "greys");
        uint32_t off = 0;
        for (uint32_t x = 0; x < 1024; x++)
            off += got[x] != want[x];
        CHECK_MSG(off <= 32, "%u of 1024 greys differ from the CPU's", off);
        gl_fixture_fini(&f);
        test_frame_fini(&frame);
        free(want);
    }
}

/* A cursor of each kind with soft alpha, masks and inversion. */
static void make_cursor(enum cursor_type type, struct cursor_image *out)
{
    uint8_t data[4 * 24 * 17];
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(test_random() >> 8);
    if (type == CURSOR_MASKED_COLOUR)
        for (size_t i = 3; i < sizeof(data); i += 4)
            data[i] = test_below(2) ? 255 : 0;
    const struct cursor_shape shape = { .type = type,
                                        .width_px = 24,
                                        .height_px = type == CURSOR_MONOCHROME ? 8 : 17,
                                        .pitch_bytes = 96,
                                        .data = data,
                                        .data_bytes = sizeof(data) };
    CHECK(cursor_image_from_shape(&shape, out) == 0);
}

static void check_cursors(bool only_es2)
{
    static const enum cursor_type types[] = { CURSOR_COLOUR, CURSOR_MONOCHROME,
                                              CURSOR_MASKED_COLOUR };
    static const enum frame_format formats[] = { FRAME_FORMAT_BGRA, FRAME_FORMAT_RGBA,
                                                 FRAME_FORMAT_RGB_24 };
    static const struct {
        int32_t x, y;
    } places[] = { { 10, 9 }, { -7, -3 }, { 55, 40 }, { -100, 5 }, { INT32_MAX, INT32_MIN },
                   { 0, 0 } };
    for (uint32_t i = 0; i < 3 * 3 * 4; i++) {
        struct test_frame frame;
        struct gl_fixture f;
        struct cursor_image image;
        uint32_t w, h;
        test_frame_init(&frame, formats[i % 3], 0, 67, 45, 0, (enum frame_rotation)(i / 3 % 4));
        make_cursor(types[i / 12], &image);
        uint32_t *upright = test_frame_upright(&frame, FRAME_ROTATE_0, &w, &h);
        uint32_t *want = calloc((size_t)w * h, 4);
        CHECK(want);
        gl_fixture_init(&f, w, h, 1, only_es2);
        gl_scene_set_window(&f.scene, w, h, 120, &plain);
        upload_all(&f, &frame);
        for (size_t p = 0; p < ARRAY_LEN(places); p++) {
            gl_scene_set_cursor(&f.scene, p == 0 ? &image : NULL, places[p].x, places[p].y, true);
            gl_fixture_present(
                &f, 0,
                p == 0 ? 0 : 1); /* the same buffer: only the old and the new place are drawn */
            memcpy(want, upright, (size_t)w * h * 4);
            cursor_image_draw(&image, want, w * 4, w, h, places[p].x, places[p].y);
            check_same(&f, gl_fixture_read(&f), want, 0, "cursor");
        }
        gl_scene_set_cursor(&f.scene, NULL, 0, 0, false);
        gl_fixture_present(&f, 0, 1);
        check_same(&f, gl_fixture_read(&f), upright, 0, "hidden cursor");
        gl_fixture_fini(&f);
        cursor_image_fini(&image);
        test_frame_fini(&frame);
        free(upright);
        free(want);
    }
}

TEST(cursors_of_all_kinds_es3)
{
    check_cursors(false);
}

TEST(cursors_of_all_kinds_es2)
{
    check_cursors(true);
}

/* Moving the cursor redraws its two places and nothing else. */
TEST(cursor_moves_redraw_little)
{
    struct test_frame frame;
    struct gl_fixture f;
    struct cursor_image image;
    test_frame_init(&frame, FRAME_FORMAT_BGRA, 0, 400, 300, 0, FRAME_ROTATE_0);
    make_cursor(CURSOR_COLOUR, &image);
    gl_fixture_init(&f, 400, 300, 1, false);
    gl_scene_set_window(&f.scene, 400, 300, 120, &plain);
    upload_all(&f, &frame);
    gl_scene_set_cursor(&f.scene, &image, 10, 10, true);
    gl_fixture_present(&f, 0, 0);
    CHECK(!gl_scene_is_due(&f.scene));
    gl_scene_set_cursor(&f.scene, NULL, 10, 10, true);
    CHECK(!gl_scene_is_due(&f.scene)); /* no change, no work */
    gl_scene_set_cursor(&f.scene, NULL, 200, 200, true);
    CHECK(gl_scene_is_due(&f.scene));
    CHECK_INT(damage_pixels(&f.scene.redraw.pending, 400, 300), 2 * 24 * 17);
    gl_fixture_fini(&f);
    cursor_image_fini(&image);
    test_frame_fini(&frame);
}

static uint32_t lerp8(uint32_t a, uint32_t b, double t, uint32_t shift)
{
    return (uint32_t)((a >> shift & 0xff) * (1 - t) + (b >> shift & 0xff) * t + 0.5);
}

/* Bilinear sample at x, y (pixel centres at .5), edges repeated. */
static uint32_t bilinear(const uint32_t *px, uint32_t w, uint32_t h, double x, double y)
{
    x = x - 0.5 < 0 ? 0 : x - 0.5;
    y = y - 0.5 < 0 ? 0 : y - 0.5;
    const uint32_t x0 = (uint32_t)x < w ? (uint32_t)x : w - 1,
                   y0 = (uint32_t)y < h ? (uint32_t)y : h - 1;
    const uint32_t x1 = x0 + 1 < w ? x0 + 1 : x0, y1 = y0 + 1 < h ? y0 + 1 : y0;
    uint32_t out = 0xff000000u;
    for (uint32_t shift = 0; shift < 24; shift += 8) {
        const uint32_t top = lerp8(px[y0 * w + x0], px[y0 * w + x1], x - x0, shift);
        const uint32_t bottom = lerp8(px[y1 * w + x0], px[y1 * w + x1], x - x0, shift);
        out |= lerp8(top, bottom, y - y0, 0) << shift;
    }
    return out;
}

/* Windows of other sizes: bars exactly black, whole factors exact, the rest bilinear or nearest. */
TEST(scaling_and_bars)
{
    static const struct {
        const char *what;
        uint32_t window_w, window_h;
        struct geometry_config config;
        bool nearest;
        uint32_t tolerance;
    } rows[] = {
        { "letterbox", 67 * 2, 45 * 2 + 31, { .keep_aspect = true }, false, 3 },
        { "pillarbox", 67 * 2 + 40, 45 * 2, { .keep_aspect = true }, false, 3 },
        { "stretched", 150, 70, { .keep_aspect = false }, false, 3 },
        { "smaller", 50, 40, { .keep_aspect = true }, false, 3 },
        { "integer",
          67 * 3 + 20,
          45 * 3 + 10,
          { .keep_aspect = true, .integer_upscale = true },
          true,
          0 },
        { "centred", 101, 77, { .keep_aspect = true, .no_upscale = true }, false, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct test_frame frame;
        struct gl_fixture f;
        uint32_t w, h;
        test_frame_init(&frame, FRAME_FORMAT_BGRA, 0, 67, 45, 0, FRAME_ROTATE_0);
        uint32_t *upright = test_frame_upright(&frame, FRAME_ROTATE_0, &w, &h);
        gl_fixture_init(&f, rows[i].window_w, rows[i].window_h, 1, false);
        f.scene.window.nearest = rows[i].nearest;
        gl_scene_set_window(&f.scene, rows[i].window_w, rows[i].window_h, 120, &rows[i].config);
        upload_all(&f, &frame);
        gl_fixture_present(&f, 0, 0);
        const struct geometry_rect *at = &f.scene.geometry.image_px;
        uint32_t *want = calloc((size_t)f.width_px * f.height_px, 4);
        CHECK(want);
        for (uint32_t y = 0; y < f.height_px; y++) {
            for (uint32_t x = 0; x < f.width_px; x++) {
                const double gx = (x + 0.5 - at->x) * w / at->width,
                             gy = (y + 0.5 - at->y) * h / at->height;
                const bool inside = gx >= 0 && gy >= 0 && gx < w && gy < h;
                const bool exact = rows[i].tolerance == 0;
                want[y * f.width_px + x] = !inside ? 0xff000000u
                                           : exact ? upright[(uint32_t)gy * w + (uint32_t)gx]
                                                   : bilinear(upright, w, h, gx, gy);
            }
        }
        check_same(&f, gl_fixture_read(&f), want, rows[i].tolerance, rows[i].what);
        gl_fixture_fini(&f);
        test_frame_fini(&frame);
        free(upright);
        free(want);
    }
}

static struct frame_rect random_rect(uint32_t w, uint32_t h)
{
    const uint32_t x = test_below(w), y = test_below(h);
    const uint32_t rw = 1 + test_below(w - x < 20 ? w - x : 20),
                   rh = 1 + test_below(h - y < 20 ? h - y : 20);
    return (struct frame_rect){ x, y, rw, rh };
}

/* Random partial damage and cursor moves over several window buffers: every buffer always equals a
 * full redraw by a second scene. */
static void check_damage_sequence(const struct variant *v, uint32_t buffers, uint32_t window_w,
                                  uint32_t window_h, bool only_es2)
{
    enum { W = 67, H = 45, STEPS = 60 };
    struct test_frame frame;
    struct gl_fixture f;
    struct gl_scene whole;
    struct cursor_image image;
    const enum frame_rotation rotation = (enum frame_rotation)test_below(4);
    test_frame_init(&frame, v->format, v->flags, W, H, 0, rotation);
    make_cursor(CURSOR_MASKED_COLOUR, &image);
    gl_fixture_init(&f, window_w, window_h, buffers + 1, only_es2);
    gl_scene_init(&whole, &f.egl, false);
    gl_scene_set_window(&f.scene, window_w, window_h, 120, &plain);
    gl_scene_set_window(&whole, window_w, window_h, 120, &plain);
    upload_all(&f, &frame);
    gl_scene_set_cursor(&f.scene, &image, 5, 5, true);
    gl_scene_set_cursor(&whole, &image, 5, 5, true);
    uint32_t *partial = calloc((size_t)window_w * window_h, 4);
    CHECK(partial);
    for (uint32_t step = 0; step < STEPS; step++) {
        struct damage d = { 0 };
        for (uint32_t i = test_below(4); i > 0; i--) {
            const struct frame_rect r = random_rect(W, H);
            test_frame_touch(&frame, r);
            damage_add_rect(&d, r);
        }
        const struct renderer_stats before = f.stats;
        CHECK_INT(gl_scene_upload(&f.scene, &frame.view, &d, &f.stats), RENDER_UPLOAD_OK);
        const uint64_t asked = f.stats.damaged_bytes - before.damaged_bytes,
                       sent = f.stats.upload_bytes - before.upload_bytes;
        /* 24-bit rows travel in units of four bytes: up to 3 + 3 bytes more per row of a rectangle
         */
        const bool packed = v->format == FRAME_FORMAT_BGR_32 || v->format == FRAME_FORMAT_RGB_24;
        CHECK_MSG(sent <= asked + (packed ? 6 * 20 * 3 : 0), "sent %llu of %llu bytes",
                  (unsigned long long)sent, (unsigned long long)asked);
        const int32_t x = (int32_t)test_below(80) - 10, y = (int32_t)test_below(80) - 10;
        const bool visible = test_below(5) != 0;
        gl_scene_set_cursor(&f.scene, NULL, x, y, visible);
        gl_fixture_present(&f, step % buffers, step < buffers ? 0 : buffers);
        memcpy(partial, gl_fixture_read(&f), (size_t)window_w * window_h * 4);
        if (step % 5 != 4)
            continue;
        set_full(&d);
        CHECK_INT(gl_scene_upload(&whole, &frame.view, &d, &f.stats), RENDER_UPLOAD_OK);
        gl_scene_set_cursor(&whole, NULL, x, y, visible);
        CHECK(f.egl.egl.MakeCurrent(f.egl.display, f.surfaces[buffers], f.surfaces[buffers],
                                    f.egl.context));
        CHECK(gl_scene_draw(&whole, &d));
        check_same(&f, partial, gl_fixture_read(&f), 0, "partial redraw");
    }
    gl_scene_fini(&whole);
    gl_fixture_fini(&f);
    cursor_image_fini(&image);
    test_frame_fini(&frame);
    free(partial);
}

TEST(partial_damage_equals_full_redraw)
{
    for (size_t i = 0; i < ARRAY_LEN(variants); i++)
        check_damage_sequence(&variants[i], 1 + (uint32_t)i % 3, 67, 45, false);
}

TEST(partial_damage_scaled)
{
    check_damage_sequence(&variants[0], 2, 150, 130, false);
    check_damage_sequence(&variants[4], 3, 50, 61, false);
    check_damage_sequence(&variants[0], 4, 67 * 2, 45 * 2, true);
}

TEST(stalled_writer_shows_nothing_torn)
{
    struct test_frame frame;
    struct gl_fixture f;
    struct damage d = { 0 };
    uint32_t w, h;
    test_frame_init(&frame, FRAME_FORMAT_BGRA, 0, 64, 48, 0, FRAME_ROTATE_0);
    gl_fixture_init(&f, 64, 48, 1, false);
    gl_scene_set_window(&f.scene, 64, 48, 120, &plain);
    upload_all(&f, &frame);
    gl_fixture_present(&f, 0, 0);
    test_frame_touch(&frame, (struct frame_rect){ 0, 0, 64, 48 });
    frame.ready_bytes = 20 * frame.view.pitch_bytes;
    damage_add_rect(&d, (struct frame_rect){ 0, 0, 10, 10 });
    damage_add_rect(&d, (struct frame_rect){ 30, 30, 10, 10 });
    CHECK_INT(gl_scene_upload(&f.scene, &frame.view, &d, &f.stats), RENDER_UPLOAD_STALLED);
    CHECK_INT(f.stats.wait_timeouts, 1);
    gl_scene_set_cursor(&f.scene, NULL, 3, 3, true);
    damage_set_full(&f.scene.redraw.pending);
    CHECK(!gl_scene_is_due(&f.scene));
    /* the next frame changes something else: what was left undone comes with it */
    uint32_t pixel;
    memcpy(&pixel, frame.pixels + 35 * frame.view.pitch_bytes + 35 * 4, 4);
    frame.ready_bytes = 48 * frame.view.pitch_bytes;
    damage_clear(&d);
    damage_add_rect(&d, (struct frame_rect){ 60, 40, 1, 1 });
    CHECK_INT(gl_scene_upload(&f.scene, &frame.view, &d, &f.stats), RENDER_UPLOAD_OK);
    CHECK(gl_scene_is_due(&f.scene));
    gl_fixture_present(&f, 0, 1);
    CHECK_INT(gl_fixture_read(&f)[35 * 64 + 35], pixel | 0xff000000u);
    uint32_t *want = test_frame_upright(&frame, FRAME_ROTATE_0, &w, &h);
    CHECK_INT(gl_fixture_read(&f)[5 * 64 + 5], want[5 * 64 + 5]);
    free(want);
    gl_fixture_fini(&f);
    test_frame_fini(&frame);
}

struct writer {
    struct test_frame *frame;
    const uint8_t *source;
};

/* Writes the rows from the top, a few at a time, as a host does. */
static void *write_slowly(void *ctx)
{
    const struct writer *w = ctx;
    const struct frame_view *v = &w->frame->view;
    for (uint32_t y = 0; y < v->rows_px; y += 97) {
        const uint32_t end = y + 97 < v->rows_px ? y + 97 : v->rows_px;
        memcpy(w->frame->pixels + (size_t)y * v->pitch_bytes,
               w->source + (size_t)y * v->pitch_bytes, (size_t)(end - y) * v->pitch_bytes);
        atomic_store_explicit(&w->frame->ready_bytes, end * v->pitch_bytes, memory_order_release);
        const struct timespec pause = { .tv_nsec = 2000000 };
        nanosleep(&pause, NULL);
    }
    return NULL;
}

TEST(follows_the_write_pointer)
{
    enum { W = 640, H = 1000 };
    static const enum frame_format formats[] = { FRAME_FORMAT_BGRA, FRAME_FORMAT_BGR_32,
                                                 FRAME_FORMAT_RGBA16F };
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        struct test_frame frame, done;
        struct gl_fixture f;
        uint32_t w, h;
        pthread_t thread;
        test_frame_init(&frame, formats[i], 0, W, H, 0, FRAME_ROTATE_0);
        test_frame_init(&done, formats[i], 0, W, H, 0, FRAME_ROTATE_0);
        gl_fixture_init(&f, W, H, 1, false);
        gl_scene_set_window(&f.scene, W, H, 120, &plain);
        upload_all(&f, &frame);
        frame.ready_bytes = 0;
        struct writer writer = { &frame, done.pixels };
        CHECK(pthread_create(&thread, NULL, write_slowly, &writer) == 0);
        upload_all(&f, &frame);
        CHECK(f.stats.waits > 0);
        pthread_join(thread, NULL);
        gl_fixture_present(&f, 0, 0);
        uint32_t *want = test_frame_upright(&done, FRAME_ROTATE_0, &w, &h);
        check_same(&f, gl_fixture_read(&f), want, i == 2 ? 1 : 0, "followed");
        free(want);
        gl_fixture_fini(&f);
        test_frame_fini(&frame);
        test_frame_fini(&done);
    }
}

TEST(truncated_frames_end_in_black)
{
    static const enum frame_format formats[] = { FRAME_FORMAT_BGRA, FRAME_FORMAT_RGB_24 };
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        struct test_frame frame;
        struct gl_fixture f;
        uint32_t w, h;
        test_frame_init(&frame, formats[i], 0, 67, 45, 0, FRAME_ROTATE_90);
        frame.view.rows_px = 30;
        frame.view.flags |= FRAME_FLAG_TRUNCATED;
        frame.view.pixels_bytes = 30 * frame.view.pitch_bytes;
        frame.ready_bytes = (uint32_t)frame.view.pixels_bytes;
        uint32_t *want = test_frame_upright(&frame, FRAME_ROTATE_0, &w, &h);
        gl_fixture_init(&f, w, h, 1, false);
        gl_scene_set_window(&f.scene, w, h, 120, &plain);
        upload_all(&f, &frame);
        gl_fixture_present(&f, 0, 0);
        check_same(&f, gl_fixture_read(&f), want, 0, "truncated");
        free(want);
        gl_fixture_fini(&f);
        test_frame_fini(&frame);
    }
}

/* Formats, sizes and rotations changing under a running scene, with damage that a liar sends along.
 */
TEST(layout_changes)
{
    struct gl_fixture f;
    gl_fixture_init(&f, 90, 80, 1, false);
    gl_scene_set_window(&f.scene, 90, 80, 120,
                        &(struct geometry_config){ .no_upscale = true, .keep_aspect = true });
    for (uint32_t run = 0; run < 60; run++) {
        const struct variant *v = &variants[test_below(ARRAY_LEN(variants))];
        struct test_frame frame;
        struct damage tiny = { 0 };
        uint32_t w, h;
        test_frame_init(&frame, v->format, v->flags, 1 + test_below(80), 1 + test_below(80), 0,
                        (enum frame_rotation)test_below(4));
        damage_add_rect(&tiny,
                        (struct frame_rect){ test_below(100), test_below(100),
                                             test_below(FRAME_MAX_PX), test_below(FRAME_MAX_PX) });
        CHECK_INT(gl_scene_upload(&f.scene, &frame.view, &tiny, &f.stats), RENDER_UPLOAD_OK);
        gl_fixture_present(&f, 0, 1);
        uint32_t *want = test_frame_upright(&frame, FRAME_ROTATE_0, &w, &h);
        const struct geometry_rect *at = &f.scene.geometry.image_px;
        const uint32_t *got = gl_fixture_read(&f);
        if (!f.scene.geometry.exact) /* 81..: does not fit and is scaled down; covered elsewhere */
            w = 0;
        for (uint32_t i = 0; i < w * h; i++) {
            const uint32_t g = got[((uint32_t)at->y + i / w) * 90 + (uint32_t)at->x + i % w];
            for (uint32_t shift = 0; shift < 24; shift += 8)
                CHECK(abs((int)(g >> shift & 0xff) - (int)(want[i] >> shift & 0xff)) <=
                      (int)v->tolerance);
        }
        free(want);
        test_frame_fini(&frame);
    }
    gl_fixture_fini(&f);
}

TEST(frames_beyond_the_gpu_are_refused)
{
    struct test_frame frame;
    struct gl_fixture f;
    struct damage full;
    set_full(&full);
    test_frame_init(&frame, FRAME_FORMAT_BGRA, 0, 64, 48, 0, FRAME_ROTATE_0);
    gl_fixture_init(&f, 64, 48, 1, false);
    gl_scene_set_window(&f.scene, 64, 48, 120, &plain);
    f.egl.caps.max_texture_px = 63;
    CHECK_INT(gl_scene_upload(&f.scene, &frame.view, &full, &f.stats), RENDER_UPLOAD_FAILED);
    gl_fixture_present(&f, 0, 0);
    for (size_t i = 0; i < 64 * 48; i++)
        CHECK_INT(gl_fixture_read(&f)[0], 0xff000000u);
    f.egl.caps.max_texture_px = 64;
    CHECK_INT(gl_scene_upload(&f.scene, &frame.view, &full, &f.stats), RENDER_UPLOAD_OK);
    gl_fixture_fini(&f);
    test_frame_fini(&frame);
}

TEST(stills_cover_the_picture_until_the_next_frame)
{
    enum { W = 80, H = 60, STRIDE = 4 * (W + 3) };
    static uint32_t pixels[(W + 3) * H];
    struct test_frame frame;
    struct gl_fixture f;
    struct cursor_image image;
    struct still still = {
        .width_px = W, .height_px = H, .stride_bytes = STRIDE, .pixels = pixels
    };
    for (size_t i = 0; i < ARRAY_LEN(pixels); i++)
        pixels[i] = test_random();
    test_frame_init(&frame, FRAME_FORMAT_BGRA, 0, W, H, 0, FRAME_ROTATE_180);
    make_cursor(CURSOR_COLOUR, &image);
    gl_fixture_init(&f, W, H, 1, false);
    gl_scene_set_window(&f.scene, W, H, 120, &plain);
    gl_scene_show_still(&f.scene, &still);
    gl_scene_set_cursor(&f.scene, &image, 3, 3, true);
    gl_fixture_present(&f, 0, 0);
    for (uint32_t y = 0; y < H; y++)
        for (uint32_t x = 0; x < W; x++)
            CHECK_INT(gl_fixture_read(&f)[y * W + x], pixels[y * (W + 3) + x] | 0xff000000u);
    upload_all(&f, &frame);
    gl_scene_set_cursor(&f.scene, NULL, 3, 3, false);
    gl_fixture_present(&f, 0, 1);
    uint32_t w, h, *want = test_frame_upright(&frame, FRAME_ROTATE_0, &w, &h);
    check_same(&f, gl_fixture_read(&f), want, 0, "after the still");
    /* and of a size that the window no longer has: centred, black around */
    still.width_px = 40;
    still.height_px = 20;
    gl_scene_show_still(&f.scene, &still);
    gl_fixture_present(&f, 0, 1);
    CHECK_INT(gl_fixture_read(&f)[19 * W + 20], 0xff000000u);
    CHECK_INT(gl_fixture_read(&f)[20 * W + 20], pixels[0] | 0xff000000u);
    CHECK_INT(gl_fixture_read(&f)[39 * W + 59], pixels[19 * (W + 3) + 39] | 0xff000000u);
    still.width_px = 0;
    gl_scene_show_still(&f.scene, &still); /* nothing to show: black, no crash */
    gl_fixture_present(&f, 0, 1);
    CHECK_INT(gl_fixture_read(&f)[30 * W + 30], 0xff000000u);
    free(want);
    gl_fixture_fini(&f);
    cursor_image_fini(&image);
    test_frame_fini(&frame);
}

TEST(nothing_is_due_without_a_window_or_a_change)
{
    struct gl_fixture f;
    gl_fixture_init(&f, 16, 16, 1, false);
    gl_scene_set_window(&f.scene, 0, 0, 120, &plain);
    CHECK(!gl_scene_is_due(&f.scene));
    gl_scene_set_window(&f.scene, 16, 16, 120, &plain);
    CHECK(gl_scene_is_due(&f.scene));
    gl_fixture_present(&f, 0, 0);
    CHECK(!gl_scene_is_due(&f.scene));
    gl_fixture_fini(&f);
}

/* A new context (the old one lost): partial damage is not enough, and the scene knows it. */
TEST(new_context_takes_the_whole_frame)
{
    struct test_frame frame;
    struct gl_fixture f;
    struct damage tiny = { 0 };
    uint32_t w, h;
    const char *why = NULL;
    test_frame_init(&frame, FRAME_FORMAT_RGB_24, 0, 67, 45, 0, FRAME_ROTATE_0);
    gl_fixture_init(&f, 67, 45, 1, false);
    gl_scene_set_window(&f.scene, 67, 45, 120, &plain);
    upload_all(&f, &frame);
    gl_scene_fini(&f.scene);
    CHECK(egl_context_renew(&f.egl, &why) == 0);
    CHECK(egl_context_make_current(&f.egl, f.surfaces[0]));
    gl_scene_init(&f.scene, &f.egl, false);
    gl_scene_set_window(&f.scene, 67, 45, 120, &plain);
    damage_add_rect(&tiny, (struct frame_rect){ 0, 0, 1, 1 });
    CHECK_INT(gl_scene_upload(&f.scene, &frame.view, &tiny, &f.stats), RENDER_UPLOAD_OK);
    gl_fixture_present(&f, 0, 1);
    uint32_t *want = test_frame_upright(&frame, FRAME_ROTATE_0, &w, &h);
    check_same(&f, gl_fixture_read(&f), want, 0, "new context");
    free(want);
    gl_fixture_fini(&f);
    test_frame_fini(&frame);
}

/* ---- frames read in place: an ordinary texture stands for the guest's memory ---- */

static const struct {
    uint32_t fourcc; /* as dmabuf_picture_of() says it */
    GLint internal;
    GLenum format, type;
    bool blue_first;
} memory_formats[] = {
    { FOURCC_XRGB8888, GL_RGBA8, GL_RGBA, GL_UNSIGNED_BYTE, true },
    { FOURCC_XBGR8888, GL_RGBA8, GL_RGBA, GL_UNSIGNED_BYTE, false },
    { FOURCC_ABGR8888, GL_RGBA8, GL_RGBA, GL_UNSIGNED_BYTE, false },
    { FOURCC_XBGR2101010, GL_RGB10_A2, GL_RGBA, GL_UNSIGNED_INT_2_10_10_10_REV, false },
    { FOURCC_XBGR16161616F, GL_RGBA16F, GL_RGBA, GL_HALF_FLOAT, false },
};

/* What a driver makes of the frame's memory: new each time, as if it always were the memory. */
static GLuint memory_texture(struct gl_fixture *f, const struct test_frame *frame)
{
    const struct gl_api *gl = &f->egl.gl;
    struct dmabuf_picture p;
    const char *why = dmabuf_picture_of(&frame->view, DMABUF_FOR_TEXTURE, &p);
    CHECK_MSG(!why, "%s", why);
    size_t i = 0;
    while (i < ARRAY_LEN(memory_formats) && memory_formats[i].fourcc != p.fourcc)
        i++;
    CHECK(i < ARRAY_LEN(memory_formats));
    GLuint id = 0;
    gl->ActiveTexture(GL_TEXTURE0 + GL_UNIT_RAW);
    gl->GenTextures(1, &id);
    gl->BindTexture(GL_TEXTURE_2D, id);
    gl->TexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
    gl->TexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
    if (memory_formats[i].blue_first) {
        gl->TexParameteri(GL_TEXTURE_2D, GL_TEXTURE_SWIZZLE_R, GL_BLUE);
        gl->TexParameteri(GL_TEXTURE_2D, GL_TEXTURE_SWIZZLE_B, GL_RED);
    }
    const uint32_t unit_bytes = memory_formats[i].type == GL_HALF_FLOAT ? 8 : 4;
    gl->PixelStorei(GL_UNPACK_ROW_LENGTH, (GLint)(p.pitch_bytes / unit_bytes));
    gl->TexImage2D(GL_TEXTURE_2D, 0, memory_formats[i].internal, (GLsizei)p.width,
                   (GLsizei)p.height, 0, memory_formats[i].format, memory_formats[i].type,
                   frame->view.pixels);
    gl->PixelStorei(GL_UNPACK_ROW_LENGTH, 0);
    CHECK_INT(gl->GetError(), GL_NO_ERROR);
    return id;
}

static void import_frame(struct gl_fixture *f, const struct test_frame *frame,
                         const struct damage *damage)
{
    const GLuint memory = memory_texture(f, frame);
    CHECK(gl_picture_can_import(&f->scene.picture, &frame->view, damage));
    CHECK_INT(gl_scene_import(&f->scene, &frame->view, damage, memory, &f->stats),
              RENDER_UPLOAD_OK);
    f->egl.gl.DeleteTextures(1, &memory); /* from here on only the picture is read */
}

static void check_upright(struct gl_fixture *f, const struct test_frame *frame, uint32_t tolerance,
                          const char *what)
{
    uint32_t w, h, *want = test_frame_upright(frame, FRAME_ROTATE_0, &w, &h);
    gl_fixture_present(f, 0, 0);
    check_same(f, gl_fixture_read(f), want, tolerance, what);
    free(want);
}

TEST(frames_read_in_place)
{
    enum { W = 150, H = 200 };
    for (size_t i = 0; i < ARRAY_LEN(variants); i++) {
        for (uint32_t rotation = 0; rotation < 4; rotation++) {
            struct test_frame frame;
            struct gl_fixture f;
            struct damage damage;
            const uint32_t bytes = frame_format_find((uint32_t)variants[i].format)->bytes_per_pixel;
            test_frame_init(&frame, variants[i].format, variants[i].flags, W, H,
                            (W * bytes + 63) / 64 * 64, (enum frame_rotation)rotation);
            const bool turned = rotation % 2;
            gl_fixture_init(&f, turned ? H : W, turned ? W : H, 1, false);
            gl_scene_set_window(&f.scene, turned ? H : W, turned ? W : H, 120, &plain);
            set_full(&damage);
            import_frame(&f, &frame, &damage);
            check_upright(&f, &frame, variants[i].tolerance, frame.view.fmt->name);
            for (int round = 0; round < 8; round++) { /* only what is damaged is read */
                const struct frame_rect r = { test_below(100), test_below(150), 1 + test_below(50),
                                              1 + test_below(50) };
                test_frame_touch(&frame, r);
                damage_clear(&damage);
                damage_add_rect(&damage, r);
                import_frame(&f, &frame, &damage);
                check_upright(&f, &frame, variants[i].tolerance, "damaged");
            }
            CHECK_INT(f.stats.imports, 9);
            CHECK_INT(f.stats.upload_bytes, 0);
            gl_fixture_fini(&f);
            test_frame_fini(&frame);
        }
    }
}

/* In place, copied, in place: each begins with the whole picture, whatever the damage says. */
TEST(in_place_and_copied_by_turns)
{
    struct test_frame frame;
    struct gl_fixture f;
    test_frame_init(&frame, FRAME_FORMAT_BGRA, 0, 64, 64, 256, FRAME_ROTATE_0);
    gl_fixture_init(&f, 64, 64, 1, false);
    gl_scene_set_window(&f.scene, 64, 64, 120, &plain);
    for (int round = 0; round < 6; round++) {
        struct damage damage;
        const struct frame_rect r = { 0, 0, 64, 64 };
        test_frame_touch(&frame, r);
        damage_clear(&damage);
        damage_add_rect(&damage, (struct frame_rect){ 5, 5, 3, 3 });
        if (round % 2 == 0)
            import_frame(&f, &frame, &damage);
        else
            CHECK_INT(gl_scene_upload(&f.scene, &frame.view, &damage, &f.stats), RENDER_UPLOAD_OK);
        check_upright(&f, &frame, 0, round % 2 ? "copied" : "in place");
    }
    gl_fixture_fini(&f);
    test_frame_fini(&frame);
}

/* The host still writes: rows above the damage's end must be final, the first time all of them. */
TEST(in_place_waits_for_the_rows_it_reads)
{
    struct test_frame frame;
    struct gl_fixture f;
    struct damage damage;
    test_frame_init(&frame, FRAME_FORMAT_BGRA, 0, 64, 64, 256, FRAME_ROTATE_0);
    gl_fixture_init(&f, 64, 64, 1, false);
    gl_scene_set_window(&f.scene, 64, 64, 120, &plain);
    damage_clear(&damage);
    damage_add_rect(&damage, (struct frame_rect){ 0, 10, 64, 10 });
    frame.ready_bytes = 256 * 63;
    CHECK(!gl_picture_can_import(&f.scene.picture, &frame.view, &damage));
    frame.ready_bytes = 256 * 64;
    import_frame(&f, &frame, &damage);
    frame.ready_bytes = 256 * 20 - 1;
    CHECK(!gl_picture_can_import(&f.scene.picture, &frame.view, &damage));
    frame.ready_bytes = 256 * 20;
    CHECK(gl_picture_can_import(&f.scene.picture, &frame.view, &damage));
    damage_add_rect(&damage, (struct frame_rect){ 0, 60, 64, 100 }); /* beyond the picture */
    frame.ready_bytes = UINT32_MAX;
    CHECK(gl_picture_can_import(&f.scene.picture, &frame.view, &damage));
    gl_fixture_fini(&f);
    test_frame_fini(&frame);
}

/* A cursor over a frame that was read in place; set before it, as a guest does, or after. */
TEST(cursors_over_frames_read_in_place)
{
    for (int order = 0; order < 2; order++) {
        struct test_frame frame;
        struct gl_fixture f;
        struct damage damage;
        struct cursor_image image;
        uint32_t w, h;
        test_frame_init(&frame, FRAME_FORMAT_BGRA, 0, 160, 128, 640, FRAME_ROTATE_0);
        gl_fixture_init(&f, 160, 128, 1, false);
        gl_scene_set_window(&f.scene, 160, 128, 120, &plain);
        make_cursor(CURSOR_COLOUR, &image);
        set_full(&damage);
        for (int round = 0; round < 3; round++) {
            test_frame_touch(&frame, (struct frame_rect){ 0, 0, 160, 128 });
            if (order == 0 && round == 0)
                gl_scene_set_cursor(&f.scene, &image, 40, 30, true);
            import_frame(&f, &frame, &damage);
            if (order == 1 && round == 0)
                gl_scene_set_cursor(&f.scene, &image, 40, 30, true);
            uint32_t *want = test_frame_upright(&frame, FRAME_ROTATE_0, &w, &h);
            cursor_image_draw(&image, want, w * 4, w, h, 40, 30);
            gl_fixture_present(&f, 0, 0);
            check_same(&f, gl_fixture_read(&f), want, 0, "cursor");
            free(want);
        }
        cursor_image_fini(&image);
        gl_fixture_fini(&f);
        test_frame_fini(&frame);
    }
}
