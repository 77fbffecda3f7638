/* SPDX-License-Identifier: GPL-2.0-or-later
 * Which frame buffer is written next, and the mailbox: docs/extensions.md section 4.
 *
 * Both frame allocations together are one piece of memory, F. The two ordinary buffers are its
 * halves. The mailbox divides it into thirds; where frames are small enough, the last third is two
 * buffers. Its first buffer is the first ordinary one. So buffers overlap, and what must not be
 * overwritten is kept as pieces of memory: the newest frame, what unfinished messages protect, and
 * what viewers hold. */
#include <errno.h>
#include <string.h>

#include "base/checked.h"
#include "kvmfr/host_private.h"
#include "lgmp/fence.h"

enum {
    THIRDS = 3,
    FIRST_OF_MAILBOX = KVMFR_FRAME_BUFFERS, /* the second one of it, that is */
    STARVED_MS = KVMFR_SUB_TIMEOUT_MS,
};
static_assert(KVMFR_HOST_BUFFERS == FIRST_OF_MAILBOX + KVMFR_MAX_FRAME_BUFFERS - 1,
              "the mailbox has one of the ordinary buffers");

static uint32_t buffer_of(uint32_t index)
{
    return index == 0 ? 0 : FIRST_OF_MAILBOX + index - 1;
}

static uint32_t index_of(uint32_t buffer)
{
    return buffer == 0 ? 0 : buffer - FIRST_OF_MAILBOX + 1;
}

/* What `index` has when `count` buffers are used. */
static uint32_t capacity_of(const struct kvmfr_host *host, uint32_t index, uint32_t count)
{
    const struct frame_buffer *b = host->frame.buffers;
    if (count == KVMFR_MAX_FRAME_BUFFERS && index == THIRDS - 1)
        return b[buffer_of(THIRDS)].payload.offset_bytes -
               b[buffer_of(THIRDS - 1)].payload.offset_bytes;
    return index == 0 ? b[buffer_of(1)].payload.offset_bytes - b[0].payload.offset_bytes
                      : b[buffer_of(index)].payload.len_bytes;
}

static void place(struct kvmfr_host *host, uint32_t index, uint32_t offset_bytes,
                  uint32_t end_bytes)
{
    struct frame_buffer *b = &host->frame.buffers[buffer_of(index)];
    b->payload = (struct lgmp_payload){ .offset_bytes = offset_bytes,
                                        .len_bytes = end_bytes - offset_bytes,
                                        .mem = (uint8_t *)host->mem + offset_bytes };
}

void kvmfr_host_mailbox_tell(const struct kvmfr_host *host)
{
    if (!host->board || host->frame.buffers[FIRST_OF_MAILBOX].payload.len_bytes == 0)
        return;
    struct kvmfr_wire_board_host *w = &host->board->host;
    for (uint32_t i = 0; i < KVMFR_MAX_FRAME_BUFFERS; i++) {
        const struct lgmp_payload *p = &host->frame.buffers[buffer_of(i)].payload;
        atomic_store_explicit(&w->buffer_offset[i], p->offset_bytes, memory_order_relaxed);
        atomic_store_explicit(&w->buffer_bytes[i], p->len_bytes, memory_order_relaxed);
    }
}

void kvmfr_host_mailbox_plan(struct kvmfr_host *host)
{
    const struct lgmp_payload *halves[] = { &host->frame.buffers[0].payload,
                                            &host->frame.buffers[1].payload };
    const uint32_t align = host->config.align_bytes;
    const uint32_t start = halves[0]->offset_bytes;
    const uint32_t end = halves[1]->offset_bytes + halves[1]->len_bytes;
    const uint32_t third = (end - start) / THIRDS / align * align;
    const uint32_t sixth = third / 2 / align * align;
    host->frame.mailbox = 0;
    if (!host->board || sixth <= align) /* no room for a row in each */
        return;
    place(host, 1, start + third, start + 2 * third);
    place(host, 2, start + 2 * third, end);
    place(host, 3, start + 2 * third + sixth, end);
    kvmfr_host_mailbox_tell(host);
}

/* ---- what must not be overwritten ---- */

static struct span span_of(const struct kvmfr_host *host, uint32_t buffer, uint32_t len_bytes)
{
    return (struct span){ host->frame.buffers[buffer].payload.offset_bytes, len_bytes };
}

static bool overlap(struct span a, struct span b)
{
    return (uint64_t)a.offset_bytes < (uint64_t)b.offset_bytes + b.len_bytes &&
           (uint64_t)b.offset_bytes < (uint64_t)a.offset_bytes + a.len_bytes;
}

/* A hostile word is no number of a buffer: it holds nothing. */
static bool word_holds(const struct kvmfr_host *host, uint32_t line, uint32_t word, struct span s)
{
    const uint32_t held =
        atomic_load_explicit(&host->board->lines[line].holding[word], memory_order_acquire);
    if (held == 0 || held > KVMFR_MAX_FRAME_BUFFERS)
        return false;
    const uint32_t buffer = buffer_of(held - 1);
    return overlap(s, span_of(host, buffer, host->frame.buffers[buffer].used_bytes));
}

/* The lines whose viewers hold something of `s`. */
static uint32_t holders(const struct kvmfr_host *host, struct span s)
{
    struct lgmp_audience who;
    uint32_t lines = 0;
    if (!kvmfr_host_audience(host, KVMFR_FRAME_BUFFERS + 1, &who))
        return 0;
    for (uint32_t i = 0; i < KVMFR_BELL_LINES; i++)
        if ((who.mask & UINT32_C(1) << i) &&
            (word_holds(host, i, 0, s) || word_holds(host, i, 1, s)))
            lines |= UINT32_C(1) << i;
    return lines;
}

/* Messages retire in order, so the unfinished ones are the newest `pending` posts. (Posts that
 * found no listener do not count as pending, but then nobody was reading the older ones either.) */
static bool protected_by_message(const struct kvmfr_host *host, struct span s, uint32_t pending)
{
    for (uint32_t i = 0; i < pending && i < KVMFR_FRAME_SLOTS; i++) {
        const uint32_t at = KVMFR_FRAME_SLOTS - 1 - i;
        if ((host->frame.posted[at].guarded || !host->frame.mailbox) &&
            overlap(s, host->frame.posted[at].span))
            return true;
    }
    return false;
}

static bool is_newest(const struct kvmfr_host *host, struct span s)
{
    const uint32_t newest = host->frame.newest;
    return host->frame.next_serial != 0 &&
           overlap(s, span_of(host, newest, host->frame.buffers[newest].used_bytes));
}

/* ---- choosing ---- */

/* The `i`th candidate: after the newest, so that the oldest content is overwritten first. */
static uint32_t candidate(const struct kvmfr_host *host, uint32_t i)
{
    const uint32_t newest = host->frame.newest, count = host->frame.mailbox;
    if (!count)
        return host->frame.next_serial == 0 || newest != 0 ? i : 1 - i;
    const bool known = newest == 0 || newest >= FIRST_OF_MAILBOX;
    const uint32_t after = host->frame.next_serial == 0 || !known ? 0 : index_of(newest) + 1;
    return buffer_of((after + i) % count);
}

/* Viewers that keep everything from us for a second count as ones that can cope with two buffers
 * only, and what they hold no longer counts: a reader of messages would be evicted. */
static void distrust(struct kvmfr_host *host, uint32_t lines)
{
    for (uint32_t i = 0; i < KVMFR_BELL_LINES; i++) {
        uint64_t viewer = atomic_load_explicit(&host->lines[i].viewer, memory_order_relaxed);
        if (!(lines & UINT32_C(1) << i) || !viewer)
            continue;
        const uint64_t less = (viewer & ~(uint64_t)UINT32_MAX) | KVMFR_FRAME_BUFFERS;
        /* not if the timer thread put somebody else there meanwhile */
        (void)atomic_compare_exchange_strong_explicit(&host->lines[i].viewer, &viewer, less,
                                                      memory_order_relaxed, memory_order_relaxed);
    }
}

static void note_starved(struct kvmfr_host *host, uint32_t lines, uint64_t now_ms)
{
    if (!lines) {
        host->frame.starved_ms = 0;
    } else if (host->frame.starved_ms == 0) {
        host->frame.starved_ms = now_ms ? now_ms : 1;
    } else if (now_ms - host->frame.starved_ms > STARVED_MS) {
        distrust(host, lines);
        host->frame.starved_ms = 0;
    }
}

bool kvmfr_host_mailbox_choose(struct kvmfr_host *host, uint32_t need_bytes, uint64_t now_ms,
                               uint32_t *buffer)
{
    const uint32_t pending = kvmfr_host_pending(host, false);
    const uint32_t count = host->frame.mailbox ? host->frame.mailbox : KVMFR_FRAME_BUFFERS;
    uint32_t held_by = 0;
    if (!host->frame.mailbox && pending >= KVMFR_FRAME_SLOTS)
        return false;
    if (host->board) /* `newest` was stored before; pairs with the fence of a viewer that stored a
                        holding word and looks at `newest` again */
        fence_full();
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t b = candidate(host, i);
        const struct span s = span_of(host, b, need_bytes);
        if (is_newest(host, s) || protected_by_message(host, s, pending))
            continue;
        const uint32_t lines = holders(host, s);
        held_by |= lines;
        if (lines)
            continue;
        host->frame.starved_ms = 0;
        *buffer = b;
        return true;
    }
    note_starved(host, held_by, now_ms);
    return false;
}

void kvmfr_host_mailbox_claim(struct kvmfr_host *host, uint32_t buffer, uint32_t need_bytes)
{
    const struct span s = span_of(host, buffer, need_bytes);
    for (uint32_t i = 0; i < KVMFR_HOST_BUFFERS; i++) {
        struct frame_buffer *b = &host->frame.buffers[i];
        if (overlap(s, span_of(host, i, b->used_bytes)) || i == buffer)
            b->format_version = 0; /* until end_frame, and for the others until they are written */
    }
    host->frame.buffers[buffer].used_bytes = need_bytes;
}

/* ---- entering and leaving ---- */

static void set_newest(struct kvmfr_host *host, uint64_t newest)
{
    atomic_store_explicit(&host->board->host.newest, newest, memory_order_release);
    fence_writes();
}

void kvmfr_host_mailbox_leave(struct kvmfr_host *host)
{
    if (!host->frame.mailbox)
        return;
    host->frame.mailbox = 0;
    set_newest(host, 0); /* choose() fences before it looks at who holds what */
}

/* How many buffers a mailbox may have now; 0: it may not be. */
static uint32_t allowed(const struct kvmfr_host *host, uint64_t need_bytes,
                        struct lgmp_audience *audience)
{
    if (!host->board || host->frame.buffers[FIRST_OF_MAILBOX].payload.len_bytes == 0)
        return 0;
    uint32_t count = kvmfr_host_audience(host, KVMFR_FRAME_BUFFERS + 1, audience);
    if (!count || !kvmfr_host_only_among(host, audience))
        return 0;
    if (count > THIRDS && need_bytes > capacity_of(host, THIRDS - 1, count))
        count = THIRDS;
    return need_bytes <= capacity_of(host, 0, count) ? count : 0;
}

void kvmfr_host_mailbox_turn(struct kvmfr_host *host, uint64_t need_bytes,
                             struct lgmp_audience *audience)
{
    const uint32_t count = allowed(host, need_bytes, audience);
    if (count == host->frame.mailbox)
        return;
    kvmfr_host_mailbox_leave(host);
    if (!count)
        return;
    atomic_store_explicit(&host->board->host.buffer_count, count, memory_order_relaxed);
    host->frame.mailbox = count;
}

void kvmfr_host_mailbox_check(struct kvmfr_host *host, struct lgmp_audience *audience)
{
    if (host->frame.mailbox && (!kvmfr_host_audience(host, KVMFR_FRAME_BUFFERS + 1, audience) ||
                                !kvmfr_host_only_among(host, audience)))
        kvmfr_host_mailbox_leave(host);
}

void kvmfr_host_mailbox_show(struct kvmfr_host *host, uint32_t buffer, uint32_t serial)
{
    if (!host->frame.mailbox)
        return;
    fence_writes(); /* the header is there before its name */
    set_newest(host, (uint64_t)serial << 32 | (index_of(buffer) + 1));
}

void kvmfr_host_mailbox_posted(struct kvmfr_host *host, uint32_t buffer)
{
    memmove(&host->frame.posted[0], &host->frame.posted[1],
            (KVMFR_FRAME_SLOTS - 1) * sizeof(host->frame.posted[0]));
    host->frame.posted[KVMFR_FRAME_SLOTS - 1].span =
        span_of(host, buffer, host->frame.buffers[buffer].used_bytes);
    host->frame.posted[KVMFR_FRAME_SLOTS - 1].guarded = host->frame.mailbox == 0;
}
