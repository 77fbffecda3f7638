/* SPDX-License-Identifier: GPL-2.0-or-later
 * Messages of the playback and record channels, hostile ones first; Opus there and back. */
#include "test.h"

#include <math.h>
#include <opus/opus.h>
#include <spice/enums.h>
#include <stdlib.h>

#include "spice/playback.h"
#include "spice/record.h"

struct seen {
    unsigned starts, stops, volumes, mutes;
    struct spice_audio_format format;
    struct spice_audio_volume volume;
    bool mute;
    uint64_t frames;
    int16_t last;
    double energy;
    int peak;
};

static void on_start(void *ctx, const struct spice_audio_format *format)
{
    struct seen *s = ctx;
    s->starts++;
    s->format = *format;
}

static void on_samples(void *ctx, const int16_t *samples, size_t frames)
{
    struct seen *s = ctx;
    CHECK(frames > 0);
    s->frames += frames;
    for (size_t i = 0; i < frames * s->format.channels; i++) {
        s->energy += (double)samples[i] * samples[i];
        s->peak = abs(samples[i]) > s->peak ? abs(samples[i]) : s->peak;
    }
    s->last = samples[frames * s->format.channels - 1];
}

static void on_stop(void *ctx)
{
    ((struct seen *)ctx)->stops++;
}

static void on_volume(void *ctx, const struct spice_audio_volume *volume)
{
    struct seen *s = ctx;
    s->volumes++;
    s->volume = *volume;
}

static void on_mute(void *ctx, bool mute)
{
    struct seen *s = ctx;
    s->mutes++;
    s->mute = mute;
}

static struct spice_playback *playback_of(struct seen *s)
{
    const struct spice_playback_listener listener = { .on_start = on_start,
                                                      .on_samples = on_samples,
                                                      .on_stop = on_stop,
                                                      .on_volume = on_volume,
                                                      .on_mute = on_mute,
                                                      .ctx = s };
    struct spice_playback *p;
    CHECK_INT(spice_playback_create(&listener, &p), 0);
    return p;
}

#define BYTES(...)       (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })
#define START_48K_STEREO 2, 0, 0, 0, 1, 0, 0x80, 0xbb, 0, 0, 0, 0, 0, 0
#define START_441_STEREO 2, 0, 0, 0, 1, 0, 0x44, 0xac, 0, 0, 0, 0, 0, 0

struct row {
    const char *name;
    uint16_t type;
    const uint8_t *body;
    size_t bytes;
    bool ok;
};

static const struct row rows[] = {
    { "unknown message", 99, NULL, 0, false },
    { "empty start", SPICE_MSG_PLAYBACK_START, NULL, 0, false },
    { "short start", SPICE_MSG_PLAYBACK_START, BYTES(2, 0, 0, 0, 1, 0, 0x80, 0xbb, 0, 0, 0, 0, 0),
      false },
    { "no channels", SPICE_MSG_PLAYBACK_START,
      BYTES(0, 0, 0, 0, 1, 0, 0x80, 0xbb, 0, 0, 0, 0, 0, 0), false },
    { "nine channels", SPICE_MSG_PLAYBACK_START,
      BYTES(9, 0, 0, 0, 1, 0, 0x80, 0xbb, 0, 0, 0, 0, 0, 0), false },
    { "too many channels", SPICE_MSG_PLAYBACK_START,
      BYTES(0xff, 0xff, 0xff, 0xff, 1, 0, 0x80, 0xbb, 0, 0, 0, 0, 0, 0), false },
    { "format 0", SPICE_MSG_PLAYBACK_START, BYTES(2, 0, 0, 0, 0, 0, 0x80, 0xbb, 0, 0, 0, 0, 0, 0),
      false },
    { "rate 0", SPICE_MSG_PLAYBACK_START, BYTES(2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0), false },
    { "rate 7999", SPICE_MSG_PLAYBACK_START, BYTES(2, 0, 0, 0, 1, 0, 0x3f, 0x1f, 0, 0, 0, 0, 0, 0),
      false },
    { "rate 4294967295", SPICE_MSG_PLAYBACK_START,
      BYTES(2, 0, 0, 0, 1, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0), false },
    { "samples before a start", SPICE_MSG_PLAYBACK_DATA, BYTES(0, 0, 0, 0, 1, 1, 1, 1), false },
    { "short mode", SPICE_MSG_PLAYBACK_MODE, BYTES(0, 0, 0, 0, 1), false },
    { "mode 0", SPICE_MSG_PLAYBACK_MODE, BYTES(0, 0, 0, 0, 0, 0), false },
    { "CELT", SPICE_MSG_PLAYBACK_MODE, BYTES(0, 0, 0, 0, 2, 0), false },
    { "mode 4", SPICE_MSG_PLAYBACK_MODE, BYTES(0, 0, 0, 0, 4, 0), false },
    { "empty volume", SPICE_MSG_PLAYBACK_VOLUME, NULL, 0, false },
    { "volume that lies", SPICE_MSG_PLAYBACK_VOLUME, BYTES(2, 0xff, 0xff, 0xff), false },
    { "255 channels' volume, short", SPICE_MSG_PLAYBACK_VOLUME, BYTES(255, 1, 2, 3, 4), false },
    { "empty mute", SPICE_MSG_PLAYBACK_MUTE, NULL, 0, false },
    { "short latency", SPICE_MSG_PLAYBACK_LATENCY, BYTES(1, 2, 3), false },
    { "stop without start", SPICE_MSG_PLAYBACK_STOP, NULL, 0, true },
    { "volume of none", SPICE_MSG_PLAYBACK_VOLUME, BYTES(0), true },
    { "volume", SPICE_MSG_PLAYBACK_VOLUME, BYTES(2, 0xff, 0xff, 0, 0x80), true },
    { "mute", SPICE_MSG_PLAYBACK_MUTE, BYTES(7), true },
    { "latency", SPICE_MSG_PLAYBACK_LATENCY, BYTES(0xff, 0xff, 0xff, 0xff), true },
    { "raw", SPICE_MSG_PLAYBACK_MODE, BYTES(0, 0, 0, 0, 1, 0), true },
    { "opus", SPICE_MSG_PLAYBACK_MODE, BYTES(0, 0, 0, 0, 3, 0, 1, 2, 3), true },
    { "start", SPICE_MSG_PLAYBACK_START, BYTES(START_48K_STEREO), true },
};

TEST(playback_messages_one_by_one)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct seen s = { 0 };
        struct spice_playback *p = playback_of(&s);
        const char *wrong = spice_playback_message(p, rows[i].type, rows[i].body, rows[i].bytes);
        CHECK_MSG((wrong == NULL) == rows[i].ok, "%s: %s", rows[i].name, wrong ? wrong : "taken");
        CHECK_MSG(rows[i].ok || s.starts + s.stops + s.volumes + s.mutes + s.frames == 0,
                  "%s had an effect", rows[i].name);
        spice_playback_destroy(p);
    }
}

static const char *play(struct spice_playback *p, uint16_t type, const uint8_t *body, size_t bytes)
{
    return spice_playback_message(p, type, body, bytes);
}

TEST(raw_samples_arrive)
{
    struct seen s = { 0 };
    struct spice_playback *p = playback_of(&s);
    CHECK(!play(p, SPICE_MSG_PLAYBACK_START, BYTES(START_441_STEREO)));
    CHECK_INT(s.format.channels, 2);
    CHECK_INT(s.format.rate_hz, 44100);
    CHECK(!play(p, SPICE_MSG_PLAYBACK_DATA, BYTES(9, 9, 9, 9, 1, 0, 2, 0, 3, 0, 0xfe, 0xff)));
    CHECK_INT(s.frames, 2);
    CHECK_INT(s.last, -2);
    CHECK(!play(p, SPICE_MSG_PLAYBACK_DATA, BYTES(9, 9, 9, 9))); /* none */
    CHECK_INT(s.frames, 2);
    CHECK(play(p, SPICE_MSG_PLAYBACK_DATA, BYTES(9, 9, 9, 9, 1, 0)) != NULL);
    CHECK(play(p, SPICE_MSG_PLAYBACK_DATA, BYTES(9, 9)) != NULL);
    static uint8_t big[256 * 1024]; /* more than fits one callback */
    CHECK(!play(p, SPICE_MSG_PLAYBACK_DATA, big, sizeof(big)));
    CHECK_INT(s.frames, 2 + (sizeof(big) - 4) / 4);
    CHECK(!play(p, SPICE_MSG_PLAYBACK_START, BYTES(START_48K_STEREO)));
    CHECK_INT(s.stops, 1); /* a start ends what was */
    CHECK(!play(p, SPICE_MSG_PLAYBACK_STOP, NULL, 0));
    CHECK_INT(s.stops, 2);
    CHECK(play(p, SPICE_MSG_PLAYBACK_DATA, BYTES(0, 0, 0, 0, 1, 1, 1, 1)) != NULL);
    spice_playback_destroy(p);
}

TEST(opus_there_and_back)
{
    struct seen s = { 0 };
    struct spice_playback *p = playback_of(&s);
    int err;
    OpusEncoder *encoder = opus_encoder_create(48000, 2, OPUS_APPLICATION_AUDIO, &err);
    CHECK(encoder != NULL);
    CHECK(!play(p, SPICE_MSG_PLAYBACK_MODE, BYTES(0, 0, 0, 0, 3, 0)));
    CHECK(!play(p, SPICE_MSG_PLAYBACK_START, BYTES(START_48K_STEREO)));
    double sent = 0;
    for (int n = 0; n < 100; n++) {
        int16_t pcm[480 * 2];
        uint8_t packet[4 + 1500] = { 0 };
        for (int i = 0; i < 480; i++) {
            pcm[2 * i] = pcm[2 * i + 1] =
                (int16_t)(10000 * sin(2 * M_PI * 440 * (n * 480 + i) / 48000.0));
            sent += 2.0 * pcm[2 * i] * pcm[2 * i];
        }
        const int bytes = opus_encode(encoder, pcm, 480, packet + 4, 1500);
        CHECK(bytes > 0);
        CHECK(!play(p, SPICE_MSG_PLAYBACK_DATA, packet, 4 + (size_t)bytes));
    }
    CHECK_INT(s.frames, 48000);
    CHECK_MSG(s.energy > sent * 0.9 && s.energy < sent * 1.1, "%f of %f", s.energy, sent);
    /* Rubbish is concealed, and the channel goes on. */
    CHECK(!play(p, SPICE_MSG_PLAYBACK_DATA, BYTES(0, 0, 0, 0)));
    CHECK(!play(p, SPICE_MSG_PLAYBACK_DATA, BYTES(0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff)));
    struct spice_playback_counts counts;
    spice_playback_counts(p, &counts);
    CHECK_INT(counts.opus, 102);
    CHECK_INT(counts.concealed, 2);
    CHECK_INT(s.frames, 48000 + 2 * 480);
    opus_encoder_destroy(encoder);
    spice_playback_destroy(p);
}

/* QEMU's encoder lives as long as the channel: what it says after a stop builds on what it said. */
TEST(opus_goes_on_after_a_stop_without_a_bang)
{
    struct seen s = { 0 };
    struct spice_playback *p = playback_of(&s);
    int err;
    OpusEncoder *encoder = opus_encoder_create(48000, 2, OPUS_APPLICATION_AUDIO, &err);
    CHECK(encoder != NULL);
    CHECK(!play(p, SPICE_MSG_PLAYBACK_MODE, BYTES(0, 0, 0, 0, 3, 0)));
    for (int burst = 0; burst < 40; burst++) {
        CHECK(!play(p, SPICE_MSG_PLAYBACK_START, BYTES(START_48K_STEREO)));
        for (int n = 0; n < 10 + burst; n++) {
            int16_t pcm[480 * 2];
            uint8_t packet[4 + 1500] = { 0 };
            for (int i = 0; i < 480; i++)
                pcm[2 * i] = pcm[2 * i + 1] =
                    (int16_t)(12000 * sin(2 * M_PI * (440 + 20 * burst) * (n * 480 + i) / 48000.0));
            const int bytes = opus_encode(encoder, pcm, 480, packet + 4, 1500);
            CHECK(bytes > 0);
            CHECK(!play(p, SPICE_MSG_PLAYBACK_DATA, packet, 4 + (size_t)bytes));
        }
        CHECK(!play(p, SPICE_MSG_PLAYBACK_STOP, NULL, 0));
    }
    CHECK_MSG(s.peak < 16000, "peak %d of 12000", s.peak);
    opus_encoder_destroy(encoder);
    spice_playback_destroy(p);
}

TEST(opus_at_a_rate_it_lacks_is_refused)
{
    struct seen s = { 0 };
    struct spice_playback *p = playback_of(&s);
    CHECK(!play(p, SPICE_MSG_PLAYBACK_MODE, BYTES(0, 0, 0, 0, 3, 0)));
    CHECK(!play(p, SPICE_MSG_PLAYBACK_START, BYTES(START_441_STEREO)));
    CHECK(play(p, SPICE_MSG_PLAYBACK_DATA, BYTES(0, 0, 0, 0, 1, 2, 3)) != NULL);
    CHECK(
        !play(p, SPICE_MSG_PLAYBACK_START, BYTES(3, 0, 0, 0, 1, 0, 0x80, 0xbb, 0, 0, 0, 0, 0, 0)));
    CHECK(play(p, SPICE_MSG_PLAYBACK_DATA, BYTES(0, 0, 0, 0, 1, 2, 3)) != NULL);
    CHECK_INT(s.frames, 0);
    spice_playback_destroy(p);
}

TEST(record_messages)
{
    const struct row record_rows[] = {
        { "unknown", 105, NULL, 0, false },
        { "short start", SPICE_MSG_RECORD_START, BYTES(2, 0, 0, 0, 1, 0, 0x80, 0xbb, 0), false },
        { "no channels", SPICE_MSG_RECORD_START, BYTES(0, 0, 0, 0, 1, 0, 0x80, 0xbb, 0, 0), false },
        { "nine channels", SPICE_MSG_RECORD_START, BYTES(9, 0, 0, 0, 1, 0, 0x80, 0xbb, 0, 0),
          false },
        { "rate 200000", SPICE_MSG_RECORD_START, BYTES(2, 0, 0, 0, 1, 0, 0x40, 0x0d, 3, 0), false },
        { "empty volume", SPICE_MSG_RECORD_VOLUME, NULL, 0, false },
        { "empty mute", SPICE_MSG_RECORD_MUTE, NULL, 0, false },
        { "stop", SPICE_MSG_RECORD_STOP, NULL, 0, true },
        { "start", SPICE_MSG_RECORD_START, BYTES(2, 0, 0, 0, 1, 0, 0x80, 0xbb, 0, 0), true },
        { "start again", SPICE_MSG_RECORD_START, BYTES(1, 0, 0, 0, 1, 0, 0x44, 0xac, 0, 0), true },
        { "stop it", SPICE_MSG_RECORD_STOP, NULL, 0, true },
    };
    struct seen s = { 0 };
    const struct spice_record_listener listener = { .on_start = on_start,
                                                    .on_stop = on_stop,
                                                    .ctx = &s };
    struct spice_record *r;
    CHECK_INT(spice_record_create(&listener, &r), 0);
    for (size_t i = 0; i < ARRAY_LEN(record_rows); i++) {
        const struct row *row = &record_rows[i];
        const char *wrong = spice_record_message(r, row->type, row->body, row->bytes);
        CHECK_MSG((wrong == NULL) == row->ok, "%s: %s", row->name, wrong ? wrong : "taken");
    }
    CHECK_INT(s.starts, 2);
    CHECK_INT(s.stops, 2);
    CHECK(spice_record_begin(r, 0) < 0);    /* no channel */
    spice_record_samples(r, &s.last, 1, 0); /* nothing happens */
    spice_record_destroy(r);
}
