/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/testcard/testcard.h - a moving picture in any pixel type, for demo, host without a GPU,
 * tests and benchmarks.
 *
 * Every pixel is a pure function of (card, serial, x, y), so that any observer can compute what
 * must be on the screen. The frame's serial and a check code are encoded in a strip of blocks at
 * the top left (testcard_read_serial), readable from converted 8-bit pixels. Threads: a card
 * belongs to one thread. */
#ifndef ESPELHO_TESTCARD_TESTCARD_H
#define ESPELHO_TESTCARD_TESTCARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "kvmfr/cursor.h"
#include "kvmfr/host.h"

enum testcard_damage {
    TESTCARD_DAMAGE_NONE,
    TESTCARD_DAMAGE_FULL,    /* everything moves */
    TESTCARD_DAMAGE_PARTIAL, /* clock, serial strip and one moving box */
    TESTCARD_DAMAGE_STATIC,  /* nothing changes after the first frame */
    TESTCARD_DAMAGE_SCROLL,  /* a text-like area scrolls */
    TESTCARD_DAMAGE_SMALL,   /* one 64x64 box and the serial strip inside it */
};

struct testcard_config {
    enum frame_format format;
    uint32_t width_px, height_px; /* the frame, unrotated */
    enum frame_rotation
        rotation; /* the card is drawn so that it is upright after the client's rotation */
    enum testcard_damage damage;
    uint32_t flags; /* FRAME_FLAG_HDR, FRAME_FLAG_HDR_PQ for the HDR formats */
    uint32_t hz;    /* for the clock's text and speed; frames are numbered, not timed */
};

struct testcard;
int testcard_create(const struct testcard_config *config, struct testcard **out) MUST_CHECK;
void testcard_destroy(struct testcard *card);

/* Damage of frame `serial` against frame `serial - 1`; count 0 = full (also for serial 0). Returns
 * the count; STATIC after the first frame: no frame should be published at all. */
uint32_t testcard_damage_of(const struct testcard *card, uint32_t serial,
                            struct frame_rect out[FRAME_MAX_DAMAGE]);
/* Renders frame `serial` into `card`'s own cached image and returns rows in the wire format; valid
 * until the next call. Only what changed since the last call is redrawn, so that a producer
 * measures its copy, not the drawing. */
const uint8_t *testcard_render(struct testcard *card, uint32_t serial, uint32_t *pitch_bytes);
/* The same frame as 8-bit upright desktop pixels (XRGB8888, rotated as the client should): what a
 * screenshot must show. */
void testcard_expect_xrgb(struct testcard *card, uint32_t serial, uint32_t *out,
                          uint32_t stride_bytes);
/* Reads the serial strip out of upright XRGB8888 pixels (1:1). False: no valid code there (torn or
 * not a test card). */
bool testcard_read_serial(const uint32_t *xrgb, uint32_t stride_bytes, uint32_t width_px,
                          uint32_t height_px, uint32_t *serial);

/* Pointer shapes of each kind, 32x32, with transparent, opaque and (where the kind has them)
 * inverting pixels; colour also has soft alpha. Static data. */
const struct cursor_shape *testcard_cursor(enum cursor_type type);
/* Where the demo's pointer is at time t: a calm figure inside the picture. */
void testcard_cursor_position(uint32_t width_px, uint32_t height_px, uint64_t t_ns, int32_t *x_px,
                              int32_t *y_px);

/* Publishes frame `serial` through `host`: begin, copy what the buffer lacks (age), raise per band,
 * end. 0 or as kvmfr_host_begin_frame(). */
int testcard_publish(struct testcard *card, struct kvmfr_host *host, uint32_t card_serial,
                     uint64_t now_ms);

#endif
