/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/kvmfr/client_extension.h - a viewer's end of docs/extensions.md: hello, being rung,
 * the host's clock, the mailbox.
 *
 * Everything here belongs to one subscription of the client: after another one it begins anew, with
 * the same wants. Without the extension all of it says no and does nothing. Threads: the client's.
 * Nothing blocks. */
#ifndef ESPELHO_KVMFR_CLIENT_EXTENSION_H
#define ESPELHO_KVMFR_CLIENT_EXTENSION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "kvmfr/board.h"
#include "kvmfr/client.h"

struct kvmfr_client_wants {
    bool rings;       /* by the region's doorbell, if it has one */
    bool timing;      /* pings */
    uint32_t buffers; /* how many frame buffers it copes with, 2..4; above 2: the mailbox */
};
/* Before the first step; none by default. */
void kvmfr_client_set_wants(struct kvmfr_client *client, const struct kvmfr_client_wants *wants);

enum kvmfr_greeting {
    KVMFR_GREETING_NONE, /* not connected, no extension, or nothing of it is wanted */
    KVMFR_GREETING_DUE,  /* the inbox was full */
    KVMFR_GREETING_SENT,
    KVMFR_GREETING_DONE, /* the host has acted on it */
};
/* Sends a hello that is due, and looks whether it was acknowledged. step() does the same. */
enum kvmfr_greeting kvmfr_client_greet(struct kvmfr_client *client);
/* KVMFR_EXT_* that the host offers and this client wants; 0 before DONE. DOORBELL only where the
 * region has one. */
uint32_t kvmfr_client_capabilities(const struct kvmfr_client *client);
/* The host's peer, SHM_DOORBELL_NO_PEER without a doorbell; and whether it is there. */
uint16_t kvmfr_client_host_peer(const struct kvmfr_client *client);

/* While held, what the host should react to is remembered instead of rung; the end of it rings
 * once. For a caller that wants to pass news on before it spends a system call on the host. */
void kvmfr_client_hold_rings(struct kvmfr_client *client, bool hold);

/* Our vectors of the region's doorbell; the same where it has only one. */
uint16_t kvmfr_client_frame_vector(const struct kvmfr_client *client);
uint16_t kvmfr_client_pointer_vector(const struct kvmfr_client *client);
/* Announces that we are about to sleep, with the fence: look for news afterwards. */
void kvmfr_client_arm(struct kvmfr_client *client);
void kvmfr_client_disarm(struct kvmfr_client *client);
/* Exact: is anything posted beyond `frames_read` unfinished frame messages, or in the pointer
 * queue? Also true when the subscription is lost: reading tells. */
bool kvmfr_client_news(const struct kvmfr_client *client, uint32_t frames_read);
/* When the host's heartbeat was last seen to move, by the clock of step(); 0: never. */
uint64_t kvmfr_client_alive_ms(const struct kvmfr_client *client);

/* Collects the answer to the last ping and sends another one when it is time. `active`: frames
 * come; otherwise only the first pings are sent. True: an answer is being waited for. */
bool kvmfr_client_ping(struct kvmfr_client *client, uint64_t now_ns, bool active);
/* The host's monotonic clock less ours (modulo 2^64), and what it may be wrong by. */
bool kvmfr_client_clock(const struct kvmfr_client *client, uint64_t *offset_ns, uint64_t *error_ns);
/* Times of a frame that is still held, by our clock. False: not known. */
bool kvmfr_client_timing(const struct kvmfr_client *client, const struct frame_view *view,
                         uint64_t now_ns, struct kvmfr_timing *out) MUST_CHECK;

/* The mailbox's word: changes with each frame; 0: not in force, frames come by messages. */
uint64_t kvmfr_client_newest(const struct kvmfr_client *client);
/* The word itself, in the region: for a thread that only wants to see it change, as long as the
 * region is mapped. NULL: there is none. */
const _Atomic uint64_t *kvmfr_client_newest_word(const struct kvmfr_client *client);
/* How many buffers the host uses; meaningful while the mailbox is in force. */
uint32_t kvmfr_client_buffer_count(const struct kvmfr_client *client);
enum { KVMFR_HOLDS = 2 };
/* Takes hold of the newest frame's buffer with holding word `hold` (free): OK with *out and
 * *newest, stays until kvmfr_client_let_go(); EMPTY: not in force, or newer ones came faster than
 * we could hold one; REJECTED: logged. */
enum kvmfr_read kvmfr_client_hold_newest(struct kvmfr_client *client, uint32_t hold,
                                         struct frame_view *out, uint64_t *newest) MUST_CHECK;
/* Asked after the copy: is `view`, the frame that *newest named, still what lies there? */
bool kvmfr_client_still_holds(const struct kvmfr_client *client, uint32_t hold, uint64_t newest,
                              const struct frame_view *view);
void kvmfr_client_let_go(struct kvmfr_client *client, uint32_t hold);

#endif
