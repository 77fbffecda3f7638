/* SPDX-License-Identifier: GPL-2.0-or-later
 * The whole viewer between a real host side over a memfd and a headless Weston. */
#include "test.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "config/client_options.h"
#include "kvmfr/host.h"
#include "viewer/viewer.h"
#include "weston.h"

enum { WIDTH = 320, HEIGHT = 240, REGION_BYTES = 16 << 20 };

struct fixture {
    int fd;
    void *mem;
    struct kvmfr_host *host;
    struct client_options options;
    struct viewer_config config;
    struct viewer_stats stats;
    pthread_t viewer;
    int result;
    _Atomic bool first_frame;
};

static void on_first_frame(void *ctx)
{
    atomic_store(&((struct fixture *)ctx)->first_frame, true);
}

static void *run_viewer(void *ctx)
{
    struct fixture *f = ctx;
    f->result = viewer_run_config(&f->config);
    return NULL;
}

static void start_host(struct fixture *f)
{
    const struct kvmfr_host_config config = { .session = { .has_os = true, .os_name = "Test OS" },
                                              .now_ms = clock_ms() };
    CHECK_INT(kvmfr_host_create(f->mem, REGION_BYTES, &config, &f->host), 0);
}

static void open_fixture(struct fixture *f)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    weston_start(WIDTH, HEIGHT, 1);
    f->fd = memfd_create("test-region", MFD_CLOEXEC);
    CHECK(f->fd >= 0 && ftruncate(f->fd, REGION_BYTES) == 0);
    f->mem = mmap(NULL, REGION_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, f->fd, 0);
    CHECK(f->mem != MAP_FAILED);
    client_options_init(&f->options);
    f->options.app.renderer = CLIENT_RENDERER_SHM;
    f->options.win.fullscreen = f->options.win.borderless = true;
    f->config = (struct viewer_config){
        .options = &f->options,
        .region_fd = f->fd,
        .on_first_frame = on_first_frame,
        .ctx = f,
        .stats = &f->stats,
    };
}

static void start_viewer(struct fixture *f)
{
    CHECK_INT(pthread_create(&f->viewer, NULL, run_viewer, f), 0);
}

static void end_viewer(struct fixture *f)
{
    kill(getpid(), SIGTERM);
    CHECK_INT(pthread_join(f->viewer, NULL), 0);
}

static void close_fixture(struct fixture *f)
{
    kvmfr_host_destroy(f->host);
    munmap(f->mem, REGION_BYTES);
    close(f->fd);
    client_options_free(&f->options);
}

static uint32_t rgb_at(uint32_t serial, uint32_t x, uint32_t y)
{
    return 0xff000000u | ((x * 7 + serial * 40) & 0xff) << 16 | ((y * 5 + serial) & 0xff) << 8 |
           ((x ^ y) & 0xff);
}

static void tick(struct fixture *f)
{
    bool restarted;
    CHECK_INT(kvmfr_host_tick(f->host, clock_ms(), &restarted), 0);
}

/* 0, or -EAGAIN if both buffers are still being read. */
static int publish(struct fixture *f, uint32_t serial)
{
    const struct kvmfr_frame_desc desc = { .format = FRAME_FORMAT_BGRA,
                                           .width_px = WIDTH,
                                           .height_px = HEIGHT };
    struct kvmfr_frame_writer w;
    tick(f);
    const int err = kvmfr_host_begin_frame(f->host, &desc, clock_ms(), &w);
    if (err)
        return err;
    for (uint32_t y = 0; y < HEIGHT; y++)
        for (uint32_t x = 0; x < WIDTH; x++)
            ((uint32_t *)(void *)(w.pixels + (size_t)y * w.pitch_bytes))[x] = rgb_at(serial, x, y);
    kvmfr_host_end_frame(f->host, &w);
    return 0;
}

/* Keeps the host alive for so long. */
static void live(struct fixture *f, uint32_t ms)
{
    const uint64_t end_ms = clock_ms() + ms;
    while (clock_ms() < end_ms) {
        if (f->host) {
            tick(f);
            kvmfr_host_repeat_frame(f->host, clock_ms());
        }
        clock_sleep_until_ns(clock_ns() + 10 * NS_PER_MS);
    }
}

static bool shows(uint32_t serial)
{
    uint32_t width_px, height_px;
    const uint32_t *screen = weston_screenshot(&width_px, &height_px);
    CHECK(width_px == WIDTH && height_px == HEIGHT);
    for (uint32_t y = 0; y < HEIGHT; y++)
        for (uint32_t x = 0; x < WIDTH; x++)
            if (screen[y * WIDTH + x] != (rgb_at(serial, x, y) & 0xffffff))
                return false;
    return true;
}

static void await_picture(struct fixture *f, uint32_t serial)
{
    const uint64_t deadline_ns = clock_ns() + 10 * NS_PER_S;
    while (!shows(serial)) {
        CHECK_MSG(clock_ns() < deadline_ns, "frame %u did not appear", serial);
        live(f, 20);
    }
}

static void await_wanted(struct fixture *f)
{
    const uint64_t deadline_ns = clock_ns() + 10 * NS_PER_S;
    while (!kvmfr_host_wanted(f->host)) {
        CHECK_MSG(clock_ns() < deadline_ns, "the viewer did not subscribe");
        live(f, 10);
    }
}

TEST(frames_appear_and_a_static_guest_costs_nothing)
{
    static struct fixture f;
    open_fixture(&f);
    start_host(&f);
    start_viewer(&f);
    await_wanted(&f);
    for (uint32_t serial = 1; serial <= 5; serial++) {
        CHECK_INT(publish(&f, serial), 0);
        await_picture(&f, serial);
    }
    CHECK(atomic_load(&f.first_frame));
    live(&f, 1000);
    end_viewer(&f);
    CHECK_INT(f.result, 0);
    CHECK_INT(f.stats.frames_shown, 5);
    CHECK_INT(f.stats.renderer.presents, 5); /* not one more in the second of silence */
    CHECK_STR(f.stats.renderer_name, "shm");
    CHECK(f.stats.first_commit_ns > 0);
    close_fixture(&f);
}

static void await_waiting_screen(struct fixture *f)
{
    uint32_t width_px, height_px;
    const uint64_t deadline_ns = clock_ns() + 10 * NS_PER_S;
    while (weston_screenshot(&width_px, &height_px)[0] != 0x16181c) {
        CHECK_MSG(clock_ns() < deadline_ns, "no waiting screen");
        live(f, 20);
    }
}

TEST(waiting_screen_until_the_host_comes)
{
    static struct fixture f;
    open_fixture(&f);
    start_viewer(&f);
    await_waiting_screen(&f);
    start_host(&f);
    await_wanted(&f);
    CHECK_INT(publish(&f, 1), 0);
    await_picture(&f, 1);
    end_viewer(&f);
    CHECK_INT(f.result, 0);
    close_fixture(&f);
}

/* A block of pixels at the pointer's place? The rest is the picture's. */
static bool shows_pointer(uint32_t serial, uint32_t x, uint32_t y, uint32_t rgb)
{
    uint32_t width_px, height_px;
    const uint32_t *screen = weston_screenshot(&width_px, &height_px);
    return screen[y * WIDTH + x] == rgb && screen[(y + 7) * WIDTH + x + 7] == rgb &&
           screen[(y + 8) * WIDTH + x] == (rgb_at(serial, x, y + 8) & 0xffffff) &&
           screen[0] == (rgb_at(serial, 0, 0) & 0xffffff);
}

static void await_pointer(struct fixture *f, uint32_t serial, uint32_t x, uint32_t y, uint32_t rgb)
{
    const uint64_t deadline_ns = clock_ns() + 10 * NS_PER_S;
    while (!shows_pointer(serial, x, y, rgb)) {
        CHECK_MSG(clock_ns() < deadline_ns, "no pointer on frame %u", serial);
        live(f, 20);
    }
}

static void restart_host(struct fixture *f)
{
    kvmfr_host_destroy(f->host);
    f->host = NULL;
    await_waiting_screen(f);
    start_host(f);
    await_wanted(f);
}

/* Hosts tell a new reader their pointer at once, and not again until it moves: "waiting for the
 * first picture" may come after that, and the picture must show the pointer all the same. */
TEST(pointer_that_came_before_the_waiting_screen)
{
    static struct fixture f;
    static uint32_t pixels[8 * 8];
    const struct cursor_shape shape = { .type = CURSOR_COLOUR,
                                        .width_px = 8,
                                        .height_px = 8,
                                        .pitch_bytes = 8 * 4,
                                        .data_bytes = sizeof(pixels),
                                        .data = (uint8_t *)pixels };
    memset(pixels, 0xff, sizeof(pixels));
    open_fixture(&f);
    start_host(&f);
    start_viewer(&f);
    await_wanted(&f);
    CHECK_INT(publish(&f, 1), 0);
    await_picture(&f, 1);
    restart_host(&f);
    CHECK_INT(kvmfr_host_pointer(f.host, 40, 30, true, &shape, clock_ms()), 0);
    live(&f, 4 * VIEWER_WAITING_NS / NS_PER_MS);
    CHECK_INT(publish(&f, 2), 0);
    await_pointer(&f, 2, 40, 30, 0xffffff);

    restart_host(&f); /* this one tells none: the other's is not shown */
    CHECK_INT(publish(&f, 3), 0);
    await_picture(&f, 3);
    end_viewer(&f);
    CHECK_INT(f.result, 0);
    close_fixture(&f);
}

TEST(host_is_restarted)
{
    static struct fixture f;
    open_fixture(&f);
    start_host(&f);
    start_viewer(&f);
    await_wanted(&f);
    CHECK_INT(publish(&f, 1), 0);
    await_picture(&f, 1);
    kvmfr_host_destroy(f.host);
    start_host(&f);
    await_wanted(&f);
    CHECK_INT(publish(&f, 2), 0);
    await_picture(&f, 2);
    end_viewer(&f);
    close_fixture(&f);
}

/* A compositor that stands still must not make the host stand still: frames come back unshown, and
 * afterwards the newest is seen. */
TEST(slow_compositor_does_not_hold_the_host)
{
    static struct fixture f;
    open_fixture(&f);
    start_host(&f);
    start_viewer(&f);
    await_wanted(&f);
    CHECK_INT(publish(&f, 1), 0);
    await_picture(&f, 1);
    weston_pause(true);
    uint32_t serial = 1;
    uint64_t longest_ms = 0, last_ms = clock_ms();
    const uint64_t end_ms = last_ms + 3000;
    while (clock_ms() < end_ms) {
        if (publish(&f, serial + 1) == 0) {
            serial++;
            last_ms = clock_ms();
        }
        longest_ms = clock_ms() - last_ms > longest_ms ? clock_ms() - last_ms : longest_ms;
        clock_sleep_until_ns(clock_ns() + 15 * NS_PER_MS);
    }
    CHECK_MSG(longest_ms < 900, "the host could not publish for %llu ms",
              (unsigned long long)longest_ms);
    weston_pause(false);
    await_picture(&f, serial);
    end_viewer(&f);
    CHECK_INT(f.stats.source.restarts, 0); /* never evicted */
    close_fixture(&f);
}

TEST(ends_after_its_duration)
{
    static struct fixture f;
    open_fixture(&f);
    f.config.duration_ms = 200;
    start_viewer(&f);
    CHECK_INT(pthread_join(f.viewer, NULL), 0);
    CHECK_INT(f.result, 0);
    close_fixture(&f);
}

TEST(compositor_dies)
{
    static struct fixture f;
    open_fixture(&f);
    start_host(&f);
    start_viewer(&f);
    await_wanted(&f);
    CHECK_INT(publish(&f, 1), 0);
    await_picture(&f, 1);
    weston_kill();
    CHECK_INT(pthread_join(f.viewer, NULL), 0);
    CHECK_INT(f.result, -EPIPE);
    close_fixture(&f);
}

TEST(no_compositor)
{
    static struct fixture f;
    open_fixture(&f);
    weston_kill();
    setenv("WAYLAND_DISPLAY", "nobody-listens", 1);
    start_viewer(&f);
    CHECK_INT(pthread_join(f.viewer, NULL), 0);
    CHECK(f.result < 0);
    close_fixture(&f);
}
