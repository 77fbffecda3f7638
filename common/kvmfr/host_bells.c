/* SPDX-License-Identifier: GPL-2.0-or-later
 * Who wants to be rung, and ringing; sleeping until rung: docs/extensions.md section 2.
 *
 * The board may lie in write-combined memory (a Windows guest): stores reach it late and in any
 * order until a fence drains them. So no order of stores is relied upon without one: fence_full()
 * between a publication and the look at the words, fence_writes() between clearing a word and the
 * ring, or the clear could undo an announcement that was made because of that ring. A plain store
 * clears: a locked instruction on such memory locks the bus, and would buy nothing. */
#include <errno.h>
#include <string.h>

#include "base/checked.h"
#include "base/clock.h"
#include "kvmfr/bell_word.h"
#include "kvmfr/host_private.h"
#include "lgmp/fence.h"
#include "shm/doorbell.h"

#define OWN_VECTOR       0u
#define UNHEARD_MS       1000u /* a viewer that cannot be rung for so long is forgotten */
#define STRANGER_PEERS   64u   /* whom a host that starts rings: it knows nobody */
#define STRANGER_VECTORS 2u

/* ---- one line's bell: peer, frame vector, pointer vector, and a bit that says there is one ----
 */

#define BELL_THERE (UINT64_C(1) << 48)

static uint64_t bell_of(const struct kvmfr_wire_hello *w)
{
    if (w->peer_id == KVMFR_NO_PEER)
        return 0;
    return BELL_THERE | (uint64_t)w->pointer_vector << 32 | (uint64_t)w->frame_vector << 16 |
           w->peer_id;
}

static int ring_bell(const struct kvmfr_host *host, uint64_t bell, enum kvmfr_bell which)
{
    const uint16_t vector = (uint16_t)(bell >> (which == KVMFR_BELL_FRAME ? 16 : 32));
    return host->doorbell->ops->ring(host->doorbell, (uint16_t)bell, vector);
}

/* Rings a line; what fails now (the peer is not known yet) is tried again by the next passes. */
static void ring_line(struct kvmfr_host *host, uint32_t i, enum kvmfr_bell which)
{
    struct bell_line *line = &host->lines[i];
    const uint64_t bell = atomic_load_explicit(&line->bell, memory_order_relaxed);
    if (bell && ring_bell(host, bell, which) < 0)
        atomic_fetch_or_explicit(&line->owed, (uint32_t)which, memory_order_relaxed);
}

static _Atomic uint32_t *word_of(const struct kvmfr_host *host, uint32_t line,
                                 enum kvmfr_bell which)
{
    struct kvmfr_wire_board_line *l = &host->board->lines[line];
    return which == KVMFR_BELL_FRAME ? &l->frame_armed : &l->pointer_armed;
}

/* Clears the words that are set; returns whose they were. */
static uint32_t take_words(const struct kvmfr_host *host, enum kvmfr_bell which)
{
    uint32_t taken = 0;
    for (uint32_t i = 0; i < KVMFR_BELL_LINES; i++) {
        if (!atomic_load_explicit(&host->lines[i].bell, memory_order_relaxed))
            continue;
        _Atomic uint32_t *word = word_of(host, i, which);
        if (!atomic_load_explicit(word, memory_order_relaxed))
            continue;
        atomic_store_explicit(word, 0, memory_order_relaxed);
        taken |= UINT32_C(1) << i;
    }
    return taken;
}

void kvmfr_host_ring(struct kvmfr_host *host, enum kvmfr_bell bell)
{
    if (!host->doorbell)
        return;
    /* Pairs with bell_word_arm() of the viewer; before the look at who is there as well, or a
     * viewer whose hello is acknowledged just now could miss what was just published. */
    fence_full();
    const uint32_t taken = take_words(host, bell);
    if (!taken)
        return;
    fence_writes();
    for (uint32_t i = 0; i < KVMFR_BELL_LINES; i++)
        if (taken & UINT32_C(1) << i)
            ring_line(host, i, bell);
}

void kvmfr_host_ring_known(struct kvmfr_host *host)
{
    for (uint32_t i = 0; host->doorbell && i < KVMFR_BELL_LINES; i++) {
        ring_line(host, i, KVMFR_BELL_FRAME);
        ring_line(host, i, KVMFR_BELL_POINTER);
    }
}

void kvmfr_host_ring_strangers(struct kvmfr_host *host)
{
    struct shm_doorbell *d = host->doorbell;
    for (uint16_t peer = 0; d && peer < STRANGER_PEERS; peer++)
        for (uint16_t vector = 0; peer != d->own_id && vector < STRANGER_VECTORS; vector++)
            (void)d->ops->ring(d, peer, vector);
}

/* ---- who is there ---- */

static void forget(struct kvmfr_host *host, uint32_t i)
{
    struct bell_line *line = &host->lines[i];
    struct kvmfr_wire_board_line *shared = &host->board->lines[i];
    atomic_store_explicit(&line->viewer, 0, memory_order_relaxed);
    atomic_store_explicit(&line->bell, 0, memory_order_relaxed);
    atomic_store_explicit(&line->owed, 0, memory_order_relaxed);
    line->unheard_ms = 0;
    /* The next one on this line starts with none of these. */
    atomic_store_explicit(&shared->frame_armed, 0, memory_order_relaxed);
    atomic_store_explicit(&shared->pointer_armed, 0, memory_order_relaxed);
    atomic_store_explicit(&shared->holding[0], 0, memory_order_relaxed);
    atomic_store_explicit(&shared->holding[1], 0, memory_order_relaxed);
}

void kvmfr_host_bells_forget(struct kvmfr_host *host)
{
    for (uint32_t i = 0; host->board && i < KVMFR_BELL_LINES; i++)
        forget(host, i);
}

static uint32_t client_of(uint64_t viewer)
{
    return (uint32_t)(viewer >> 32);
}

/* The peer may be announced by the server a moment later than its own hello comes. */
static void ring_owed(struct kvmfr_host *host, uint32_t i, uint64_t now_ms)
{
    struct bell_line *line = &host->lines[i];
    const uint32_t owed = atomic_exchange_explicit(&line->owed, 0, memory_order_relaxed);
    if (owed & KVMFR_BELL_FRAME)
        ring_line(host, i, KVMFR_BELL_FRAME);
    if (owed & KVMFR_BELL_POINTER)
        ring_line(host, i, KVMFR_BELL_POINTER);
    if (!atomic_load_explicit(&line->owed, memory_order_relaxed))
        line->unheard_ms = 0;
    else if (line->unheard_ms == 0)
        line->unheard_ms = now_ms;
}

void kvmfr_host_bells_refresh(struct kvmfr_host *host)
{
    struct shm_doorbell *d = host->doorbell;
    if (d && d->ops->refresh)
        (void)d->ops->refresh(d); /* without a server, known peers can still be rung */
}

void kvmfr_host_bells_pass(struct kvmfr_host *host, uint64_t now_ms)
{
    for (uint32_t i = 0; host->board && i < KVMFR_BELL_LINES; i++) {
        struct bell_line *line = &host->lines[i];
        const uint64_t viewer = atomic_load_explicit(&line->viewer, memory_order_relaxed);
        if (!viewer)
            continue;
        ring_owed(host, i, now_ms);
        if (!kvmfr_host_line_is(host, i, client_of(viewer)) ||
            (line->unheard_ms && now_ms - line->unheard_ms > UNHEARD_MS))
            forget(host, i);
    }
}

/* ---- the messages; `data` is a private copy, its contents are the viewer's ---- */

static void on_hello(struct kvmfr_host *host, const uint8_t *data)
{
    struct kvmfr_wire_hello w;
    memcpy(&w, data, sizeof(w));
    if (w.version == 0 || w.line >= KVMFR_BELL_LINES ||
        !kvmfr_host_line_is(host, w.line, w.client_id))
        return;
    struct bell_line *line = &host->lines[w.line];
    const uint32_t buffers =
        min_u32(max_u32(w.buffers, KVMFR_FRAME_BUFFERS), KVMFR_MAX_FRAME_BUFFERS);
    const uint64_t viewer = (uint64_t)w.client_id << 32 | buffers;
    line->unheard_ms = 0;
    atomic_store_explicit(&line->owed, 0, memory_order_relaxed);
    atomic_store_explicit(&line->bell, host->doorbell ? bell_of(&w) : 0, memory_order_relaxed);
    atomic_store_explicit(&line->viewer, viewer, memory_order_relaxed);
    /* Before the acknowledgement: from then on the viewer relies on us. It will only do so after a
     * ring on each vector; the caller refreshed a moment ago, else the next passes ring. */
    fence_full();
    if (!host->doorbell)
        return;
    ring_line(host, w.line, KVMFR_BELL_FRAME);
    ring_line(host, w.line, KVMFR_BELL_POINTER);
}

static void on_bye(struct kvmfr_host *host, const uint8_t *data)
{
    struct kvmfr_wire_bye w;
    memcpy(&w, data, sizeof(w));
    if (w.line >= KVMFR_BELL_LINES)
        return;
    const uint64_t viewer = atomic_load_explicit(&host->lines[w.line].viewer, memory_order_relaxed);
    if (viewer && client_of(viewer) == w.client_id)
        forget(host, w.line);
}

static void on_ping(struct kvmfr_host *host, const uint8_t *data)
{
    struct kvmfr_wire_ping w;
    memcpy(&w, data, sizeof(w));
    if (w.line >= KVMFR_BELL_LINES || !kvmfr_host_line_is(host, w.line, w.client_id))
        return;
    struct kvmfr_wire_board_line *line = &host->board->lines[w.line];
    atomic_store_explicit(&line->pong_ns, clock_ns(), memory_order_relaxed);
    fence_writes();
    /* release: pairs with the acquire of whoever waits for the cookie */
    atomic_store_explicit(&line->pong_cookie, w.cookie, memory_order_release);
    kvmfr_host_ring(host, KVMFR_BELL_POINTER);
}

static const struct {
    uint32_t type, len_bytes;
    void (*run)(struct kvmfr_host *host, const uint8_t *data);
} messages[] = {
    { KVMFR_INBOX_HELLO, sizeof(struct kvmfr_wire_hello), on_hello },
    { KVMFR_INBOX_BYE, sizeof(struct kvmfr_wire_bye), on_bye },
    { KVMFR_INBOX_PING, sizeof(struct kvmfr_wire_ping), on_ping },
};

bool kvmfr_host_bell_message(struct kvmfr_host *host, const uint8_t *data, uint32_t len_bytes)
{
    uint32_t type;
    if (!host->board || len_bytes < sizeof(type))
        return false;
    memcpy(&type, data, sizeof(type));
    for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
        if (messages[i].type != type)
            continue;
        if (len_bytes >= messages[i].len_bytes)
            messages[i].run(host, data);
        return true;
    }
    return false;
}

uint32_t kvmfr_host_audience(const struct kvmfr_host *host, uint32_t buffers,
                             struct lgmp_audience *out)
{
    uint32_t smallest = 0;
    *out = (struct lgmp_audience){ 0 };
    for (uint32_t i = 0; host->board && i < KVMFR_BELL_LINES; i++) {
        const uint64_t viewer = atomic_load_explicit(&host->lines[i].viewer, memory_order_relaxed);
        const uint32_t can = (uint32_t)viewer;
        if (can < buffers)
            continue;
        out->mask |= UINT32_C(1) << i;
        out->client_id[i] = client_of(viewer);
        smallest = smallest ? min_u32(smallest, can) : can;
    }
    return smallest;
}

bool kvmfr_host_readers_ring(const struct kvmfr_host *host)
{
    struct lgmp_audience all;
    if (!host->doorbell || !kvmfr_host_audience(host, KVMFR_FRAME_BUFFERS, &all))
        return false;
    for (uint32_t i = 0; i < KVMFR_BELL_LINES; i++)
        if (!atomic_load_explicit(&host->lines[i].bell, memory_order_relaxed))
            all.mask &= ~(UINT32_C(1) << i);
    return kvmfr_host_only_among(host, &all);
}

/* ---- sleeping; timer thread ---- */

bool kvmfr_host_arm(struct kvmfr_host *host)
{
    if (!host->doorbell)
        return true;
    bell_word_arm(&host->board->host.armed); /* MFENCE: drains it, and keeps the look behind it */
    if (!kvmfr_host_has_work(host))
        return true;
    bell_word_disarm(&host->board->host.armed);
    return false;
}

int kvmfr_host_fd(const struct kvmfr_host *host)
{
    return host->doorbell ? host->doorbell->ops->fd(host->doorbell, OWN_VECTOR) : -1;
}

bool kvmfr_host_disarm(struct kvmfr_host *host)
{
    if (!host->doorbell)
        return false;
    bell_word_disarm(&host->board->host.armed);
    return host->doorbell->ops->clear(host->doorbell, OWN_VECTOR);
}

static int sleep_ms(uint32_t ms)
{
    clock_sleep_until_ns(clock_ns() + ms * NS_PER_MS);
    return 0;
}

bool kvmfr_host_wait(struct kvmfr_host *host, uint32_t timeout_ms)
{
    if (!kvmfr_host_arm(host))
        return true;
    struct shm_doorbell *d = host->doorbell;
    int rung = d ? d->ops->wait(d, OWN_VECTOR, timeout_ms) : sleep_ms(timeout_ms);
    if (rung < 0) /* a broken bell must not make us spin */
        rung = sleep_ms(timeout_ms);
    (void)kvmfr_host_disarm(host);
    return rung > 0;
}
