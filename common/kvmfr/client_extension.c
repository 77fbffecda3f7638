/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "kvmfr"

#include "kvmfr/client_extension.h"

#include <stddef.h>

#include "base/checked.h"
#include "base/clock.h"
#include "base/copy_in.h"
#include "base/log.h"
#include "base/text.h"
#include "kvmfr/bell_word.h"
#include "kvmfr/client_private.h"
#include "kvmfr/layout.h"
#include "lgmp/fence.h"
#include "shm/doorbell.h"

#define FIRST_PINGS       8u
#define PING_EVERY_NS     (1000 * NS_PER_MS)
#define PING_LOST_NS      (1000 * NS_PER_MS)
#define TIMING_AGE_MAX_NS (10 * NS_PER_S)
#define HOLD_TRIES        8

void kvmfr_client_set_wants(struct kvmfr_client *client, const struct kvmfr_client_wants *wants)
{
    client->ext.wants = *wants;
    client->ext.wants.buffers = min_u32(wants->buffers, KVMFR_MAX_FRAME_BUFFERS);
}

/* ---- hello and bye ---- */

static struct shm_doorbell *doorbell_of(const struct kvmfr_client *c)
{
    const struct client_extension *e = &c->ext;
    return e->wants.rings && (e->said.capabilities & KVMFR_EXT_DOORBELL) ? c->region->doorbell
                                                                         : NULL;
}

static uint32_t usable(const struct kvmfr_client *c)
{
    const struct client_extension *e = &c->ext;
    return (doorbell_of(c) ? KVMFR_EXT_DOORBELL : 0) |
           (e->wants.timing ? e->said.capabilities & KVMFR_EXT_TIMING : 0) |
           (e->wants.buffers > 2 ? e->said.capabilities & KVMFR_EXT_BUFFERS : 0);
}

static void clear_own_words(struct kvmfr_wire_board_line *line)
{
    atomic_store_explicit(&line->frame_armed, 0, memory_order_relaxed);
    atomic_store_explicit(&line->pointer_armed, 0, memory_order_relaxed);
    /* release: pairs with the host's look before it writes to a buffer; our reads are over */
    for (uint32_t i = 0; i < KVMFR_HOLDS; i++)
        atomic_store_explicit(&line->holding[i], 0, memory_order_release);
}

void kvmfr_client_meet(struct kvmfr_client *c)
{
    struct client_extension *e = &c->ext;
    *e = (struct client_extension){ .wants = e->wants, .ping.cookie = e->ping.cookie };
    if (!c->session.has_extension)
        return;
    const uint32_t slot = lgmp_client_slot(c->frames);
    e->board = kvmfr_board_at(c->region->mem, c->region->len_bytes,
                              c->session.extension.board_offset, c->session.extension.board_bytes);
    if (!e->board || slot >= KVMFR_BELL_LINES) {
        log_every(5000, LOG_LEVEL_WARN,
                  "the host's extension is not used: its board is outside "
                  "the region");
        e->board = NULL;
        return;
    }
    e->said = c->session.extension;
    e->line = &e->board->lines[slot];
    e->line_index = (uint16_t)slot;
    e->client_id = lgmp_client_id(c->frames);
    /* Latched: a server may give more vectors later. */
    e->pointer_vector = c->region->doorbell && c->region->doorbell->vectors > 1 ? 1 : 0;
    clear_own_words(e->line);
    if (usable(c))
        e->greeting = KVMFR_GREETING_DUE;
}

static void say_hello(struct kvmfr_client *c)
{
    struct client_extension *e = &c->ext;
    const struct shm_doorbell *bell = doorbell_of(c);
    const struct kvmfr_wire_hello w = {
        .type = KVMFR_INBOX_HELLO,
        .version = KVMFR_EXTENSION_VERSION,
        .peer_id = bell ? bell->own_id : KVMFR_NO_PEER,
        .frame_vector = kvmfr_client_frame_vector(c),
        .pointer_vector = kvmfr_client_pointer_vector(c),
        .line = e->line_index,
        .buffers = (uint16_t)max_u32(e->wants.buffers, 2),
        .client_id = e->client_id,
    };
    if (lgmp_client_send(c->pointer, &w, sizeof(w), &e->hello_serial) != LGMP_OK)
        return; /* full: the next step tries again; lost: reading tells */
    e->greeting = KVMFR_GREETING_SENT;
    kvmfr_client_ring(c);
}

enum kvmfr_greeting kvmfr_client_greet(struct kvmfr_client *client)
{
    struct client_extension *e = &client->ext;
    if (!client->frames || !client->pointer)
        return KVMFR_GREETING_NONE;
    if (e->greeting == KVMFR_GREETING_DUE)
        say_hello(client);
    if (e->greeting == KVMFR_GREETING_SENT && lgmp_client_acked(client->pointer, e->hello_serial))
        e->greeting = KVMFR_GREETING_DONE;
    return e->greeting;
}

void kvmfr_client_part(struct kvmfr_client *c)
{
    struct client_extension *e = &c->ext;
    e->hold_rings = false; /* the bye is the last one */
    /* Only what is still ours: else line and slot may be somebody else's by now. */
    if (e->board && c->frames && lgmp_client_still_subscribed(c->frames)) {
        clear_own_words(e->line);
        const struct kvmfr_wire_bye w = { .type = KVMFR_INBOX_BYE,
                                          .line = e->line_index,
                                          .client_id = e->client_id };
        uint32_t serial;
        if (e->greeting >= KVMFR_GREETING_SENT && c->pointer &&
            lgmp_client_send(c->pointer, &w, sizeof(w), &serial) == LGMP_OK)
            kvmfr_client_ring(c);
    }
    *e = (struct client_extension){ .wants = e->wants, .ping.cookie = e->ping.cookie };
}

uint32_t kvmfr_client_capabilities(const struct kvmfr_client *client)
{
    return client->ext.greeting == KVMFR_GREETING_DONE ? usable(client) : 0;
}

uint16_t kvmfr_client_host_peer(const struct kvmfr_client *client)
{
    return doorbell_of(client) ? client->ext.said.peer_id : SHM_DOORBELL_NO_PEER;
}

/* ---- ringing and being rung ---- */

void kvmfr_client_ring(struct kvmfr_client *c)
{
    struct client_extension *e = &c->ext;
    struct shm_doorbell *bell = doorbell_of(c);
    if (!bell || !e->board)
        return;
    if (e->hold_rings) {
        e->ring_held = true;
        return;
    }
    if (!bell_word_take(&e->board->host.armed))
        return;
    const int err = bell->ops->ring(bell, e->said.peer_id, e->said.vector);
    if (err < 0) /* it looks every 10 ms all the same */
        log_debug_every(60000, "ring the host (peer %u): %d", e->said.peer_id, err);
}

void kvmfr_client_hold_rings(struct kvmfr_client *client, bool hold)
{
    struct client_extension *e = &client->ext;
    const bool held = e->ring_held;
    e->hold_rings = hold;
    if (hold || !held)
        return;
    e->ring_held = false;
    kvmfr_client_ring(client);
}

uint16_t kvmfr_client_frame_vector(const struct kvmfr_client *client)
{
    (void)client;
    return 0;
}

uint16_t kvmfr_client_pointer_vector(const struct kvmfr_client *client)
{
    return client->ext.pointer_vector;
}

void kvmfr_client_arm(struct kvmfr_client *client)
{
    struct kvmfr_wire_board_line *line = client->ext.line;
    if (!line)
        return;
    bell_word_arm(&line->pointer_armed);
    bell_word_arm(&line->frame_armed);
}

void kvmfr_client_disarm(struct kvmfr_client *client)
{
    struct kvmfr_wire_board_line *line = client->ext.line;
    if (!line)
        return;
    bell_word_disarm(&line->frame_armed);
    bell_word_disarm(&line->pointer_armed);
}

bool kvmfr_client_news(const struct kvmfr_client *client, uint32_t frames_read)
{
    return !client->frames || !client->pointer || !lgmp_client_still_subscribed(client->frames) ||
           !lgmp_client_still_subscribed(client->pointer) ||
           lgmp_client_unread(client->frames) > frames_read ||
           lgmp_client_unread(client->pointer) > 0;
}

uint64_t kvmfr_client_alive_ms(const struct kvmfr_client *client)
{
    return lgmp_client_alive_ms(client->lgmp);
}

/* ---- the host's clock ---- */

static void collect_pong(struct client_extension *e, uint64_t now_ns)
{
    /* acquire: the clock was stored before the cookie */
    if (atomic_load_explicit(&e->line->pong_cookie, memory_order_acquire) == e->ping.cookie) {
        clock_offset_add(&e->clock, e->ping.sent_ns, now_ns,
                         atomic_load_explicit(&e->line->pong_ns, memory_order_relaxed));
        e->ping.outstanding = false;
    } else if (now_ns - e->ping.sent_ns > PING_LOST_NS) {
        e->ping.outstanding = false;
    }
}

static void send_ping(struct kvmfr_client *c, uint64_t now_ns)
{
    struct client_extension *e = &c->ext;
    if (++e->ping.cookie == 0)
        e->ping.cookie = 1;
    const struct kvmfr_wire_ping w = { .type = KVMFR_INBOX_PING,
                                       .line = e->line_index,
                                       .client_id = e->client_id,
                                       .cookie = e->ping.cookie };
    uint32_t serial;
    e->ping.next_ns = now_ns + (++e->ping.sent < FIRST_PINGS ? 0 : PING_EVERY_NS);
    e->ping.sent_ns = clock_ns();
    if (lgmp_client_send(c->pointer, &w, sizeof(w), &serial) != LGMP_OK)
        return;
    e->ping.outstanding = true;
    kvmfr_client_ring(c);
}

bool kvmfr_client_ping(struct kvmfr_client *client, uint64_t now_ns, bool active)
{
    struct client_extension *e = &client->ext;
    if (!(kvmfr_client_capabilities(client) & KVMFR_EXT_TIMING) || !client->pointer)
        return false;
    if (e->ping.outstanding)
        collect_pong(e, now_ns);
    if (!e->ping.outstanding && now_ns >= e->ping.next_ns && (active || e->ping.sent < FIRST_PINGS))
        send_ping(client, now_ns);
    return e->ping.outstanding;
}

bool kvmfr_client_clock(const struct kvmfr_client *client, uint64_t *offset_ns, uint64_t *error_ns)
{
    return clock_offset_get(&client->ext.clock, offset_ns, error_ns);
}

static uint64_t own_ns(uint64_t host_ns, uint64_t offset_ns)
{
    return host_ns ? host_ns - offset_ns : 0;
}

bool kvmfr_client_timing(const struct kvmfr_client *client, const struct frame_view *view,
                         uint64_t now_ns, struct kvmfr_timing *out)
{
    struct kvmfr_timing t;
    uint64_t offset_ns, error_ns;
    if (!(kvmfr_client_capabilities(client) & KVMFR_EXT_TIMING) ||
        !kvmfr_client_clock(client, &offset_ns, &error_ns) ||
        !kvmfr_timing_read(client->region->mem, view, client->ext.said.timing_offset, &t))
        return false;
    const uint64_t post_ns = own_ns(t.post_ns, offset_ns);
    /* A post in our future is the clocks' error, or nonsense; one of long ago a repeated frame. */
    if (post_ns > now_ns + error_ns + NS_PER_MS || now_ns - post_ns + error_ns > TIMING_AGE_MAX_NS)
        return false;
    *out = (struct kvmfr_timing){ .capture_ns = own_ns(t.capture_ns, offset_ns),
                                  .post_ns = post_ns,
                                  .complete_ns = own_ns(t.complete_ns, offset_ns) };
    return true;
}

/* ---- the mailbox ---- */

uint64_t kvmfr_client_newest(const struct kvmfr_client *client)
{
    if (!(kvmfr_client_capabilities(client) & KVMFR_EXT_BUFFERS))
        return 0;
    /* acquire: the header of the frame it names; pairs with the host's release */
    return atomic_load_explicit(&client->ext.board->host.newest, memory_order_acquire);
}

const _Atomic uint64_t *kvmfr_client_newest_word(const struct kvmfr_client *client)
{
    return client->ext.board ? &client->ext.board->host.newest : NULL;
}

uint32_t kvmfr_client_buffer_count(const struct kvmfr_client *client)
{
    return client->ext.board
               ? atomic_load_explicit(&client->ext.board->host.buffer_count, memory_order_relaxed)
               : 0;
}

void kvmfr_client_let_go(struct kvmfr_client *client, uint32_t hold)
{
    /* Not in a line that may be somebody else's by now. */
    if (hold >= KVMFR_HOLDS || !client->ext.line || !client->frames ||
        !lgmp_client_still_subscribed(client->frames))
        return;
    /* release: our reads of the pixels are over; pairs with the host's look at the word */
    atomic_store_explicit(&client->ext.line->holding[hold], 0, memory_order_release);
    kvmfr_client_ring(client);
}

/* A host that gave up on us writes the next header before the next pixels. */
bool kvmfr_client_still_holds(const struct kvmfr_client *client, uint32_t hold, uint64_t newest,
                              const struct frame_view *view)
{
    if (hold >= KVMFR_HOLDS || !client->ext.line || !client->frames ||
        !lgmp_client_still_subscribed(client->frames)) /* fences: the copy is over */
        return false;
    uint32_t serial;
    copy_in(&serial,
            (const uint8_t *)client->region->mem + view->payload_offset_bytes +
                offsetof(struct kvmfr_wire_frame, frame_serial),
            sizeof(serial));
    return serial == view->serial && atomic_load_explicit(&client->ext.line->holding[hold],
                                                          memory_order_relaxed) == (uint32_t)newest;
}

/* The host never writes to a buffer that it saw held after it had named another one newest. So if
 * `newest` is unchanged after our word, it will see the word before it writes again. */
static bool try_hold(struct kvmfr_client *c, uint32_t hold, uint64_t newest)
{
    _Atomic uint32_t *word = &c->ext.line->holding[hold];
    atomic_store_explicit(word, (uint32_t)newest, memory_order_relaxed);
    fence_full();
    if (kvmfr_client_newest(c) == newest)
        return true;
    atomic_store_explicit(word, 0, memory_order_release);
    return false;
}

enum kvmfr_read kvmfr_client_hold_newest(struct kvmfr_client *client, uint32_t hold,
                                         struct frame_view *out, uint64_t *newest)
{
    const char *why = _("the mailbox names no buffer");
    for (int i = 0; i < HOLD_TRIES; i++) {
        const uint64_t named = kvmfr_client_newest(client);
        const int index = kvmfr_newest_index(named);
        if (named == 0 || hold >= KVMFR_HOLDS)
            return KVMFR_READ_EMPTY;
        if (index < 0)
            break;
        if (!try_hold(client, hold, named))
            continue;
        if (kvmfr_board_frame(client->ext.board, client->region->mem, client->region->len_bytes,
                              (uint32_t)index, out, &why) == 0) {
            *newest = named;
            if (out->serial == (uint32_t)(named >> 32))
                return KVMFR_READ_OK;
            why = _("the mailbox and the frame have different serials");
        }
        kvmfr_client_let_go(client, hold);
        break;
    }
    log_every(1000, LOG_LEVEL_WARN, "frame dropped: %s", why);
    return KVMFR_READ_REJECTED;
}
