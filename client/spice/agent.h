/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/spice/agent.h - messages to and from the guest's agent (VDAgent), over the byte stream
 * that the main channel carries for it: capabilities, clipboard, resolution, file transfer.
 *
 * The agent is hostile and may restart at any moment. Nothing it says is stored beyond
 * SPICE_AGENT_MESSAGE_BYTES: clipboard data streams through, and what nobody wants is skipped. What
 * cannot be a message stream any more is ignored until the agent comes again. Sending is bounded;
 * large data is pulled piece by piece as the stream takes it. Format: constants of
 * libspice-protocol (spice/vd_agent.h). Message sizes are sent ahead, so data must be complete
 * before it is offered here.
 *
 * Threads: everything from one thread, the one of the port (the input thread). Callbacks come from
 * inside spice_agent_connected(), _data() and _room(), `on_room` and a source's functions also from
 * inside a send; they may send, but not destroy the agent. */
#ifndef ESPELHO_SPICE_AGENT_H
#define ESPELHO_SPICE_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

struct spice_agent;

#define SPICE_AGENT_MESSAGE_BYTES    4096u /* of one message that is not clipboard data */
#define SPICE_AGENT_FILE_CHUNK_BYTES (32u * 1024)
#define SPICE_AGENT_SELECTIONS       2u /* VD_AGENT_CLIPBOARD_SELECTION_CLIPBOARD and _PRIMARY */
#define SPICE_AGENT_TYPES_MAX        32u

/* Where the bytes go: spice_session_agent_room() and _agent_send(), or a test. */
struct spice_agent_port {
    size_t (*room)(void *ctx);                               /* bytes that send takes now */
    int (*send)(void *ctx, const void *bytes, size_t count); /* 0, or -EAGAIN: nothing was taken */
    void *ctx;
};

struct spice_agent_listener { /* every entry is optional; ctx goes to each */
    /* The agent told its capabilities (again: it started anew, all it knew is gone), or, false, it
     * is gone. */
    void (*on_ready)(void *ctx, bool ready);
    /* Somebody in the guest copied; types are VD_AGENT_CLIPBOARD_* as the guest says, unchecked. */
    void (*on_grab)(void *ctx, uint32_t selection, const uint32_t *types, size_t count);
    void (*on_release)(void *ctx, uint32_t selection);
    /* Somebody in the guest pastes: answer with spice_agent_send_clipboard() or
     * spice_agent_refuse_clipboard(). */
    void (*on_request)(void *ctx, uint32_t selection, uint32_t type);
    /* Clipboard data begins; false: not wanted, the rest comes not. After true: on_data any number
     * of times, then on_data_end when `total_bytes` were given; on_ready in between means that it
     * never ends. */
    bool (*on_data_begin)(void *ctx, uint32_t selection, uint32_t type, uint32_t total_bytes);
    void (*on_data)(void *ctx, const uint8_t *bytes, size_t count);
    void (*on_data_end)(void *ctx);
    /* About a file that we send; `detail` is what follows the result, may be empty. */
    void (*on_file_status)(void *ctx, uint32_t id, uint32_t result, const uint8_t *detail,
                           size_t detail_bytes);
    /* All has been sent and there is room; once after spice_agent_want_room(). */
    void (*on_room)(void *ctx);
    void *ctx;
};

/* `port` and `listener` are copied. -ENOMEM. */
int spice_agent_create(const struct spice_agent_port *port,
                       const struct spice_agent_listener *listener,
                       struct spice_agent **out) MUST_CHECK;
void spice_agent_destroy(struct spice_agent *agent); /* NULL is fine; sources are released */

/* ---- what the session tells ---- */
void spice_agent_connected(struct spice_agent *agent, bool connected);
void spice_agent_data(struct spice_agent *agent, const uint8_t *bytes, size_t count);
void spice_agent_room(struct spice_agent *agent);

bool spice_agent_ready(const struct spice_agent *agent);
/* VD_AGENT_CAP_*; false while it is not ready. */
bool spice_agent_has_cap(const struct spice_agent *agent, unsigned capability);
/* Clipboard sharing is possible with this agent, for this selection. */
bool spice_agent_has_clipboard(const struct spice_agent *agent, uint32_t selection);

/* ---- sending: 0; -ENOTCONN not ready; -EAGAIN too much is waiting; -ENOMEM ---- */

/* The desktop has something of these types; its content is told only on request. */
int spice_agent_grab(struct spice_agent *agent, uint32_t selection, const uint32_t *types,
                     size_t count) MUST_CHECK;
int spice_agent_release(struct spice_agent *agent, uint32_t selection) MUST_CHECK;
int spice_agent_request(struct spice_agent *agent, uint32_t selection, uint32_t type) MUST_CHECK;

struct spice_agent_source {
    /* Copies the next bytes to `to`, exactly `count`; they exist, for the size was told. */
    void (*pull)(void *ctx, uint8_t *to, size_t count);
    /* Once, when all is sent or (false) given up. It must not send. */
    void (*release)(void *ctx, bool sent);
    void *ctx;
};
/* On an error release() has not been called and will not be. */
int spice_agent_send_clipboard(struct spice_agent *agent, uint32_t selection, uint32_t type,
                               uint32_t total_bytes,
                               const struct spice_agent_source *source) MUST_CHECK;
/* Answers a request with "nothing". */
int spice_agent_refuse_clipboard(struct spice_agent *agent, uint32_t selection) MUST_CHECK;
/* The largest clipboard data we take, told to agents that ask for it; kept for the next agent. */
void spice_agent_set_max_clipboard(struct spice_agent *agent, uint32_t bytes);

/* The resolution the guest should have; kept, and told as soon as an agent that can change it is
 * there. The caller debounces. Sizes of 0 are ignored. */
void spice_agent_set_resolution(struct spice_agent *agent, uint32_t width_px, uint32_t height_px);

/* `key_file`: "[vdagent-file-xfer]\nname=...\nsize=...\n", see file_transfer.h. */
int spice_agent_file_start(struct spice_agent *agent, uint32_t id, const char *key_file) MUST_CHECK;
/* At most SPICE_AGENT_FILE_CHUNK_BYTES, copied. */
int spice_agent_file_data(struct spice_agent *agent, uint32_t id, const uint8_t *bytes,
                          size_t count) MUST_CHECK;
int spice_agent_file_cancel(struct spice_agent *agent, uint32_t id) MUST_CHECK;
/* Calls on_room once when nothing waits any more. */
void spice_agent_want_room(struct spice_agent *agent);
/* Nothing waits to be sent. */
bool spice_agent_idle(const struct spice_agent *agent);

#endif
