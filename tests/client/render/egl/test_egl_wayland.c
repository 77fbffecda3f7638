/* SPDX-License-Identifier: GPL-2.0-or-later
 * The egl backend on a real compositor (headless): what a screenshot shows equals what the CPU
 * computes, pixel by pixel. */
#include <errno.h>
#include <png.h>
#include <unistd.h>

#include "base/clock.h"
#include "demo/headless.h"
#include "display/wayland/native.h"
#include "gl_fixture.h"
#include "render/egl/egl_renderer.h"
#include "test.h"

enum { W = 640, H = 480, PATIENCE_MS = 10000 };

struct session {
    struct headless *headless;
    struct loop *loop;
    struct display *display;
    struct renderer *renderer;
    uint32_t frames; /* frame callbacks */
    bool lost;
};

static const struct geometry_config plain = { .keep_aspect = true };

static void on_configure(void *ctx, const struct display_state *state)
{
    struct session *s = ctx;
    if (s->renderer)
        s->renderer->ops->configure(s->renderer, state, &plain);
}

static void on_frame(void *ctx, uint64_t now_ns)
{
    (void)now_ns;
    ((struct session *)ctx)->frames++;
}

static void on_lost(void *ctx)
{
    ((struct session *)ctx)->lost = true;
}

static void on_nothing(void *ctx)
{
    (void)ctx;
}

static void on_presented(void *ctx, uint64_t tag, uint64_t presented_ns, uint32_t refresh_ns)
{
    (void)ctx;
    (void)tag;
    (void)presented_ns;
    (void)refresh_ns;
}

static struct headless *running;

static void end_compositor(void) /* also when a CHECK ends the case */
{
    headless_stop(running);
    running = NULL;
}

static void session_open(struct session *s)
{
    *s = (struct session){ 0 };
    const int err = headless_start(W, H, &s->headless);
    running = s->headless;
    if (err == 0)
        atexit(end_compositor);
    if (err == -ENOENT)
        SKIP("no weston here");
    CHECK_INT(err, 0);
    CHECK(loop_create(&s->loop) == 0);
    const struct display_config config = {
        .title = "test", .app_id = "test", .width = W, .height = H, .fullscreen = true
    };
    const struct display_listener listener = { .on_configure = on_configure,
                                               .on_close = on_nothing,
                                               .on_lost = on_lost,
                                               .on_frame = on_frame,
                                               .on_presented = on_presented,
                                               .ctx = s };
    CHECK(display_create(s->loop, &config, &listener, &s->display) == 0);
}

static void session_close(struct session *s)
{
    if (s->renderer)
        s->renderer->ops->destroy(s->renderer);
    display_destroy(s->display);
    loop_destroy(s->loop);
    end_compositor();
}

static void use_egl(struct session *s)
{
    const struct renderer_config config = { .display = s->display, .geometry = plain };
    const char *why = NULL;
    const int err = renderer_egl_ops.create(&config, &s->renderer, &why);
    CHECK_MSG(err == 0, "egl: %s", why);
    gl_fixture_pin_driver();
}

/* Presents, and waits until the compositor has drawn it. */
static void show(struct session *s)
{
    const uint64_t end_ms = clock_ms() + PATIENCE_MS;
    while (!s->renderer->ops->present(s->renderer, 0)) {
        CHECK_MSG(clock_ms() < end_ms, "the window never became ready");
        CHECK(loop_run_once(s->loop, 50) >= 0);
    }
    for (const uint32_t before = s->frames; s->frames == before;) {
        CHECK_MSG(clock_ms() < end_ms && !s->lost, "no frame callback");
        CHECK(loop_run_once(s->loop, 50) >= 0);
    }
}

static uint32_t *screenshot(struct session *s)
{
    char path[] = "/tmp/espelho-test-XXXXXX";
    const int fd = mkstemp(path);
    CHECK(fd >= 0);
    close(fd);
    CHECK(headless_screenshot(s->headless, path) == 0);
    png_image image = { .version = PNG_IMAGE_VERSION };
    CHECK(png_image_begin_read_from_file(&image, path));
    image.format = PNG_FORMAT_BGRA;
    CHECK_INT(image.width, W);
    CHECK_INT(image.height, H);
    uint32_t *px = malloc((size_t)W * H * 4);
    CHECK(px && png_image_finish_read(&image, NULL, px, 0, NULL));
    unlink(path);
    return px;
}

/* `want` is w x h, shown at x, y with black around. */
static void check_shown(struct session *s, const uint32_t *want, uint32_t w, uint32_t h,
                        uint32_t tolerance, const char *what)
{
    uint32_t *got = screenshot(s);
    const uint32_t x0 = (W - w) / 2, y0 = (H - h) / 2;
    for (uint32_t y = 0; y < H; y++) {
        for (uint32_t x = 0; x < W; x++) {
            const bool inside = x >= x0 && y >= y0 && x - x0 < w && y - y0 < h;
            const uint32_t a = got[y * W + x],
                           b = inside ? want[(y - y0) * w + x - x0] : 0xff000000u;
            for (uint32_t shift = 0; shift < 24; shift += 8)
                CHECK_MSG(abs((int)(a >> shift & 0xff) - (int)(b >> shift & 0xff)) <=
                              (int)tolerance,
                          "%s: pixel %u,%u is %06x, expected %06x", what, x, y, a & 0xffffff,
                          b & 0xffffff);
        }
    }
    free(got);
}

static void upload(struct session *s, const struct test_frame *frame, const struct damage *damage)
{
    CHECK_INT(s->renderer->ops->upload(s->renderer, &frame->view, damage), RENDER_UPLOAD_OK);
}

TEST(every_format_reaches_the_screen)
{
    static const struct {
        enum frame_format format;
        uint32_t flags, tolerance;
    } rows[] = {
        { FRAME_FORMAT_BGRA, 0, 0 },
        { FRAME_FORMAT_RGBA, 0, 0 },
        { FRAME_FORMAT_RGBA10, 0, 0 },
        { FRAME_FORMAT_BGR_32, 0, 0 },
        { FRAME_FORMAT_RGB_24, 0, 0 },
        { FRAME_FORMAT_RGBA16F, FRAME_FLAG_HDR, 1 },
        { FRAME_FORMAT_RGBA10, FRAME_FLAG_HDR | FRAME_FLAG_HDR_PQ, 1 },
    };
    struct session s;
    struct damage full = { .full = true };
    session_open(&s);
    use_egl(&s);
    for (uint32_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
        struct test_frame frame;
        uint32_t w, h;
        const enum frame_rotation rotation = i % 2 ? FRAME_ROTATE_90 : FRAME_ROTATE_0;
        /* upright it fills the window: 1:1 */
        test_frame_init(&frame, rows[i / 2].format, rows[i / 2].flags, i % 2 ? H : W, i % 2 ? W : H,
                        0, rotation);
        uint32_t *want = test_frame_upright(&frame, FRAME_ROTATE_0, &w, &h);
        upload(&s, &frame, &full);
        show(&s);
        CHECK(s.renderer->ops->geometry(s.renderer)->exact);
        check_shown(&s, want, w, h, rows[i / 2].tolerance, frame.view.fmt->name);
        free(want);
        test_frame_fini(&frame);
    }
    session_close(&s);
}

TEST(damage_cursor_and_stills)
{
    struct session s;
    struct test_frame frame;
    struct damage full = { .full = true }, part = { 0 };
    struct cursor_image image;
    uint32_t w, h;
    uint8_t data[4 * 32 * 32];
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(test_random() >> 8);
    const struct cursor_shape shape = { .type = CURSOR_MASKED_COLOUR,
                                        .width_px = 32,
                                        .height_px = 32,
                                        .pitch_bytes = 128,
                                        .data = data,
                                        .data_bytes = sizeof(data) };
    CHECK(cursor_image_from_shape(&shape, &image) == 0);
    session_open(&s);
    use_egl(&s);
    test_frame_init(&frame, FRAME_FORMAT_BGRA, 0, W, H, 0, FRAME_ROTATE_180);
    uint32_t *still_px = calloc((size_t)W * H, 4);
    CHECK(still_px);
    for (size_t i = 0; i < (size_t)W * H; i++)
        still_px[i] = test_random();
    s.renderer->ops->show_still(s.renderer, &(struct still){ W, H, W * 4, still_px });
    show(&s);
    check_shown(&s, still_px, W, H, 0, "still");
    free(still_px);
    upload(&s, &frame, &full);
    s.renderer->ops->set_cursor(s.renderer, &image, -5, 100, true);
    show(&s);
    for (int32_t i = 0; i < 4; i++) {
        damage_clear(&part);
        for (int k = 0; k < 3; k++) {
            const struct frame_rect r = { test_below(W - 50), test_below(H - 50),
                                          1 + test_below(50), 1 + test_below(50) };
            test_frame_touch(&frame, r);
            damage_add_rect(&part, r);
        }
        upload(&s, &frame, &part);
        s.renderer->ops->set_cursor(s.renderer, NULL, 200 * i, 150 * i - 20, true);
        show(&s);
        uint32_t *want = test_frame_upright(&frame, FRAME_ROTATE_0, &w, &h);
        cursor_image_draw(&image, want, w * 4, w, h, 200 * i, 150 * i - 20);
        check_shown(&s, want, w, h, 0, "damage and cursor");
        free(want);
    }
    CHECK(!s.renderer->ops->present(s.renderer, 0)); /* nothing changed: no commit */
    struct renderer_stats stats;
    s.renderer->ops->stats(s.renderer, &stats);
    CHECK(stats.upload_bytes <= stats.damaged_bytes * 105 / 100);
    test_frame_fini(&frame);
    cursor_image_fini(&image);
    session_close(&s);
}

/* A smaller guest, black around it; and back to one that fits after a change of mode. */
TEST(modes_change)
{
    static const struct {
        uint32_t w, h;
    } modes[] = { { W, H }, { 320, 240 }, { 100, 480 }, { W, H } };
    struct session s;
    struct damage full = { .full = true };
    session_open(&s);
    const struct renderer_config config = {
        .display = s.display, .geometry = { .keep_aspect = true, .no_upscale = true }
    };
    const char *why = NULL;
    CHECK(renderer_egl_ops.create(&config, &s.renderer, &why) == 0);
    gl_fixture_pin_driver();
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        struct test_frame frame;
        uint32_t w, h;
        test_frame_init(&frame, i % 2 ? FRAME_FORMAT_RGB_24 : FRAME_FORMAT_BGRA, 0, modes[i].w,
                        modes[i].h, 0, FRAME_ROTATE_0);
        uint32_t *want = test_frame_upright(&frame, FRAME_ROTATE_0, &w, &h);
        upload(&s, &frame, &full);
        /* the fixture's configure has other options: set ours again, as the viewer does */
        s.renderer->ops->configure(s.renderer, display_get_state(s.display), &config.geometry);
        show(&s);
        s.renderer->ops->configure(s.renderer, display_get_state(s.display), &config.geometry);
        show(&s);
        check_shown(&s, want, w, h, 0, "mode");
        free(want);
        test_frame_fini(&frame);
    }
    session_close(&s);
}

static uint32_t resets_left;

/* What a driver says after a GPU reset: lost once, then the new context is sound. */
static GLenum fake_reset_status(void)
{
    if (resets_left == 0)
        return GL_NO_ERROR;
    resets_left--;
    return GL_UNKNOWN_CONTEXT_RESET_EXT;
}

/* The GPU is reset between two frames: with little damage, everything is there again. */
TEST(lost_context_is_made_anew)
{
    struct session s;
    struct test_frame frame;
    struct damage full = { .full = true }, part = { 0 };
    struct cursor_image image;
    uint32_t w, h;
    uint8_t data[4 * 16 * 16];
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(test_random() >> 8);
    const struct cursor_shape shape = { .type = CURSOR_MASKED_COLOUR,
                                        .width_px = 16,
                                        .height_px = 16,
                                        .pitch_bytes = 64,
                                        .data = data,
                                        .data_bytes = sizeof(data) };
    CHECK(cursor_image_from_shape(&shape, &image) == 0);
    session_open(&s);
    use_egl(&s);
    test_frame_init(&frame, FRAME_FORMAT_BGRA, 0, W, H, 0, FRAME_ROTATE_0);
    upload(&s, &frame, &full);
    s.renderer->ops->set_cursor(s.renderer, &image, 50, 60, true);
    show(&s);
    struct egl_renderer *r = container_of(s.renderer, struct egl_renderer, base);
    r->egl.gl.GetGraphicsResetStatus = fake_reset_status;
    resets_left = 1;
    test_frame_touch(&frame, (struct frame_rect){ 1, 2, 3, 4 });
    damage_add_rect(&part, (struct frame_rect){ 1, 2, 3, 4 });
    const uint64_t bytes_before = r->stats.upload_bytes;
    upload(&s, &frame, &part);
    CHECK_INT(resets_left, 0);
    CHECK_INT(r->stats.upload_bytes - bytes_before, W * H * 4); /* all of it, not the damage */
    show(&s);
    uint32_t *want = test_frame_upright(&frame, FRAME_ROTATE_0, &w, &h);
    cursor_image_draw(&image, want, w * 4, w, h, 50, 60);
    check_shown(&s, want, w, h, 0, "after a reset");
    free(want);
    test_frame_fini(&frame);
    cursor_image_fini(&image);
    session_close(&s);
}

static bool is_mapped(const char *part)
{
    char line[4096];
    bool found = false;
    FILE *f = fopen("/proc/self/maps", "r");
    CHECK(f);
    while (fgets(line, sizeof(line), f))
        found |= strstr(line, part) != NULL;
    fclose(f);
    return found;
}

/* Without a GPU the choice is shm, and no GL driver is mapped for finding that out. */
TEST(software_choice_loads_no_driver)
{
    struct session s;
    session_open(&s);
    const struct renderer_config config = { .display = s.display, .geometry = plain };
    CHECK(renderer_create("auto", &config, &s.renderer) == 0);
    if (strcmp(s.renderer->ops->name, "egl") == 0) {
        session_close(&s);
        SKIP("there is a GPU here");
    }
    CHECK_STR(s.renderer->ops->name, "shm");
    CHECK(!is_mapped("libEGL"));
    CHECK(!is_mapped("libLLVM"));
    CHECK(!is_mapped("swrast"));
    session_close(&s);
}
