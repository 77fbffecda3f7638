/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spice/audio_format.h"

#include <spice/enums.h>

#include "base/text.h"

#define TOO_SHORT N_("too short")

const char *spice_audio_format_read(struct spice_reader *r, struct spice_audio_format *out)
{
    const struct spice_audio_format f = { .channels = spice_read_u32(r) };
    const uint16_t samples = spice_read_u16(r);
    const uint32_t rate_hz = spice_read_u32(r);
    if (r->bad)
        return _(TOO_SHORT);
    if (f.channels == 0 || f.channels > SPICE_AUDIO_MAX_CHANNELS)
        return _("number of channels is not 1 to 8");
    if (samples != SPICE_AUDIO_FMT_S16)
        return _("unknown sample format");
    if (rate_hz < SPICE_AUDIO_MIN_HZ || rate_hz > SPICE_AUDIO_MAX_HZ)
        return _("rate is not 8000 to 192000 Hz");
    *out = (struct spice_audio_format){ .channels = f.channels, .rate_hz = rate_hz };
    return NULL;
}

const char *spice_audio_volume_read(struct spice_reader *r, struct spice_audio_volume *out)
{
    const uint8_t count = spice_read_u8(r);
    struct spice_audio_volume v = { .channels = count };
    if (count > SPICE_AUDIO_MAX_CHANNELS)
        v.channels = SPICE_AUDIO_MAX_CHANNELS;
    for (uint32_t i = 0; i < count; i++) {
        const uint16_t level = spice_read_u16(r);
        if (i < v.channels)
            v.level[i] = level;
    }
    if (r->bad)
        return _(TOO_SHORT);
    *out = v;
    return NULL;
}

const char *spice_audio_mute_read(struct spice_reader *r, bool *out)
{
    const uint8_t mute = spice_read_u8(r);
    if (r->bad)
        return _(TOO_SHORT);
    *out = mute != 0;
    return NULL;
}

bool spice_audio_format_opus(const struct spice_audio_format *f)
{
    static const uint32_t rates_hz[] = { 8000, 12000, 16000, 24000, 48000 };
    for (size_t i = 0; i < ARRAY_LEN(rates_hz); i++) {
        if (f->rate_hz == rates_hz[i])
            return f->channels <= 2;
    }
    return false;
}
