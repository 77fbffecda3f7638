/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "spice"

#include "spice/main_channel.h"

#include <errno.h>
#include <string.h>

#include <spice/enums.h>
#include <spice/protocol.h>
#include <spice/vd_agent.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "spice/problem.h"
#include "spice/reader.h"

enum {
    MAX_MESSAGE_BYTES = 1024 * 1024,
    MAX_TOKENS = 1 << 20,
    /* The agent may send so many messages of 2 KiB ahead; they are used up as they come, so this
     * only has to cover the way there and back. */
    OUR_TOKENS = 64,
    TOKENS_AT_ONCE = OUR_TOKENS / 4,
    AGENT_QUEUE_BYTES = 256 * 1024, /* beyond it our own keys would wait behind a clipboard */
};

static void send(struct main_channel *m, uint16_t type, const void *body, size_t body_bytes)
{
    if (spice_channel_send(m->channel, type, body, body_bytes) < 0)
        log_debug("a message could not be sent on the main channel");
}

static void send_u32(struct main_channel *m, uint16_t type, uint32_t value)
{
    uint8_t body[4];
    spice_put_u32(body, value);
    send(m, type, body, sizeof(body));
}

/* ---- mouse mode ---- */

static void request_wanted_mode(struct main_channel *m)
{
    const bool relative = m->wanted_mode == SPICE_MOUSE_RELATIVE;
    const uint32_t mode = relative ? SPICE_MOUSE_MODE_SERVER : SPICE_MOUSE_MODE_CLIENT;
    const enum spice_mouse_mode as_ours = relative ? SPICE_MOUSE_RELATIVE : SPICE_MOUSE_ABSOLUTE;
    if (!m->channel || !m->initialised || m->mouse_mode == as_ours || !(m->supported_modes & mode))
        return;
    uint8_t body[2];
    spice_put_u16(body, (uint16_t)mode);
    send(m, SPICE_MSGC_MAIN_MOUSE_MODE_REQUEST, body, sizeof(body));
}

void main_channel_request_mouse_mode(struct main_channel *m, enum spice_mouse_mode mode)
{
    m->wanted_mode = mode;
    request_wanted_mode(m);
}

static void set_mouse_mode(struct main_channel *m, uint32_t supported, uint32_t current)
{
    const enum spice_mouse_mode mode = current & SPICE_MOUSE_MODE_CLIENT   ? SPICE_MOUSE_ABSOLUTE
                                       : current & SPICE_MOUSE_MODE_SERVER ? SPICE_MOUSE_RELATIVE
                                                                           : SPICE_MOUSE_NONE;
    const bool changed = mode != m->mouse_mode;
    m->supported_modes = supported;
    m->mouse_mode = mode;
    if (changed)
        m->events->on_mouse_mode(m->ctx);
    request_wanted_mode(m);
}

static int on_mouse_mode(struct main_channel *m, struct spice_reader *r)
{
    const uint16_t supported = spice_read_u16(r), current = spice_read_u16(r);
    if (!r->bad)
        set_mouse_mode(m, supported, current);
    return 0;
}

/* ---- agent ---- */

static void set_tokens(struct main_channel *m, uint32_t tokens)
{
    m->agent_tokens = tokens < MAX_TOKENS ? tokens : MAX_TOKENS;
}

static void agent_connected(struct main_channel *m)
{
    if (m->agent)
        return;
    m->agent = true;
    m->agent_received = 0;
    send_u32(m, SPICE_MSGC_MAIN_AGENT_START, OUR_TOKENS);
    m->events->on_agent(m->ctx);
}

static int on_agent_connected(struct main_channel *m, struct spice_reader *r)
{
    (void)r;
    agent_connected(m);
    return 0;
}

static int on_agent_connected_tokens(struct main_channel *m, struct spice_reader *r)
{
    const uint32_t tokens = spice_read_u32(r);
    if (r->bad)
        return 0;
    set_tokens(m, tokens);
    agent_connected(m);
    return 0;
}

static int on_agent_disconnected(struct main_channel *m, struct spice_reader *r)
{
    (void)r; /* an error code without a list of meanings */
    if (!m->agent)
        return 0;
    m->agent = false;
    m->events->on_agent(m->ctx);
    return 0;
}

static int on_agent_data(struct main_channel *m, struct spice_reader *r)
{
    const size_t count = r->left_bytes;
    if (!m->agent)
        return 0; /* the rest of one that left */
    if (++m->agent_received >= TOKENS_AT_ONCE) {
        send_u32(m, SPICE_MSGC_MAIN_AGENT_TOKEN, m->agent_received);
        m->agent_received = 0;
    }
    if (count > 0)
        m->events->on_agent_data(m->ctx, r->at, count);
    return 0;
}

static void tell_room(struct main_channel *m)
{
    if (main_channel_agent_room(m) > 0)
        m->events->on_agent_room(m->ctx);
}

static int on_agent_token(struct main_channel *m, struct spice_reader *r)
{
    const uint32_t tokens = spice_read_u32(r);
    if (r->bad)
        return 0;
    set_tokens(m, tokens < MAX_TOKENS ? m->agent_tokens + tokens : MAX_TOKENS);
    tell_room(m);
    return 0;
}

static void on_drained(void *ctx, struct spice_channel *channel)
{
    (void)channel;
    tell_room(ctx);
}

static size_t queue_room(const struct main_channel *m)
{
    const size_t queued = spice_channel_queued_bytes(m->channel);
    return queued < AGENT_QUEUE_BYTES ? AGENT_QUEUE_BYTES - queued : 0;
}

size_t main_channel_agent_room(const struct main_channel *m)
{
    if (!m->channel || !m->agent)
        return 0;
    const size_t by_tokens = (size_t)m->agent_tokens * VD_AGENT_MAX_DATA_SIZE;
    const size_t by_queue = queue_room(m);
    return by_tokens < by_queue ? by_tokens : by_queue;
}

int main_channel_agent_send(struct main_channel *m, const void *bytes, size_t count)
{
    if (count > main_channel_agent_room(m))
        return -EAGAIN;
    const uint8_t *at = bytes;
    spice_channel_hold(m->channel, true);
    for (size_t left = count; left > 0;) {
        const size_t n = left < VD_AGENT_MAX_DATA_SIZE ? left : VD_AGENT_MAX_DATA_SIZE;
        m->agent_tokens--;
        send(m, SPICE_MSGC_MAIN_AGENT_DATA, at, n);
        at += n;
        left -= n;
    }
    spice_channel_hold(m->channel, false);
    return 0;
}

/* ---- multimedia time ---- */

static void set_mm_time(struct main_channel *m, uint32_t time)
{
    m->mm_time = time;
    m->mm_time_at_ms = clock_ms();
}

static int on_mm_time(struct main_channel *m, struct spice_reader *r)
{
    const uint32_t time = spice_read_u32(r);
    if (!r->bad)
        set_mm_time(m, time);
    return 0;
}

uint32_t main_channel_mm_time(const struct main_channel *m)
{
    if (m->mm_time_at_ms == 0)
        return 0;
    return m->mm_time + (uint32_t)(clock_ms() - m->mm_time_at_ms); /* wraps as it does there */
}

/* ---- the session ---- */

static int on_init(struct main_channel *m, struct spice_reader *r)
{
    const uint32_t session_id = spice_read_u32(r);
    (void)spice_read_u32(r); /* how many displays there may be: the list of channels tells */
    const uint32_t supported = spice_read_u32(r), current = spice_read_u32(r);
    const uint32_t agent = spice_read_u32(r), tokens = spice_read_u32(r);
    const uint32_t mm_time = spice_read_u32(r);
    (void)spice_read_u32(r); /* a hint about the size of video memory */
    if (r->bad)
        return 0;
    if (m->initialised)
        return spice_channel_blame(m->channel, _("a second INIT"));
    m->initialised = true;
    m->info.connection_id = session_id;
    set_mm_time(m, mm_time);
    set_tokens(m, tokens);
    m->events->on_init(m->ctx);
    set_mouse_mode(m, supported, current);
    if (agent)
        agent_connected(m);
    send(m, SPICE_MSGC_MAIN_ATTACH_CHANNELS, NULL, 0);
    return 0;
}

static void note_channel(struct main_channel *m, uint8_t type, uint8_t id)
{
    if (type >= ARRAY_LEN(m->channel_ids))
        return; /* none that we know */
    const uint16_t bit = (uint16_t)(1u << type);
    if (!(m->channel_types & bit) || id < m->channel_ids[type])
        m->channel_ids[type] = id;
    m->channel_types |= bit;
}

static int on_channels_list(struct main_channel *m, struct spice_reader *r)
{
    const uint32_t count = spice_read_u32(r);
    if (!r->bad && count > MAIN_MAX_CHANNELS)
        return spice_channel_blame(m->channel, _("%u channels"), count);
    if (!m->initialised)
        return spice_channel_blame(m->channel, _("channels before INIT"));
    m->channel_types = 0;
    for (uint32_t i = 0; i < count && !r->bad; i++) {
        const uint8_t type = spice_read_u8(r), id = spice_read_u8(r);
        if (!r->bad)
            note_channel(m, type, id);
    }
    if (r->bad)
        return 0;
    m->info.has_display = m->channel_types & 1u << SPICE_CHANNEL_DISPLAY;
    m->info.has_cursor = m->channel_types & 1u << SPICE_CHANNEL_CURSOR;
    m->info.has_playback = m->channel_types & 1u << SPICE_CHANNEL_PLAYBACK;
    m->info.has_record = m->channel_types & 1u << SPICE_CHANNEL_RECORD;
    m->listed = true;
    m->events->on_channels(m->ctx);
    return 0;
}

static int on_name(struct main_channel *m, struct spice_reader *r)
{
    const uint32_t bytes = spice_read_u32(r);
    const uint8_t *name = spice_read_bytes(r, bytes);
    if (!name)
        return 0;
    spice_text_clean(m->info.name, sizeof(m->info.name), name, bytes);
    if (m->listed)
        m->events->on_info(m->ctx);
    return 0;
}

static int on_uuid(struct main_channel *m, struct spice_reader *r)
{
    const uint8_t *uuid = spice_read_bytes(r, sizeof(m->info.uuid));
    if (!uuid)
        return 0;
    memcpy(m->info.uuid, uuid, sizeof(m->info.uuid));
    m->info.has_uuid = true;
    if (m->listed)
        m->events->on_info(m->ctx);
    return 0;
}

/* ---- migration: we do not go along, but connect again (to the same address) ---- */

static int on_migrate_begin(struct main_channel *m, struct spice_reader *r)
{
    (void)r; /* where it goes to: we did not say that we could follow */
    log_info("the VM is about to move to another host");
    send(m, SPICE_MSGC_MAIN_MIGRATE_CONNECT_ERROR, NULL, 0);
    return 0;
}

static int on_migrate_switch(struct main_channel *m, struct spice_reader *r)
{
    (void)r;
    spice_channel_end(m->channel, SPICE_FAULT_CLOSED, _("the VM has moved to another host"));
    return 0;
}

static const struct {
    uint16_t type;
    int (*read)(struct main_channel *m, struct spice_reader *r);
} messages[] = {
    { SPICE_MSG_MAIN_MIGRATE_BEGIN, on_migrate_begin },
    { SPICE_MSG_MAIN_MIGRATE_BEGIN_SEAMLESS, on_migrate_begin },
    { SPICE_MSG_MAIN_MIGRATE_SWITCH_HOST, on_migrate_switch },
    { SPICE_MSG_MAIN_MIGRATE_END, on_migrate_switch },
    { SPICE_MSG_MAIN_INIT, on_init },
    { SPICE_MSG_MAIN_CHANNELS_LIST, on_channels_list },
    { SPICE_MSG_MAIN_MOUSE_MODE, on_mouse_mode },
    { SPICE_MSG_MAIN_MULTI_MEDIA_TIME, on_mm_time },
    { SPICE_MSG_MAIN_AGENT_CONNECTED, on_agent_connected },
    { SPICE_MSG_MAIN_AGENT_CONNECTED_TOKENS, on_agent_connected_tokens },
    { SPICE_MSG_MAIN_AGENT_DISCONNECTED, on_agent_disconnected },
    { SPICE_MSG_MAIN_AGENT_DATA, on_agent_data },
    { SPICE_MSG_MAIN_AGENT_TOKEN, on_agent_token },
    { SPICE_MSG_MAIN_NAME, on_name },
    { SPICE_MSG_MAIN_UUID, on_uuid },
};

static int on_message(void *ctx, struct spice_channel *channel, uint16_t type, const uint8_t *body,
                      size_t body_bytes)
{
    struct main_channel *m = ctx;
    struct spice_reader r = spice_reader_of(body, body_bytes);
    for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
        if (messages[i].type != type)
            continue;
        const int err = messages[i].read(m, &r);
        return err == 0 && r.bad ? spice_channel_blame(channel, _("it is cut short")) : err;
    }
    return 0; /* of a newer server */
}

static void reset(struct main_channel *m)
{
    *m = (struct main_channel){ .events = m->events, .ctx = m->ctx, .wanted_mode = m->wanted_mode };
}

static void on_up(void *ctx, struct spice_channel *channel)
{
    struct main_channel *m = ctx;
    reset(m);
    m->channel = channel;
}

static void on_down(void *ctx, struct spice_channel *channel, const struct spice_problem *problem)
{
    (void)channel, (void)problem;
    reset(ctx);
}

const struct spice_channel_ops main_channel_ops = {
    .name = "main",
    .type = SPICE_CHANNEL_MAIN,
    .max_message_bytes = MAX_MESSAGE_BYTES,
    .caps = 1u << SPICE_MAIN_CAP_NAME_AND_UUID | 1u << SPICE_MAIN_CAP_AGENT_CONNECTED_TOKENS,
    .on_up = on_up,
    .on_message = on_message,
    .on_drained = on_drained,
    .on_down = on_down,
};
