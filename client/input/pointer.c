/* SPDX-License-Identifier: GPL-2.0-or-later
 * The pointer: positions, motion, buttons, wheel.
 *
 * Three spaces: logical (the window), upright (the picture as shown, guest pixels), and the guest's
 * own desktop (upright with the user's rotation undone), in which the guest counts. */
#define LOG_MODULE "input"

#include <linux/input-event-codes.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "input/input_private.h"

enum {
    MOTION_MAX = 32767, /* of one message */
    NOTCH_120 = 120,
    SCALE_ONE = 120,
    REST_MS = 100,       /* after so long without motion the guest's word on its pointer counts */
    CORRECTIONS_MAX = 3, /* for one rest: a guest with acceleration may never agree */
    REARM_LOGICAL = 8,   /* auto-capture again so far inside the edge that let go */
    SENSITIVITY_STEPS = 10, /* for the speed of 1 */
};

/* ---- spaces ---- */

static bool has_picture(const struct input *in)
{
    const struct geometry *g = &in->view.geometry;
    return g->image_px.width && g->image_px.height && g->upright_width_px && g->upright_height_px;
}

static struct input_point to_upright(const struct input *in, struct input_point logical)
{
    const double scale = (double)in->view.scale_120 / SCALE_ONE;
    struct input_point u;
    geometry_px_to_guest(&in->view.geometry, logical.x * scale, logical.y * scale, &u.x, &u.y);
    return u;
}

/* Clamped to what is a pixel: bars and the far edge give the last one. */
static struct input_point onto_picture(const struct input *in, struct input_point upright)
{
    const struct geometry *g = &in->view.geometry;
    return (struct input_point){
        fmax(0, fmin(floor(upright.x), g->upright_width_px - 1.0)),
        fmax(0, fmin(floor(upright.y), g->upright_height_px - 1.0)),
    };
}

static bool is_on_picture(const struct input *in, struct input_point upright)
{
    const struct geometry *g = &in->view.geometry;
    return upright.x >= 0 && upright.y >= 0 && upright.x < g->upright_width_px &&
           upright.y < g->upright_height_px;
}

/* Pixels: the last one is size - 1 from either side. */
static struct input_point undo_rotation(const struct input *in, struct input_point u)
{
    const double right = in->view.geometry.upright_width_px - 1.0,
                 bottom = in->view.geometry.upright_height_px - 1.0;
    switch (in->view.user_rotation) {
    case FRAME_ROTATE_90:
        return (struct input_point){ u.y, right - u.x };
    case FRAME_ROTATE_180:
        return (struct input_point){ right - u.x, bottom - u.y };
    case FRAME_ROTATE_270:
        return (struct input_point){ bottom - u.y, u.x };
    default:
        return u;
    }
}

static struct input_point apply_rotation(const struct input *in, struct input_point own)
{
    const double right = in->view.geometry.upright_width_px - 1.0,
                 bottom = in->view.geometry.upright_height_px - 1.0;
    switch (in->view.user_rotation) {
    case FRAME_ROTATE_90:
        return (struct input_point){ right - own.y, own.x };
    case FRAME_ROTATE_180:
        return (struct input_point){ right - own.x, bottom - own.y };
    case FRAME_ROTATE_270:
        return (struct input_point){ own.y, bottom - own.x };
    default:
        return own;
    }
}

static struct input_point undo_turn(const struct input *in, struct input_point v)
{
    switch (in->view.user_rotation) {
    case FRAME_ROTATE_90:
        return (struct input_point){ v.y, -v.x };
    case FRAME_ROTATE_180:
        return (struct input_point){ -v.x, -v.y };
    case FRAME_ROTATE_270:
        return (struct input_point){ -v.y, v.x };
    default:
        return v;
    }
}

/* The pixel of the guest's own desktop under the desktop's pointer. */
static struct input_point target(const struct input *in)
{
    return undo_rotation(in, onto_picture(in, to_upright(in, in->pointer.at)));
}

struct input_point input_guest_to_logical(const struct input *in, double x_px, double y_px)
{
    const struct input_point u = apply_rotation(in, (struct input_point){ x_px, y_px });
    struct input_point p;
    geometry_guest_to_px(&in->view.geometry, u.x + 0.5, u.y + 0.5, &p.x, &p.y);
    const double scale = (double)in->view.scale_120 / SCALE_ONE;
    return (struct input_point){ p.x / scale, p.y / scale };
}

bool input_pointer_over_picture(const struct input *in)
{
    return in->pointer.inside && has_picture(in) &&
           is_on_picture(in, to_upright(in, in->pointer.at));
}

bool input_pointer_absolute(const struct input *in)
{
    return in->mode == INPUT_MOUSE_ABSOLUTE;
}

/* ---- to the guest ---- */

static void own_size(const struct input *in, double *width, double *height)
{
    const struct geometry *g = &in->view.geometry;
    const bool sideways =
        in->view.user_rotation == FRAME_ROTATE_90 || in->view.user_rotation == FRAME_ROTATE_270;
    *width = sideways ? g->upright_height_px : g->upright_width_px;
    *height = sideways ? g->upright_width_px : g->upright_height_px;
}

/* The same spot in the space that positions count in. */
static uint32_t into_space(double v, double size, uint32_t space)
{
    if (!space || size <= 1)
        return (uint32_t)v;
    return (uint32_t)lrint(v * (space - 1.0) / (size - 1.0));
}

static void send_position(struct input *in, struct input_point own)
{
    double width, height;
    own_size(in, &width, &height);
    const uint32_t x = into_space(own.x, width, in->view.space_width_px),
                   y = into_space(own.y, height, in->view.space_height_px);
    in->pointer.predicted = own;
    in->pointer.predicted_known = true;
    if (in->pointer.sent_known && x == in->pointer.sent_x && y == in->pointer.sent_y)
        return;
    in->pointer.sent_known = true;
    in->pointer.sent_x = x;
    in->pointer.sent_y = y;
    in->sink.position(in->sink_ctx, x, y);
}

static int32_t whole(double v)
{
    return (int32_t)fmax(-MOTION_MAX, fmin(MOTION_MAX, trunc(v)));
}

static void send_motion(struct input *in, int32_t dx, int32_t dy)
{
    if (!dx && !dy)
        return;
    in->pointer.moved_ns = clock_ns();
    in->sink.motion(in->sink_ctx, dx, dy);
}

/* Motion that brings the guest's pointer from where it should be to under ours. Without a word from
 * the guest on where it is, the distance between the two stays as it happens to be. */
static void follow_by_motion(struct input *in, struct input_point to)
{
    if (in->pointer.predicted_known)
        send_motion(in, whole(to.x - in->pointer.predicted.x),
                    whole(to.y - in->pointer.predicted.y));
    in->pointer.predicted = to;
    in->pointer.predicted_known = true;
}

static void follow(struct input *in)
{
    if (!in->pointer.inside || !has_picture(in) || !input_may_send(in))
        return;
    if (input_pointer_absolute(in))
        send_position(in, target(in));
    else if (in->mode == INPUT_MOUSE_RELATIVE)
        follow_by_motion(in, target(in));
}

/* ---- captured ---- */

static double take_whole(double *remainder, double add)
{
    *remainder += add;
    const double n = whole(*remainder);
    *remainder -= n;
    return n;
}

/* The server still (or for ever) takes positions: a pointer of our own that moves. */
static void move_position(struct input *in, double dx, double dy)
{
    double width, height;
    own_size(in, &width, &height);
    if (!has_picture(in))
        return;
    if (!in->pointer.predicted_known)
        in->pointer.predicted = (struct input_point){ floor(width / 2), floor(height / 2) };
    send_position(in, (struct input_point){
                          fmax(0, fmin(in->pointer.predicted.x + dx, width - 1)),
                          fmax(0, fmin(in->pointer.predicted.y + dy, height - 1)),
                      });
}

/* Is the guest's pointer at the edge that this motion goes beyond? */
static bool pushes_out(const struct input *in, struct input_point v)
{
    double width, height;
    own_size(in, &width, &height);
    const double x = in->cursor.x_px, y = in->cursor.y_px;
    return in->cursor.position_known && in->cursor.shape.visible && has_picture(in) &&
           ((x <= 0 && v.x < 0) || (x >= width - 1 && v.x > 0) || (y <= 0 && v.y < 0) ||
            (y >= height - 1 && v.y > 0));
}

static void move_captured(struct input *in, const struct display_motion *m)
{
    if (!m->relative || !input_may_send(in))
        return;
    const double speed = (double)(SENSITIVITY_STEPS + in->config.sensitivity) / SENSITIVITY_STEPS;
    const struct input_point v =
        undo_turn(in, (struct input_point){ (in->config.raw_mouse ? m->raw_dx : m->dx) * speed,
                                            (in->config.raw_mouse ? m->raw_dy : m->dy) * speed });
    if (in->capture.automatic && in->config.auto_capture && !in->pointer.held &&
        pushes_out(in, v)) {
        input_capture(in, false, true);
        return;
    }
    const double dx = take_whole(&in->pointer.remainder.x, v.x),
                 dy = take_whole(&in->pointer.remainder.y, v.y);
    if (input_pointer_absolute(in))
        move_position(in, dx, dy);
    else if (in->mode == INPUT_MOUSE_RELATIVE)
        send_motion(in, (int32_t)dx, (int32_t)dy);
    /* Motion tells no place: the guest's word, or a fresh start, after the capture. */
    if (!input_pointer_absolute(in))
        in->pointer.predicted_known = false;
}

/* ---- from the guest ---- */

void input_set_guest_cursor_position(struct input *in, int32_t x_px, int32_t y_px)
{
    in->cursor.position_known = true;
    in->cursor.x_px = x_px;
    in->cursor.y_px = y_px;
    input_pointer_guest_moved(in);
}

void input_pointer_guest_moved(struct input *in)
{
    const struct input_point guest = { in->cursor.x_px, in->cursor.y_px };
    if (in->capture.on) {
        if (in->seat.set_unlock_position && has_picture(in)) {
            const struct input_point p = input_guest_to_logical(in, guest.x, guest.y);
            in->seat.set_unlock_position(in->seat_ctx, p.x, p.y);
        }
        return;
    }
    if (input_pointer_absolute(in))
        return;
    if (clock_ns() - in->pointer.moved_ns < REST_MS * NS_PER_MS && in->pointer.predicted_known)
        return; /* it is on its way */
    const bool knew = in->pointer.predicted_known;
    in->pointer.predicted = guest;
    in->pointer.predicted_known = true;
    if (!knew || in->pointer.corrections >= CORRECTIONS_MAX)
        return;
    const struct input_point to = has_picture(in) ? target(in) : guest;
    if (fabs(to.x - guest.x) <= 1 && fabs(to.y - guest.y) <= 1)
        return;
    in->pointer.corrections++;
    follow(in);
}

/* ---- from the seat ---- */

static bool may_auto_capture(const struct input *in)
{
    return in->config.auto_capture && !in->capture.on && !in->capture.suspended &&
           input_pointer_over_picture(in);
}

/* Well inside: the edge at which the pointer was let go must not take it back. */
static bool is_well_inside(const struct input *in)
{
    const struct geometry_rect *r = &in->view.geometry.image_px;
    const double scale = (double)in->view.scale_120 / SCALE_ONE,
                 x = in->pointer.at.x * scale - r->x, y = in->pointer.at.y * scale - r->y,
                 margin = REARM_LOGICAL * scale;
    return x >= margin && y >= margin && x < r->width - margin && y < r->height - margin;
}

void input_pointer_on_enter(void *ctx, double x, double y)
{
    struct input *in = ctx;
    in->pointer.inside = true;
    in->pointer.at = (struct input_point){ x, y };
    in->pointer.corrections = 0;
    in->cursor.shown = INPUT_POINTER_UNSET;
    if (in->capture.on) {
        input_cursor_update(in);
        return;
    }
    in->capture.suspended = false;
    /* Where the guest can place its pointer, it is under ours at once and exactly. */
    if (in->mode == INPUT_MOUSE_RELATIVE && has_picture(in) && input_may_send(in) &&
        in->sink.set_guest_pointer) {
        const struct input_point to = target(in);
        if (in->sink.set_guest_pointer(in->sink_ctx, (int32_t)to.x, (int32_t)to.y)) {
            in->pointer.predicted = to;
            in->pointer.predicted_known = true;
        }
    }
    in->pointer.sent_known = false; /* the guest may have moved it meanwhile */
    follow(in);
    if (may_auto_capture(in))
        input_capture(in, true, true);
    input_cursor_update(in);
    input_activity(in);
}

void input_pointer_on_leave(void *ctx)
{
    struct input *in = ctx;
    in->pointer.inside = false;
    input_pointer_release(in);
    input_cursor_update(in);
}

void input_pointer_on_motion(void *ctx, const struct display_motion *m)
{
    struct input *in = ctx;
    if (m->moved)
        in->pointer.at = (struct input_point){ m->x, m->y };
    if (in->capture.on && !in->capture.confined) {
        move_captured(in, m);
    } else if (m->moved) {
        in->pointer.corrections = 0;
        follow(in);
        if (may_auto_capture(in) && is_well_inside(in))
            input_capture(in, true, true);
        input_cursor_update(in);
    }
    input_activity(in);
}

static const uint8_t buttons[] = {
    [BTN_LEFT - BTN_LEFT] = INPUT_BUTTON_LEFT,     [BTN_RIGHT - BTN_LEFT] = INPUT_BUTTON_RIGHT,
    [BTN_MIDDLE - BTN_LEFT] = INPUT_BUTTON_MIDDLE, [BTN_SIDE - BTN_LEFT] = INPUT_BUTTON_SIDE,
    [BTN_EXTRA - BTN_LEFT] = INPUT_BUTTON_EXTRA,   [BTN_FORWARD - BTN_LEFT] = INPUT_BUTTON_EXTRA,
    [BTN_BACK - BTN_LEFT] = INPUT_BUTTON_SIDE,
};

/* Is this button of the guest held by some button of the mouse? (Side and back are one.) */
static bool is_held(const struct input *in, uint8_t button)
{
    for (size_t i = 0; i < ARRAY_LEN(buttons); i++)
        if (buttons[i] == button && in->pointer.held >> i & 1)
            return true;
    return false;
}

static void set_button(struct input *in, uint32_t index, bool down)
{
    const bool was = is_held(in, buttons[index]);
    in->pointer.held = down ? in->pointer.held | 1u << index : in->pointer.held & ~(1u << index);
    if (is_held(in, buttons[index]) != was)
        in->sink.button(in->sink_ctx, (enum input_button)buttons[index], down);
}

void input_pointer_on_button(void *ctx, uint32_t button, bool down)
{
    struct input *in = ctx;
    const uint32_t index = button - BTN_LEFT; /* others wrap around to large numbers */
    if (index >= ARRAY_LEN(buttons))
        return;
    const bool there = in->capture.on || input_pointer_over_picture(in);
    if (!down || (there && input_may_send(in)))
        set_button(in, index, down);
    if (!in->keys.escape || !down)
        input_activity(in);
}

/* A change of direction starts a new notch. Full notches, signed. */
static int32_t notches(int32_t *sum_120, int32_t add_120)
{
    if ((*sum_120 > 0 && add_120 < 0) || (*sum_120 < 0 && add_120 > 0))
        *sum_120 = 0;
    *sum_120 += add_120;
    const int32_t n = *sum_120 / NOTCH_120;
    *sum_120 -= n * NOTCH_120;
    return n;
}

static void roll(struct input *in, int32_t n)
{
    const enum input_button b = n > 0 ? INPUT_BUTTON_DOWN : INPUT_BUTTON_UP;
    for (int32_t i = n < 0 ? -n : n; i > 0; i--) {
        in->sink.button(in->sink_ctx, b, true);
        in->sink.button(in->sink_ctx, b, false);
    }
}

void input_pointer_on_wheel(void *ctx, const struct display_wheel *w)
{
    struct input *in = ctx;
    const bool there = in->capture.on || input_pointer_over_picture(in);
    if (there && input_may_send(in)) {
        roll(in, notches(&in->pointer.wheel_120[0], w->vertical_120));
        const int32_t sideways = notches(&in->pointer.wheel_120[1], w->horizontal_120);
        if (sideways && in->config.shift_wheel) {
            const bool shifted = in->keys.guest[KEY_LEFTSHIFT] || in->keys.guest[KEY_RIGHTSHIFT];
            if (!shifted)
                input_guest_key(in, KEY_LEFTSHIFT, true);
            roll(in, sideways);
            if (!shifted)
                input_guest_key(in, KEY_LEFTSHIFT, false);
        }
    }
    input_activity(in);
}

void input_pointer_release(struct input *in)
{
    for (uint32_t i = 0; i < ARRAY_LEN(buttons); i++)
        if (in->pointer.held >> i & 1)
            set_button(in, i, false);
    memset(in->pointer.wheel_120, 0, sizeof(in->pointer.wheel_120));
}

void input_pointer_forget(struct input *in)
{
    in->pointer.held = 0;
    in->pointer.sent_known = in->pointer.predicted_known = in->cursor.position_known = false;
    memset(in->pointer.wheel_120, 0, sizeof(in->pointer.wheel_120));
}
