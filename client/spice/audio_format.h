/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/spice/audio_format.h - what the messages of the playback and record channels share:
 * format, volume, mute. Pure parsers of message bodies; any thread. */
#ifndef ESPELHO_SPICE_AUDIO_FORMAT_H
#define ESPELHO_SPICE_AUDIO_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "spice/reader.h"

enum { SPICE_AUDIO_MAX_CHANNELS = 8, SPICE_AUDIO_MIN_HZ = 8000, SPICE_AUDIO_MAX_HZ = 192000 };

/* Samples are signed 16 bit, interleaved; SPICE has nothing else. */
struct spice_audio_format {
    uint32_t channels, rate_hz;
};

/* Per channel, 65535 is full; on the scale of a slider (loudness), not of amplitude. */
struct spice_audio_volume {
    uint32_t channels;
    uint16_t level[SPICE_AUDIO_MAX_CHANNELS];
};

/* NULL, or what is wrong. *out is written on success only. Trailing bytes are none of theirs. */
const char *spice_audio_format_read(struct spice_reader *r,
                                    struct spice_audio_format *out) MUST_CHECK;
const char *spice_audio_volume_read(struct spice_reader *r,
                                    struct spice_audio_volume *out) MUST_CHECK;
const char *spice_audio_mute_read(struct spice_reader *r, bool *out) MUST_CHECK;
/* Opus knows five rates and, in SPICE, one or two channels. */
bool spice_audio_format_opus(const struct spice_audio_format *format);

#endif
