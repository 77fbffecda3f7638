/* SPDX-License-Identifier: GPL-2.0-or-later
 * Preloaded into the viewer by bench_input: its render thread computes for 20 ms whenever it has
 * taken events of its own queue from the compositor, that is, once per frame. Nobody else calls
 * wl_display_dispatch_pending() (the input thread has a queue of its own), and keys alone bring the
 * render thread nothing to take. */
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum { BUSY_MS = 20 };

struct wl_display;

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

int wl_display_dispatch_pending(struct wl_display *display);

__attribute__((visibility("default"))) int wl_display_dispatch_pending(struct wl_display *display)
{
    int (*real)(struct wl_display *) = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "wl_display_dispatch_pending");
    const int taken = real(display);
    const int64_t end_us = now_us() + BUSY_MS * 1000;
    while (taken > 0 && now_us() < end_us)
        ;
    return taken;
}
