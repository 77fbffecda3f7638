/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "record"
#include "spice/record.h"

#include <errno.h>
#include <opus/opus.h>
#include <spice/enums.h>
#include <spice/protocol.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

enum {
    MAX_MESSAGE_BYTES = 4096, /* the largest is a volume of 255 channels */
    PACKETS_PER_S = 100,
    MAX_PACKET_SAMPLES = SPICE_AUDIO_MAX_HZ / PACKETS_PER_S * SPICE_AUDIO_MAX_CHANNELS,
    HEAD_BYTES = 4,                /* time */
    QUEUE_LIMIT_BYTES = 64 * 1024, /* a third of a second raw: more would only be late */
};

struct spice_record {
    struct spice_record_listener listener;
    struct spice_channel *channel; /* borrowed from the session, NULL while down */
    bool started, begun;
    struct spice_audio_format format; /* while started */
    OpusEncoder *encoder;             /* owned; NULL: raw */
    size_t pending_samples;
    int16_t pending[MAX_PACKET_SAMPLES];
    uint8_t packet[HEAD_BYTES + MAX_PACKET_SAMPLES * sizeof(int16_t)];
};

int spice_record_create(const struct spice_record_listener *listener, struct spice_record **out)
{
    struct spice_record *r = calloc(1, sizeof(*r));
    if (!r)
        return -ENOMEM;
    r->listener = *listener;
    *out = r;
    return 0;
}

static void end(struct spice_record *rec)
{
    if (rec->encoder)
        opus_encoder_destroy(rec->encoder);
    rec->encoder = NULL;
    rec->begun = false;
    rec->pending_samples = 0;
}

void spice_record_destroy(struct spice_record *rec)
{
    if (!rec)
        return;
    end(rec);
    free(rec);
}

static void stop(struct spice_record *rec)
{
    if (rec->started)
        rec->listener.on_stop(rec->listener.ctx);
    rec->started = false;
    end(rec);
}

static const char *take_start(struct spice_record *rec, struct spice_reader *r)
{
    struct spice_audio_format format;
    const char *wrong = spice_audio_format_read(r, &format);
    if (wrong)
        return wrong;
    stop(rec);
    rec->format = format;
    rec->started = true;
    rec->listener.on_start(rec->listener.ctx, &format);
    return NULL;
}

static const char *take_stop(struct spice_record *rec, struct spice_reader *r)
{
    (void)r;
    stop(rec);
    return NULL;
}

static const char *take_volume(struct spice_record *rec, struct spice_reader *r)
{
    struct spice_audio_volume volume;
    const char *wrong = spice_audio_volume_read(r, &volume);
    if (!wrong && rec->listener.on_volume)
        rec->listener.on_volume(rec->listener.ctx, &volume);
    return wrong;
}

static const char *take_mute(struct spice_record *rec, struct spice_reader *r)
{
    bool mute;
    const char *wrong = spice_audio_mute_read(r, &mute);
    if (!wrong && rec->listener.on_mute)
        rec->listener.on_mute(rec->listener.ctx, mute);
    return wrong;
}

static const struct {
    uint16_t type;
    const char *(*take)(struct spice_record *rec, struct spice_reader *r);
} messages[] = {
    { SPICE_MSG_RECORD_START, take_start },
    { SPICE_MSG_RECORD_STOP, take_stop },
    { SPICE_MSG_RECORD_VOLUME, take_volume },
    { SPICE_MSG_RECORD_MUTE, take_mute },
};

const char *spice_record_message(struct spice_record *rec, uint16_t type, const uint8_t *body,
                                 size_t body_bytes)
{
    struct spice_reader r = spice_reader_of(body, body_bytes);
    for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
        if (messages[i].type == type)
            return messages[i].take(rec, &r);
    }
    return _("unknown message");
}

/* ---- sending ---- */

static uint32_t time_ms(uint64_t now_ns)
{
    return (uint32_t)(now_ns / NS_PER_MS);
}

/* Voice or whatever the microphone hears: the codec decides. Low delay matters more than size. */
static int create_encoder(struct spice_record *rec)
{
    int err = OPUS_OK;
    rec->encoder = opus_encoder_create((opus_int32)rec->format.rate_hz, (int)rec->format.channels,
                                       OPUS_APPLICATION_AUDIO, &err);
    return rec->encoder ? 0 : -ENOMEM;
}

int spice_record_begin(struct spice_record *rec, uint64_t now_ns)
{
    if (!rec->started || !rec->channel)
        return -ENOTCONN;
    end(rec);
    const bool opus = spice_channel_has_cap(rec->channel, SPICE_RECORD_CAP_OPUS) &&
                      spice_audio_format_opus(&rec->format);
    int err = opus ? create_encoder(rec) : 0;
    uint8_t mode[6], mark[4];
    spice_put_u32(mode, time_ms(now_ns));
    spice_put_u16(mode + 4, opus ? SPICE_AUDIO_DATA_MODE_OPUS : SPICE_AUDIO_DATA_MODE_RAW);
    spice_put_u32(mark, time_ms(now_ns));
    if (err == 0)
        err = spice_channel_send(rec->channel, SPICE_MSGC_RECORD_MODE, mode, sizeof(mode));
    if (err == 0)
        err = spice_channel_send(rec->channel, SPICE_MSGC_RECORD_START_MARK, mark, sizeof(mark));
    if (err < 0) {
        end(rec);
        return err;
    }
    rec->begun = true;
    return 0;
}

bool spice_record_uses_opus(const struct spice_record *rec)
{
    return rec->encoder != NULL;
}

static size_t encode_raw(struct spice_record *rec, size_t samples)
{
    for (size_t i = 0; i < samples; i++)
        spice_put_u16(rec->packet + HEAD_BYTES + 2 * i, (uint16_t)rec->pending[i]);
    return samples * 2;
}

static size_t encode_opus(struct spice_record *rec, size_t samples)
{
    const opus_int32 bytes =
        opus_encode(rec->encoder, rec->pending, (int)(samples / rec->format.channels),
                    rec->packet + HEAD_BYTES, (opus_int32)sizeof(rec->packet) - HEAD_BYTES);
    return bytes > 0 ? (size_t)bytes : 0;
}

static void send_packet(struct spice_record *rec, size_t samples, uint64_t now_ns)
{
    if (spice_channel_queued_bytes(rec->channel) > QUEUE_LIMIT_BYTES) {
        log_every(5000, LOG_LEVEL_WARN, "the server does not take the microphone's samples");
        return;
    }
    spice_put_u32(rec->packet, time_ms(now_ns));
    const size_t bytes = rec->encoder ? encode_opus(rec, samples) : encode_raw(rec, samples);
    if (bytes > 0 && spice_channel_send(rec->channel, SPICE_MSGC_RECORD_DATA, rec->packet,
                                        HEAD_BYTES + bytes) < 0)
        log_every(5000, LOG_LEVEL_WARN, "a packet of the microphone could not be sent");
}

void spice_record_samples(struct spice_record *rec, const int16_t *samples, size_t frames,
                          uint64_t now_ns)
{
    if (!rec->begun)
        return;
    const size_t packet_samples = rec->format.rate_hz / PACKETS_PER_S * rec->format.channels;
    size_t left = frames * rec->format.channels;
    while (left > 0) {
        const size_t room = packet_samples - rec->pending_samples;
        const size_t n = left < room ? left : room;
        memcpy(rec->pending + rec->pending_samples, samples, n * sizeof(*samples));
        rec->pending_samples += n;
        samples += n;
        left -= n;
        if (rec->pending_samples == packet_samples) {
            send_packet(rec, packet_samples, now_ns);
            rec->pending_samples = 0;
        }
    }
}

/* ---- the channel ---- */

static void on_up(void *ctx, struct spice_channel *channel)
{
    struct spice_record *rec = ctx;
    rec->channel = channel;
}

static int on_message(void *ctx, struct spice_channel *channel, uint16_t type, const uint8_t *body,
                      size_t body_bytes)
{
    const char *wrong = spice_record_message(ctx, type, body, body_bytes);
    return wrong ? spice_channel_blame(channel, _("message %u: %s"), type, wrong) : 0;
}

static void on_down(void *ctx, struct spice_channel *channel, const struct spice_problem *problem)
{
    struct spice_record *rec = ctx;
    (void)channel, (void)problem;
    rec->channel = NULL;
    stop(rec);
}

const struct spice_channel_ops spice_record_ops = {
    .name = "record",
    .type = SPICE_CHANNEL_RECORD,
    .max_message_bytes = MAX_MESSAGE_BYTES,
    .caps = 1u << SPICE_RECORD_CAP_VOLUME | 1u << SPICE_RECORD_CAP_OPUS,
    .on_up = on_up,
    .on_message = on_message,
    .on_down = on_down,
};
