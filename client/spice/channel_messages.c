/* SPDX-License-Identifier: GPL-2.0-or-later
 * Messages as they come: those that every channel has are handled here, the others by the owner. */
#define LOG_MODULE "spice"

#include "spice/channel_private.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include <spice/enums.h>
#include <spice/protocol.h>

#include "base/log.h"
#include "base/text.h"
#include "spice/reader.h"

enum { MAX_NOTIFY_BYTES = 200 };

/* Answers to the server's own messages. A failure ends the channel, which is all there is to do. */
static void answer(struct spice_channel *c, uint16_t type, const void *body, size_t body_bytes)
{
    if (spice_channel_send(c, type, body, body_bytes) < 0)
        log_debug("%s: an answer could not be sent", c->ops->name);
}

static void on_set_ack(struct spice_channel *c, struct spice_reader *r)
{
    uint8_t generation[4];
    spice_put_u32(generation, spice_read_u32(r));
    const uint32_t window = spice_read_u32(r);
    if (r->bad)
        return;
    c->ack_window = c->ack_left = window;
    answer(c, SPICE_MSGC_ACK_SYNC, generation, sizeof(generation));
}

static void on_ping(struct spice_channel *c, struct spice_reader *r)
{
    const uint8_t *id_and_time = spice_read_bytes(r, 4 + 8); /* what follows is only ballast */
    if (id_and_time)
        answer(c, SPICE_MSGC_PONG, id_and_time, 4 + 8);
}

static void on_disconnecting(struct spice_channel *c, struct spice_reader *r)
{
    (void)spice_read_u64(r); /* its time */
    const uint32_t reason = spice_read_u32(r);
    if (!r->bad)
        spice_channel_end(c, SPICE_FAULT_CLOSED, _("the server ends the connection (reason %u)"),
                          reason);
}

static void on_notify(const struct spice_channel *c, struct spice_reader *r)
{
    (void)spice_read_u64(r); /* its time */
    const uint32_t severity = spice_read_u32(r);
    (void)spice_read_u32(r); /* visibility */
    (void)spice_read_u32(r); /* what: a number without a list of meanings */
    const uint32_t bytes = spice_read_u32(r);
    const uint8_t *message = spice_read_bytes(r, bytes);
    if (!message)
        return;
    char text[MAX_NOTIFY_BYTES];
    spice_text_clean(text, sizeof(text), message, bytes);
    /* QEMU warns of every connection that has no TLS, also of one through a unix socket. */
    log_every(1000, severity == SPICE_NOTIFY_SEVERITY_ERROR ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG,
              "the server says (channel %s): %s", c->ops->name, text);
}

static void migrates(struct spice_channel *c)
{
    spice_channel_end(c, SPICE_FAULT_CLOSED, _("the VM moves to another host"));
}

/* We do not go with the VM; but the server waits for our mark before it goes. */
static void on_migrate(struct spice_channel *c, struct spice_reader *r)
{
    const uint32_t flags = spice_read_u32(r);
    if (r->bad)
        return;
    if (flags & SPICE_MIGRATE_NEED_FLUSH)
        answer(c, SPICE_MSGC_MIGRATE_FLUSH_MARK, NULL, 0);
    migrates(c);
}

/* False: not one of these. */
static bool common_message(struct spice_channel *c, uint16_t type, struct spice_reader *r)
{
    switch (type) {
    case SPICE_MSG_MIGRATE:
        on_migrate(c, r);
        return true;
    case SPICE_MSG_MIGRATE_DATA:
        migrates(c);
        return true;
    case SPICE_MSG_SET_ACK:
        on_set_ack(c, r);
        return true;
    case SPICE_MSG_PING:
        on_ping(c, r);
        return true;
    case SPICE_MSG_WAIT_FOR_CHANNELS:
        return true; /* nothing here depends on the order between channels */
    case SPICE_MSG_DISCONNECTING:
        on_disconnecting(c, r);
        return true;
    case SPICE_MSG_NOTIFY:
        on_notify(c, r);
        return true;
    default:
        return type <= SPICE_MSG_BASE_LAST; /* unknown ones are for newer clients */
    }
}

int spice_channel_blame(struct spice_channel *c, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(c->blame, sizeof(c->blame), fmt, args);
    va_end(args);
    return -EPROTO;
}

static void one_message(struct spice_channel *c, const struct framing_message *m)
{
    struct spice_reader r = spice_reader_of(m->body, m->body_bytes);
    if (common_message(c, m->type, &r)) {
        if (r.bad)
            spice_channel_end(c, SPICE_FAULT_PROTOCOL, _("message %u of %zu bytes is cut short"),
                              m->type, m->body_bytes);
        return;
    }
    c->heard = true;
    c->blame[0] = '\0';
    if (c->ops->on_message(c->ctx, c, m->type, m->body, m->body_bytes) < 0 && !c->dead)
        spice_channel_end(c, SPICE_FAULT_PROTOCOL,
                          c->blame[0] ? _("bad message %u of %zu bytes: %s")
                                      : _("bad message %u of %zu bytes"),
                          m->type, m->body_bytes, c->blame);
}

static void with_sub_messages(struct spice_channel *c, const struct framing_message *m)
{
    const bool is_list = m->type == SPICE_MSG_LIST;
    struct framing_message subs[FRAMING_MAX_SUB_MESSAGES];
    const int count = !is_list && m->sub_list == 0
                          ? 0
                          : framing_sub_messages(m->body, m->body_bytes, m->sub_list, subs);
    if (count < 0) {
        spice_channel_end(c, SPICE_FAULT_PROTOCOL,
                          _("the list of sub-messages in message %u is broken"), m->type);
        return;
    }
    for (int i = 0; i < count && spice_channel_goes_on(c); i++) {
        if (subs[i].type == SPICE_MSG_LIST)
            spice_channel_end(c, SPICE_FAULT_PROTOCOL, _("a list of sub-messages inside another"));
        else
            one_message(c, &subs[i]);
    }
    if (!is_list && spice_channel_goes_on(c))
        one_message(c, m);
}

static void count_for_ack(struct spice_channel *c)
{
    if (c->ack_window == 0 || --c->ack_left > 0)
        return;
    c->ack_left = c->ack_window;
    answer(c, SPICE_MSGC_ACK, NULL, 0);
}

bool spice_channel_step_messages(struct spice_channel *c)
{
    struct framing_message m;
    const int found = framing_next(&c->in, &m);
    if (found == 0)
        return false;
    if (found == -EMSGSIZE)
        spice_channel_end(c, SPICE_FAULT_PROTOCOL,
                          _("message %u of %zu bytes is larger than the limit of %u"), m.type,
                          m.body_bytes, c->in.max_body_bytes);
    else if (found < 0)
        spice_channel_end(c, SPICE_FAULT_MEMORY, _("no memory for a message of %zu bytes"),
                          m.body_bytes);
    if (found < 0)
        return false;
    with_sub_messages(c, &m);
    if (spice_channel_goes_on(c))
        count_for_ack(c);
    return true;
}
