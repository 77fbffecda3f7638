/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "playback"
#include "spice/playback.h"

#include <errno.h>
#include <opus/opus.h>
#include <spice/enums.h>
#include <spice/protocol.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/text.h"

enum {
    MAX_MESSAGE_BYTES = 256 * 1024, /* 1.3 s of 48 kHz stereo; servers send 10 ms */
    OPUS_MAX_FRAMES = 5760,         /* 120 ms at 48 kHz, the longest packet there is */
    CHUNK_SAMPLES = OPUS_MAX_FRAMES * 2,
    CONCEAL_PER_S = 100, /* a lost packet is taken for 10 ms */
};

struct spice_playback {
    struct spice_playback_listener listener;
    bool started;
    struct spice_audio_format format; /* while started */
    uint16_t mode;                    /* SPICE_AUDIO_DATA_MODE_RAW or _OPUS */
    OpusDecoder *decoder;             /* owned; NULL until the first Opus packet after a start */
    struct spice_playback_counts counts;
    int16_t chunk[CHUNK_SAMPLES];
};

int spice_playback_create(const struct spice_playback_listener *listener,
                          struct spice_playback **out)
{
    struct spice_playback *p = calloc(1, sizeof(*p));
    if (!p)
        return -ENOMEM;
    p->listener = *listener;
    p->mode = SPICE_AUDIO_DATA_MODE_RAW;
    *out = p;
    return 0;
}

static void drop_decoder(struct spice_playback *p)
{
    if (p->decoder)
        opus_decoder_destroy(p->decoder);
    p->decoder = NULL;
}

void spice_playback_destroy(struct spice_playback *p)
{
    if (!p)
        return;
    drop_decoder(p);
    free(p);
}

void spice_playback_counts(const struct spice_playback *p, struct spice_playback_counts *out)
{
    *out = p->counts;
}

static void stop(struct spice_playback *p)
{
    if (p->started)
        p->listener.on_stop(p->listener.ctx);
    p->started = false;
}

static const char *take_start(struct spice_playback *p, struct spice_reader *r)
{
    struct spice_audio_format format;
    const char *wrong = spice_audio_format_read(r, &format);
    (void)spice_read_u32(r); /* multimedia time: packets are played as they come */
    if (wrong || r->bad)
        return wrong ? wrong : _("too short");
    stop(p);
    /* The server's encoder goes on where it was at the stop, and a new decoder would make a bang of
     * what it says. */
    if (format.rate_hz != p->format.rate_hz || format.channels != p->format.channels)
        drop_decoder(p);
    p->format = format;
    p->started = true;
    p->listener.on_start(p->listener.ctx, &format);
    return NULL;
}

static const char *take_stop(struct spice_playback *p, struct spice_reader *r)
{
    (void)r;
    stop(p);
    return NULL;
}

static const char *take_mode(struct spice_playback *p, struct spice_reader *r)
{
    (void)spice_read_u32(r); /* multimedia time */
    const uint16_t mode = spice_read_u16(r);
    if (r->bad)
        return _("too short");
    if (mode != SPICE_AUDIO_DATA_MODE_RAW && mode != SPICE_AUDIO_DATA_MODE_OPUS)
        return _("compression is neither raw nor Opus, and no other was offered");
    p->mode = mode;
    log_debug("the guest's sound comes as %s",
              mode == SPICE_AUDIO_DATA_MODE_OPUS ? "Opus" : "samples");
    return NULL;
}

static const char *take_raw(struct spice_playback *p, struct spice_reader *r)
{
    const size_t frame_bytes = p->format.channels * sizeof(int16_t);
    if (r->left_bytes % frame_bytes != 0)
        return _("ends within a frame");
    p->counts.raw++;
    const size_t chunk_frames = CHUNK_SAMPLES / p->format.channels;
    while (r->left_bytes > 0) {
        const size_t left = r->left_bytes / frame_bytes;
        const size_t frames = left < chunk_frames ? left : chunk_frames;
        for (size_t i = 0; i < frames * p->format.channels; i++)
            p->chunk[i] = (int16_t)spice_read_u16(r);
        p->listener.on_samples(p->listener.ctx, p->chunk, frames);
    }
    return NULL;
}

static const char *need_decoder(struct spice_playback *p)
{
    if (p->decoder)
        return NULL;
    if (!spice_audio_format_opus(&p->format))
        return _("Opus with a rate or number of channels that Opus does not have");
    int err = OPUS_OK;
    p->decoder = opus_decoder_create((opus_int32)p->format.rate_hz, (int)p->format.channels, &err);
    return p->decoder ? NULL : _("no memory for the Opus decoder");
}

static const char *take_opus(struct spice_playback *p, struct spice_reader *r)
{
    const char *wrong = need_decoder(p);
    if (wrong)
        return wrong;
    p->counts.opus++;
    int frames = r->left_bytes == 0 ? OPUS_INVALID_PACKET
                                    : opus_decode(p->decoder, r->at, (opus_int32)r->left_bytes,
                                                  p->chunk, OPUS_MAX_FRAMES, 0);
    if (frames < 0) {
        log_every(5000, LOG_LEVEL_WARN, "the server sent a broken Opus packet: %s",
                  opus_strerror(frames));
        p->counts.concealed++;
        frames =
            opus_decode(p->decoder, NULL, 0, p->chunk, (int)p->format.rate_hz / CONCEAL_PER_S, 0);
    }
    if (frames > 0)
        p->listener.on_samples(p->listener.ctx, p->chunk, (size_t)frames);
    return NULL;
}

static const char *take_data(struct spice_playback *p, struct spice_reader *r)
{
    (void)spice_read_u32(r); /* multimedia time */
    if (r->bad)
        return _("too short");
    if (!p->started)
        return _("samples before a start");
    return p->mode == SPICE_AUDIO_DATA_MODE_OPUS ? take_opus(p, r) : take_raw(p, r);
}

static const char *take_volume(struct spice_playback *p, struct spice_reader *r)
{
    struct spice_audio_volume volume;
    const char *wrong = spice_audio_volume_read(r, &volume);
    if (!wrong && p->listener.on_volume)
        p->listener.on_volume(p->listener.ctx, &volume);
    return wrong;
}

static const char *take_mute(struct spice_playback *p, struct spice_reader *r)
{
    bool mute;
    const char *wrong = spice_audio_mute_read(r, &mute);
    if (!wrong && p->listener.on_mute)
        p->listener.on_mute(p->listener.ctx, mute);
    return wrong;
}

static const char *take_latency(struct spice_playback *p, struct spice_reader *r)
{
    const uint32_t latency_ms = spice_read_u32(r);
    if (r->bad)
        return _("too short");
    if (p->listener.on_latency)
        p->listener.on_latency(p->listener.ctx, latency_ms);
    return NULL;
}

static const struct {
    uint16_t type;
    const char *(*take)(struct spice_playback *p, struct spice_reader *r);
} messages[] = {
    { SPICE_MSG_PLAYBACK_DATA, take_data },       { SPICE_MSG_PLAYBACK_MODE, take_mode },
    { SPICE_MSG_PLAYBACK_START, take_start },     { SPICE_MSG_PLAYBACK_STOP, take_stop },
    { SPICE_MSG_PLAYBACK_VOLUME, take_volume },   { SPICE_MSG_PLAYBACK_MUTE, take_mute },
    { SPICE_MSG_PLAYBACK_LATENCY, take_latency },
};

const char *spice_playback_message(struct spice_playback *p, uint16_t type, const uint8_t *body,
                                   size_t body_bytes)
{
    struct spice_reader r = spice_reader_of(body, body_bytes);
    for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
        if (messages[i].type == type)
            return messages[i].take(p, &r);
    }
    return _("unknown message");
}

static int on_message(void *ctx, struct spice_channel *channel, uint16_t type, const uint8_t *body,
                      size_t body_bytes)
{
    const char *wrong = spice_playback_message(ctx, type, body, body_bytes);
    return wrong ? spice_channel_blame(channel, _("message %u: %s"), type, wrong) : 0;
}

static void on_down(void *ctx, struct spice_channel *channel, const struct spice_problem *problem)
{
    struct spice_playback *p = ctx;
    (void)channel, (void)problem;
    stop(p);
    drop_decoder(p);
    p->mode = SPICE_AUDIO_DATA_MODE_RAW;
}

const struct spice_channel_ops spice_playback_ops = {
    .name = "playback",
    .type = SPICE_CHANNEL_PLAYBACK,
    .max_message_bytes = MAX_MESSAGE_BYTES,
    .caps = 1u << SPICE_PLAYBACK_CAP_VOLUME | 1u << SPICE_PLAYBACK_CAP_LATENCY |
            1u << SPICE_PLAYBACK_CAP_OPUS,
    .on_message = on_message,
    .on_down = on_down,
};
