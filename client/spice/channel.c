/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * An end is noted where it happens (fail()) and told from the loop's next round, so that no call of
 * the owner ever calls the owner back. */
#define LOG_MODULE "spice"

#include "spice/channel.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <spice/enums.h>
#include <spice/protocol.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "spice/framing.h"
#include "spice/link.h"
#include "spice/problem.h"
#include "spice/reader.h"
#include "spice/sendqueue.h"
#include "spice/ticket.h"
#include "spice/transport.h"

enum {
    HANDSHAKE_MS = 10000,
    READ_PER_ROUND_BYTES = 256 * 1024, /* then the loop's other sources have their turn */
    MAX_NOTIFY_BYTES = 200,
};

enum state {
    STATE_CONNECT,
    STATE_LINK_HEADER,
    STATE_LINK_REPLY,
    STATE_LINK_RESULT, /* the ticket is on its way; messages may follow it */
    STATE_UP,
    STATE_FAILED,
};

struct spice_channel {
    struct loop *loop;                 /* borrowed */
    const struct spice_server *server; /* borrowed */
    uint32_t connection_id;
    uint8_t channel_id;
    const struct spice_channel_ops *ops;
    void *ctx;

    enum state state;
    struct transport *transport;
    struct loop_source *timer; /* of the handshake */
    struct loop_source *wake;  /* an end to tell, or reading to go on with */
    struct framing in;
    struct sendqueue out;
    bool hold, paused;
    bool heard;     /* a message of the channel's own came */
    bool above_low; /* more than SPICE_SEND_LOW_BYTES waited: on_drained is due */
    size_t reply_bytes;
    uint32_t server_caps;
    bool had_password;
    uint64_t serial; /* of full headers */
    uint32_t ack_window, ack_left;
    char blame[160];
    struct spice_problem problem;
    unsigned busy; /* callbacks that run now: */
    bool dead;     /* destroyed in one of them, freed after it */
};

/* ---- ends ---- */

static void stop(struct spice_channel *c)
{
    transport_destroy(c->transport);
    c->transport = NULL;
    loop_timer_set_ns(c->timer, 0, 0);
    c->state = STATE_FAILED;
    loop_wake_raise(c->wake);
}

/* "SPICE at 127.0.0.1:5900, channel inputs: text" */
static void fail_args(struct spice_channel *c, enum spice_fault fault, const char *fmt,
                      va_list args) __attribute__((format(printf, 3, 0)));
static void fail_args(struct spice_channel *c, enum spice_fault fault, const char *fmt,
                      va_list args)
{
    char text[256], where[128];
    if (c->state == STATE_FAILED)
        return;
    vsnprintf(text, sizeof(text), fmt, args);
    spice_server_describe(c->server, where, sizeof(where));
    if (c->ops->type == SPICE_CHANNEL_MAIN)
        spice_problem_set(&c->problem, fault, _("SPICE at %s: %s"), where, text);
    else
        spice_problem_set(&c->problem, fault, _("SPICE at %s, channel %s: %s"), where, c->ops->name,
                          text);
    stop(c);
}

static void fail(struct spice_channel *c, enum spice_fault fault, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
static void fail(struct spice_channel *c, enum spice_fault fault, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fail_args(c, fault, fmt, args);
    va_end(args);
}

void spice_channel_end(struct spice_channel *c, enum spice_fault fault, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fail_args(c, fault, fmt, args);
    va_end(args);
}

/* ---- sending ---- */

static void update_wants(struct spice_channel *c)
{
    if (c->transport)
        transport_want(c->transport, !c->paused, sendqueue_bytes(&c->out) > 0);
}

static void flush(struct spice_channel *c)
{
    while (c->state != STATE_FAILED && sendqueue_bytes(&c->out) > 0) {
        const ssize_t n =
            transport_write(c->transport, c->out.bytes + c->out.at, sendqueue_bytes(&c->out));
        if (n == -EAGAIN)
            break;
        if (n < 0)
            fail(c, SPICE_FAULT_CLOSED, _("the connection broke: %s"), err_str((int)n));
        else
            sendqueue_sent(&c->out, (size_t)n);
    }
    update_wants(c);
}

static bool may_send(const struct spice_channel *c)
{
    return c->state == STATE_LINK_RESULT || c->state == STATE_UP;
}

/* Queues header and body; the caller flushes. */
static int queue_message(struct spice_channel *c, uint16_t type, const void *body,
                         size_t body_bytes)
{
    const size_t header_bytes = c->in.mini ? FRAMING_MINI_HEADER_BYTES : FRAMING_FULL_HEADER_BYTES;
    if (body_bytes > SPICE_SEND_MAX_BYTES ||
        sendqueue_bytes(&c->out) + body_bytes > SPICE_SEND_MAX_BYTES) {
        fail(c, SPICE_FAULT_CLOSED, _("the server does not take what is sent to it"));
        return -EAGAIN;
    }
    uint8_t *p = sendqueue_append(&c->out, header_bytes + body_bytes);
    if (!p) {
        fail(c, SPICE_FAULT_MEMORY, _("out of memory"));
        return -EAGAIN;
    }
    if (!c->in.mini) {
        spice_put_u64(p, ++c->serial);
        p += 8;
    }
    spice_put_u16(p, type);
    spice_put_u32(p + 2, (uint32_t)body_bytes);
    p += FRAMING_MINI_HEADER_BYTES;
    if (!c->in.mini) {
        spice_put_u32(p, 0); /* no sub-messages */
        p += 4;
    }
    if (body_bytes)
        memcpy(p, body, body_bytes);
    return 0;
}

int spice_channel_send(struct spice_channel *c, uint16_t type, const void *body, size_t body_bytes)
{
    if (!may_send(c))
        return -ENOTCONN;
    const int err = queue_message(c, type, body, body_bytes);
    if (err == 0 && !c->hold)
        flush(c);
    if (sendqueue_bytes(&c->out) > SPICE_SEND_LOW_BYTES)
        c->above_low = true;
    return err;
}

void spice_channel_hold(struct spice_channel *c, bool hold)
{
    c->hold = hold;
    if (!hold && may_send(c))
        flush(c);
}

size_t spice_channel_queued_bytes(const struct spice_channel *c)
{
    return sendqueue_bytes(&c->out);
}

/* Answers to the server's own messages. A failure ends the channel, which is all there is to do. */
static void answer(struct spice_channel *c, uint16_t type, const void *body, size_t body_bytes)
{
    if (spice_channel_send(c, type, body, body_bytes) < 0)
        log_debug("%s: an answer could not be sent", c->ops->name);
}

/* ---- messages that every channel has ---- */

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
        fail(c, SPICE_FAULT_CLOSED, _("the server ends the connection (reason %u)"), reason);
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
    fail(c, SPICE_FAULT_CLOSED, _("the VM moves to another host"));
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
            fail(c, SPICE_FAULT_PROTOCOL, _("message %u of %zu bytes is cut short"), m->type,
                 m->body_bytes);
        return;
    }
    c->heard = true;
    c->blame[0] = '\0';
    if (c->ops->on_message(c->ctx, c, m->type, m->body, m->body_bytes) < 0 && !c->dead)
        fail(c, SPICE_FAULT_PROTOCOL,
             c->blame[0] ? _("bad message %u of %zu bytes: %s") : _("bad message %u of %zu bytes"),
             m->type, m->body_bytes, c->blame);
}

static bool goes_on(const struct spice_channel *c)
{
    return c->state != STATE_FAILED && !c->dead;
}

static void with_sub_messages(struct spice_channel *c, const struct framing_message *m)
{
    const bool is_list = m->type == SPICE_MSG_LIST;
    struct framing_message subs[FRAMING_MAX_SUB_MESSAGES];
    const int count = !is_list && m->sub_list == 0
                          ? 0
                          : framing_sub_messages(m->body, m->body_bytes, m->sub_list, subs);
    if (count < 0) {
        fail(c, SPICE_FAULT_PROTOCOL, _("the list of sub-messages in message %u is broken"),
             m->type);
        return;
    }
    for (int i = 0; i < count && goes_on(c); i++) {
        if (subs[i].type == SPICE_MSG_LIST)
            fail(c, SPICE_FAULT_PROTOCOL, _("a list of sub-messages inside another"));
        else
            one_message(c, &subs[i]);
    }
    if (!is_list && goes_on(c))
        one_message(c, m);
}

static void count_for_ack(struct spice_channel *c)
{
    if (c->ack_window == 0 || --c->ack_left > 0)
        return;
    c->ack_left = c->ack_window;
    answer(c, SPICE_MSGC_ACK, NULL, 0);
}

/* True: there was a message. */
static bool step_messages(struct spice_channel *c)
{
    struct framing_message m;
    const int found = framing_next(&c->in, &m);
    if (found == 0)
        return false;
    if (found == -EMSGSIZE)
        fail(c, SPICE_FAULT_PROTOCOL, _("message %u of %zu bytes is larger than the limit of %u"),
             m.type, m.body_bytes, c->in.max_body_bytes);
    else if (found < 0)
        fail(c, SPICE_FAULT_MEMORY, _("no memory for a message of %zu bytes"), m.body_bytes);
    if (found < 0)
        return false;
    with_sub_messages(c, &m);
    if (goes_on(c))
        count_for_ack(c);
    return true;
}

/* ---- link handshake ---- */

static void queue_raw(struct spice_channel *c, const void *bytes, size_t count)
{
    uint8_t *p = sendqueue_append(&c->out, count);
    if (p)
        memcpy(p, bytes, count);
    else
        fail(c, SPICE_FAULT_MEMORY, _("out of memory"));
}

static void send_link(struct spice_channel *c)
{
    uint8_t message[LINK_MESSAGE_BYTES];
    link_message(c->connection_id, c->ops->type, c->channel_id, c->ops->caps, message);
    c->state = STATE_LINK_HEADER;
    queue_raw(c, message, sizeof(message));
    flush(c);
}

static void refused(struct spice_channel *c, uint32_t error)
{
    const char *text;
    const enum spice_fault fault = link_error(error, c->had_password, &text);
    fail(c, fault, "%s", text);
}

static bool queue_ticket(struct spice_channel *c, const struct link_reply *reply)
{
    uint8_t mechanism[4], ticket[TICKET_BYTES];
    const int err = ticket_make(reply->key, c->server->password, ticket);
    if (err == -E2BIG)
        fail(c, SPICE_FAULT_PASSWORD,
             _("the password is longer than the %d bytes that SPICE allows"),
             TICKET_MAX_PASSWORD_BYTES);
    else if (err == -EPROTO)
        fail(c, SPICE_FAULT_PROTOCOL, _("the server sent no usable key for the password"));
    else if (err < 0)
        fail(c, SPICE_FAULT_MEMORY, _("encrypt the password: %s"), err_str(err));
    if (err < 0)
        return false;
    c->had_password = c->server->password && c->server->password[0];
    if (reply->common_caps & 1u << SPICE_COMMON_CAP_PROTOCOL_AUTH_SELECTION) {
        spice_put_u32(mechanism, SPICE_COMMON_CAP_AUTH_SPICE);
        queue_raw(c, mechanism, sizeof(mechanism));
    }
    queue_raw(c, ticket, sizeof(ticket));
    return c->state != STATE_FAILED;
}

static bool step_link_header(struct spice_channel *c)
{
    const char *why;
    const uint8_t *header = framing_take(&c->in, LINK_HEADER_BYTES);
    if (!header)
        return false;
    if (link_reply_size(header, &c->reply_bytes, &why) < 0)
        fail(c, SPICE_FAULT_PROTOCOL, "%s", why);
    else
        c->state = STATE_LINK_REPLY;
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
        fail(c, SPICE_FAULT_PROTOCOL, "%s", why);
        return true;
    }
    if (reply.error != SPICE_LINK_ERR_OK) {
        refused(c, reply.error);
        return true;
    }
    const uint32_t selection = 1u << SPICE_COMMON_CAP_PROTOCOL_AUTH_SELECTION;
    if ((reply.common_caps & selection) &&
        !(reply.common_caps & 1u << SPICE_COMMON_CAP_AUTH_SPICE)) {
        fail(c, SPICE_FAULT_REFUSED,
             _("the server only knows SASL for logging in, which this program does not: "
               "set sasl=off or a password"));
        return true;
    }
    if (!queue_ticket(c, &reply))
        return true;
    c->server_caps = reply.channel_caps;
    c->in.mini = reply.common_caps & 1u << SPICE_COMMON_CAP_MINI_HEADER;
    c->state = STATE_LINK_RESULT;
    c->hold = true;
    if (c->ops->greet)
        c->ops->greet(c->ctx, c);
    c->hold = false;
    if (goes_on(c))
        flush(c);
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
    c->state = STATE_UP;
    loop_timer_set_ns(c->timer, 0, 0);
    log_debug("channel %s %u is up", c->ops->name, c->channel_id);
    if (c->ops->on_up)
        c->ops->on_up(c->ctx, c);
    return true;
}

/* One step with what has been received. False: more bytes are needed. */
static bool step(struct spice_channel *c)
{
    switch (c->state) {
    case STATE_LINK_HEADER:
        return step_link_header(c);
    case STATE_LINK_REPLY:
        return step_link_reply(c);
    case STATE_LINK_RESULT:
        return step_link_result(c);
    case STATE_UP:
        return step_messages(c);
    default:
        return false;
    }
}

/* ---- receiving ---- */

static void closed(struct spice_channel *c)
{
    static const char *const when[] = {
        [STATE_LINK_HEADER] = N_("the server closed the connection before it answered: does it "
                                 "want TLS (spice:tlsPort)?"),
        [STATE_LINK_REPLY] = N_("the server closed the connection in the middle of its first "
                                "answer"),
        [STATE_LINK_RESULT] = N_("the server closed the connection instead of letting us in"),
        [STATE_UP] = N_("the server closed the connection"),
    };
    const char *text = c->state < ARRAY_LEN(when) ? when[c->state] : NULL;
    fail(c, SPICE_FAULT_CLOSED, "%s", _(text ? text : when[STATE_UP]));
}

/* Bytes that came; 0: none for now. */
static size_t receive_some(struct spice_channel *c)
{
    size_t room_bytes;
    uint8_t *room = framing_room(&c->in, &room_bytes);
    assert(room_bytes > 0);
    if (room_bytes > READ_PER_ROUND_BYTES)
        room_bytes = READ_PER_ROUND_BYTES;
    const ssize_t n = transport_read(c->transport, room, room_bytes);
    if (n == -EAGAIN)
        return 0;
    if (n == 0)
        closed(c);
    else if (n < 0)
        fail(c, SPICE_FAULT_CLOSED, _("the connection broke: %s"), err_str((int)n));
    else
        framing_filled(&c->in, (size_t)n);
    return n > 0 ? (size_t)n : 0;
}

static void step_all(struct spice_channel *c)
{
    while (goes_on(c) && !c->paused && step(c))
        ;
}

static void receive(struct spice_channel *c)
{
    size_t total_bytes = 0;
    step_all(c); /* what was left when it was paused */
    while (goes_on(c) && !c->paused && total_bytes < READ_PER_ROUND_BYTES) {
        const size_t n = receive_some(c);
        if (n == 0)
            return;
        total_bytes += n;
        step_all(c);
    }
    if (goes_on(c) && !c->paused && transport_has_pending(c->transport))
        loop_wake_raise(c->wake);
}

static void drained(struct spice_channel *c)
{
    if (!c->above_low || sendqueue_bytes(&c->out) > SPICE_SEND_LOW_BYTES || !goes_on(c))
        return;
    c->above_low = false;
    if (c->ops->on_drained)
        c->ops->on_drained(c->ctx, c);
}

static void free_channel(struct spice_channel *c)
{
    framing_fini(&c->in);
    sendqueue_fini(&c->out);
    free(c);
}

static void leave(struct spice_channel *c)
{
    if (--c->busy == 0 && c->dead)
        free_channel(c);
}

static void on_ready(void *ctx, bool readable, bool writable)
{
    struct spice_channel *c = ctx;
    c->busy++;
    if (writable) {
        flush(c);
        drained(c);
    }
    if (readable && goes_on(c) && !c->paused)
        receive(c);
    leave(c);
}

static void on_wake(void *ctx)
{
    struct spice_channel *c = ctx;
    c->busy++;
    if (c->state == STATE_FAILED)
        c->ops->on_down(c->ctx, c, &c->problem);
    else if (!c->paused && c->state != STATE_CONNECT)
        receive(c);
    leave(c);
}

static void on_connected(void *ctx)
{
    const struct spice_channel *c = ctx;
    loop_timer_set_ns(c->timer, clock_ns() + HANDSHAKE_MS * NS_PER_MS, 0);
}

static void on_open(void *ctx)
{
    send_link(ctx);
}

static void on_failed(void *ctx, const struct spice_problem *problem)
{
    struct spice_channel *c = ctx;
    c->problem = *problem;
    stop(c);
}

static void on_timeout(void *ctx)
{
    struct spice_channel *c = ctx;
    fail(c, SPICE_FAULT_NO_SERVER,
         _("it accepts connections but does not answer: is it a SPICE server, and does the VM's "
           "process run?"));
}

static const struct transport_ops transport_ops = {
    .on_connected = on_connected,
    .on_open = on_open,
    .on_ready = on_ready,
    .on_failed = on_failed,
};

/* ---- life ---- */

int spice_channel_create(struct loop *loop, const struct spice_server *server,
                         uint32_t connection_id, uint8_t channel_id,
                         const struct spice_channel_ops *ops, void *ctx, struct spice_channel **out)
{
    struct spice_channel *c = calloc(1, sizeof(*c));
    if (!c)
        return -ENOMEM;
    *c = (struct spice_channel){ .loop = loop,
                                 .server = server,
                                 .connection_id = connection_id,
                                 .channel_id = channel_id,
                                 .ops = ops,
                                 .ctx = ctx };
    int err = framing_init(&c->in);
    c->in.max_body_bytes = ops->max_message_bytes;
    if (err == 0)
        err = loop_add_timer(loop, on_timeout, c, &c->timer);
    if (err == 0)
        err = loop_add_wake(loop, on_wake, c, &c->wake);
    if (err == 0)
        err = transport_create(loop, server, &transport_ops, c, &c->transport);
    if (err < 0) {
        spice_channel_destroy(c);
        return err;
    }
    *out = c;
    return 0;
}

void spice_channel_destroy_heard(struct spice_channel *c, uint32_t limit_ms)
{
    const uint64_t end_ms = clock_ms() + limit_ms;
    if (!c || c->dead)
        return;
    c->busy++;
    while (c->transport && may_send(c) && !c->heard && !c->paused) {
        const uint64_t now_ms = clock_ms();
        if (now_ms >= end_ms || !transport_wait(c->transport, (uint32_t)(end_ms - now_ms)))
            break;
        receive(c);
    }
    if (c->dead) { /* destroyed by what was received */
        leave(c);
        return;
    }
    c->busy--;
    spice_channel_destroy(c);
}

void spice_channel_destroy(struct spice_channel *c)
{
    if (!c || c->dead)
        return;
    transport_destroy(c->transport);
    c->transport = NULL;
    c->state = STATE_FAILED;
    loop_source_destroy(c->timer);
    loop_source_destroy(c->wake);
    c->dead = true;
    if (c->busy == 0)
        free_channel(c);
}

void spice_channel_pause(struct spice_channel *c, bool pause)
{
    if (c->paused == pause || !goes_on(c))
        return;
    c->paused = pause;
    update_wants(c);
    if (!pause)
        loop_wake_raise(c->wake); /* for what was received before */
}

bool spice_channel_has_cap(const struct spice_channel *c, unsigned capability)
{
    return capability < 32 && (c->server_caps >> capability & 1);
}
