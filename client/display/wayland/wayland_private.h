/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/display/wayland/wayland_private.h - the window's state, shared by the files of this folder
 * only. Threads: render thread. */
#ifndef ESPELHO_DISPLAY_WAYLAND_WAYLAND_PRIVATE_H
#define ESPELHO_DISPLAY_WAYLAND_WAYLAND_PRIVATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include <wayland-client.h>

#include "display/display.h"
#include "display/wayland/native.h"

struct libdecor;
struct libdecor_frame;
struct wp_content_type_manager_v1;
struct wp_content_type_v1;
struct wp_fractional_scale_manager_v1;
struct wp_fractional_scale_v1;
struct wp_presentation;
struct xdg_activation_token_v1;
struct xdg_activation_v1;
struct xdg_surface;
struct xdg_toplevel;
struct xdg_wm_base;
struct zwp_idle_inhibit_manager_v1;
struct zwp_idle_inhibitor_v1;
struct zxdg_decoration_manager_v1;
struct zxdg_toplevel_decoration_v1;

/* What a toplevel role learns with each configure. */
struct toplevel_configure {
    uint32_t width, height; /* logical; 0: ours to choose */
    bool fullscreen, maximized, tiled, activated, suspended;
};

/* The two ways to be a toplevel: xdg-shell alone, or libdecor around it. Chosen once, at create. */
struct toplevel_ops {
    const char *name;
    int (*create)(struct display *d); /* after the first roundtrip; sends the initial commit */
    void (*destroy)(struct display *d);
    int (*dispatch)(
        struct display *d); /* NULL: wl_display_dispatch_pending() is enough. -1: connection lost */
    void (*set_title)(struct display *d, const char *title);
    void (*set_fullscreen)(struct display *d, bool on);
    void (*resize)(struct display *d); /* d->state has a size that we chose */
};
extern const struct toplevel_ops toplevel_xdg_ops;
extern const struct toplevel_ops toplevel_libdecor_ops;

struct display {
    struct display_native native;
    struct loop *loop; /* borrowed */
    struct display_listener listener;
    struct display_state state;
    const struct toplevel_ops *toplevel; /* NULL until its create */
    struct loop_source *fd_source;
    struct wl_registry *registry;

    uint32_t float_width, float_height;         /* size while nobody imposes one */
    uint32_t bounds_width, bounds_height;       /* the largest sensible floating size, 0 unknown */
    uint32_t committed_width, committed_height; /* of the last commit of the root surface */
    bool tiled, configured, live /* listeners may be called */, lost;
    bool reading; /* wl_display_prepare_read() is held */
    /* Another thread reads the socket for all queues, and raises `events` when ours may have got
     * something. Then this one never holds a read: who reads would have to wait for it. */
    _Atomic bool read_elsewhere;
    struct loop_source *events;
    uint32_t watched; /* epoll events of the socket */
    bool want_fullscreen, want_maximized, borderless;
    const char *title, *app_id; /* during create only */

    struct {
        struct xdg_wm_base *wm_base;
        struct wl_seat *seat;
        struct zxdg_decoration_manager_v1 *decoration;
        struct wp_presentation *presentation;
        struct zwp_idle_inhibit_manager_v1 *idle;
        struct xdg_activation_v1 *activation;
        struct wp_fractional_scale_manager_v1 *fractional;
        struct wp_content_type_manager_v1 *content_type;
    } global; /* each NULL if not offered */

    struct { /* toplevel_xdg.c */
        struct xdg_surface *surface;
        struct xdg_toplevel *toplevel;
        struct zxdg_toplevel_decoration_v1 *decoration;
        struct toplevel_configure pending;
    } xdg;
    struct { /* toplevel_libdecor.c */
        struct libdecor *context;
        struct libdecor_frame *frame;
    } decor;
    struct { /* scale.c */
        struct wp_fractional_scale_v1 *fractional;
        struct wl_list outputs;
        uint32_t fractional_120;   /* 0: not told */
        uint32_t preferred_factor; /* of wl_surface, 0: not told */
    } scale;
    struct { /* presentation.c */
        clockid_t clock;
        struct wl_list feedbacks;
        struct wl_callback *frame;        /* outstanding, or NULL */
        struct wl_surface *frame_surface; /* whose it is */
    } present;
    struct { /* attention.c */
        struct zwp_idle_inhibitor_v1 *inhibitor;
        struct xdg_activation_token_v1 *token;
        struct wp_content_type_v1 *content_type;
    } attention;
};

/* display.c. A toplevel role calls configure() to settle size and states, tells xdg-shell about
 * them, then calls notify(). */
void display_configure(struct display *d, const struct toplevel_configure *configure);
void display_notify(struct display *d);
void display_set_scale(struct display *d, uint32_t scale_120);
void display_lost(struct display *d); /* says why, once */
/* Any thread; the seat's, which is the reader while it exists. */
void display_set_read_elsewhere(struct display *d, bool on);
void display_events_came(struct display *d);

/* registry.c. 0 or -errno; logs what is missing. */
int registry_bind(struct display *d) MUST_CHECK;
void registry_release(struct display *d);

/* scale.c */
void scale_init(struct display *d);
void scale_watch_surface(struct display *d);
void scale_add_output(struct display *d, uint32_t name, uint32_t version);
void scale_remove_output(struct display *d, uint32_t name);
void scale_fini(struct display *d);

/* presentation.c */
void presentation_init(struct display *d);
void presentation_watch_clock(struct display *d);
void presentation_fini(struct display *d);

/* attention.c: idle inhibition, activation, content type */
void attention_start(struct display *d, bool inhibit_idle);
void attention_fini(struct display *d);

#endif
