/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/input/input.h - what of keyboard and mouse goes to the guest, and as what.
 *
 * Events come in through input_seat_listener(); what follows from them goes out to a sink (the
 * guest), to the seat (pointer lock, picture of the pointer, shortcuts) and to a listener (the
 * viewer) before the call returns: nothing is queued in between, except macros with waits.
 * Threads: everything on the input thread, callbacks too. What other threads know (geometry,
 * guest's pointer) their owner carries over, e.g. with a wake source of the input loop.
 *
 * Modes. View-only or blocked: nothing goes out. Normal: keys while the window has the focus; the
 * mouse as positions if the guest takes them (INPUT_MOUSE_ABSOLUTE), else as motion computed so
 * that the guest's pointer follows the desktop's. Captured: the desktop's pointer is locked, all
 * motion goes to the guest as motion; in absolute mode the router asks the guest for relative mode
 * and sends positions until it has it.
 *
 * Decisions worth knowing:
 * - Keys already held when the focus comes belonged to another window: they are not pressed in the
 *   guest. Shift and Ctrl are the exception (Shift held, click into the window: shift-click). Alt
 * and Meta are not: they brought the focus, and their release alone opens menus.
 * - The escape key never reaches the guest. A tap toggles capture. Held, other keys are bindings;
 *   those without a binding do nothing. What was pressed before the escape key stays pressed and is
 *   released when it is released.
 * - A key goes up in the guest exactly if it went down there.
 * - SPICE and QEMU carry the wheel as presses of two buttons, one per notch: parts of a notch are
 *   added up until one is full (turning back starts anew). SPICE has no button for horizontal
 *   wheels: horizontal notches are given to the guest as Shift + wheel if `shift_wheel`, else
 *   dropped. Buttons beyond left, middle, right, side and extra cannot be carried (FORWARD and BACK
 *   of some mice are taken as extra and side). */
#ifndef ESPELHO_INPUT_INPUT_H
#define ESPELHO_INPUT_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "display/geometry.h"
#include "display/seat.h"
#include "input/binding.h"
#include "loop/loop.h"

struct input;

enum input_mouse_mode { INPUT_MOUSE_NONE, INPUT_MOUSE_RELATIVE, INPUT_MOUSE_ABSOLUTE };
enum input_mouse_choice { INPUT_CHOOSE_AUTO, INPUT_CHOOSE_ABSOLUTE, INPUT_CHOOSE_RELATIVE };

/* Numbers of SPICE_MOUSE_BUTTON_*. */
enum input_button {
    INPUT_BUTTON_LEFT = 1,
    INPUT_BUTTON_MIDDLE,
    INPUT_BUTTON_RIGHT,
    INPUT_BUTTON_UP,
    INPUT_BUTTON_DOWN,
    INPUT_BUTTON_SIDE,
    INPUT_BUTTON_EXTRA,
};

struct input_config {
    const struct binding_table *bindings; /* borrowed */
    uint32_t help_delay_ms;               /* 0: never shown */
    enum input_mouse_choice mouse;
    int32_t sensitivity; /* -9..9: each step is a tenth of the speed */
    bool raw_mouse, auto_capture, capture_on_start, capture_on_focus, capture_only;
    bool grab_keyboard, grab_keyboard_on_focus, release_keys_on_focus_loss;
    bool ignore_windows_keys, hide_cursor, view_only;
    bool shift_wheel;
};

/* The guest. Each entry is required except set_guest_pointer. */
struct input_sink_ops {
    void (*key)(void *ctx, uint32_t scancode, bool down); /* set 1, extended 0x1xx */
    void (*scancodes)(void *ctx, const uint8_t *codes, size_t count);
    void (*motion)(void *ctx, int32_t dx, int32_t dy);
    void (*position)(void *ctx, uint32_t x_px, uint32_t y_px);
    void (*button)(void *ctx, enum input_button button, bool down);
    void (*locks)(void *ctx, uint32_t locks); /* DISPLAY_LOCK_* */
    void (*request_mouse_mode)(void *ctx, enum input_mouse_mode mode);
    /* The guest's program can place its pointer (KVMFR set-cursor-position): upright guest pixels
     * of the guest's own desktop. False: not now. Optional. */
    bool (*set_guest_pointer)(void *ctx, int32_t x_px, int32_t y_px);
};

/* The seat; `input_display_seat_ops` calls display/seat.h with a struct display_seat as ctx. */
struct input_seat_ops {
    void (*lock)(void *ctx);
    void (*confine)(void *ctx);
    void (*unlock)(void *ctx);
    void (*set_unlock_position)(void *ctx, double x, double y);
    void (*warp)(void *ctx, double x, double y);
    void (*inhibit_shortcuts)(void *ctx, bool on);
    void (*show_arrow)(void *ctx);
    void (*hide_pointer)(void *ctx);
    int (*show_image)(void *ctx, const struct display_pointer_image *image);
};
extern const struct input_seat_ops input_display_seat_ops;

struct input_listener { /* every entry is optional */
    void (*on_action)(void *ctx, enum input_action action);
    void (*on_help)(void *ctx, bool show);        /* the list of bindings */
    void (*on_capture)(void *ctx, bool captured); /* for title and overlay */
    void (*on_activity)(void *ctx);               /* any event: a frame will follow */
    void (*on_hint)(void *ctx, const char *text); /* one line to show for some seconds */
    /* Has the renderer to draw the guest's pointer, or is it the desktop's pointer just now? True
     * at first. */
    void (*on_cursor_drawn)(void *ctx, bool drawn);
    void *ctx;
};

int input_create(struct loop *loop, const struct input_config *config,
                 const struct input_sink_ops *sink, void *sink_ctx,
                 const struct input_listener *listener, struct input **out) MUST_CHECK;
/* Releases in the guest what is held there. NULL is fine. */
void input_destroy(struct input *input);

/* For display_seat_create(). */
struct display_seat_listener input_seat_listener(struct input *input);
/* After display_seat_create(); NULL ops before display_seat_destroy(). */
void input_set_seat(struct input *input, const struct input_seat_ops *ops, void *ctx);

/* ---- what the guest and the window tell ---- */

/* The inputs channel is there or not. What was held is forgotten with it; locks are sent anew. */
void input_set_connected(struct input *input, bool connected);
void input_set_mouse_mode(struct input *input, enum input_mouse_mode mode); /* by the server */
void input_set_guest_locks(struct input *input, uint32_t locks);
/* NULL: input may go out. Else one line why not (UUIDs differ), shown when somebody types. */
void input_set_blocked(struct input *input, const char *reason);

/* Where the picture lies. `user_rotation` is the part of g->rotation that the guest doesn't know
 * of. Zero sizes: no picture. */
void input_set_geometry(struct input *input, const struct geometry *g, uint32_t scale_120,
                        enum frame_rotation user_rotation);
/* The size that positions count in (SPICE's primary surface) where it isn't the picture's; 0, 0:
 * the picture's. */
void input_set_position_space(struct input *input, uint32_t width_px, uint32_t height_px);

/* The guest's pointer shape; copied. */
struct input_cursor {
    bool visible;
    bool inverts;         /* some pixels XOR with the picture: only the renderer can draw it */
    const uint32_t *argb; /* pre-multiplied, as the guest sent it, not turned; NULL: unknown */
    uint32_t width_px, height_px;
    int32_t hot_x_px, hot_y_px;
};
void input_set_guest_cursor(struct input *input, const struct input_cursor *cursor);
/* Where its hot spot is, in pixels of the guest's own desktop (not turned by the user). */
void input_set_guest_cursor_position(struct input *input, int32_t x_px, int32_t y_px);

/* ---- what the viewer may ask for ---- */

void input_set_capture(struct input *input, bool captured);
bool input_is_captured(const struct input *input);
void input_set_view_only(struct input *input, bool view_only);
/* Types text keys: press all in order, release in reverse. For menus ("send Ctrl+Alt+Del"). */
void input_type_keys(struct input *input, const uint32_t *keys, size_t count);

#endif
