/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "spice"

#include "spice/inputs.h"

#include <errno.h>
#include <string.h>

#include <spice/enums.h>
#include <spice/protocol.h>

#include "base/log.h"
#include "base/text.h"
#include "spice/reader.h"

enum {
    /* Two bunches under way: the server's acknowledgement of the first comes while the second is
     * on its way. */
    MOTION_WINDOW = 2 * SPICE_INPUT_MOTION_ACK_BUNCH,
    MAX_MESSAGE_BYTES = 4096,
    EXTENDED = 0x100,
    PREFIX = 0xe0,
    RELEASED = 0x80,
    CODES_PER_KEY_MESSAGE = 4,
};

/* A failure ends the channel, of which on_down tells. */
static void send(struct inputs *in, uint16_t type, const void *body, size_t body_bytes)
{
    if (spice_channel_send(in->channel, type, body, body_bytes) < 0)
        log_debug("an input event could not be sent");
}

/* ---- motion ---- */

static void send_motion(struct inputs *in)
{
    uint8_t body[11];
    const bool relative = in->waiting == INPUTS_RELATIVE;
    spice_put_u32(body, relative ? (uint32_t)in->dx : in->x_px);
    spice_put_u32(body + 4, relative ? (uint32_t)in->dy : in->y_px);
    spice_put_u16(body + 8, in->buttons);
    body[10] = 0; /* display */
    in->waiting = INPUTS_NO_MOTION;
    in->dx = in->dy = 0;
    in->unacknowledged++;
    if (relative)
        send(in, SPICE_MSGC_INPUTS_MOUSE_MOTION, body, 10);
    else
        send(in, SPICE_MSGC_INPUTS_MOUSE_POSITION, body, 11);
}

static void send_motion_if_allowed(struct inputs *in)
{
    if (in->waiting != INPUTS_NO_MOTION && in->unacknowledged < MOTION_WINDOW)
        send_motion(in);
}

static int32_t add_saturated(int32_t a, int32_t b)
{
    int32_t sum;
    return __builtin_add_overflow(a, b, &sum) ? (a < 0 ? INT32_MIN : INT32_MAX) : sum;
}

void inputs_motion(struct inputs *in, int32_t dx, int32_t dy)
{
    if (!in->up || (dx == 0 && dy == 0))
        return;
    in->waiting = INPUTS_RELATIVE;
    in->dx = add_saturated(in->dx, dx);
    in->dy = add_saturated(in->dy, dy);
    send_motion_if_allowed(in);
}

void inputs_position(struct inputs *in, uint32_t x_px, uint32_t y_px)
{
    if (!in->up)
        return;
    in->waiting = INPUTS_ABSOLUTE;
    in->dx = in->dy = 0; /* of the mode before */
    in->x_px = x_px;
    in->y_px = y_px;
    send_motion_if_allowed(in);
}

/* ---- buttons ---- */

static uint16_t button_mask(uint8_t button)
{
    if (button == SPICE_MOUSE_BUTTON_UP || button == SPICE_MOUSE_BUTTON_DOWN)
        return 0;
    return (uint16_t)(1u << (button - SPICE_MOUSE_BUTTON_LEFT));
}

void inputs_button(struct inputs *in, uint8_t button, bool down)
{
    if (!in->up || button < SPICE_MOUSE_BUTTON_LEFT || button > SPICE_MOUSE_BUTTON_EXTRA)
        return;
    spice_channel_hold(in->channel, true);
    if (in->waiting != INPUTS_NO_MOTION)
        send_motion(in); /* with the state from before the button */
    const uint16_t mask = button_mask(button);
    in->buttons = (uint16_t)(down ? in->buttons | mask : in->buttons & ~mask);
    uint8_t body[3] = { button };
    spice_put_u16(body + 1, in->buttons);
    send(in, down ? SPICE_MSGC_INPUTS_MOUSE_PRESS : SPICE_MSGC_INPUTS_MOUSE_RELEASE, body,
         sizeof(body));
    spice_channel_hold(in->channel, false);
}

/* ---- keys ---- */

void inputs_key(struct inputs *in, uint32_t scancode, bool down)
{
    if (!in->up)
        return;
    uint8_t body[4];
    const uint32_t low = (scancode & 0x7f) | (down ? 0 : RELEASED);
    spice_put_u32(body, scancode & EXTENDED ? PREFIX | low << 8 : low);
    send(in, down ? SPICE_MSGC_INPUTS_KEY_DOWN : SPICE_MSGC_INPUTS_KEY_UP, body, sizeof(body));
}

/* The server pushes the bytes of a key message, up to four and to the first 0, one by one. */
static void send_as_keys(struct inputs *in, const uint8_t *codes, size_t count)
{
    for (size_t at = 0; at < count; at += CODES_PER_KEY_MESSAGE) {
        uint8_t body[CODES_PER_KEY_MESSAGE] = { 0 };
        const size_t left = count - at;
        memcpy(body, codes + at, left < sizeof(body) ? left : sizeof(body));
        send(in, SPICE_MSGC_INPUTS_KEY_DOWN, body, sizeof(body));
    }
}

void inputs_scancodes(struct inputs *in, const uint8_t *codes, size_t count)
{
    if (!in->up || count == 0)
        return;
    spice_channel_hold(in->channel, true);
    if (spice_channel_has_cap(in->channel, SPICE_INPUTS_CAP_KEY_SCANCODE))
        send(in, SPICE_MSGC_INPUTS_KEY_SCANCODE, codes, count);
    else
        send_as_keys(in, codes, count);
    spice_channel_hold(in->channel, false);
}

void inputs_set_locks(struct inputs *in, uint32_t locks)
{
    if (!in->up)
        return;
    uint8_t body[2];
    spice_put_u16(body, (uint16_t)(locks & SPICE_KEYBOARD_MODIFIER_FLAGS_MASK));
    send(in, SPICE_MSGC_INPUTS_KEY_MODIFIERS, body, sizeof(body));
}

/* ---- the server's messages ---- */

static int on_locks(struct inputs *in, struct spice_channel *channel, const uint8_t *body,
                    size_t body_bytes)
{
    struct spice_reader r = spice_reader_of(body, body_bytes);
    const uint16_t locks = spice_read_u16(&r);
    if (r.bad)
        return spice_channel_blame(channel, _("lock keys are cut short"));
    if (in->on_locks)
        in->on_locks(in->ctx, locks & SPICE_KEYBOARD_MODIFIER_FLAGS_MASK);
    return 0;
}

static int on_message(void *ctx, struct spice_channel *channel, uint16_t type, const uint8_t *body,
                      size_t body_bytes)
{
    struct inputs *in = ctx;
    switch (type) {
    case SPICE_MSG_INPUTS_INIT:
    case SPICE_MSG_INPUTS_KEY_MODIFIERS:
        return on_locks(in, channel, body, body_bytes);
    case SPICE_MSG_INPUTS_MOUSE_MOTION_ACK:
        in->unacknowledged -= in->unacknowledged < SPICE_INPUT_MOTION_ACK_BUNCH
                                  ? in->unacknowledged
                                  : SPICE_INPUT_MOTION_ACK_BUNCH;
        send_motion_if_allowed(in);
        return 0;
    default:
        return 0; /* of a newer server */
    }
}

static void reset(struct inputs *in)
{
    *in = (struct inputs){ .on_locks = in->on_locks, .ctx = in->ctx };
}

static void on_up(void *ctx, struct spice_channel *channel)
{
    struct inputs *in = ctx;
    reset(in);
    in->channel = channel;
    in->up = true;
}

static void on_down(void *ctx, struct spice_channel *channel, const struct spice_problem *problem)
{
    (void)channel, (void)problem;
    reset(ctx);
}

const struct spice_channel_ops inputs_ops = {
    .name = "inputs",
    .type = SPICE_CHANNEL_INPUTS,
    .max_message_bytes = MAX_MESSAGE_BYTES,
    .caps = 1u << SPICE_INPUTS_CAP_KEY_SCANCODE,
    .on_up = on_up,
    .on_message = on_message,
    .on_down = on_down,
};
