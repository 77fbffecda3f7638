/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/display/display.h - the window. One backend: wayland/.
 *
 * Threads: all on the render thread, whose loop it joins; listener callbacks run there.
 * The display owns connection, toplevel, states and scale; a renderer draws into its surface
 * through display_native (in display/wayland/native.h, which only render/ backends include). */
#ifndef ESPELHO_DISPLAY_DISPLAY_H
#define ESPELHO_DISPLAY_DISPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "loop/loop.h"

struct display;
struct display_native;

struct display_config {
    const char *title;
    const char *app_id;
    uint32_t width, height; /* logical, 0: 1024 x 768 until the first frame */
    bool fullscreen, maximized, borderless;
    bool inhibit_idle; /* all the time; display_set_idle_inhibit() changes it */
};

struct display_state {
    uint32_t width, height; /* logical size of the window's content */
    uint32_t scale_120;     /* 120 = 1.0 */
    bool fullscreen, maximized, activated, suspended;
};

struct display_listener {
    /* Size, scale or state changed. The renderer has to draw at this size next. */
    void (*on_configure)(void *ctx, const struct display_state *state);
    void (*on_close)(void *ctx); /* the user wants to close the window */
    void (*on_lost)(void *ctx);  /* the compositor is gone */
    /* A frame callback that came with a commit (native.h) arrived: now is a good time to draw. */
    void (*on_frame)(void *ctx, uint64_t now_ns);
    /* wp_presentation feedback of the commit tagged so (see native.h). presented_ns 0: discarded.
     * Same clock as clock_ns() if the compositor uses CLOCK_MONOTONIC; else translated. */
    void (*on_presented)(void *ctx, uint64_t tag, uint64_t presented_ns, uint32_t refresh_ns);
    void *ctx;
};

/* 0; -errno; logs why. Does the initial roundtrips; the window appears with the first commit of a
 * renderer. */
int display_create(struct loop *loop, const struct display_config *config,
                   const struct display_listener *listener, struct display **out) MUST_CHECK;
void display_destroy(struct display *display);

const struct display_state *display_get_state(const struct display *display);
struct display_native *display_get_native(struct display *display);

void display_set_title(struct display *display, const char *title);
void display_set_fullscreen(struct display *display, bool on);
void display_set_idle_inhibit(struct display *display, bool on);
/* Ask for the user's attention (xdg-activation where offered). */
void display_request_activation(struct display *display);
/* Wanted content size, logical; no effect while fullscreen, maximised or tiled. */
void display_request_size(struct display *display, uint32_t width, uint32_t height);

#endif
