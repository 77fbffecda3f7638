/* SPDX-License-Identifier: GPL-2.0-or-later
 * Pointers: what belongs to one wl_pointer.frame is told together: motion, then buttons, then the
 * wheel. Lock and confinement. */
#define LOG_MODULE "seat"

#include <math.h>
#include <string.h>

#include "display/wayland/seat_private.h"

#include "pointer-constraints-unstable-v1-client-protocol.h"
#include "relative-pointer-unstable-v1-client-protocol.h"
#ifdef ESPELHO_HAVE_CURSOR_SHAPE_V1
#include "cursor-shape-v1-client-protocol.h"
#endif

enum {
    NOTCH_120 = 120,
    NOTCH_LOGICAL = 10,       /* what compositors give for a notch of a wheel */
    WHEEL_MAX_120 = 120 * 64, /* of one frame: more is nonsense */
};

static int32_t axis_120(const struct seat_axis *a)
{
    double v = a->continuous * NOTCH_120 / NOTCH_LOGICAL;
    if (a->has_value120)
        v = a->value120;
    else if (a->has_discrete)
        v = (double)a->discrete * NOTCH_120;
    return (int32_t)lrint(fmax(-WHEEL_MAX_120, fmin(WHEEL_MAX_120, v)));
}

static void tell_frame(struct seat_device *d)
{
    struct display_seat *s = d->seat;
    const struct display_seat_listener *l = &s->listener;
    const struct seat_pointer p = d->pointer; /* a callback may do anything */
    memset(&d->pointer.frame, 0, sizeof(d->pointer.frame));
    if (!p.focused)
        return;
    if ((p.frame.motion.moved || p.frame.motion.relative) && l->on_motion)
        l->on_motion(l->ctx, &p.frame.motion);
    for (size_t i = 0; i < p.frame.button_count && l->on_button; i++)
        l->on_button(l->ctx, p.frame.button[i].code, p.frame.button[i].down);
    const struct display_wheel wheel = {
        .vertical_120 = axis_120(&p.frame.axis[WL_POINTER_AXIS_VERTICAL_SCROLL]),
        .horizontal_120 = axis_120(&p.frame.axis[WL_POINTER_AXIS_HORIZONTAL_SCROLL]),
    };
    if (p.frame.has_axis && (wheel.vertical_120 || wheel.horizontal_120) && l->on_wheel)
        l->on_wheel(l->ctx, &wheel);
}

/* Before version 5 there are no frames: each event is one. */
static void maybe_tell(struct seat_device *d)
{
    if (d->version < WL_POINTER_FRAME_SINCE_VERSION)
        tell_frame(d);
}

static void on_enter(void *ctx, struct wl_pointer *wl, uint32_t serial, struct wl_surface *surface,
                     wl_fixed_t x, wl_fixed_t y)
{
    (void)wl;
    struct seat_device *d = ctx;
    struct display_seat *s = d->seat;
    if (surface != s->native.surface)
        return; /* a window frame of libdecor's */
    tell_frame(d);
    d->pointer.focused = true;
    d->pointer.enter_serial = s->serial = serial;
    d->pointer.x = wl_fixed_to_double(x);
    d->pointer.y = wl_fixed_to_double(y);
    s->pointer = d;
    seat_cursor_apply(d);
    if (s->listener.on_pointer_enter)
        s->listener.on_pointer_enter(s->listener.ctx, d->pointer.x, d->pointer.y);
}

static void lose_focus(struct seat_device *d)
{
    struct display_seat *s = d->seat;
    if (!d->pointer.focused)
        return;
    tell_frame(d);
    d->pointer.focused = false;
    if (s->pointer != d)
        return;
    s->pointer = NULL;
    if (s->listener.on_pointer_leave)
        s->listener.on_pointer_leave(s->listener.ctx);
}

static void on_leave(void *ctx, struct wl_pointer *wl, uint32_t serial, struct wl_surface *surface)
{
    (void)wl, (void)serial, (void)surface;
    lose_focus(ctx);
}

static void on_motion(void *ctx, struct wl_pointer *wl, uint32_t time_ms, wl_fixed_t x,
                      wl_fixed_t y)
{
    (void)wl, (void)time_ms;
    struct seat_device *d = ctx;
    struct display_motion *m = &d->pointer.frame.motion;
    d->pointer.x = wl_fixed_to_double(x);
    d->pointer.y = wl_fixed_to_double(y);
    m->moved = true;
    m->x = d->pointer.x;
    m->y = d->pointer.y;
    maybe_tell(d);
}

static void on_button(void *ctx, struct wl_pointer *wl, uint32_t serial, uint32_t time_ms,
                      uint32_t button, uint32_t state)
{
    (void)wl, (void)time_ms;
    struct seat_device *d = ctx;
    d->seat->serial = serial;
    if (d->pointer.frame.button_count == SEAT_FRAME_BUTTONS)
        tell_frame(d);
    const size_t i = d->pointer.frame.button_count++;
    d->pointer.frame.button[i].code = button;
    d->pointer.frame.button[i].down = state == WL_POINTER_BUTTON_STATE_PRESSED;
    maybe_tell(d);
}

static struct seat_axis *axis_of(struct seat_device *d, uint32_t axis)
{
    if (axis > WL_POINTER_AXIS_HORIZONTAL_SCROLL)
        return NULL;
    d->pointer.frame.has_axis = true;
    return &d->pointer.frame.axis[axis];
}

static void on_axis(void *ctx, struct wl_pointer *wl, uint32_t time_ms, uint32_t axis,
                    wl_fixed_t value)
{
    (void)wl, (void)time_ms;
    struct seat_axis *a = axis_of(ctx, axis);
    if (!a)
        return;
    a->continuous += wl_fixed_to_double(value);
    maybe_tell(ctx);
}

static void on_axis_discrete(void *ctx, struct wl_pointer *wl, uint32_t axis, int32_t discrete)
{
    (void)wl;
    struct seat_axis *a = axis_of(ctx, axis);
    if (!a)
        return;
    a->has_discrete = true;
    a->discrete = discrete; /* the compositor's sum for this frame */
}

static void on_axis_value120(void *ctx, struct wl_pointer *wl, uint32_t axis, int32_t value120)
{
    (void)wl;
    struct seat_axis *a = axis_of(ctx, axis);
    if (!a)
        return;
    a->has_value120 = true;
    a->value120 = value120;
}

static void on_axis_source(void *ctx, struct wl_pointer *wl, uint32_t source)
{
    (void)ctx, (void)wl, (void)source;
}

static void on_axis_stop(void *ctx, struct wl_pointer *wl, uint32_t time_ms, uint32_t axis)
{
    (void)ctx, (void)wl, (void)time_ms, (void)axis;
}

static void on_frame(void *ctx, struct wl_pointer *wl)
{
    (void)wl;
    tell_frame(ctx);
}

static const struct wl_pointer_listener pointer_listener = {
    .enter = on_enter,
    .leave = on_leave,
    .motion = on_motion,
    .button = on_button,
    .axis = on_axis,
    .frame = on_frame,
    .axis_source = on_axis_source,
    .axis_stop = on_axis_stop,
    .axis_discrete = on_axis_discrete,
    .axis_value120 = on_axis_value120,
};

static void on_relative(void *ctx, struct zwp_relative_pointer_v1 *wl, uint32_t time_high,
                        uint32_t time_low, wl_fixed_t dx, wl_fixed_t dy, wl_fixed_t raw_dx,
                        wl_fixed_t raw_dy)
{
    (void)wl, (void)time_high, (void)time_low;
    struct seat_device *d = ctx;
    struct display_motion *m = &d->pointer.frame.motion;
    m->relative = true;
    m->dx += wl_fixed_to_double(dx);
    m->dy += wl_fixed_to_double(dy);
    m->raw_dx += wl_fixed_to_double(raw_dx);
    m->raw_dy += wl_fixed_to_double(raw_dy);
    maybe_tell(d);
}

static const struct zwp_relative_pointer_v1_listener relative_listener = {
    .relative_motion = on_relative,
};

/* ---- constraints ---- */

static void constraint_changed(struct seat_device *d, enum display_constraint active)
{
    struct display_seat *s = d->seat;
    const bool is_active = active != DISPLAY_UNCONSTRAINED;
    if (is_active == d->pointer.constraint_active)
        return;
    d->pointer.constraint_active = is_active;
    if (s->listener.on_constraint)
        s->listener.on_constraint(s->listener.ctx, active);
}

static void on_locked(void *ctx, struct zwp_locked_pointer_v1 *wl)
{
    (void)wl;
    constraint_changed(ctx, DISPLAY_LOCKED);
}

static void on_unlocked(void *ctx, struct zwp_locked_pointer_v1 *wl)
{
    (void)wl;
    constraint_changed(ctx, DISPLAY_UNCONSTRAINED);
}

static const struct zwp_locked_pointer_v1_listener locked_listener = { .locked = on_locked,
                                                                       .unlocked = on_unlocked };

static void on_confined(void *ctx, struct zwp_confined_pointer_v1 *wl)
{
    (void)wl;
    constraint_changed(ctx, DISPLAY_CONFINED);
}

static void on_unconfined(void *ctx, struct zwp_confined_pointer_v1 *wl)
{
    (void)wl;
    constraint_changed(ctx, DISPLAY_UNCONSTRAINED);
}

static const struct zwp_confined_pointer_v1_listener confined_listener = {
    .confined = on_confined,
    .unconfined = on_unconfined,
};

static void end_constraint(struct seat_device *d)
{
    struct seat_pointer *p = &d->pointer;
    if (p->locked)
        zwp_locked_pointer_v1_destroy(p->locked);
    if (p->confined)
        zwp_confined_pointer_v1_destroy(p->confined);
    p->locked = NULL;
    p->confined = NULL;
    constraint_changed(d, DISPLAY_UNCONSTRAINED);
}

static enum display_constraint constraint_of(const struct seat_pointer *p)
{
    if (p->locked)
        return DISPLAY_LOCKED;
    return p->confined ? DISPLAY_CONFINED : DISPLAY_UNCONSTRAINED;
}

void seat_pointer_constrain(struct seat_device *d)
{
    struct display_seat *s = d->seat;
    struct seat_pointer *p = &d->pointer;
    if (!p->wl || !s->global.constraints || constraint_of(p) == s->wanted_constraint)
        return;
    end_constraint(d);
    /* A callback of that may have asked for another one, which then exists. */
    if (constraint_of(p) != DISPLAY_UNCONSTRAINED)
        return;
    if (s->wanted_constraint == DISPLAY_LOCKED) {
        p->locked = zwp_pointer_constraints_v1_lock_pointer(
            s->global.constraints, s->native.surface, p->wl, NULL,
            ZWP_POINTER_CONSTRAINTS_V1_LIFETIME_PERSISTENT);
        if (p->locked)
            zwp_locked_pointer_v1_add_listener(p->locked, &locked_listener, d);
    } else if (s->wanted_constraint == DISPLAY_CONFINED) {
        p->confined = zwp_pointer_constraints_v1_confine_pointer(
            s->global.constraints, s->native.surface, p->wl, NULL,
            ZWP_POINTER_CONSTRAINTS_V1_LIFETIME_PERSISTENT);
        if (p->confined)
            zwp_confined_pointer_v1_add_listener(p->confined, &confined_listener, d);
    }
}

/* ---- the device ---- */

void seat_pointer_complete(struct seat_device *d)
{
    struct display_seat *s = d->seat;
    struct seat_pointer *p = &d->pointer;
    if (!p->wl)
        return;
    if (!p->relative && s->global.relative) {
        p->relative =
            zwp_relative_pointer_manager_v1_get_relative_pointer(s->global.relative, p->wl);
        if (p->relative)
            zwp_relative_pointer_v1_add_listener(p->relative, &relative_listener, d);
    }
#ifdef ESPELHO_HAVE_CURSOR_SHAPE_V1
    if (!p->shape && s->global.shape)
        p->shape = wp_cursor_shape_manager_v1_get_pointer(s->global.shape, p->wl);
#endif
    seat_pointer_constrain(d);
}

void seat_pointer_add(struct seat_device *d)
{
    d->pointer.wl = wl_seat_get_pointer(d->wl);
    if (!d->pointer.wl)
        return;
    wl_pointer_add_listener(d->pointer.wl, &pointer_listener, d);
    seat_pointer_complete(d);
}

void seat_pointer_drop(struct seat_device *d)
{
    struct seat_pointer *p = &d->pointer;
    if (!p->wl)
        return;
    lose_focus(d);
    end_constraint(d);
    if (p->relative)
        zwp_relative_pointer_v1_destroy(p->relative);
#ifdef ESPELHO_HAVE_CURSOR_SHAPE_V1
    if (p->shape)
        wp_cursor_shape_device_v1_destroy(p->shape);
#endif
    if (d->version >= WL_POINTER_RELEASE_SINCE_VERSION)
        wl_pointer_release(p->wl);
    else
        wl_pointer_destroy(p->wl);
    *p = (struct seat_pointer){ 0 };
}
