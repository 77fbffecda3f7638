/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/spice/main_channel.h - the main channel: what the server tells about the VM and its
 * channels, the mouse mode, and the road to the guest's agent with its tokens.
 * Threads: everything on the loop's thread. */
#ifndef ESPELHO_SPICE_MAIN_CHANNEL_H
#define ESPELHO_SPICE_MAIN_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "spice/channel.h"
#include "spice/session.h"

enum { MAIN_MAX_CHANNELS = 64 };

struct main_events { /* of main_channel_ops's ctx; on_down comes to the owner of the channel */
    void (*on_init)(void *ctx);       /* the connection id is known */
    void (*on_channels)(void *ctx);   /* other channels may be opened now */
    void (*on_info)(void *ctx);       /* name or uuid came, after on_channels */
    void (*on_mouse_mode)(void *ctx); /* `mouse_mode` is another one */
    void (*on_agent)(void *ctx);      /* `agent` changed */
    void (*on_agent_data)(void *ctx, const uint8_t *bytes, size_t count);
    void (*on_agent_room)(void *ctx);
};

struct main_channel {
    const struct main_events *events; /* these two are set by the owner */
    void *ctx;
    enum spice_mouse_mode wanted_mode; /* NONE: absolute where possible */

    struct spice_channel *channel; /* borrowed, from on_up to on_down */
    bool initialised, listed;
    struct spice_session_info info;
    uint8_t channel_ids[16]; /* the lowest id of each type of channel offered ... */
    uint16_t channel_types;  /* ... bit n: type n is offered */
    uint32_t supported_modes;
    enum spice_mouse_mode mouse_mode;
    bool agent;
    uint32_t agent_tokens;   /* messages that the agent may be sent */
    uint32_t agent_received; /* messages of the agent since tokens were last given */
    uint32_t mm_time;        /* multimedia clock at ... */
    uint64_t mm_time_at_ms;
};

extern const struct spice_channel_ops main_channel_ops; /* ctx: a struct main_channel */

void main_channel_request_mouse_mode(struct main_channel *main, enum spice_mouse_mode mode);
size_t main_channel_agent_room(const struct main_channel *main);
int main_channel_agent_send(struct main_channel *main, const void *bytes, size_t count) MUST_CHECK;
uint32_t main_channel_mm_time(const struct main_channel *main);

#endif
