/* SPDX-License-Identifier: GPL-2.0-or-later
 * The router's frame: what may go out, and the capture mode. */
#define LOG_MODULE "input"

#include "input/input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "input/input_private.h"

enum { HINT_INTERVAL_MS = 2000 };

bool input_may_send(const struct input *in)
{
    return in->connected && !in->view_only && !in->blocked &&
           (!in->config.capture_only || in->capture.on);
}

void input_hint(struct input *in, const char *text)
{
    if (in->listener.on_hint)
        in->listener.on_hint(in->listener.ctx, text);
}

void input_activity(struct input *in)
{
    if (in->listener.on_activity)
        in->listener.on_activity(in->listener.ctx);
}

/* ---- seat ---- */

static void on_seat_lost(void *ctx)
{
    struct input *in = ctx;
    in->seat = (struct input_seat_ops){ 0 };
}

struct display_seat_listener input_seat_listener(struct input *in)
{
    return (struct display_seat_listener){
        .on_keyboard_enter = input_keys_on_enter,
        .on_keyboard_leave = input_keys_on_leave,
        .on_key = input_keys_on_key,
        .on_locks = input_locks_on_locks,
        .on_pointer_enter = input_pointer_on_enter,
        .on_pointer_leave = input_pointer_on_leave,
        .on_motion = input_pointer_on_motion,
        .on_button = input_pointer_on_button,
        .on_wheel = input_pointer_on_wheel,
        .on_lost = on_seat_lost,
        .ctx = in,
    };
}

static void want_shortcuts(struct input *in)
{
    const bool grab = (in->config.grab_keyboard && in->capture.on) ||
                      (in->config.grab_keyboard_on_focus && !in->view_only && !in->blocked);
    if (in->seat.inhibit_shortcuts)
        in->seat.inhibit_shortcuts(in->seat_ctx, grab);
}

void input_set_seat(struct input *in, const struct input_seat_ops *ops, void *ctx)
{
    in->seat = ops ? *ops : (struct input_seat_ops){ 0 };
    in->seat_ctx = ctx;
    in->cursor.shown = INPUT_POINTER_UNSET;
    if (!ops)
        return;
    want_shortcuts(in);
    input_cursor_update(in);
}

/* ---- capture ---- */

static bool wants_absolute(const struct input *in)
{
    if (in->config.mouse == INPUT_CHOOSE_RELATIVE)
        return false;
    return !in->capture.on || in->config.mouse == INPUT_CHOOSE_ABSOLUTE;
}

void input_want_mode(struct input *in)
{
    const enum input_mouse_mode want =
        wants_absolute(in) ? INPUT_MOUSE_ABSOLUTE : INPUT_MOUSE_RELATIVE;
    if (in->connected && in->mode != want && in->mode != INPUT_MOUSE_NONE)
        in->sink.request_mouse_mode(in->sink_ctx, want);
}

static void constrain(struct input *in)
{
    /* With positions by choice, capture means that the pointer cannot leave the window. */
    in->capture.confined = in->capture.on && in->config.mouse == INPUT_CHOOSE_ABSOLUTE;
    if (!in->seat.unlock)
        return;
    if (!in->capture.on)
        in->seat.unlock(in->seat_ctx);
    else if (in->capture.confined)
        in->seat.confine(in->seat_ctx);
    else
        in->seat.lock(in->seat_ctx);
}

void input_capture(struct input *in, bool on, bool automatic)
{
    if (on == in->capture.on)
        return;
    if (on && (!in->connected || in->view_only || in->blocked)) {
        if (!automatic)
            input_hint(in, in->blocked     ? in->blocked
                           : in->view_only ? _("keyboard and mouse are off")
                                           : _("no connection for keyboard and mouse"));
        return;
    }
    if (!on && in->config.capture_only) { /* nothing may go out any more: let go first */
        input_keys_release(in);
        input_pointer_release(in);
    }
    in->capture.on = on;
    in->capture.automatic = on && automatic;
    in->capture.suspended = !on && !automatic;
    in->pointer.remainder = (struct input_point){ 0 };
    constrain(in);
    want_shortcuts(in);
    input_want_mode(in);
    if (on)
        input_locks_sync(in);
    input_cursor_update(in);
    if (in->listener.on_capture)
        in->listener.on_capture(in->listener.ctx, on);
}

void input_set_capture(struct input *in, bool captured)
{
    input_capture(in, captured, false);
}

bool input_is_captured(const struct input *in)
{
    return in->capture.on;
}

/* ---- what closes and opens the gate ---- */

/* To be called before the gate closes. */
static void let_go(struct input *in)
{
    input_keys_release(in);
    input_pointer_release(in);
    input_capture(in, false, true);
}

static void gate_moved(struct input *in)
{
    want_shortcuts(in);
    input_locks_sync(in);
    input_cursor_update(in);
}

void input_set_view_only(struct input *in, bool view_only)
{
    if (view_only == in->view_only)
        return;
    if (view_only)
        let_go(in);
    in->view_only = view_only;
    input_hint(in, view_only ? _("keyboard and mouse off") : _("keyboard and mouse on"));
    gate_moved(in);
}

void input_set_blocked(struct input *in, const char *reason)
{
    char *copy = reason ? strdup(reason) : NULL;
    if (reason && !copy)
        log_err("out of memory; input stays as it is");
    if (reason && !copy)
        return;
    if (copy)
        let_go(in);
    free(in->blocked);
    in->blocked = copy;
    in->hinted_ns = 0;
    gate_moved(in);
}

void input_set_connected(struct input *in, bool connected)
{
    if (connected == in->connected)
        return;
    in->connected = connected;
    in->locks.guest_known = false;
    if (!connected) { /* the guest's side let go of all by itself */
        input_keys_forget(in);
        input_pointer_forget(in);
        in->mode = INPUT_MOUSE_NONE;
        input_capture(in, false, true);
    } else if (in->config.capture_on_start && !in->started && in->focused) {
        in->started = true;
        input_capture(in, true, false);
    }
    gate_moved(in);
}

void input_set_mouse_mode(struct input *in, enum input_mouse_mode mode)
{
    if (mode != in->mode)
        in->pointer.predicted_known = in->pointer.sent_known = false;
    in->mode = mode;
    input_want_mode(in);
    input_cursor_update(in);
}

void input_set_geometry(struct input *in, const struct geometry *g, uint32_t scale_120,
                        enum frame_rotation user_rotation)
{
    in->view.geometry = *g;
    in->view.scale_120 = scale_120 ? scale_120 : 120;
    in->view.user_rotation = user_rotation;
    in->cursor.image_stale = true;
    in->pointer.sent_known = false;
    input_cursor_update(in);
}

void input_set_position_space(struct input *in, uint32_t width_px, uint32_t height_px)
{
    in->view.space_width_px = width_px;
    in->view.space_height_px = height_px;
    in->pointer.sent_known = false;
}

/* ---- life ---- */

int input_create(struct loop *loop, const struct input_config *config,
                 const struct input_sink_ops *sink, void *sink_ctx,
                 const struct input_listener *listener, struct input **out)
{
    struct input *in = calloc(1, sizeof(*in));
    if (!in)
        return -ENOMEM;
    in->loop = loop;
    in->config = *config;
    in->sink = *sink;
    in->sink_ctx = sink_ctx;
    in->listener = *listener;
    in->view_only = config->view_only;
    in->view.scale_120 = 120;
    in->cursor.drawn = true;
    in->cursor.shape.visible = true; /* until the guest says otherwise: of unknown shape */
    int err = input_keys_init(in);
    if (!err)
        err = input_locks_init(in);
    if (err) {
        input_destroy(in);
        return err;
    }
    *out = in;
    return 0;
}

void input_destroy(struct input *in)
{
    if (!in)
        return;
    in->listener = (struct input_listener){ 0 };
    if (in->connected) {
        input_keys_release(in);
        input_pointer_release(in);
    }
    input_keys_fini(in);
    input_locks_fini(in);
    free(in->cursor.argb);
    free(in->blocked);
    free(in);
}
