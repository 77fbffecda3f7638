/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/lgmp/client.h - the consuming side of the shared-memory message protocol.
 *
 * Source of the format: docs/protocol/lgmp.md; numbers in comments are its sections. The host is
 * hostile: every rule of table 6.1 is checked on private copies; geometry is latched at subscribe
 * time. Time: `now_ms` is the client's own monotonic clock. Threads: a client and its subscriptions
 * belong to one thread, except lgmp_client_activity(), which any thread may call between subscribe
 * and unsubscribe. Nothing blocks but bounded spins. */
#ifndef ESPELHO_LGMP_CLIENT_H
#define ESPELHO_LGMP_CLIENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "lgmp/result.h"

/* More user data than any host has use for: beyond it the session is CORRUPTED, so that a hostile
 * host cannot make us allocate a copy of the whole region. */
#define LGMP_CLIENT_UDATA_MAX_BYTES 16384u

struct lgmp_client;
struct lgmp_subscription;

struct lgmp_session {
    uint32_t session_id;
    uint32_t version; /* also written when start_session says INVALID_VERSION */
    const uint8_t
        *udata; /* the client's private copy, valid until the next start_session or destroy */
    uint32_t udata_bytes;
};

struct lgmp_message {
    uint32_t udata;
    uint32_t len_bytes; /* of the allocation; offset + len were checked against the region */
    uint32_t offset_bytes;
    const volatile void *mem; /* shared: the peer may change it at any time */
};

/* 3.6 attach. `mem` is borrowed and must outlive the client. OK, INVALID_SIZE, NO_MEMORY. */
enum lgmp_result lgmp_client_create(void *mem, size_t len_bytes, struct lgmp_random random,
                                    struct lgmp_client **out) MUST_CHECK;
/* Does not unsubscribe. NULL is fine. */
void lgmp_client_destroy(struct lgmp_client *client);

/* How long to wait for a lock of the region (T3) before calls say INVALID_SESSION. Default: 100 ms,
 * which lets a host seize it. */
void lgmp_client_set_lock_wait_us(struct lgmp_client *client, uint32_t wait_us);

/* 3.6. OK, INVALID_MAGIC, INVALID_VERSION, INVALID_SESSION (host not alive yet: call again later),
 * CORRUPTED, NO_MEMORY. Ends all subscriptions of an earlier session (their handles are freed; do
 * not use them again). */
enum lgmp_result lgmp_client_start_session(struct lgmp_client *client, uint64_t now_ms,
                                           struct lgmp_session *out) MUST_CHECK;
/* 3.7, to be called about every 100 ms. False: session is lost. */
bool lgmp_client_session_valid(struct lgmp_client *client, uint64_t now_ms);

/* When the host's heartbeat was last seen to move, by the clock of these two calls. */
uint64_t lgmp_client_alive_ms(const struct lgmp_client *client);

/* 3.8 with the cure of T2. OK, NO_SUCH_QUEUE, FULL, INVALID_SESSION, CORRUPTED, NO_MEMORY. */
enum lgmp_result lgmp_client_subscribe(struct lgmp_client *client, uint32_t queue_id,
                                       struct lgmp_subscription **out) MUST_CHECK;
/* 3.9: finishes unread messages first (T2), leaves alone what is not ours any more (T5). Frees the
 * handle, whatever happens. */
void lgmp_client_unsubscribe(struct lgmp_subscription *sub);

/* Our subscriber slot in that queue, 0..31, and the client id that is in it while it is ours. */
uint32_t lgmp_client_slot(const struct lgmp_subscription *sub);
uint32_t lgmp_client_id(const struct lgmp_subscription *sub);

/* 3.10. OK, EMPTY, TIMED_OUT, UNSUBSCRIBED, INVALID_SESSION, CORRUPTED. Does not consume. */
enum lgmp_result lgmp_client_peek(struct lgmp_subscription *sub,
                                  struct lgmp_message *out) MUST_CHECK;
/* Looks past unfinished messages: the message `ahead` places behind the oldest one (0: as peek). It
 * keeps its place: finish() goes on finishing the oldest. Outcomes as peek; EMPTY also for a
 * message that does not wait for us, whose payload is therefore not held for us either. */
enum lgmp_result lgmp_client_peek_ahead(struct lgmp_subscription *sub, uint32_t ahead,
                                        struct lgmp_message *out) MUST_CHECK;
/* Messages posted and not finished by us (0 .. slot_count - 1); 0 if the subscription is not valid.
 */
uint32_t lgmp_client_unread(const struct lgmp_subscription *sub);
/* 3.11, same outcomes as peek. */
enum lgmp_result lgmp_client_finish(struct lgmp_subscription *sub) MUST_CHECK;
/* 3.12 */
enum lgmp_result lgmp_client_skip_to_newest(struct lgmp_subscription *sub) MUST_CHECK;
/* T10: to be asked after the payload was read. False: we were evicted or the host restarted
 * meanwhile; what was read may be torn. */
bool lgmp_client_still_subscribed(const struct lgmp_subscription *sub);

/* 3.13. OK (serial in *serial), FULL, INVALID_SIZE, TIMED_OUT, INVALID_SESSION, CORRUPTED. */
enum lgmp_result lgmp_client_send(struct lgmp_subscription *sub, const void *data,
                                  uint32_t len_bytes, uint32_t *serial) MUST_CHECK;
/* 3.13: has the host acted on message `serial`? (Wrap-safe.) */
bool lgmp_client_acked(const struct lgmp_subscription *sub, uint32_t serial);

/* The queue's post_index as it stands in memory: changes when something was posted. One load, no
 * check; any thread. For wait strategies only. */
uint32_t lgmp_client_activity(const struct lgmp_subscription *sub);
/* The word itself, in the region: may be read as long as the region is mapped, also after the
 * subscription ended (then it says nothing). For a thread that cannot know when that happens. */
const _Atomic uint32_t *lgmp_client_activity_word(const struct lgmp_subscription *sub);

#endif
