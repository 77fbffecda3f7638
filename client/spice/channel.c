/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * An end is noted where it happens (spice_channel_end()) and told from the loop's next round, so
 * that no call of the owner ever calls the owner back. */
#define LOG_MODULE "spice"

#include "spice/channel_private.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <spice/enums.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "spice/reader.h"

enum {
    HANDSHAKE_MS = 10000,
    READ_PER_ROUND_BYTES = 256 * 1024, /* then the loop's other sources have their turn */
};

/* ---- ends ---- */

static void stop(struct spice_channel *c)
{
    transport_destroy(c->transport);
    c->transport = NULL;
    loop_timer_set_ns(c->timer, 0, 0);
    c->state = CHANNEL_FAILED;
    loop_wake_raise(c->wake);
}

/* "SPICE at 127.0.0.1:5900, channel inputs: text" */
static void fail_args(struct spice_channel *c, enum spice_fault fault, const char *fmt,
                      va_list args) __attribute__((format(printf, 3, 0)));
static void fail_args(struct spice_channel *c, enum spice_fault fault, const char *fmt,
                      va_list args)
{
    char text[256], where[128];
    if (c->state == CHANNEL_FAILED)
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

void spice_channel_end(struct spice_channel *c, enum spice_fault fault, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fail_args(c, fault, fmt, args);
    va_end(args);
}

bool spice_channel_goes_on(const struct spice_channel *c)
{
    return c->state != CHANNEL_FAILED && !c->dead;
}

/* ---- sending ---- */

static void update_wants(struct spice_channel *c)
{
    if (c->transport)
        transport_want(c->transport, !c->paused, sendqueue_bytes(&c->out) > 0);
}

void spice_channel_flush(struct spice_channel *c)
{
    while (c->state != CHANNEL_FAILED && sendqueue_bytes(&c->out) > 0) {
        const ssize_t n =
            transport_write(c->transport, c->out.bytes + c->out.at, sendqueue_bytes(&c->out));
        if (n == -EAGAIN)
            break;
        if (n < 0)
            spice_channel_end(c, SPICE_FAULT_CLOSED, _("the connection broke: %s"),
                              err_str((int)n));
        else
            sendqueue_sent(&c->out, (size_t)n);
    }
    update_wants(c);
}

static bool may_send(const struct spice_channel *c)
{
    return c->state == CHANNEL_LINK_RESULT || c->state == CHANNEL_UP;
}

/* Queues header and body; the caller flushes. */
static int queue_message(struct spice_channel *c, uint16_t type, const void *body,
                         size_t body_bytes)
{
    const size_t header_bytes = c->in.mini ? FRAMING_MINI_HEADER_BYTES : FRAMING_FULL_HEADER_BYTES;
    if (body_bytes > SPICE_SEND_MAX_BYTES ||
        sendqueue_bytes(&c->out) + body_bytes > SPICE_SEND_MAX_BYTES) {
        spice_channel_end(c, SPICE_FAULT_CLOSED, _("the server does not take what is sent to it"));
        return -EAGAIN;
    }
    uint8_t *p = sendqueue_append(&c->out, header_bytes + body_bytes);
    if (!p) {
        spice_channel_end(c, SPICE_FAULT_MEMORY, _("out of memory"));
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
        spice_channel_flush(c);
    if (sendqueue_bytes(&c->out) > SPICE_SEND_LOW_BYTES)
        c->above_low = true;
    return err;
}

void spice_channel_hold(struct spice_channel *c, bool hold)
{
    c->hold = hold;
    if (!hold && may_send(c))
        spice_channel_flush(c);
}

size_t spice_channel_queued_bytes(const struct spice_channel *c)
{
    return sendqueue_bytes(&c->out);
}

/* ---- receiving ---- */

/* One step with what has been received. False: more bytes are needed. */
static bool step(struct spice_channel *c)
{
    return c->state == CHANNEL_UP ? spice_channel_step_messages(c) : spice_channel_step_link(c);
}

static void closed(struct spice_channel *c)
{
    static const char *const when[] = {
        [CHANNEL_LINK_HEADER] = N_("the server closed the connection before it answered: does it "
                                   "want TLS (spice:tlsPort)?"),
        [CHANNEL_LINK_REPLY] = N_("the server closed the connection in the middle of its first "
                                  "answer"),
        [CHANNEL_LINK_RESULT] = N_("the server closed the connection instead of letting us in"),
        [CHANNEL_UP] = N_("the server closed the connection"),
    };
    const char *text = c->state < ARRAY_LEN(when) ? when[c->state] : NULL;
    spice_channel_end(c, SPICE_FAULT_CLOSED, "%s", _(text ? text : when[CHANNEL_UP]));
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
        spice_channel_end(c, SPICE_FAULT_CLOSED, _("the connection broke: %s"), err_str((int)n));
    else
        framing_filled(&c->in, (size_t)n);
    return n > 0 ? (size_t)n : 0;
}

static void step_all(struct spice_channel *c)
{
    while (spice_channel_goes_on(c) && !c->paused && step(c))
        ;
}

static void receive(struct spice_channel *c)
{
    size_t total_bytes = 0;
    step_all(c); /* what was left when it was paused */
    while (spice_channel_goes_on(c) && !c->paused && total_bytes < READ_PER_ROUND_BYTES) {
        const size_t n = receive_some(c);
        if (n == 0)
            return;
        total_bytes += n;
        step_all(c);
    }
    if (spice_channel_goes_on(c) && !c->paused && transport_has_pending(c->transport))
        loop_wake_raise(c->wake);
}

static void drained(struct spice_channel *c)
{
    if (!c->above_low || sendqueue_bytes(&c->out) > SPICE_SEND_LOW_BYTES ||
        !spice_channel_goes_on(c))
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
        spice_channel_flush(c);
        drained(c);
    }
    if (readable && spice_channel_goes_on(c) && !c->paused)
        receive(c);
    leave(c);
}

static void on_wake(void *ctx)
{
    struct spice_channel *c = ctx;
    c->busy++;
    if (c->state == CHANNEL_FAILED)
        c->ops->on_down(c->ctx, c, &c->problem);
    else if (!c->paused && c->state != CHANNEL_CONNECT)
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
    spice_channel_send_link(ctx);
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
    spice_channel_end(
        c, SPICE_FAULT_NO_SERVER,
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
    c->state = CHANNEL_FAILED;
    loop_source_destroy(c->timer);
    loop_source_destroy(c->wake);
    c->dead = true;
    if (c->busy == 0)
        free_channel(c);
}

void spice_channel_pause(struct spice_channel *c, bool pause)
{
    if (c->paused == pause || !spice_channel_goes_on(c))
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
