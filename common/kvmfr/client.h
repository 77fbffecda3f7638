/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/kvmfr/client.h - a viewer's end of the relay: one session, its frame and pointer
 * subscriptions.
 *
 * A state machine without threads or sleeps: the owner calls kvmfr_client_step() about every 100 ms
 * (while not connected: every 20 ms is fine) and the read functions whenever its wait strategy says
 * that something was posted. Threads: all from one thread, except kvmfr_client_activity(). The
 * region is borrowed and must outlive the client. */
#ifndef ESPELHO_KVMFR_CLIENT_H
#define ESPELHO_KVMFR_CLIENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "kvmfr/cursor.h"
#include "kvmfr/frame.h"
#include "kvmfr/session.h"
#include "lgmp/result.h"
#include "shm/region.h"

struct kvmfr_client;

enum kvmfr_state {
    KVMFR_STATE_NONE,
    KVMFR_STATE_NO_HOST, /* no magic in the region: the VM is off or booting, or the host program
                            never ran */
    KVMFR_STATE_HOST_SILENT, /* a header, but its heartbeat stands still: the host program ended or
                                crashed */
    KVMFR_STATE_WRONG_VERSION, /* see kvmfr_client_versions() */
    KVMFR_STATE_CONNECTING,    /* session found, queues not there yet or full */
    KVMFR_STATE_CONNECTED,
};

enum kvmfr_read {
    KVMFR_READ_NONE,
    KVMFR_READ_OK,
    KVMFR_READ_EMPTY,
    KVMFR_READ_REJECTED, /* a malformed message was finished and dropped; logged at most once a
                            second */
    KVMFR_READ_RESTART,  /* eviction, host restart or loss: the picture continues, but all damage is
                            unknown; call step() */
};

struct kvmfr_versions {
    uint32_t lgmp;  /* found in the region */
    uint32_t kvmfr; /* 0 if the user data is not KVMFR */
    char host_version[32];
};

int kvmfr_client_create(const struct shm_region *region, struct lgmp_random random,
                        struct kvmfr_client **out) MUST_CHECK;
/* Unsubscribes properly when connected. NULL is fine. */
void kvmfr_client_destroy(struct kvmfr_client *client);

/* Advances the connection and keeps its heartbeat check. Never blocks. Returns the state after it.
 */
enum kvmfr_state kvmfr_client_step(struct kvmfr_client *client, uint64_t now_ms);
/* Of the current or last session. */
const struct kvmfr_session *kvmfr_client_session(const struct kvmfr_client *client);
struct kvmfr_versions kvmfr_client_versions(const struct kvmfr_client *client);
/* Counts sessions and re-subscriptions: changes whenever the stream was restarted. */
uint32_t kvmfr_client_generation(const struct kvmfr_client *client);

/* The oldest unfinished frame message. OK fills *out; it stays valid until finish, eviction or
 * restart. Repeats (same serial posted again) are delivered too. */
enum kvmfr_read kvmfr_client_peek_frame(struct kvmfr_client *client,
                                        struct frame_view *out) MUST_CHECK;
/* The frame message `ahead` places behind the oldest unfinished one, which stays unfinished. As
 * peek_frame, but a malformed one (REJECTED) is left where it is, to be finished in its turn. */
enum kvmfr_read kvmfr_client_peek_frame_ahead(struct kvmfr_client *client, uint32_t ahead,
                                              struct frame_view *out) MUST_CHECK;
/* How many frame messages wait, the peeked one included. */
uint32_t kvmfr_client_unread_frames(const struct kvmfr_client *client);
/* True if what was read from the peeked frame is good: not evicted, host not restarted (trap T10).
 * Ask after the copy. */
bool kvmfr_client_frame_intact(const struct kvmfr_client *client);
/* Finishes the oldest frame message. */
enum kvmfr_read kvmfr_client_finish_frame(struct kvmfr_client *client) MUST_CHECK;

/* Copies the oldest pointer message out and finishes it. OK: the caller owns out->shape.data if
 * out->has_shape. */
enum kvmfr_read kvmfr_client_read_cursor(struct kvmfr_client *client,
                                         struct cursor_update *out) MUST_CHECK;

/* Section 5. OK with a serial; FULL etc. otherwise. Only when the session has the feature. */
enum lgmp_result kvmfr_client_set_cursor_position(struct kvmfr_client *client, int32_t x_px,
                                                  int32_t y_px, uint32_t *serial) MUST_CHECK;
bool kvmfr_client_cursor_position_done(const struct kvmfr_client *client, uint32_t serial);

/* Any thread, while connected (the owner stops that thread before step() may reconnect or destroy):
 * a value that changes when a frame (`*frame`) or pointer (`*cursor`) message is posted. Two plain
 * loads of shared memory. */
void kvmfr_client_activity(const struct kvmfr_client *client, uint32_t *frame, uint32_t *cursor);
/* The two words themselves, in the region: may be read as long as the region is mapped, also after
 * the subscriptions ended (then they say nothing). NULL while not subscribed. */
void kvmfr_client_activity_words(const struct kvmfr_client *client, const _Atomic uint32_t **frame,
                                 const _Atomic uint32_t **cursor);

#endif
