/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/input/input_private.h - the router's state, shared by the files of this folder only.
 * Threads: input thread. */
#ifndef ESPELHO_INPUT_INPUT_PRIVATE_H
#define ESPELHO_INPUT_INPUT_PRIVATE_H

#include "input/input.h"
#include "input/keymap.h"

struct input_point {
    double x, y;
};

enum input_pointer_kind {
    INPUT_POINTER_UNSET,
    INPUT_POINTER_ARROW,
    INPUT_POINTER_HIDDEN,
    INPUT_POINTER_IMAGE,
};

struct input {
    struct loop *loop; /* borrowed */
    struct input_config config;
    struct input_sink_ops sink;
    void *sink_ctx;
    struct input_listener listener;
    struct input_seat_ops seat; /* all NULL: none */
    void *seat_ctx;

    /* What may go out. */
    bool connected, view_only;
    char *blocked; /* owned reason, or NULL */
    uint64_t hinted_ns;
    enum input_mouse_mode mode; /* the server's */
    bool focused, started;      /* started: capture_on_start had its chance */

    struct {
        bool on, automatic;
        bool suspended; /* auto-capture waits until the pointer left: the user let go by hand */
        bool confined;  /* by positions instead of motion */
    } capture;

    struct {                          /* keys.c */
        bool desktop[KEYMAP_CODES];   /* held, as the seat says */
        bool guest[KEYMAP_CODES];     /* down in the guest */
        uint16_t proxy[KEYMAP_CODES]; /* a bound key that stands for another one while held */
        bool escape, escape_used, help, ctrl_alt;
        struct loop_source *help_timer;
        const struct binding *macro; /* running, or NULL */
        size_t macro_at;
        bool by_macro[KEYMAP_CODES];
        struct loop_source *macro_timer;
    } keys;

    struct { /* locks.c */
        uint32_t desktop, guest;
        bool desktop_known, guest_known;
        struct loop_source *timer; /* runs while the guest is still busy with a lock key */
        uint64_t key_ns;           /* when a lock key went to the guest */
    } locks;

    struct { /* pointer.c */
        bool inside;
        struct input_point at; /* logical */
        uint32_t held;         /* bit n: evdev button BTN_LEFT + n is down in the guest */
        int32_t wheel_120[2];
        struct input_point remainder;
        bool predicted_known;
        struct input_point predicted; /* where the guest's pointer should be, own desktop */
        uint64_t moved_ns;
        unsigned corrections;
        bool sent_known;
        uint32_t sent_x, sent_y; /* the last position */
    } pointer;

    struct {
        struct geometry geometry;
        uint32_t scale_120;
        enum frame_rotation user_rotation;
        uint32_t space_width_px, space_height_px;
    } view;

    struct { /* cursor.c */
        struct input_cursor shape;
        uint32_t *argb; /* owned */
        bool position_known;
        int32_t x_px, y_px;
        enum input_pointer_kind shown;
        bool image_stale; /* shape or scale changed since it was shown */
        bool drawn;       /* what on_cursor_drawn was told last */
    } cursor;
};

/* input.c */
bool input_may_send(const struct input *in);
void input_hint(struct input *in, const char *text);
void input_activity(struct input *in);
void input_capture(struct input *in, bool on, bool automatic);
void input_want_mode(struct input *in);

/* keys.c */
int input_keys_init(struct input *in) MUST_CHECK;
void input_keys_fini(struct input *in);
void input_keys_release(struct input *in); /* sends what lets go of everything */
void input_keys_forget(struct input *in);  /* sends nothing */
void input_keys_on_enter(void *ctx, const uint32_t *keys, size_t count);
void input_keys_on_leave(void *ctx);
void input_keys_on_key(void *ctx, uint32_t key, bool down);
void input_guest_key(struct input *in, uint32_t key, bool down);

/* locks.c */
int input_locks_init(struct input *in) MUST_CHECK;
void input_locks_fini(struct input *in);
void input_locks_on_locks(void *ctx, uint32_t locks);
void input_locks_key_sent(struct input *in, uint32_t key);
void input_locks_sync(struct input *in); /* the desktop's state to the guest, where it differs */

/* pointer.c */
void input_pointer_release(struct input *in);
void input_pointer_forget(struct input *in);
void input_pointer_on_enter(void *ctx, double x, double y);
void input_pointer_on_leave(void *ctx);
void input_pointer_on_motion(void *ctx, const struct display_motion *motion);
void input_pointer_on_button(void *ctx, uint32_t button, bool down);
void input_pointer_on_wheel(void *ctx, const struct display_wheel *wheel);
void input_pointer_guest_moved(struct input *in);
bool input_pointer_over_picture(const struct input *in);
bool input_pointer_absolute(const struct input *in); /* positions go out, not motion */
struct input_point input_guest_to_logical(const struct input *in, double x_px, double y_px);

/* cursor.c */
void input_cursor_update(struct input *in);

#endif
