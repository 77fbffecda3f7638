/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/spice/record.h - the record channel: samples for the guest's microphone.
 *
 * A handler for spice_session_add_channel(): pass spice_record_ops with the object as ctx. It
 * outlives the channel and survives reconnects. Nothing is sent before spice_record_begin(): the
 * guest then hears silence. Opus where server and rate have it, raw otherwise; packets of 10 ms.
 * Threads: the session's loop; callbacks run there. */
#ifndef ESPELHO_SPICE_RECORD_H
#define ESPELHO_SPICE_RECORD_H

#include <stddef.h>

#include "base/macros.h"
#include "spice/audio_format.h"
#include "spice/channel.h"

struct spice_record;

struct spice_record_listener { /* volume and mute are optional */
    /* The guest wants to record. Ends an earlier start that had no stop. */
    void (*on_start)(void *ctx, const struct spice_audio_format *format);
    void (*on_stop)(void *ctx); /* also when the channel goes down */
    void (*on_volume)(void *ctx, const struct spice_audio_volume *volume);
    void (*on_mute)(void *ctx, bool mute);
    void *ctx;
};

extern const struct spice_channel_ops spice_record_ops; /* ctx: struct spice_record * */

/* `listener` is copied. 0 or -ENOMEM. */
int spice_record_create(const struct spice_record_listener *listener,
                        struct spice_record **out) MUST_CHECK;
void spice_record_destroy(struct spice_record *record); /* after the session. NULL is fine */

/* Between on_start and on_stop. Tells the server that samples follow. 0; -ENOTCONN: the guest does
 * not record; -ENOMEM; -EAGAIN: the server does not read. */
int spice_record_begin(struct spice_record *record, uint64_t now_ns) MUST_CHECK;
/* After begin, any number of frames in the format of on_start; sent as packets of 10 ms, what is
 * left waits for the next call. Samples that the server does not take in time are dropped. */
void spice_record_samples(struct spice_record *record, const int16_t *samples, size_t frames,
                          uint64_t now_ns);
bool spice_record_uses_opus(const struct spice_record *record); /* after begin */

/* One message body. NULL, or what is wrong with it. What ops.on_message does, for tests and fuzzing
 * without a server. */
const char *spice_record_message(struct spice_record *record, uint16_t type, const uint8_t *body,
                                 size_t body_bytes) MUST_CHECK;

#endif
