/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "kvmfr/host_private.h"
#include "kvmfr/sizing.h"
#include "lgmp/layout.h"

#define DEFAULT_ALIGN_BYTES 4096u
#define MIN_ALIGN_BYTES     2048u /* header and write pointer lie in front of the pixels */
#define MAX_ALIGN_BYTES     (1u << 24)

/* What the message layer hands out; taken over by create, compared by rebuild. */
struct session_memory {
    struct lgmp_host *lgmp;
    struct lgmp_host_queue *frame_queue, *pointer_queue;
    struct lgmp_payload frames[KVMFR_FRAME_BUFFERS];
    struct lgmp_payload small[KVMFR_POINTER_BUFFERS];
    struct lgmp_payload large[KVMFR_SHAPE_BUFFERS];
};

static int errno_of(enum lgmp_result r)
{
    switch (r) {
    case LGMP_OK:
        return 0;
    case LGMP_NO_MEMORY:
        return -ENOMEM;
    case LGMP_NO_SHARED_MEMORY:
    case LGMP_INVALID_SIZE:
        return -ENOSPC;
    default:
        return -EIO;
    }
}

/* Order of section 3.7; queues first becomes visible to clients with add_queue, the buffers need no
 * announcement. */
static enum lgmp_result alloc_pointers(struct kvmfr_host *host, struct session_memory *m)
{
    enum lgmp_result r = LGMP_OK;
    for (uint32_t i = 0; i < KVMFR_POINTER_BUFFERS && r == LGMP_OK; i++)
        r = lgmp_host_alloc(m->lgmp, sizeof(struct kvmfr_wire_pointer), LGMP_ALLOC_ALIGN,
                            &m->small[i]);
    for (uint32_t i = 0; i < KVMFR_SHAPE_BUFFERS && r == LGMP_OK; i++)
        r = lgmp_host_alloc(m->lgmp, host->config.shape_bytes, LGMP_ALLOC_ALIGN, &m->large[i]);
    return r;
}

static enum lgmp_result alloc_frames(struct kvmfr_host *host, struct session_memory *m)
{
    const uint32_t next = host->len_bytes - lgmp_host_avail_bytes(m->lgmp);
    struct kvmfr_frame_capacity cap;
    if (!kvmfr_frame_capacity_after(host->len_bytes, next, host->config.align_bytes, &cap))
        return LGMP_NO_SHARED_MEMORY;
    enum lgmp_result r = LGMP_OK;
    for (uint32_t i = 0; i < KVMFR_FRAME_BUFFERS && r == LGMP_OK; i++)
        r = lgmp_host_alloc(m->lgmp, cap.buffer_bytes, host->config.align_bytes, &m->frames[i]);
    return r;
}

static int build_session(struct kvmfr_host *host, uint64_t now_ms, struct session_memory *m)
{
    const struct lgmp_host_config config = {
        .udata = host->udata,
        .udata_bytes = host->udata_bytes,
        .now_ms = now_ms,
        .random = host->config.random,
    };
    const struct lgmp_queue_config frame = { KVMFR_QUEUE_FRAME, KVMFR_FRAME_SLOTS,
                                             KVMFR_SUB_TIMEOUT_MS };
    const struct lgmp_queue_config pointer = { KVMFR_QUEUE_POINTER, KVMFR_POINTER_SLOTS,
                                               KVMFR_SUB_TIMEOUT_MS };
    *m = (struct session_memory){ 0 };
    if (!kvmfr_host_board_clear(host))
        return -ENOSPC;
    enum lgmp_result r = lgmp_host_create(host->mem, host->len_bytes, &config, &m->lgmp);
    if (r == LGMP_OK)
        r = kvmfr_host_board_alloc(host, m->lgmp);
    if (r == LGMP_OK)
        r = lgmp_host_add_queue(m->lgmp, &frame, &m->frame_queue);
    if (r == LGMP_OK)
        r = lgmp_host_add_queue(m->lgmp, &pointer, &m->pointer_queue);
    if (r == LGMP_OK)
        r = alloc_pointers(host, m);
    if (r == LGMP_OK)
        r = alloc_frames(host, m);
    if (r == LGMP_OK)
        return 0;
    lgmp_host_destroy(m->lgmp);
    m->lgmp = NULL;
    return errno_of(r);
}

static void clear_payload(const struct lgmp_payload *p)
{
    memset(p->mem, 0, p->len_bytes);
}

static void take_memory(struct kvmfr_host *host, const struct session_memory *m)
{
    const uint32_t fb_offset = host->config.align_bytes - 4;
    for (uint32_t i = 0; i < KVMFR_POINTER_BUFFERS; i++) {
        host->pointer.small[i] = m->small[i];
        clear_payload(&m->small[i]);
    }
    for (uint32_t i = 0; i < KVMFR_SHAPE_BUFFERS; i++) {
        host->pointer.large[i] = m->large[i];
        clear_payload(&m->large[i]);
    }
    for (uint32_t i = 0; i < KVMFR_FRAME_BUFFERS; i++) {
        host->frame.buffers[i] = (struct frame_buffer){ .payload = m->frames[i] };
        memcpy((uint8_t *)m->frames[i].mem + offsetof(struct kvmfr_wire_frame, fb_offset),
               &fb_offset, sizeof(fb_offset));
    }
    kvmfr_host_mailbox_plan(host);
}

static int check_config(struct kvmfr_host_config *c)
{
    if (c->align_bytes == 0)
        c->align_bytes = DEFAULT_ALIGN_BYTES;
    if (c->shape_bytes == 0)
        c->shape_bytes = KVMFR_SHAPE_BYTES;
    if (!is_power_of_two(c->align_bytes) || c->align_bytes < MIN_ALIGN_BYTES ||
        c->align_bytes > MAX_ALIGN_BYTES || c->shape_bytes < sizeof(struct kvmfr_wire_pointer) ||
        c->shape_bytes > KVMFR_SHAPE_BYTES)
        return -EINVAL;
    return 0;
}

static uint32_t write_session(struct kvmfr_host *host, const struct kvmfr_session *session,
                              uint8_t udata[KVMFR_SESSION_MAX_BYTES])
{
    host->config.session = *session;
    host->config.session.features &= ~KVMFR_FEATURE_SET_CURSOR_POSITION;
    if (host->config.set_cursor_position)
        host->config.session.features |= KVMFR_FEATURE_SET_CURSOR_POSITION;
    kvmfr_host_board_announce(host, &host->config.session);
    return kvmfr_session_write(&host->config.session, udata, KVMFR_SESSION_MAX_BYTES);
}

int kvmfr_host_create(void *mem, size_t len_bytes, const struct kvmfr_host_config *config,
                      struct kvmfr_host **out)
{
    struct kvmfr_host_config c = *config;
    struct session_memory m;
    if (!mem || len_bytes > UINT32_MAX || check_config(&c) < 0)
        return -EINVAL;
    struct kvmfr_host *host = calloc(1, sizeof(*host));
    if (!host)
        return -ENOMEM;
    host->config = c;
    host->doorbell = c.extension ? c.doorbell : NULL;
    host->mem = mem;
    host->len_bytes = (uint32_t)len_bytes;
    host->udata_bytes = write_session(host, &c.session, host->udata);
    memset(host->pointer.history, -1, sizeof(host->pointer.history));
    pthread_mutex_init(&host->link.lock, NULL);

    const int err = build_session(host, c.now_ms, &m);
    if (err < 0) {
        kvmfr_host_destroy(host);
        return err;
    }
    take_memory(host, &m);
    host->link.lgmp = m.lgmp;
    host->link.frame_queue = m.frame_queue;
    host->link.pointer_queue = m.pointer_queue;
    host->link.generation = 1;
    kvmfr_host_bells_refresh(host);
    kvmfr_host_ring_strangers(host);
    *out = host;
    return 0;
}

void kvmfr_host_destroy(struct kvmfr_host *host)
{
    if (!host)
        return;
    kvmfr_host_ring_known(host); /* who sleeps shall look: nothing more will come */
    lgmp_host_destroy(host->link.lgmp);
    cursor_shape_fini(&host->pointer.shape);
    pthread_mutex_destroy(&host->link.lock);
    free(host);
}

/* The arithmetic of allocations is the same every time, so the payloads come to lie where they were
 * and the other threads' private descriptions of them stay true; they may even be in the middle of
 * a copy. Lock held. */
static int rebuild(struct kvmfr_host *host, uint64_t now_ms)
{
    struct session_memory m;
    lgmp_host_destroy(host->link.lgmp);
    host->link.lgmp = NULL;
    host->link.torn_down = true;
    const int err = build_session(host, now_ms, &m);
    if (err < 0)
        return err;
    host->link.lgmp = m.lgmp;
    host->link.frame_queue = m.frame_queue;
    host->link.pointer_queue = m.pointer_queue;
    host->link.generation++;
    host->link.torn_down = false;
    kvmfr_host_mailbox_tell(host);
    kvmfr_host_ring_known(host); /* the session that they knew is over */
    kvmfr_host_bells_forget(host);
    return 0;
}

int kvmfr_host_set_session(struct kvmfr_host *host, const struct kvmfr_session *session,
                           uint64_t now_ms)
{
    uint8_t udata[KVMFR_SESSION_MAX_BYTES];
    const struct kvmfr_session before = host->config.session;
    if (write_session(host, session, udata) != host->udata_bytes) {
        host->config.session = before;
        return -EINVAL;
    }
    if (memcmp(udata, host->udata, host->udata_bytes) == 0)
        return 0;
    pthread_mutex_lock(&host->link.lock);
    memcpy(host->udata, udata, host->udata_bytes);
    const int err = rebuild(host, now_ms); /* if it fails, the next tick tries again */
    pthread_mutex_unlock(&host->link.lock);
    return err;
}

static void run_inbox_message(struct kvmfr_host *host, const uint8_t *data, uint32_t len_bytes)
{
    struct kvmfr_wire_set_cursor w;
    if (len_bytes < sizeof(w) || !host->config.set_cursor_position)
        return;
    memcpy(&w, data, sizeof(w));
    if (w.type == KVMFR_INBOX_SET_CURSOR_POSITION)
        host->config.set_cursor_position(host->config.ctx, w.x, w.y);
}

/* Acknowledged after it was acted on; unknown types too (section 5). Bounded: a client that sends
 * faster than we read must not keep the timer here. The callback runs without the lock, it may call
 * us. */
static void drain_inbox(struct kvmfr_host *host)
{
    for (uint32_t i = 0; i < LGMP_INBOX_SLOTS; i++) {
        uint8_t data[LGMP_INBOX_BYTES];
        uint32_t len_bytes = 0;
        pthread_mutex_lock(&host->link.lock);
        const enum lgmp_result r = lgmp_host_read_inbox(host->link.pointer_queue, data, &len_bytes);
        pthread_mutex_unlock(&host->link.lock);
        if (r != LGMP_OK && r != LGMP_CORRUPTED)
            return;
        if (r == LGMP_OK && !kvmfr_host_bell_message(host, data, len_bytes))
            run_inbox_message(host, data, len_bytes);
        pthread_mutex_lock(&host->link.lock);
        lgmp_host_ack_inbox(host->link.pointer_queue);
        pthread_mutex_unlock(&host->link.lock);
    }
}

int kvmfr_host_tick(struct kvmfr_host *host, uint64_t now_ms, bool *restarted)
{
    int err = 0;
    bool rebuilt = false;
    kvmfr_host_bells_refresh(host);
    pthread_mutex_lock(&host->link.lock);
    if (host->link.torn_down || lgmp_host_process(host->link.lgmp, now_ms) != LGMP_OK) {
        err = rebuild(host, now_ms);
        rebuilt = err == 0;
    }
    pthread_mutex_unlock(&host->link.lock);
    if (err == 0) {
        drain_inbox(host);
        kvmfr_host_bells_pass(host, now_ms);
    }
    if (restarted)
        *restarted = rebuilt;
    return err;
}

/* The lock is no part of what the caller may not change. */
static pthread_mutex_t *lock_of(const struct kvmfr_host *host)
{
    return (pthread_mutex_t *)&host->link.lock;
}

bool kvmfr_host_wanted(const struct kvmfr_host *host)
{
    pthread_mutex_lock(lock_of(host));
    const bool wanted = !host->link.torn_down && lgmp_host_has_subscribers(host->link.frame_queue);
    pthread_mutex_unlock(lock_of(host));
    return wanted;
}

bool kvmfr_host_has_work(struct kvmfr_host *host)
{
    pthread_mutex_lock(&host->link.lock);
    const bool any = !host->link.torn_down && (lgmp_host_has_inbox(host->link.pointer_queue) ||
                                               lgmp_host_has_finished(host->link.frame_queue) ||
                                               lgmp_host_has_finished(host->link.pointer_queue));
    pthread_mutex_unlock(&host->link.lock);
    return any;
}

bool kvmfr_host_only_among(const struct kvmfr_host *host, const struct lgmp_audience *audience)
{
    pthread_mutex_lock(lock_of(host));
    const bool only =
        !host->link.torn_down && lgmp_host_only_among(host->link.frame_queue, audience);
    pthread_mutex_unlock(lock_of(host));
    return only;
}

bool kvmfr_host_line_is(const struct kvmfr_host *host, uint32_t line, uint32_t client_id)
{
    pthread_mutex_lock(lock_of(host));
    const bool is =
        !host->link.torn_down && lgmp_host_slot_is(host->link.frame_queue, line, client_id);
    pthread_mutex_unlock(lock_of(host));
    return is;
}

enum lgmp_result kvmfr_host_post_frame(struct kvmfr_host *host, uint32_t buffer,
                                       const struct lgmp_audience *audience, uint64_t now_ms)
{
    const struct lgmp_payload *payload = &host->frame.buffers[buffer].payload;
    enum lgmp_result r = LGMP_FULL;
    pthread_mutex_lock(&host->link.lock);
    if (!host->link.torn_down && audience)
        r = lgmp_host_post_among(host->link.frame_queue, 0, payload, now_ms, audience);
    else if (!host->link.torn_down)
        r = lgmp_host_post(host->link.frame_queue, 0, payload, now_ms);
    pthread_mutex_unlock(&host->link.lock);
    return r;
}

enum lgmp_result kvmfr_host_post_pointer(struct kvmfr_host *host, uint32_t flags,
                                         const struct lgmp_payload *payload, uint64_t now_ms)
{
    pthread_mutex_lock(&host->link.lock);
    const enum lgmp_result r =
        host->link.torn_down ? LGMP_FULL
                             : lgmp_host_post(host->link.pointer_queue, flags, payload, now_ms);
    pthread_mutex_unlock(&host->link.lock);
    return r;
}

static struct lgmp_host_queue *queue_of(const struct kvmfr_host *host, bool pointer)
{
    return pointer ? host->link.pointer_queue : host->link.frame_queue;
}

uint32_t kvmfr_host_pending(const struct kvmfr_host *host, bool pointer)
{
    pthread_mutex_lock(lock_of(host));
    const uint32_t n =
        host->link.torn_down ? UINT32_MAX : lgmp_host_pending(queue_of(host, pointer));
    pthread_mutex_unlock(lock_of(host));
    return n;
}

bool kvmfr_host_has_room(const struct kvmfr_host *host)
{
    return kvmfr_host_pending(host, false) < KVMFR_FRAME_SLOTS ||
           (host->board &&
            atomic_load_explicit(&host->board->host.newest, memory_order_relaxed) != 0);
}

bool kvmfr_host_take_new(struct kvmfr_host *host, bool pointer)
{
    pthread_mutex_lock(&host->link.lock);
    const bool any =
        !host->link.torn_down && lgmp_host_take_new_subscribers(queue_of(host, pointer)) > 0;
    pthread_mutex_unlock(&host->link.lock);
    return any;
}
