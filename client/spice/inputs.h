/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/spice/inputs.h - the inputs channel: what keyboard and mouse do, as messages. Keys and
 * buttons are written at once; motion waits while the server has not acknowledged enough of it, and
 * is added up meanwhile. Motion that waits goes out before a button, so that a click hits what was
 * pointed at.
 * Threads: everything on the loop's thread. */
#ifndef ESPELHO_SPICE_INPUTS_H
#define ESPELHO_SPICE_INPUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spice/channel.h"

typedef void (*inputs_locks_fn)(void *ctx, uint32_t locks);

struct inputs {
    inputs_locks_fn on_locks; /* set by the owner; NULL is fine */
    void *ctx;

    struct spice_channel *channel; /* borrowed, while `up` */
    bool up;
    uint16_t buttons;        /* SPICE_MOUSE_BUTTON_MASK_* held, wheel not counted */
    uint32_t unacknowledged; /* motion messages */
    enum { INPUTS_NO_MOTION, INPUTS_RELATIVE, INPUTS_ABSOLUTE } waiting;
    int32_t dx, dy;
    uint32_t x_px, y_px;
};

/* on_up, on_message and on_down; ctx is a struct inputs. on_down forgets keys, buttons, motion. */
extern const struct spice_channel_ops inputs_ops;

void inputs_key(struct inputs *inputs, uint32_t scancode, bool down);
void inputs_scancodes(struct inputs *inputs, const uint8_t *codes, size_t count);
void inputs_motion(struct inputs *inputs, int32_t dx, int32_t dy);
void inputs_position(struct inputs *inputs, uint32_t x_px, uint32_t y_px);
void inputs_button(struct inputs *inputs, uint8_t button, bool down);
void inputs_set_locks(struct inputs *inputs, uint32_t locks);

#endif
