/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/client/spice/guest.h - the other end of an agent's stream, scripted by a test: takes what
 * the viewer sends apart into messages, and makes messages for it, well-formed or not. */
#ifndef ESPELHO_TESTS_CLIENT_SPICE_GUEST_H
#define ESPELHO_TESTS_CLIENT_SPICE_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spice/agent.h"

struct guest {
    struct spice_agent *agent; /* set by the test: what guest_say() talks to */
    size_t room_bytes;         /* what the port takes at most; goes down as it is used */
    uint8_t *bytes;            /* received and not yet taken by guest_next() */
    size_t count, at, reserved;
    uint64_t received_bytes;
};

struct guest_message {
    uint32_t type;
    size_t count;
    const uint8_t *body; /* valid until the next guest_next() */
};

/* A port into `guest`, which has unlimited room at first. */
struct spice_agent_port guest_port(struct guest *guest);
void guest_free(struct guest *guest);
/* The next message that has arrived whole. */
bool guest_next(struct guest *guest, struct guest_message *out);
/* The next message has this type, or the test fails. */
struct guest_message guest_expect(struct guest *guest, uint32_t type);
void guest_expect_nothing(struct guest *guest);
/* Sends a message from the guest; `body` NULL: zeros. */
void guest_say(struct guest *guest, uint32_t type, const void *body, size_t count);
void guest_say_words(struct guest *guest, uint32_t type, const uint32_t *words, size_t count);
/* Announces these capabilities (bits), after connecting, and swallows the viewer's first messages.
 */
void guest_come(struct guest *guest, uint32_t caps);
uint32_t guest_word(const struct guest_message *m, size_t index);

#endif
