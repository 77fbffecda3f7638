/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "kvmfr"

#include "kvmfr/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "kvmfr/client_private.h"
#include "kvmfr/layout.h"

/* A live host moves its heartbeat every 10 ms. Before a region counts as abandoned it gets as long
 * as a client of the release gives it, so that attaching to a busy host is not reported as its
 * death. */
#define SILENCE_MS 1000u

int kvmfr_client_create(const struct shm_region *region, struct lgmp_random random,
                        struct kvmfr_client **out)
{
    struct kvmfr_client *c = calloc(1, sizeof(*c));
    if (!c)
        return -ENOMEM;
    c->region = region;
    const enum lgmp_result r = lgmp_client_create(region->mem, region->len_bytes, random, &c->lgmp);
    if (r != LGMP_OK) {
        free(c);
        return r == LGMP_NO_MEMORY ? -ENOMEM : -EINVAL;
    }
    *out = c;
    return 0;
}

/* Safe in every state: handles whose slot is not ours any more are only forgotten (T5). */
static void drop_subscriptions(struct kvmfr_client *c)
{
    kvmfr_client_part(c);
    if (c->frames)
        lgmp_client_unsubscribe(c->frames);
    if (c->pointer)
        lgmp_client_unsubscribe(c->pointer);
    c->frames = NULL;
    c->pointer = NULL;
}

static void drop_session(struct kvmfr_client *c)
{
    drop_subscriptions(c);
    c->in_session = false;
    c->session_kvmfr = false;
}

void kvmfr_client_destroy(struct kvmfr_client *client)
{
    if (!client)
        return;
    drop_subscriptions(client);
    lgmp_client_destroy(client->lgmp);
    free(client);
}

static void take_session(struct kvmfr_client *c, const struct lgmp_session *s)
{
    struct kvmfr_session parsed;
    const enum kvmfr_session_result r = kvmfr_session_parse(s->udata, s->udata_bytes, &parsed);
    c->in_session = true;
    c->session_kvmfr = r == KVMFR_SESSION_OK;
    c->versions = (struct kvmfr_versions){ .lgmp = s->version, .kvmfr = parsed.version };
    memcpy(c->versions.host_version, parsed.host_version, sizeof(c->versions.host_version));
    if (c->session_kvmfr)
        c->session = parsed;
}

static enum kvmfr_state silent_state(struct kvmfr_client *c, uint64_t now_ms)
{
    if (!c->waiting) {
        c->waiting = true;
        c->silent_since_ms = now_ms;
    }
    return now_ms - c->silent_since_ms > SILENCE_MS ? KVMFR_STATE_HOST_SILENT
                                                    : KVMFR_STATE_CONNECTING;
}

static enum kvmfr_state start_session(struct kvmfr_client *c, uint64_t now_ms)
{
    struct lgmp_session s = { 0 };
    const enum lgmp_result r = lgmp_client_start_session(c->lgmp, now_ms, &s);
    if (r == LGMP_INVALID_SESSION)
        return silent_state(c, now_ms);
    c->waiting = false;
    if (r == LGMP_OK) {
        take_session(c, &s);
        return c->session_kvmfr ? KVMFR_STATE_CONNECTING : KVMFR_STATE_WRONG_VERSION;
    }
    if (r == LGMP_INVALID_VERSION) {
        c->versions = (struct kvmfr_versions){ .lgmp = s.version };
        return KVMFR_STATE_WRONG_VERSION;
    }
    if (r != LGMP_INVALID_MAGIC)
        log_debug_every(1000, "no session: %s", lgmp_result_str(r));
    return KVMFR_STATE_NO_HOST;
}

static bool subscribe_one(struct kvmfr_client *c, uint32_t queue_id, struct lgmp_subscription **sub)
{
    if (*sub)
        return true;
    const enum lgmp_result r = lgmp_client_subscribe(c->lgmp, queue_id, sub);
    if (r == LGMP_OK)
        return true;
    *sub = NULL;
    if (r == LGMP_INVALID_SESSION || r == LGMP_CORRUPTED)
        drop_session(c);
    return false;
}

/* The pointer queue is created last, so once it is there the frame queue is. A subscription that
 * would have to wait for the other is given back: unread messages would get it evicted. */
static enum kvmfr_state subscribe(struct kvmfr_client *c)
{
    if (c->frames && c->pointer)
        return KVMFR_STATE_CONNECTED;
    if (!subscribe_one(c, KVMFR_QUEUE_POINTER, &c->pointer) ||
        !subscribe_one(c, KVMFR_QUEUE_FRAME, &c->frames)) {
        drop_subscriptions(c);
        return KVMFR_STATE_CONNECTING;
    }
    kvmfr_client_meet(c);
    c->generation++;
    c->restart_untold = false;
    return KVMFR_STATE_CONNECTED;
}

enum kvmfr_state kvmfr_client_step(struct kvmfr_client *client, uint64_t now_ms)
{
    if (client->in_session && !lgmp_client_session_valid(client->lgmp, now_ms)) {
        client->restart_untold |= client->state == KVMFR_STATE_CONNECTED;
        drop_session(client);
        /* Its silence was watched for long enough already, unless it restarted; then it starts
         * moving at once. */
        client->waiting = true;
        client->silent_since_ms = now_ms > SILENCE_MS ? now_ms - SILENCE_MS - 1 : 0;
    }
    if (!client->in_session)
        client->state = start_session(client, now_ms);
    if (client->session_kvmfr)
        client->state = subscribe(client);
    (void)kvmfr_client_greet(client);
    return client->state;
}

const struct kvmfr_session *kvmfr_client_session(const struct kvmfr_client *client)
{
    return &client->session;
}

struct kvmfr_versions kvmfr_client_versions(const struct kvmfr_client *client)
{
    return client->versions;
}

uint32_t kvmfr_client_generation(const struct kvmfr_client *client)
{
    return client->generation;
}

/* The stream broke under one subscription. The handle is kept for unsubscribing where that is still
 * due. */
static enum kvmfr_read broken(struct kvmfr_client *c, struct lgmp_subscription **sub,
                              enum lgmp_result r)
{
    log_debug_every(1000, "stream ended: %s", lgmp_result_str(r));
    if (r == LGMP_TIMED_OUT || r == LGMP_UNSUBSCRIBED) {
        kvmfr_client_part(c);
        lgmp_client_unsubscribe(*sub);
        *sub = NULL;
    } else {
        drop_session(c);
    }
    c->state = KVMFR_STATE_CONNECTING;
    c->restart_untold = false;
    return KVMFR_READ_RESTART;
}

/* Without a subscription: told once, so that a loop that reads until empty ends. */
static enum kvmfr_read not_subscribed(struct kvmfr_client *c)
{
    const bool untold = c->restart_untold;
    c->restart_untold = false;
    return untold ? KVMFR_READ_RESTART : KVMFR_READ_EMPTY;
}

static enum kvmfr_read finish(struct kvmfr_client *c, struct lgmp_subscription **sub,
                              enum kvmfr_read outcome)
{
    const enum lgmp_result r = lgmp_client_finish(*sub);
    if (r == LGMP_OK) {
        kvmfr_client_ring(c);
        return outcome;
    }
    return r == LGMP_EMPTY ? KVMFR_READ_EMPTY : broken(c, sub, r);
}

static enum kvmfr_read peek(struct kvmfr_client *c, struct lgmp_subscription **sub, uint32_t ahead,
                            struct lgmp_message *out)
{
    if (!*sub)
        return not_subscribed(c);
    const enum lgmp_result r = lgmp_client_peek_ahead(*sub, ahead, out);
    if (r == LGMP_OK)
        return KVMFR_READ_OK;
    return r == LGMP_EMPTY ? KVMFR_READ_EMPTY : broken(c, sub, r);
}

enum kvmfr_read kvmfr_client_peek_frame_ahead(struct kvmfr_client *client, uint32_t ahead,
                                              struct frame_view *out)
{
    struct lgmp_message m;
    const char *why = NULL;
    const enum kvmfr_read r = peek(client, &client->frames, ahead, &m);
    if (r != KVMFR_READ_OK)
        return r;
    if (frame_view_from_wire(client->region->mem, client->region->len_bytes, m.offset_bytes,
                             m.len_bytes, out, &why) == 0)
        return KVMFR_READ_OK;
    log_every(1000, LOG_LEVEL_WARN, "frame dropped: %s", why);
    return KVMFR_READ_REJECTED;
}

enum kvmfr_read kvmfr_client_peek_frame(struct kvmfr_client *client, struct frame_view *out)
{
    const enum kvmfr_read r = kvmfr_client_peek_frame_ahead(client, 0, out);
    return r == KVMFR_READ_REJECTED ? finish(client, &client->frames, r) : r;
}

uint32_t kvmfr_client_unread_frames(const struct kvmfr_client *client)
{
    return client->frames ? lgmp_client_unread(client->frames) : 0;
}

bool kvmfr_client_frame_intact(const struct kvmfr_client *client)
{
    return client->frames && lgmp_client_still_subscribed(client->frames);
}

enum kvmfr_read kvmfr_client_finish_frame(struct kvmfr_client *client)
{
    if (!client->frames)
        return not_subscribed(client);
    return finish(client, &client->frames, KVMFR_READ_OK);
}

enum kvmfr_read kvmfr_client_read_cursor(struct kvmfr_client *client, struct cursor_update *out)
{
    struct lgmp_message m;
    struct cursor_update update;
    const char *why = NULL;
    const enum kvmfr_read r = peek(client, &client->pointer, 0, &m);
    if (r != KVMFR_READ_OK)
        return r;
    const int err = cursor_update_from_wire(client->region->mem, client->region->len_bytes,
                                            m.offset_bytes, m.len_bytes, m.udata, &update, &why);
    if (err < 0) {
        log_every(1000, LOG_LEVEL_WARN, "pointer update dropped: %s",
                  why ? _(why) : _("out of memory"));
        return finish(client, &client->pointer, KVMFR_READ_REJECTED);
    }
    /* T10: an evicted reader's payload may have been rewritten under the copy. Finishing asks the
     * same and more. */
    enum kvmfr_read done = KVMFR_READ_OK;
    if (!lgmp_client_still_subscribed(client->pointer))
        done = broken(client, &client->pointer, LGMP_TIMED_OUT);
    else
        done = finish(client, &client->pointer, KVMFR_READ_OK);
    if (done == KVMFR_READ_OK)
        *out = update;
    else
        cursor_shape_fini(&update.shape);
    return done;
}

enum lgmp_result kvmfr_client_set_cursor_position(struct kvmfr_client *client, int32_t x_px,
                                                  int32_t y_px, uint32_t *serial)
{
    const struct kvmfr_wire_set_cursor w = { KVMFR_INBOX_SET_CURSOR_POSITION, x_px, y_px };
    if (!client->pointer || !(client->session.features & KVMFR_FEATURE_SET_CURSOR_POSITION))
        return LGMP_INVALID_SESSION;
    const enum lgmp_result r = lgmp_client_send(client->pointer, &w, sizeof(w), serial);
    if (r == LGMP_OK)
        kvmfr_client_ring(client);
    return r;
}

bool kvmfr_client_cursor_position_done(const struct kvmfr_client *client, uint32_t serial)
{
    return client->pointer && lgmp_client_acked(client->pointer, serial);
}

void kvmfr_client_activity(const struct kvmfr_client *client, uint32_t *frame, uint32_t *cursor)
{
    *frame = client->frames ? lgmp_client_activity(client->frames) : 0;
    *cursor = client->pointer ? lgmp_client_activity(client->pointer) : 0;
}

void kvmfr_client_activity_words(const struct kvmfr_client *client, const _Atomic uint32_t **frame,
                                 const _Atomic uint32_t **cursor)
{
    *frame = client->frames ? lgmp_client_activity_word(client->frames) : NULL;
    *cursor = client->pointer ? lgmp_client_activity_word(client->pointer) : NULL;
}
