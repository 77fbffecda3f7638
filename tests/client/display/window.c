/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "window.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "display/display.h"
#include "display/wayland/native.h"
#include "test.h"

struct test_window {
    pthread_t thread;
    struct loop *loop;
    struct display *display;
    struct wl_buffer *buffer;
    uint32_t busy_ms;
    _Atomic bool drawn;
};

static void fill(struct test_window *w, uint32_t width, uint32_t height)
{
    const struct display_native *n = display_get_native(w->display);
    const size_t bytes = (size_t)width * height * 4;
    const int fd = memfd_create("window", MFD_CLOEXEC);
    CHECK(fd >= 0 && ftruncate(fd, (off_t)bytes) == 0);
    struct wl_shm_pool *pool = wl_shm_create_pool(n->shm, fd, (int32_t)bytes);
    w->buffer = wl_shm_pool_create_buffer(pool, 0, (int32_t)width, (int32_t)height,
                                          (int32_t)width * 4, WL_SHM_FORMAT_XRGB8888);
    wl_shm_pool_destroy(pool);
    close(fd);
}

static void draw(struct test_window *w)
{
    const struct display_native *n = display_get_native(w->display);
    wl_surface_attach(n->surface, w->buffer, 0, 0);
    wl_surface_damage(n->surface, 0, 0, INT32_MAX, INT32_MAX);
    display_native_prepare_commit(w->display, n->surface, 0);
    wl_surface_commit(n->surface);
    atomic_store(&w->drawn, true);
}

static void on_configure(void *ctx, const struct display_state *s)
{
    struct test_window *w = ctx;
    if (w->buffer)
        wl_buffer_destroy(w->buffer);
    fill(w, s->width, s->height);
    draw(w);
}

static void on_frame(void *ctx, uint64_t now_ns)
{
    struct test_window *w = ctx;
    if (!w->busy_ms)
        return;
    while (clock_ns() < now_ns + w->busy_ms * NS_PER_MS)
        ;
    draw(w);
}

static void *render(void *ctx)
{
    struct test_window *w = ctx;
    const struct display_config config = { .title = "test", .app_id = "espelho-test" };
    const struct display_listener listener = { .on_configure = on_configure,
                                               .on_frame = on_frame,
                                               .ctx = w };
    CHECK_INT(display_create(w->loop, &config, &listener, &w->display), 0);
    on_configure(w, display_get_state(w->display));
    CHECK_INT(loop_run(w->loop), 0);
    if (w->buffer)
        wl_buffer_destroy(w->buffer);
    display_destroy(w->display);
    return NULL;
}

struct test_window *test_window_open(uint32_t busy_ms)
{
    struct test_window *w = calloc(1, sizeof(*w));
    CHECK(w != NULL);
    w->busy_ms = busy_ms;
    CHECK_INT(loop_create(&w->loop), 0);
    CHECK_INT(pthread_create(&w->thread, NULL, render, w), 0);
    while (!atomic_load(&w->drawn))
        clock_sleep_until_ns(clock_ns() + NS_PER_MS);
    return w;
}

struct display *test_window_display(struct test_window *w)
{
    return w->display;
}

void test_window_close(struct test_window *w)
{
    loop_stop(w->loop);
    pthread_join(w->thread, NULL);
    loop_destroy(w->loop);
    free(w);
}
