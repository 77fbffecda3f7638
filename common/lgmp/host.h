/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/lgmp/host.h - the producing side of the shared-memory message protocol.
 *
 * Source of the format: docs/protocol/lgmp.md; numbers in comments are its sections. The clients
 * are hostile: all geometry is kept private and never read back (6.1); locks are seized after a
 * bounded spin (T3). Time: every call that needs it takes `now_ms`, the host's own monotonic clock;
 * any origin will do. Threads: one thread calls lgmp_host_process(); for each queue one thread (the
 * same or another) may post and one read the inbox. Creation, add_queue and alloc happen before
 * those threads start. Nothing blocks but the bounded spins. */
#ifndef ESPELHO_LGMP_HOST_H
#define ESPELHO_LGMP_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "lgmp/result.h"

struct lgmp_host;
struct lgmp_host_queue;

struct lgmp_host_config {
    const void *udata; /* copied into the region and into a private copy */
    uint32_t udata_bytes;
    uint64_t now_ms;
    struct lgmp_random random; /* session ids */
    uint32_t lock_wait_us;     /* a lock of the region held longer is seized (T3); 0: 20 ms */
};

/* A payload allocation. The description is the caller's own copy; `mem` points into the region. */
struct lgmp_payload {
    uint32_t offset_bytes; /* from the start of the region */
    uint32_t len_bytes;
    void *mem;
};

struct lgmp_queue_config {
    uint32_t queue_id;
    uint32_t capacity; /* messages; the ring has one slot more */
    uint32_t sub_timeout_ms;
};

/* 3.1. Formats `mem` (borrowed, must outlive the host). OK, INVALID_SIZE, NO_MEMORY. */
enum lgmp_result lgmp_host_create(void *mem, uint32_t len_bytes,
                                  const struct lgmp_host_config *config,
                                  struct lgmp_host **out) MUST_CHECK;
/* Frees the private part; the region stays as it is (3.15: no goodbye mark). Queues die with it.
 * NULL is fine. */
void lgmp_host_destroy(struct lgmp_host *host);

/* 3.2. OK, TOO_MANY_QUEUES, NO_SHARED_MEMORY, INVALID_SIZE (capacity 0). *out is owned by the host.
 */
enum lgmp_result lgmp_host_add_queue(struct lgmp_host *host, const struct lgmp_queue_config *config,
                                     struct lgmp_host_queue **out) MUST_CHECK;
/* 2.2. `align_bytes`: power of two, or 0 for none. OK, INVALID_SIZE (alignment), NO_SHARED_MEMORY.
 */
enum lgmp_result lgmp_host_alloc(struct lgmp_host *host, uint32_t len_bytes, uint32_t align_bytes,
                                 struct lgmp_payload *out) MUST_CHECK;
uint32_t lgmp_host_avail_bytes(const struct lgmp_host *host);

/* 3.3, every 10 ms. OK; CORRUPTED: magic, version, session id or user data were overwritten by a
 * peer - nothing was done, the owner creates the host anew (new session id). */
enum lgmp_result lgmp_host_process(struct lgmp_host *host, uint64_t now_ms) MUST_CHECK;

/* 3.4. OK (also when nobody listens: then nothing was queued), FULL. The caller has filled the
 * payload, or goes on filling it under an order of its own (kvmfr's write pointer). A store fence
 * precedes the publication. */
enum lgmp_result lgmp_host_post(struct lgmp_host_queue *queue, uint32_t udata,
                                const struct lgmp_payload *payload, uint64_t now_ms) MUST_CHECK;

/* Who a message may be for: subscriber slots, and the client id of each one's owner. */
struct lgmp_audience {
    uint32_t mask;
    uint32_t client_id[32];
};
/* The same, but UNSUBSCRIBED, and nothing was posted, if anybody else is subscribed (evicted ones
 * do not count). For payloads that not every client understands. */
enum lgmp_result lgmp_host_post_among(struct lgmp_host_queue *queue, uint32_t udata,
                                      const struct lgmp_payload *payload, uint64_t now_ms,
                                      const struct lgmp_audience *audience) MUST_CHECK;
/* At least one is subscribed, and nobody but these. As of now: only post_among() is exact. */
bool lgmp_host_only_among(const struct lgmp_host_queue *queue,
                          const struct lgmp_audience *audience);
/* Slot `slot` (any number) is subscribed by `client_id`, and not evicted. */
bool lgmp_host_slot_is(const struct lgmp_host_queue *queue, uint32_t slot, uint32_t client_id);
/* Clients have finished messages since the last lgmp_host_process() (or post): it is time for
 * another. Any thread. */
bool lgmp_host_has_finished(struct lgmp_host_queue *queue);
/* Any thread: the inbox is not empty. */
bool lgmp_host_has_inbox(const struct lgmp_host_queue *queue);

/* 3.5; those that a message would be for: evicted ones, who may be dead, do not count. */
bool lgmp_host_has_subscribers(const struct lgmp_host_queue *queue);
uint32_t lgmp_host_take_new_subscribers(struct lgmp_host_queue *queue);
uint32_t lgmp_host_pending(struct lgmp_host_queue *queue);

/* 3.13. `data` has LGMP_INBOX_BYTES (64). OK, EMPTY, CORRUPTED (a size above 64: the entry was
 * dropped; acknowledge it all the same). Counters that make no sense are repaired in passing. To be
 * called regularly: it also frees the lock of a dead sender. */
enum lgmp_result lgmp_host_read_inbox(struct lgmp_host_queue *queue, uint8_t *data,
                                      uint32_t *len_bytes) MUST_CHECK;
void lgmp_host_ack_inbox(struct lgmp_host_queue *queue);

#endif
