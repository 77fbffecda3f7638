/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/source/relay/stream.h - the frame and pointer messages of a connected client, reduced to
 * what a viewer wants: the newest picture with everything that changed since the last one drawn,
 * and the newest pointer.
 *
 * The stream reads whether or not the viewer draws: a subscriber that leaves messages lying for a
 * second is thrown out by the host, and one that leaves pointer messages lying can stop the host's
 * capture. At most one frame message, the newest, is held unfinished, so that the host always has a
 * buffer to write to, and that one for STREAM_HOLD_MS; afterwards it is finished, but its picture
 * can be had until the host posts another ("lingering"): with two alternating buffers it stays in
 * place until then.
 *
 * A frame that was handed on without a copy ("kept") stays an unfinished message, too, and the next
 * one is read past it. A host with two buffers then waits with the frame after that: it prepares a
 * buffer only while fewer than two messages are pending, and the kept one is the older of two. The
 * queue is finished in order, so what is behind a kept frame waits for its release.
 *
 * A kept frame cannot stay for ever: its host evicts a reader whose oldest message is unfinished
 * for 1000 ms. After STREAM_HOLD_MS the reader is asked for it (on_reclaim); after STREAM_KEEP_MS
 * the message is finished all the same. Even then nothing writes to those pixels while the desktop
 * is still, nor with the next frame, which lies in the other buffer; the one after that does. So a
 * reader that was late is torn at worst, and only if it also let two more frames pass.
 *
 * All that is about messages. With a host that has a mailbox (box.h) frames come from there, the
 * messages are only finished, and nothing expires.
 * Threads: the render thread. Embedded; the client is borrowed. */
#ifndef ESPELHO_SOURCE_RELAY_STREAM_H
#define ESPELHO_SOURCE_RELAY_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "kvmfr/damage.h"
#include "kvmfr/client.h"
#include "source/relay/box.h"
#include "source/source.h"

#define STREAM_HOLD_MS                                                                             \
    400u /* the host's limit is 1000 ms; the owner calls stream_expire() about every 100 ms */
#define STREAM_KEEP_MS  800u
#define STREAM_KEPT_MAX 8u /* messages before the held one; beyond it, frames cannot be kept */

enum stream_hold {
    STREAM_HOLD_NONE,
    STREAM_HOLD_MESSAGE,   /* `view` is an unfinished message, the first behind the kept ones */
    STREAM_HOLD_LINGERING, /* `view` was finished, and nothing was posted since */
    STREAM_HOLD_BUFFER,    /* `view` is the box's taken frame */
};

/* An unfinished message before the held one. */
struct stream_kept {
    uint32_t token; /* 0: nobody reads it, it only waits for its turn to be finished */
    uint64_t since_ms;
    bool asked_for;
};

struct stream {
    struct kvmfr_client *client; /* NULL while not connected */
    /* All unfinished messages that were read are: kept[0] .. kept[kept_count - 1], then `view` if
     * it is HOLD_MESSAGE. */
    struct stream_kept kept[STREAM_KEPT_MAX];
    uint32_t kept_count;
    uint32_t last_token;
    struct box box;
    bool tell_again; /* a newer frame can be taken only now: a buffer was given back */
    enum stream_hold hold;
    struct frame_view view; /* the newest frame that was read, also after it was drawn */
    bool has_view; /* `view` is of this subscription: the next serial's damage can be trusted */
    bool fresh;    /* held and not drawn yet */
    bool taken;    /* between take and finish */
    uint64_t held_since_ms;
    uint64_t noticed_ns;     /* when the newest frame was */
    uint32_t linger_word;    /* the frame queue's activity when the message was finished */
    uint32_t one_shot_flags; /* FRAME_FLAG_REQUEST_ACTIVATION since the last drawn frame */
    struct damage damage;    /* since the last drawn frame */
    bool has_cursor;
    struct cursor_update cursor; /* all pointer messages since the last take, merged */
    uint32_t passed_over;        /* posted frames that the last stream_read() could not read yet */
    uint32_t news; /* counts what was read and kept: changes when the viewer should be told */
    struct source_stats stats; /* the stream's part of them */
};

void stream_init(struct stream *s);
void stream_fini(struct stream *s);
/* A new subscription of `client`, or none (NULL): everything that was held is gone, all damage is
 * unknown. */
void stream_restart(struct stream *s, struct kvmfr_client *client);

/* Reads what was posted. False: the subscription was lost; the owner steps the client and calls
 * stream_restart(). */
bool stream_read(struct stream *s, uint64_t now_ms) MUST_CHECK;
/* Exact: was anything posted that no stream_read() has seen? Also true when the subscription is
 * lost. */
bool stream_unread(const struct stream *s);
/* Is something posted that can be read now, and could not be at the last stream_read()? */
bool stream_left_behind(const struct stream *s);
/* Are there messages that stream_expire() must be called for? */
bool stream_busy(const struct stream *s);
/* Is there something for the viewer to take? */
bool stream_has_news(const struct stream *s);
/* Finishes messages that were held or kept for too long. */
void stream_expire(struct stream *s, uint64_t now_ms);
/* The token of a kept frame that should be given back soon, told once; 0: none. */
uint32_t stream_reclaim(struct stream *s, uint64_t now_ms);
/* Is a newer frame posted than the one in hand? */
bool stream_newer_waits(const struct stream *s);

/* As the source_ops entries of these names. take_frame: call stream_read() first. */
enum source_take stream_take_frame(struct stream *s, struct frame_view *frame,
                                   struct damage *damage);
bool stream_frame_intact(struct stream *s);
void stream_finish_frame(struct stream *s, bool drawn);
bool stream_can_keep(const struct stream *s);
uint32_t stream_keep_frame(struct stream *s);
void stream_release_frame(struct stream *s, uint32_t token);
bool stream_take_cursor(struct stream *s, struct cursor_update *out);

#endif
