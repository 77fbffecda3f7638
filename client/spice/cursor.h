/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/spice/cursor.h - the cursor channel: the guest's pointer as a shape and a place.
 *
 * Give &spice_cursor_ops and the cursor to spice_channel_create(). One cursor per connection.
 * Limits: a shape at most SPICE_CURSOR_MAX_PX a side, SPICE_CURSORS_MAX kept shapes of together
 * SPICE_CURSORS_MAX_BYTES. Threads: the channel's loop. The listener must not destroy the cursor
 * from on_pointer. */
#ifndef ESPELHO_SPICE_CURSOR_H
#define ESPELHO_SPICE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "spice/channel.h"

#define SPICE_CURSOR_MAX_PX     512u
#define SPICE_CURSORS_MAX       256u /* the server counts to as many */
#define SPICE_CURSORS_MAX_BYTES (16u * 1024 * 1024)

enum spice_cursor_kind {
    SPICE_CURSOR_NONE,
    SPICE_CURSOR_ALPHA,  /* 0xAARRGGBB, straight alpha */
    SPICE_CURSOR_MONO,   /* two planes of bits, first pixel in the highest: AND, below it XOR */
    SPICE_CURSOR_MASKED, /* 0x00RRGGBB replaces, 0xffRRGGBB is XORed with what is below */
};

struct spice_cursor_shape {
    enum spice_cursor_kind kind;
    uint32_t width_px, height_px;
    uint32_t pitch_bytes; /* height_px rows; MONO: twice that */
    uint32_t hot_x_px, hot_y_px;
    uint32_t data_bytes;
    const uint8_t *data; /* little-endian pixels */
};

struct spice_cursor_state {
    bool visible;
    int32_t x_px, y_px;                     /* of the hot spot */
    const struct spice_cursor_shape *shape; /* NULL: none yet; valid during the call */
    bool shape_changed;
};

struct spice_cursor;
struct spice_cursor_listener { /* every entry is optional */
    void (*on_pointer)(void *ctx, const struct spice_cursor_state *state);
    void (*on_up)(void *ctx);
    void (*on_down)(void *ctx, const struct spice_problem *problem); /* as of spice_channel_ops */
    void *ctx;
};

extern const struct spice_channel_ops spice_cursor_ops; /* ctx: struct spice_cursor */

int spice_cursor_create(const struct spice_cursor_listener *listener,
                        struct spice_cursor **out) MUST_CHECK;
void spice_cursor_destroy(struct spice_cursor *c); /* NULL is fine; destroy the channel first */
/* What the channel does with a message. 0; -EPROTO with a static text in *why; -ENOMEM. */
int spice_cursor_message(struct spice_cursor *c, uint16_t type, const uint8_t *body,
                         size_t body_bytes, const char **why) MUST_CHECK;

#endif
