/* SPDX-License-Identifier: GPL-2.0-or-later
 * A row of messages of the playback channel (first byte even) or the record channel: each is type,
 * length (one byte; 255: all the rest), body. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "spice/playback.h"
#include "spice/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct spice_audio_format playing;

static void on_start(void *ctx, const struct spice_audio_format *format)
{
    (void)ctx;
    assert(format->channels >= 1 && format->channels <= SPICE_AUDIO_MAX_CHANNELS);
    assert(format->rate_hz >= SPICE_AUDIO_MIN_HZ && format->rate_hz <= SPICE_AUDIO_MAX_HZ);
    assert(playing.channels == 0);
    playing = *format;
}

static void on_samples(void *ctx, const int16_t *samples, size_t frames)
{
    volatile int16_t sink;
    (void)ctx;
    assert(playing.channels > 0);
    for (size_t i = 0; i < frames * playing.channels; i++)
        sink = samples[i];
    (void)sink;
}

static void on_stop(void *ctx)
{
    (void)ctx;
    assert(playing.channels > 0);
    playing.channels = 0;
}

static void on_volume(void *ctx, const struct spice_audio_volume *volume)
{
    (void)ctx;
    assert(volume->channels <= SPICE_AUDIO_MAX_CHANNELS);
}

static const char *give(struct spice_playback *p, struct spice_record *r, bool record,
                        uint16_t type, const uint8_t *body, size_t bytes)
{
    uint8_t *copy = malloc(bytes); /* of its exact size: a read past it is seen */
    if (bytes > 0)
        memcpy(copy, body, bytes);
    const char *wrong = record ? spice_record_message(r, type, copy, bytes)
                               : spice_playback_message(p, type, copy, bytes);
    free(copy);
    return wrong;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct spice_playback *p;
    struct spice_record *r;
    log_set_level(LOG_LEVEL_NONE);
    playing.channels = 0;
    if (size < 1 ||
        spice_playback_create(&(struct spice_playback_listener){ .on_start = on_start,
                                                                 .on_samples = on_samples,
                                                                 .on_stop = on_stop,
                                                                 .on_volume = on_volume },
                              &p) < 0)
        return 0;
    if (spice_record_create(&(struct spice_record_listener){ .on_start = on_start,
                                                             .on_stop = on_stop,
                                                             .on_volume = on_volume },
                            &r) == 0) {
        const bool record = data[0] & 1;
        for (size_t at = 1; size - at >= 2;) {
            const size_t left = size - at - 2, told = data[at + 1];
            const size_t bytes = told == 255 || told > left ? left : told;
            if (give(p, r, record, (uint16_t)(100 + data[at] % 10), data + at + 2, bytes))
                break;
            at += 2 + bytes;
        }
        spice_record_destroy(r);
    }
    spice_playback_destroy(p);
    return 0;
}
