/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/spice/link.h - the bytes of the link handshake: what we say first, what the server may
 * answer, what its result codes mean to a person. No state, any thread. */
#ifndef ESPELHO_SPICE_LINK_H
#define ESPELHO_SPICE_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "spice/channel.h"
#include "spice/ticket.h"

enum {
    LINK_HEADER_BYTES = 16,
    LINK_MESSAGE_BYTES = LINK_HEADER_BYTES + 18 + 2 * 4, /* with a word of each kind of caps */
    LINK_REPLY_MAX_BYTES = 4096,
    LINK_MAX_CAP_WORDS = 64,
    LINK_RESULT_BYTES = 4,
};

void link_message(uint32_t connection_id, uint8_t channel_type, uint8_t channel_id,
                  uint32_t channel_caps, uint8_t out[LINK_MESSAGE_BYTES]);

struct link_reply {
    uint32_t error; /* SPICE_LINK_ERR_* */
    uint8_t key[TICKET_KEY_BYTES];
    uint32_t common_caps, channel_caps; /* the first 32 of each kind */
};

/* How many bytes follow the reply's header. 0; -EPROTO: no SPICE server, or not our version, with
 * `why` for a person. */
int link_reply_size(const uint8_t header[LINK_HEADER_BYTES], size_t *body_bytes,
                    const char **why) MUST_CHECK;
/* 0; -EPROTO with `why`. */
int link_reply_parse(const uint8_t *body, size_t body_bytes, struct link_reply *out,
                     const char **why) MUST_CHECK;

/* The fault that a result code other than SPICE_LINK_ERR_OK means, and what to say about it. */
enum spice_fault link_error(uint32_t error, bool had_password, const char **text);

#endif
