/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/display/wayland/seat_private.h - the input side of the connection, shared by the seat_*.c
 * files only. Threads: input thread. */
#ifndef ESPELHO_DISPLAY_WAYLAND_SEAT_PRIVATE_H
#define ESPELHO_DISPLAY_WAYLAND_SEAT_PRIVATE_H

#include <wayland-client.h>

#include "display/seat.h"
#include "display/wayland/seat_native.h"

struct wl_cursor_theme;
struct wp_cursor_shape_device_v1;
struct wp_cursor_shape_manager_v1;
struct wp_pointer_warp_v1;
struct wp_viewport;
struct wp_viewporter;
struct xkb_context;
struct xkb_keymap;
struct xkb_state;
struct zwp_confined_pointer_v1;
struct zwp_keyboard_shortcuts_inhibit_manager_v1;
struct zwp_keyboard_shortcuts_inhibitor_v1;
struct zwp_locked_pointer_v1;
struct zwp_pointer_constraints_v1;
struct zwp_relative_pointer_manager_v1;
struct zwp_relative_pointer_v1;

enum { SEAT_KEYS = 768, SEAT_FRAME_BUTTONS = 8 };

struct seat_keyboard {
    struct wl_keyboard *wl;
    bool focused;
    bool fresh; /* the first modifiers since enter are still to come */
    uint8_t held[SEAT_KEYS / 8];
    char *keymap_text; /* what `keymap` was made of: the same again costs nothing */
    size_t keymap_bytes;
    struct xkb_keymap *keymap;
    struct xkb_state *state;
};

/* One axis of one frame, in the units that came. */
struct seat_axis {
    double continuous;
    int32_t discrete, value120;
    bool has_discrete, has_value120;
};

struct seat_pointer {
    struct wl_pointer *wl;
    struct zwp_relative_pointer_v1 *relative;
    struct wp_cursor_shape_device_v1 *shape;
    bool focused;
    uint32_t enter_serial;
    double x, y;
    struct { /* since the last wl_pointer.frame */
        struct display_motion motion;
        struct seat_axis axis[2]; /* WL_POINTER_AXIS_* */
        bool has_axis;
        struct {
            uint32_t code;
            bool down;
        } button[SEAT_FRAME_BUTTONS];
        size_t button_count;
    } frame;
    struct zwp_locked_pointer_v1 *locked; /* at most one of the two */
    struct zwp_confined_pointer_v1 *confined;
    bool constraint_active;
};

struct seat_device {
    struct display_seat *seat;
    struct wl_list link;
    struct wl_seat *wl;
    uint32_t name, version;
    struct seat_keyboard keyboard;
    struct seat_pointer pointer;
    struct zwp_keyboard_shortcuts_inhibitor_v1 *inhibitor;
};

enum seat_cursor_kind { SEAT_CURSOR_ARROW, SEAT_CURSOR_NONE, SEAT_CURSOR_IMAGE };
struct seat_cursor_buffer;

struct display_seat {
    struct display
        *display; /* borrowed; of the render thread: only display_events_came() from ours */
    struct seat_native native;
    struct loop *loop; /* borrowed */
    struct loop_source *fd_source;
    struct display_seat_listener listener;
    struct display_seat_abilities abilities;
    struct wl_event_queue *queue;
    struct wl_registry *registry;
    uint32_t serial;
    bool reading; /* wl_display_prepare_read_queue() is held */
    bool blocked; /* the socket is full: we wait for EPOLLOUT */
    bool lost;
    struct {
        struct wl_compositor *compositor;
        struct wl_shm *shm;
        struct wp_viewporter *viewporter;
        struct zwp_relative_pointer_manager_v1 *relative;
        struct zwp_pointer_constraints_v1 *constraints;
        struct zwp_keyboard_shortcuts_inhibit_manager_v1 *inhibit;
        struct wp_cursor_shape_manager_v1 *shape;
        struct wp_pointer_warp_v1 *warp;
    } global; /* each NULL if not offered */
    struct wl_list devices;
    struct seat_device *pointer; /* the one that entered last, or NULL */
    enum display_constraint wanted_constraint;
    bool wanted_inhibit;
    struct xkb_context *xkb;
    uint32_t locks;
    struct { /* seat_cursor.c */
        enum seat_cursor_kind kind;
        struct wl_surface *surface;
        struct wp_viewport *viewport;
        struct seat_cursor_buffer *buffers;  /* the newest first */
        int32_t width, height, hot_x, hot_y; /* logical */
        struct wl_surface *arrow_surface;
        struct wl_cursor_theme *theme;
    } cursor;
};

/* seat_keyboard.c */
void seat_keyboard_add(struct seat_device *d);
void seat_keyboard_drop(struct seat_device *d); /* as if the focus went */

/* seat_pointer.c */
void seat_pointer_add(struct seat_device *d);
void seat_pointer_drop(struct seat_device *d);
/* Gives it what managers offer that were bound after it. */
void seat_pointer_complete(struct seat_device *d);
void seat_pointer_constrain(struct seat_device *d); /* as display_seat.wanted_constraint says */

/* seat_cursor.c */
void seat_cursor_apply(struct seat_device *d); /* after an enter */
void seat_cursor_fini(struct display_seat *s);

#endif
