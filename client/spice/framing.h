/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/spice/framing.h - cuts the stream of a server into messages. What fits the buffer is
 * handed out in place; a longer body, its size checked against the limit first, gets memory of its
 * own and is read straight into it. One thread. */
#ifndef ESPELHO_SPICE_FRAMING_H
#define ESPELHO_SPICE_FRAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

enum {
    FRAMING_BUFFER_BYTES = 64 * 1024,
    FRAMING_MINI_HEADER_BYTES = 6,
    FRAMING_FULL_HEADER_BYTES = 18,
    FRAMING_MAX_SUB_MESSAGES = 64,
};

struct framing {
    uint32_t max_body_bytes; /* set by the owner */
    bool mini;               /* likewise, before the first message */
    uint8_t *buffer;         /* FRAMING_BUFFER_BYTES */
    size_t at, end;          /* what of it is filled and not used up */
    struct {
        uint8_t *bytes; /* NULL: no long body is being read */
        size_t have, need;
        uint16_t type;
        uint32_t sub_list;
    } body;
};

struct framing_message {
    uint16_t type;
    uint32_t sub_list; /* offset in the body, 0: none */
    const uint8_t *body;
    size_t body_bytes;
};

int framing_init(struct framing *framing) MUST_CHECK; /* 0 or -ENOMEM */
void framing_fini(struct framing *framing);

/* Where the stream's next bytes go, and how many may; then how many came. Never 0 bytes of room
 * after framing_next() has returned 0. */
uint8_t *framing_room(struct framing *framing, size_t *bytes);
void framing_filled(struct framing *framing, size_t bytes);

/* Raw bytes before messages begin: `count` (at most 4096) in place, or NULL: not yet there. */
const uint8_t *framing_take(struct framing *framing, size_t count);

/* 1: `out` is the next message, valid until the next call of any of these. 0: more bytes are
 * needed. -EMSGSIZE: larger than the limit (type and body_bytes of `out` tell). -ENOMEM. */
int framing_next(struct framing *framing, struct framing_message *out) MUST_CHECK;

/* The sub-messages that a list at `offset` of a body names. Count, or -EPROTO: a list or a message
 * outside the body, or too many. `out` has room for FRAMING_MAX_SUB_MESSAGES. */
int framing_sub_messages(const uint8_t *body, size_t body_bytes, size_t offset,
                         struct framing_message *out) MUST_CHECK;

#endif
