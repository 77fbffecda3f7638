/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPICE's link handshake: who we are, what the server can, the ticket (password), its answer. */
#define LOG_MODULE "spice"

#include "spice/channel_private.h"

#include <errno.h>
#include <string.h>

#include <spice/enums.h>
#include <spice/protocol.h>

#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "spice/link.h"
#include "spice/reader.h"
#include "spice/ticket.h"

static void queue_raw(struct spice_channel *c, const void *bytes, size_t count)
{
    uint8_t *p = sendqueue_append(&c->out, count);
    if (p)
        memcpy(p, bytes, count);
    else
        spice_channel_end(c, SPICE_FAULT_MEMORY, _("out of memory"));
}

void spice_channel_send_link(struct spice_channel *c)
{
    uint8_t message[LINK_MESSAGE_BYTES];
    link_message(c->connection_id, c->ops->type, c->channel_id, c->ops->caps, message);
    c->state = CHANNEL_LINK_HEADER;
    queue_raw(c, message, sizeof(message));
    spice_channel_flush(c);
}

static void refused(struct spice_channel *c, uint32_t error)
{
    const char *text;
    const enum spice_fault fault = link_error(error, c->had_password, &text);
    spice_channel_end(c, fault, "%s", text);
}

static bool queue_ticket(struct spice_channel *c, const struct link_reply *reply)
{
    uint8_t mechanism[4], ticket[TICKET_BYTES];
    const int err = ticket_make(reply->key, c->server->password, ticket);
    if (err == -E2BIG)
        spice_channel_end(c, SPICE_FAULT_PASSWORD,
                          _("the password is longer than the %d bytes that SPICE allows"),
                          TICKET_MAX_PASSWORD_BYTES);
    else if (err == -EPROTO)
        spice_channel_end(c, SPICE_FAULT_PROTOCOL,
                          _("the server sent no usable key for the password"));
    else if (err < 0)
        spice_channel_end(c, SPICE_FAULT_MEMORY, _("encrypt the password: %s"), err_str(err));
    if (err < 0)
        return false;
    c->had_password = c->server->password && c->server->password[0];
    if (reply->common_caps & 1u << SPICE_COMMON_CAP_PROTOCOL_AUTH_SELECTION) {
        spice_put_u32(mechanism, SPICE_COMMON_CAP_AUTH_SPICE);
        queue_raw(c, mechanism, sizeof(mechanism));
    }
    queue_raw(c, ticket, sizeof(ticket));
    return c->state != CHANNEL_FAILED;
}

static bool step_link_header(struct spice_channel *c)
{
    const char *why;
    const uint8_t *header = framing_take(&c->in, LINK_HEADER_BYTES);
    if (!header)
        return false;
    if (link_reply_size(header, &c->reply_bytes, &why) < 0)
        spice_channel_end(c, SPICE_FAULT_PROTOCOL, "%s", why);
    else
        c->state = CHANNEL_LINK_REPLY;
    return true;
}

static bool step_link_reply(struct spice_channel *c)
{
    const char *why;
    struct link_reply reply;
    const uint8_t *body = framing_take(&c->in, c->reply_bytes);
    if (!body)
        return false;
    if (link_reply_parse(body, c->reply_bytes, &reply, &why) < 0) {
        spice_channel_end(c, SPICE_FAULT_PROTOCOL, "%s", why);
        return true;
    }
    if (reply.error != SPICE_LINK_ERR_OK) {
        refused(c, reply.error);
        return true;
    }
    const uint32_t selection = 1u << SPICE_COMMON_CAP_PROTOCOL_AUTH_SELECTION;
    if ((reply.common_caps & selection) &&
        !(reply.common_caps & 1u << SPICE_COMMON_CAP_AUTH_SPICE)) {
        spice_channel_end(
            c, SPICE_FAULT_REFUSED,
            _("the server only knows SASL for logging in, which this program does not: "
              "set sasl=off or a password"));
        return true;
    }
    if (!queue_ticket(c, &reply))
        return true;
    c->server_caps = reply.channel_caps;
    c->in.mini = reply.common_caps & 1u << SPICE_COMMON_CAP_MINI_HEADER;
    c->state = CHANNEL_LINK_RESULT;
    c->hold = true;
    if (c->ops->greet)
        c->ops->greet(c->ctx, c);
    c->hold = false;
    if (spice_channel_goes_on(c))
        spice_channel_flush(c);
    return true;
}

static bool step_link_result(struct spice_channel *c)
{
    const uint8_t *bytes = framing_take(&c->in, LINK_RESULT_BYTES);
    if (!bytes)
        return false;
    struct spice_reader r = spice_reader_of(bytes, LINK_RESULT_BYTES);
    const uint32_t result = spice_read_u32(&r);
    if (result != SPICE_LINK_ERR_OK) {
        refused(c, result);
        return true;
    }
    c->state = CHANNEL_UP;
    loop_timer_set_ns(c->timer, 0, 0);
    log_debug("channel %s %u is up", c->ops->name, c->channel_id);
    if (c->ops->on_up)
        c->ops->on_up(c->ctx, c);
    return true;
}

bool spice_channel_step_link(struct spice_channel *c)
{
    switch (c->state) {
    case CHANNEL_LINK_HEADER:
        return step_link_header(c);
    case CHANNEL_LINK_REPLY:
        return step_link_reply(c);
    case CHANNEL_LINK_RESULT:
        return step_link_result(c);
    default:
        return false;
    }
}
