/* SPDX-License-Identifier: GPL-2.0-or-later
 * The shm renderer in a real compositor: what is on the screen, pixel by pixel. */
#include "test.h"

#include <pthread.h>

#include "base/clock.h"
#include "display/wayland/native.h"
#include "render/render.h"
#include "weston.h"

/* A window over the whole screen, and a guest's frame buffer in ordinary memory. */
struct scene {
    struct loop *loop;
    struct display *display;
    struct renderer *renderer;
    struct geometry_config geometry;
    struct frame_view frame;
    uint8_t *pixels;
    _Atomic uint32_t write_pointer;
    bool frame_came, lost;
};

static void on_configure(void *ctx, const struct display_state *state)
{
    struct scene *s = ctx;
    if (s->renderer)
        s->renderer->ops->configure(s->renderer, state, &s->geometry);
}

static void on_frame(void *ctx, uint64_t now_ns)
{
    (void)now_ns;
    ((struct scene *)ctx)->frame_came = true;
}

static void on_lost(void *ctx)
{
    ((struct scene *)ctx)->lost = true;
}

static void open_scene(struct scene *s, uint32_t width_px, uint32_t height_px, uint32_t scale)
{
    weston_start(width_px, height_px, scale);
    s->geometry.keep_aspect = true;
    CHECK_INT(loop_create(&s->loop), 0);
    const struct display_config config = {
        .title = "test", .app_id = "espelho-test", .borderless = true, .fullscreen = true
    };
    const struct display_listener listener = {
        .on_configure = on_configure,
        .on_frame = on_frame,
        .on_lost = on_lost,
        .ctx = s,
    };
    CHECK_INT(display_create(s->loop, &config, &listener, &s->display), 0);
    const struct renderer_config renderer = { .display = s->display, .geometry = s->geometry };
    const char *why = "";
    CHECK_INT(renderer_shm_ops.create(&renderer, &s->renderer, &why), 0);
}

static void close_scene(struct scene *s)
{
    s->renderer->ops->destroy(s->renderer);
    display_destroy(s->display);
    loop_destroy(s->loop);
    free(s->pixels);
}

/* A value for each pixel and frame that neighbours do not share. */
static uint32_t rgb_at(uint32_t serial, uint32_t x, uint32_t y)
{
    uint32_t v = x * 2654435761u ^ y * 2246822519u ^ serial * 3266489917u;
    v ^= v >> 15;
    return (v * 2654435761u) >> 8;
}

static void put_pixel(const struct scene *s, uint32_t x, uint32_t y, uint32_t rgb)
{
    uint8_t *p =
        s->pixels + (size_t)y * s->frame.pitch_bytes + (size_t)x * s->frame.fmt->bytes_per_pixel;
    const uint8_t red = (uint8_t)(rgb >> 16), green = (uint8_t)(rgb >> 8), blue = (uint8_t)rgb;
    const bool blue_first =
        s->frame.fmt->format == FRAME_FORMAT_BGRA || s->frame.fmt->format == FRAME_FORMAT_BGR_32;
    if (s->frame.fmt->format == FRAME_FORMAT_RGBA10) {
        /* each 8-bit value repeated into the two more bits: becomes itself again however 10 bits
         * are reduced */
        const uint32_t v =
            (red * 4u | red >> 6) | (green * 4u | green >> 6) << 10 | (blue * 4u | blue >> 6) << 20;
        memcpy(p, &v, 4);
        return;
    }
    p[0] = blue_first ? blue : red;
    p[1] = green;
    p[2] = blue_first ? red : blue;
    if (s->frame.fmt->bytes_per_pixel == 4)
        p[3] = 0xff; /* means nothing, but Weston's screenshot program takes it for alpha */
}

static void draw_rect(const struct scene *s, uint32_t serial, struct frame_rect r)
{
    for (uint32_t y = r.y_px; y < r.y_px + r.height_px; y++)
        for (uint32_t x = r.x_px; x < r.x_px + r.width_px; x++)
            put_pixel(s, x, y, rgb_at(serial, x, y));
}

static void make_frame(struct scene *s, enum frame_format format, uint32_t width_px,
                       uint32_t height_px, enum frame_rotation rotation)
{
    const struct frame_format_info *fmt = frame_format_find(format);
    const uint32_t pitch_bytes = (width_px * fmt->bytes_per_pixel + 255) / 256 * 256;
    free(s->pixels);
    s->pixels = calloc(height_px, pitch_bytes);
    CHECK(s->pixels != NULL);
    s->frame = (struct frame_view){
        .fmt = fmt,
        .width_px = width_px,
        .height_px = height_px,
        .rows_px = height_px,
        .screen_width_px = width_px,
        .screen_height_px = height_px,
        .pitch_bytes = pitch_bytes,
        .row_bytes = width_px * fmt->bytes_per_pixel,
        .rotation = rotation,
        .pixels = s->pixels,
        .pixels_bytes = (uint64_t)pitch_bytes * height_px,
        .write_pointer = &s->write_pointer,
    };
    draw_rect(s, 0, (struct frame_rect){ 0, 0, width_px, height_px });
    atomic_store(&s->write_pointer, pitch_bytes * height_px);
}

static enum render_upload upload(struct scene *s, const struct damage *damage)
{
    const struct damage full = { .full = true };
    return s->renderer->ops->upload(s->renderer, &s->frame, damage ? damage : &full);
}

/* Commits and waits until the compositor has drawn it. */
static void show(struct scene *s)
{
    s->frame_came = false;
    CHECK(s->renderer->ops->present(s->renderer, 0));
    const uint64_t deadline_ns = clock_ns() + 10 * NS_PER_S;
    while (!s->frame_came && !s->lost && clock_ns() < deadline_ns)
        CHECK(loop_run_once(s->loop, 100) >= 0);
    CHECK(s->frame_came && !s->lost);
}

/* The frame as stored -> as it should be seen. */
static uint32_t stored_at(const struct scene *s, uint32_t x, uint32_t y)
{
    const uint8_t *p =
        s->pixels + (size_t)y * s->frame.pitch_bytes + (size_t)x * s->frame.fmt->bytes_per_pixel;
    if (s->frame.fmt->format == FRAME_FORMAT_RGBA10) {
        uint32_t v;
        memcpy(&v, p, 4);
        return (v >> 2 & 0xff) << 16 | (v >> 12 & 0xff) << 8 | (v >> 22 & 0xff);
    }
    const bool blue_first =
        s->frame.fmt->format == FRAME_FORMAT_BGRA || s->frame.fmt->format == FRAME_FORMAT_BGR_32;
    return (uint32_t)(blue_first ? p[2] : p[0]) << 16 | (uint32_t)p[1] << 8 |
           (blue_first ? p[0] : p[2]);
}

/* An independent statement of "turn it clockwise". */
static uint32_t upright_at(const struct scene *s, uint32_t x, uint32_t y)
{
    const uint32_t w = s->frame.width_px, h = s->frame.height_px;
    switch (s->frame.rotation) {
    case FRAME_ROTATE_90:
        return stored_at(s, y, h - 1 - x);
    case FRAME_ROTATE_180:
        return stored_at(s, w - 1 - x, h - 1 - y);
    case FRAME_ROTATE_270:
        return stored_at(s, w - 1 - y, x);
    default:
        return stored_at(s, x, y);
    }
}

static uint32_t *expected_picture(const struct scene *s, uint32_t *width_px, uint32_t *height_px)
{
    const bool sideways = s->frame.rotation & 1;
    *width_px = sideways ? s->frame.height_px : s->frame.width_px;
    *height_px = sideways ? s->frame.width_px : s->frame.height_px;
    uint32_t *out = malloc((size_t)*width_px * *height_px * 4);
    CHECK(out != NULL);
    for (uint32_t y = 0; y < *height_px; y++)
        for (uint32_t x = 0; x < *width_px; x++)
            out[(size_t)y * *width_px + x] = upright_at(s, x, y);
    return out;
}

struct difference {
    uint32_t x, y, got, want;
};

/* Is the screen black but for `picture` at left, top? */
static bool screen_differs(const uint32_t *picture, uint32_t width_px, uint32_t height_px,
                           uint32_t left, uint32_t top, struct difference *out)
{
    uint32_t screen_width, screen_height;
    const uint32_t *screen = weston_screenshot(&screen_width, &screen_height);
    for (uint32_t y = 0; y < screen_height; y++) {
        for (uint32_t x = 0; x < screen_width; x++) {
            const bool inside = x >= left && x - left < width_px && y >= top && y - top < height_px;
            const uint32_t want =
                inside ? picture[(size_t)(y - top) * width_px + (x - left)] & 0xffffff : 0;
            *out = (struct difference){ x, y, screen[(size_t)y * screen_width + x], want };
            if (out->got != want)
                return true;
        }
    }
    return false;
}

/* Weston shows a window that is new on the screen black for some frames: what is committed has to
 * appear within a second. */
static void check_screen(const uint32_t *picture, uint32_t width_px, uint32_t height_px,
                         uint32_t left, uint32_t top)
{
    struct difference d;
    const uint64_t deadline_ns = clock_ns() + NS_PER_S;
    while (screen_differs(picture, width_px, height_px, left, top, &d))
        CHECK_MSG(clock_ns() < deadline_ns, "pixel %u,%u is %06x, expected %06x", d.x, d.y, d.got,
                  d.want);
}

static void check_shown(struct scene *s, uint32_t left, uint32_t top)
{
    uint32_t width_px, height_px;
    uint32_t *picture = expected_picture(s, &width_px, &height_px);
    check_screen(picture, width_px, height_px, left, top);
    free(picture);
}

TEST(pixel_types)
{
    static const enum frame_format formats[] = { FRAME_FORMAT_BGRA, FRAME_FORMAT_RGBA,
                                                 FRAME_FORMAT_RGBA10, FRAME_FORMAT_BGR_32,
                                                 FRAME_FORMAT_RGB_24 };
    struct scene s = { 0 };
    open_scene(&s, 320, 240, 1);
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        make_frame(&s, formats[i], 320, 240, FRAME_ROTATE_0);
        CHECK_INT(upload(&s, NULL), RENDER_UPLOAD_OK);
        show(&s);
        check_shown(&s, 0, 0);
    }
    close_scene(&s);
}

TEST(rotations)
{
    struct scene s = { .geometry.no_upscale = true };
    open_scene(&s, 320, 321, 1);
    for (unsigned turn = 0; turn < 4; turn++) {
        make_frame(&s, FRAME_FORMAT_BGRA, 300, 200, (enum frame_rotation)turn);
        CHECK_INT(upload(&s, NULL), RENDER_UPLOAD_OK);
        show(&s);
        if (turn & 1)
            check_shown(&s, 60, 10);
        else
            check_shown(&s, 10, 60);
    }
    close_scene(&s);
}

TEST(whole_scale_is_exact)
{
    struct scene s = { 0 };
    open_scene(&s, 640, 480, 2);
    make_frame(&s, FRAME_FORMAT_BGRA, 640, 480, FRAME_ROTATE_0);
    CHECK_INT(upload(&s, NULL), RENDER_UPLOAD_OK);
    show(&s); /* this Weston tells the scale when the window is on the output, not before: scaled
                 twice */
    CHECK_INT(display_get_state(s.display)->scale_120, 240);
    show(&s);
    check_shown(&s, 0, 0);
    close_scene(&s);
}

TEST(only_damage_is_copied_and_every_buffer_catches_up)
{
    struct scene s = { 0 };
    struct renderer_stats before, after;
    open_scene(&s, 320, 240, 1);
    make_frame(&s, FRAME_FORMAT_BGRA, 320, 240, FRAME_ROTATE_0);
    CHECK_INT(upload(&s, NULL), RENDER_UPLOAD_OK);
    show(&s);
    for (uint32_t serial = 1; serial < 12; serial++) {
        const struct frame_rect r = { serial * 17, serial * 11, 40, 23 };
        const struct damage damage = { .count = 1, .rects = { r } };
        draw_rect(&s, serial, r);
        s.renderer->ops->stats(s.renderer, &before);
        CHECK_INT(upload(&s, &damage), RENDER_UPLOAD_OK);
        s.renderer->ops->stats(s.renderer, &after);
        CHECK_INT(after.damaged_bytes - before.damaged_bytes, 40 * 23 * 4);
        if (serial > 4) /* first each buffer needs the whole picture once */
            CHECK(after.upload_bytes - before.upload_bytes <= 4 * 40 * 23 * 4);
        show(&s);
        check_shown(&s, 0, 0);
    }
    CHECK(!s.renderer->ops->present(s.renderer, 0)); /* nothing changed: no commit */
    close_scene(&s);
}

TEST(what_was_not_shown_is_not_lost)
{
    struct scene s = { 0 };
    open_scene(&s, 320, 240, 1);
    make_frame(&s, FRAME_FORMAT_BGRA, 320, 240, FRAME_ROTATE_0);
    CHECK_INT(upload(&s, NULL), RENDER_UPLOAD_OK);
    show(&s);
    const struct damage a = { .count = 1, .rects = { { 10, 10, 50, 50 } } };
    const struct damage b = { .count = 1, .rects = { { 200, 100, 70, 60 } } };
    draw_rect(&s, 1, a.rects[0]);
    CHECK_INT(upload(&s, &a), RENDER_UPLOAD_OK);
    draw_rect(&s, 2, b.rects[0]);
    CHECK_INT(upload(&s, &b), RENDER_UPLOAD_OK);
    show(&s);
    check_shown(&s, 0, 0);
    close_scene(&s);
}

static void *write_rows(void *ctx)
{
    struct scene *s = ctx;
    for (uint32_t y = 0; y < s->frame.height_px; y += 8) {
        draw_rect(s, 1, (struct frame_rect){ 0, y, s->frame.width_px, 8 });
        atomic_store(&s->write_pointer, (y + 8) * s->frame.pitch_bytes);
        clock_sleep_until_ns(clock_ns() + NS_PER_MS);
    }
    return NULL;
}

TEST(copy_follows_the_writer)
{
    struct scene s = { 0 };
    struct renderer_stats stats;
    pthread_t writer;
    open_scene(&s, 320, 240, 1);
    make_frame(&s, FRAME_FORMAT_BGRA, 320, 240, FRAME_ROTATE_0);
    atomic_store(&s.write_pointer, 0);
    CHECK_INT(pthread_create(&writer, NULL, write_rows, &s), 0);
    CHECK_INT(upload(&s, NULL), RENDER_UPLOAD_OK);
    pthread_join(writer, NULL);
    s.renderer->ops->stats(s.renderer, &stats);
    CHECK_INT(stats.waits, 1);
    show(&s);
    check_shown(&s, 0, 0);
    close_scene(&s);
}

TEST(a_writer_that_stops_is_not_shown)
{
    struct scene s = { 0 };
    struct renderer_stats stats;
    open_scene(&s, 320, 240, 1);
    make_frame(&s, FRAME_FORMAT_BGRA, 320, 240, FRAME_ROTATE_0);
    CHECK_INT(upload(&s, NULL), RENDER_UPLOAD_OK);
    show(&s);
    const struct frame_rect all = { 0, 0, 320, 240 };
    draw_rect(&s, 1, all);
    atomic_store(&s.write_pointer, 100 * s.frame.pitch_bytes);
    CHECK_INT(upload(&s, NULL), RENDER_UPLOAD_STALLED);
    s.renderer->ops->stats(s.renderer, &stats);
    CHECK_INT(stats.wait_timeouts, 1);
    CHECK(!s.renderer->ops->present(s.renderer, 0));
    draw_rect(&s, 0, all);
    check_shown(&s, 0, 0); /* the screen has frame 0 still */
    draw_rect(&s, 2, all);
    atomic_store(&s.write_pointer, 240 * s.frame.pitch_bytes);
    CHECK_INT(upload(&s, NULL), RENDER_UPLOAD_OK);
    show(&s);
    check_shown(&s, 0, 0);
    close_scene(&s);
}

TEST(scaled_picture_fills_its_rectangle)
{
    struct scene s = { 0 };
    uint32_t width_px, height_px;
    open_scene(&s, 640, 400, 1);
    make_frame(&s, FRAME_FORMAT_BGRA, 160, 80, FRAME_ROTATE_0);
    for (uint32_t y = 0; y < 80; y++)
        for (uint32_t x = 0; x < 160; x++)
            put_pixel(&s, x, y, x < 80 ? 0xff0000 : 0x0000ff);
    CHECK_INT(upload(&s, NULL), RENDER_UPLOAD_OK);
    show(&s);
    clock_sleep_until_ns(clock_ns() + 300 * NS_PER_MS); /* see check_screen() */
    const uint32_t *screen = weston_screenshot(&width_px, &height_px);
    static const struct {
        uint32_t x, y, rgb;
    } points[] = {
        { 0, 39, 0 },           { 639, 360, 0 },      { 0, 40, 0xff0000 },
        { 300, 200, 0xff0000 }, { 0, 359, 0xff0000 }, { 340, 200, 0x0000ff },
        { 639, 359, 0x0000ff },
    };
    for (size_t i = 0; i < ARRAY_LEN(points); i++)
        CHECK_MSG(screen[points[i].y * width_px + points[i].x] == points[i].rgb,
                  "point %zu is %06x", i, screen[points[i].y * width_px + points[i].x]);
    /* Back to 1:1 and again scaled: the picture is taken along although the guest sends nothing. */
    s.geometry.no_upscale = true;
    s.renderer->ops->configure(s.renderer, display_get_state(s.display), &s.geometry);
    show(&s);
    check_shown(&s, 240, 160);
    s.geometry.no_upscale = false;
    s.renderer->ops->configure(s.renderer, display_get_state(s.display), &s.geometry);
    show(&s);
    screen = weston_screenshot(&width_px, &height_px);
    CHECK(screen[40 * width_px] == 0xff0000 && screen[39 * width_px] == 0);
    close_scene(&s);
}

static void fill_cursor(struct cursor_image *image, bool inverts)
{
    static uint32_t argb[32 * 20], xor_rgb[32 * 20];
    for (uint32_t i = 0; i < ARRAY_LEN(argb); i++) {
        argb[i] = i % 3 == 0 ? 0xff102030u + i : 0;
        xor_rgb[i] = i % 3 == 1 ? 0xffffff : 0;
    }
    *image = (struct cursor_image){
        .width_px = 32, .height_px = 20, .argb = argb, .xor_rgb = inverts ? xor_rgb : NULL
    };
}

static void check_with_cursor(struct scene *s, const struct cursor_image *image, int32_t x,
                              int32_t y, uint32_t left, uint32_t top)
{
    uint32_t width_px, height_px;
    uint32_t *picture = expected_picture(s, &width_px, &height_px);
    cursor_image_draw(image, picture, width_px * 4, width_px, height_px, x, y);
    check_screen(picture, width_px, height_px, left, top);
    free(picture);
}

static void cursor_over_picture(bool inverts, uint32_t scale, enum frame_rotation rotation)
{
    static const struct {
        int32_t x, y;
    } places[] = {
        { 100, 50 }, { 101, 50 },  { 101, 51 },  { 3, 4 },
        { -5, -7 },  { 190, 190 }, { 180, 290 }, { 100, 50 },
    };
    struct scene s = { .geometry.no_upscale = true };
    struct cursor_image image;
    open_scene(&s, 320, 320, scale);
    make_frame(&s, FRAME_FORMAT_RGBA, 300, 200, rotation);
    const uint32_t upright_height_px = rotation & 1 ? 300 : 200;
    fill_cursor(&image, inverts);
    CHECK_INT(upload(&s, NULL), RENDER_UPLOAD_OK);
    s.renderer->ops->set_cursor(s.renderer, &image, 400, 400, true); /* outside: not seen */
    show(&s);
    if (scale > 1)
        show(&s); /* the scale is known now */
    const uint32_t left = rotation & 1 ? 60 : 10, top = rotation & 1 ? 10 : 60;
    check_shown(&s, left, top);
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        if (places[i].y >= (int32_t)upright_height_px)
            continue;
        s.renderer->ops->set_cursor(s.renderer, NULL, places[i].x, places[i].y, true);
        show(&s);
        check_with_cursor(&s, &image, places[i].x, places[i].y, left, top);
    }
    /* The picture changes below it. */
    draw_rect(&s, 5, (struct frame_rect){ 0, 0, 300, 200 });
    CHECK_INT(upload(&s, NULL), RENDER_UPLOAD_OK);
    show(&s);
    check_with_cursor(&s, &image, 100, 50, left, top);
    s.renderer->ops->set_cursor(s.renderer, NULL, 100, 50, false);
    show(&s);
    check_shown(&s, left, top);
    CHECK(!s.renderer->ops->present(s.renderer, 0));
    close_scene(&s);
}

TEST(cursor)
{
    cursor_over_picture(false, 1, FRAME_ROTATE_0);
}

TEST(cursor_at_scale_2)
{
    cursor_over_picture(false, 2, FRAME_ROTATE_0);
}

TEST(inverting_cursor)
{
    cursor_over_picture(true, 1, FRAME_ROTATE_0);
}

TEST(inverting_cursor_on_a_turned_picture)
{
    cursor_over_picture(true, 1, FRAME_ROTATE_90);
}

TEST(still_and_back)
{
    struct scene s = { 0 };
    open_scene(&s, 320, 240, 1);
    uint32_t *pixels = malloc(320 * 240 * 4);
    CHECK(pixels != NULL);
    for (uint32_t i = 0; i < 320 * 240; i++)
        pixels[i] = 0xff000000u | rgb_at(9, i, 1);
    const struct still still = {
        .width_px = 320, .height_px = 240, .stride_bytes = 320 * 4, .pixels = pixels
    };
    s.renderer->ops->show_still(s.renderer, &still);
    show(&s);
    check_screen(pixels, 320, 240, 0, 0);
    make_frame(&s, FRAME_FORMAT_BGRA, 320, 240, FRAME_ROTATE_0);
    CHECK_INT(upload(&s, NULL), RENDER_UPLOAD_OK);
    show(&s);
    check_shown(&s, 0, 0);
    make_frame(&s, FRAME_FORMAT_BGRA, 160, 120, FRAME_ROTATE_0); /* scaled: on the subsurface */
    CHECK_INT(upload(&s, NULL), RENDER_UPLOAD_OK);
    show(&s);
    s.renderer->ops->show_still(s.renderer, &still);
    show(&s);
    check_screen(pixels, 320, 240, 0, 0);
    free(pixels);
    close_scene(&s);
}

TEST(compositor_dies)
{
    struct scene s = { 0 };
    open_scene(&s, 320, 240, 1);
    make_frame(&s, FRAME_FORMAT_BGRA, 320, 240, FRAME_ROTATE_0);
    CHECK_INT(upload(&s, NULL), RENDER_UPLOAD_OK);
    show(&s);
    weston_kill();
    const uint64_t deadline_ns = clock_ns() + 10 * NS_PER_S;
    while (!s.lost && clock_ns() < deadline_ns)
        CHECK(loop_run_once(s.loop, 100) >= 0);
    CHECK(s.lost);
    CHECK(!s.renderer->ops->present(s.renderer, 0));
    close_scene(&s);
}
