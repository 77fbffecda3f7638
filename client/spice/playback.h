/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/spice/playback.h - the playback channel: the guest's sound as 16-bit samples.
 *
 * A handler for spice_session_add_channel(): pass spice_playback_ops with the object as ctx. It
 * outlives the channel and survives reconnects. Raw samples and Opus. Threads: the session's loop;
 * callbacks run there. Everything received is checked; a broken message ends the channel, a broken
 * Opus packet is replaced by its concealment. */
#ifndef ESPELHO_SPICE_PLAYBACK_H
#define ESPELHO_SPICE_PLAYBACK_H

#include <stddef.h>

#include "base/macros.h"
#include "spice/audio_format.h"
#include "spice/channel.h"

struct spice_playback;

struct spice_playback_listener { /* volume, mute and latency are optional */
    /* Ends an earlier start that had no stop. */
    void (*on_start)(void *ctx, const struct spice_audio_format *format);
    /* Between start and stop. Valid during the call. */
    void (*on_samples)(void *ctx, const int16_t *samples, size_t frames);
    void (*on_stop)(void *ctx); /* also when the channel goes down */
    void (*on_volume)(void *ctx, const struct spice_audio_volume *volume);
    void (*on_mute)(void *ctx, bool mute);
    void (*on_latency)(void *ctx, uint32_t latency_ms); /* what the server would like at least */
    void *ctx;
};

/* How many packets of each kind came; wraps. */
struct spice_playback_counts {
    uint32_t raw, opus, concealed;
};

extern const struct spice_channel_ops spice_playback_ops; /* ctx: struct spice_playback * */

/* `listener` is copied. 0 or -ENOMEM. */
int spice_playback_create(const struct spice_playback_listener *listener,
                          struct spice_playback **out) MUST_CHECK;
void spice_playback_destroy(struct spice_playback *playback); /* after the session. NULL is fine */
void spice_playback_counts(const struct spice_playback *playback,
                           struct spice_playback_counts *out);

/* One message body. NULL, or what is wrong with it (then the channel must end). What ops.on_message
 * does, for tests and fuzzing without a server. */
const char *spice_playback_message(struct spice_playback *playback, uint16_t type,
                                   const uint8_t *body, size_t body_bytes) MUST_CHECK;

#endif
