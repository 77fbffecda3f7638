/* SPDX-License-Identifier: GPL-2.0-or-later
 * CPU per shown frame of the egl backend against the minimal program of minimal.h: same frames,
 * same compositor, paced by its frame callbacks, runs of both in turn. On a software rasteriser the
 * limit is a ratio of CPU times of the same run; bytes are counted. */
#include <errno.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "demo/headless.h"
#include "display/wayland/native.h"
#include "figure.h"
#include "gl_fixture.h"
#include "minimal.h"
#include "test.h"

enum { WARM_UP = 5, FRAMES = 40, PAIRS = 3, BUFFERS = 2, PATIENCE_MS = 20000 };

static const struct geometry_config plain = { .keep_aspect = true };

struct run {
    uint32_t width_px, height_px;
    enum frame_format format;
    bool is_minimal;
};

struct window {
    struct loop *loop;
    struct display *display;
    struct renderer *renderer;
    uint32_t frames;
};

static struct headless *compositor;

static void end_compositor(void)
{
    headless_stop(compositor);
    compositor = NULL;
}

static void on_configure(void *ctx, const struct display_state *state)
{
    struct window *w = ctx;
    if (w->renderer)
        w->renderer->ops->configure(w->renderer, state, &plain);
}

static void on_frame(void *ctx, uint64_t now_ns)
{
    (void)now_ns;
    ((struct window *)ctx)->frames++;
}

static void on_nothing(void *ctx)
{
    (void)ctx;
}

static void on_presented(void *ctx, uint64_t tag, uint64_t presented_ns, uint32_t refresh_ns)
{
    (void)ctx, (void)tag, (void)presented_ns, (void)refresh_ns;
}

static void wait_for_frame(struct window *w)
{
    const uint64_t end_ms = clock_ms() + PATIENCE_MS;
    for (const uint32_t before = w->frames; w->frames == before;) {
        CHECK_MSG(clock_ms() < end_ms, "no frame callback");
        CHECK(loop_run_once(w->loop, 100) >= 0);
    }
}

static double cpu_seconds(void)
{
    struct rusage u;
    CHECK(getrusage(RUSAGE_SELF, &u) == 0);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void show(struct window *w, struct minimal *m, const struct test_frame *frame)
{
    if (m) {
        minimal_show(m, &frame->view);
    } else {
        const struct damage full = { .full = true };
        CHECK_INT(w->renderer->ops->upload(w->renderer, &frame->view, &full), RENDER_UPLOAD_OK);
        CHECK(w->renderer->ops->present(w->renderer, 0));
    }
    wait_for_frame(w);
}

/* In a process of its own: CPU seconds per frame. */
static double measure(const struct run *run)
{
    struct window w = { 0 };
    struct minimal *m = NULL;
    struct test_frame frames[BUFFERS];
    const char *why = NULL;
    CHECK(loop_create(&w.loop) == 0);
    const struct display_config config = { .title = "bench",
                                           .app_id = "bench",
                                           .width = run->width_px,
                                           .height = run->height_px,
                                           .fullscreen = true };
    const struct display_listener listener = { .on_configure = on_configure,
                                               .on_close = on_nothing,
                                               .on_lost = on_nothing,
                                               .on_frame = on_frame,
                                               .on_presented = on_presented,
                                               .ctx = &w };
    CHECK(display_create(w.loop, &config, &listener, &w.display) == 0);
    for (int i = 0; i < 100 && !display_native_ready(w.display); i++)
        CHECK(loop_run_once(w.loop, 50) >= 0);
    for (int i = 0; i < BUFFERS; i++)
        test_frame_init(&frames[i], run->format, 0, run->width_px, run->height_px,
                        run->width_px * 4, FRAME_ROTATE_0);
    const struct renderer_config renderer_config = { .display = w.display, .geometry = plain };
    if (run->is_minimal)
        m = minimal_create(w.display, run->width_px, run->height_px,
                           run->format == FRAME_FORMAT_BGRA);
    else
        CHECK(renderer_egl_ops.create(&renderer_config, &w.renderer, &why) == 0);
    for (int i = 0; i < WARM_UP; i++)
        show(&w, m, &frames[i % BUFFERS]);
    const double before = cpu_seconds();
    for (int i = 0; i < FRAMES; i++)
        show(&w, m, &frames[i % BUFFERS]);
    const double used = cpu_seconds() - before;
    if (m)
        minimal_destroy(m);
    else
        w.renderer->ops->destroy(w.renderer);
    display_destroy(w.display);
    loop_destroy(w.loop);
    for (int i = 0; i < BUFFERS; i++)
        test_frame_fini(&frames[i]);
    return used / FRAMES;
}

static double measure_in_child(const struct run *run)
{
    int fds[2], status = 0;
    double result = 0;
    CHECK(pipe(fds) == 0);
    const pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        compositor = NULL; /* the parent's to end */
        const double cpu = measure(run);
        _exit(write(fds[1], &cpu, sizeof(cpu)) == sizeof(cpu) ? 0 : 1);
    }
    close(fds[1]);
    CHECK(read(fds[0], &result, sizeof(result)) == sizeof(result));
    close(fds[0]);
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return result;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof(*values), compare);
    return values[count / 2];
}

static void start_compositor(uint32_t width_px, uint32_t height_px)
{
    const int err = headless_start(width_px, height_px, &compositor);
    if (err == -ENOENT)
        SKIP("no weston here");
    CHECK_INT(err, 0);
    atexit(end_compositor);
}

/* One round: runs of both in turn, the medians as a ratio. */
static void measure_cpu(const char *name, enum frame_format format, uint32_t width_px,
                        uint32_t height_px)
{
    double ours[PAIRS], theirs[PAIRS];
    for (int i = 0; i < PAIRS; i++) {
        theirs[i] = measure_in_child(&(struct run){ width_px, height_px, format, true });
        ours[i] = measure_in_child(&(struct run){ width_px, height_px, format, false });
    }
    const double our_cpu = median(ours, PAIRS), their_cpu = median(theirs, PAIRS);
    figure_note("minimal program, CPU per frame", their_cpu * 1e3, "ms");
    figure_at_most(name, our_cpu / their_cpu, 1.15, "x minimal");
}

static void check_cpu(const char *name, enum frame_format format, uint32_t width_px,
                      uint32_t height_px)
{
    start_compositor(width_px, height_px);
    do
        measure_cpu(name, format, width_px, height_px);
    while (bench_again());
    end_compositor();
    CHECK_INT(bench_result(), 0);
}

TEST(cpu_rgba_1080p)
{
    check_cpu("egl, rgba 1920x1080 full damage, CPU per frame", FRAME_FORMAT_RGBA, 1920, 1080);
}

TEST(cpu_bgra_1080p)
{
    check_cpu("egl, bgra 1920x1080 full damage, CPU per frame", FRAME_FORMAT_BGRA, 1920, 1080);
}

TEST(cpu_bgra_2160p)
{
    check_cpu("egl, bgra 3840x2160 full damage, CPU per frame", FRAME_FORMAT_BGRA, 3840, 2160);
}

/* What a desktop does: a blinking caret, a window's worth, a scrolling strip, scattered small
 * things. */
TEST(uploaded_bytes)
{
    struct gl_fixture f;
    struct test_frame frame;
    gl_fixture_init(&f, 1920, 1080, 1, false);
    gl_scene_set_window(&f.scene, 1920, 1080, 120, &plain);
    static const enum frame_format formats[] = { FRAME_FORMAT_BGRA, FRAME_FORMAT_RGBA10,
                                                 FRAME_FORMAT_BGR_32, FRAME_FORMAT_RGB_24 };
    static const char *const names[] = { "egl, bgra, bytes uploaded", "egl, rgba10, bytes uploaded",
                                         "egl, bgr32, bytes uploaded",
                                         "egl, rgb24, bytes uploaded" };
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        struct damage d = { .full = true };
        uint64_t damaged_bytes = 0;
        test_frame_init(&frame, formats[i], 0, 1920, 1080, 0, FRAME_ROTATE_0);
        CHECK_INT(gl_scene_upload(&f.scene, &frame.view, &d, &f.stats), RENDER_UPLOAD_OK);
        const uint64_t before = f.stats.upload_bytes;
        for (uint32_t run = 0; run < 500; run++) {
            static const struct frame_rect typical[] = { { 301, 401, 20, 24 },
                                                         { 117, 93, 641, 402 },
                                                         { 0, 200, 1920, 64 },
                                                         { 64, 64, 64, 64 } };
            damage_clear(&d);
            for (uint32_t k = 0; k <= run % 4; k++) {
                struct frame_rect r = typical[test_below(4)];
                r.x_px = test_below(1920 - r.width_px + 1);
                r.y_px = test_below(1080 - r.height_px + 1);
                damage_add_rect(&d, r);
            }
            /* the pixels really damaged, each once */
            struct frame_rect apart[2 * DAMAGE_MAX_RECTS];
            const uint32_t count = damage_sorted_by_bottom(&d, 1920, 1080, apart, ARRAY_LEN(apart));
            for (uint32_t k = 0; k < count; k++)
                damaged_bytes += (uint64_t)apart[k].width_px * apart[k].height_px *
                                 frame.view.fmt->bytes_per_pixel;
            CHECK_INT(gl_scene_upload(&f.scene, &frame.view, &d, &f.stats), RENDER_UPLOAD_OK);
        }
        figure_hard(names[i], (double)(f.stats.upload_bytes - before) / (double)damaged_bytes, 1.05,
                    "x damaged");
        test_frame_fini(&frame);
    }
    gl_fixture_fini(&f);
    (void)bench_again();
    CHECK_INT(bench_result(), 0);
}
