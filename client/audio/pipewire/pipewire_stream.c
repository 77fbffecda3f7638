/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "sound"
#include <errno.h>
#include <spa/param/audio/format-utils.h>
#include <spa/param/props.h>
#include <spa/pod/builder.h>
#include <stdio.h>
#include <string.h>

#include "audio/pipewire/pipewire_private.h"
#include "base/clock.h"
#include "base/log.h"

/* Where each channel is, in the order that SPICE's servers (ALSA, WAVE) have. */
static const uint32_t positions[AUDIO_MAX_CHANNELS][AUDIO_MAX_CHANNELS] = {
    { SPA_AUDIO_CHANNEL_MONO },
    { SPA_AUDIO_CHANNEL_FL, SPA_AUDIO_CHANNEL_FR },
    { SPA_AUDIO_CHANNEL_FL, SPA_AUDIO_CHANNEL_FR, SPA_AUDIO_CHANNEL_FC },
    { SPA_AUDIO_CHANNEL_FL, SPA_AUDIO_CHANNEL_FR, SPA_AUDIO_CHANNEL_RL, SPA_AUDIO_CHANNEL_RR },
    { SPA_AUDIO_CHANNEL_FL, SPA_AUDIO_CHANNEL_FR, SPA_AUDIO_CHANNEL_FC, SPA_AUDIO_CHANNEL_RL,
      SPA_AUDIO_CHANNEL_RR },
    { SPA_AUDIO_CHANNEL_FL, SPA_AUDIO_CHANNEL_FR, SPA_AUDIO_CHANNEL_FC, SPA_AUDIO_CHANNEL_LFE,
      SPA_AUDIO_CHANNEL_RL, SPA_AUDIO_CHANNEL_RR },
    { SPA_AUDIO_CHANNEL_FL, SPA_AUDIO_CHANNEL_FR, SPA_AUDIO_CHANNEL_FC, SPA_AUDIO_CHANNEL_LFE,
      SPA_AUDIO_CHANNEL_RC, SPA_AUDIO_CHANNEL_SL, SPA_AUDIO_CHANNEL_SR },
    { SPA_AUDIO_CHANNEL_FL, SPA_AUDIO_CHANNEL_FR, SPA_AUDIO_CHANNEL_FC, SPA_AUDIO_CHANNEL_LFE,
      SPA_AUDIO_CHANNEL_RL, SPA_AUDIO_CHANNEL_RR, SPA_AUDIO_CHANNEL_SL, SPA_AUDIO_CHANNEL_SR },
};

static uint32_t stride_bytes(const struct pw_line *line)
{
    return line->config.channels * (uint32_t)sizeof(float);
}

/* ---- data thread ---- */

static void read_time(const struct pw_line *line, struct audio_time *out)
{
    struct pw_time t;
    *out = (struct audio_time){ .now_ns = clock_ns() };
    if (pw_stream_get_time_n(line->run.stream, &t, sizeof(t)) < 0 || t.rate.denom == 0)
        return;
    const double delay_s =
        (double)t.delay * t.rate.num / t.rate.denom + (double)t.buffered / line->config.rate_hz;
    if (delay_s > 0)
        out->delay_ns = (uint64_t)(delay_s * 1e9);
}

static void play(struct pw_line *line, struct pw_buffer *b, const struct audio_time *now)
{
    struct spa_data *d = &b->buffer->datas[0];
    uint32_t frames = d->maxsize / stride_bytes(line);
    if (b->requested > 0 && b->requested < frames)
        frames = (uint32_t)b->requested;
    line->config.process(line->config.ctx, d->data, frames, now);
    d->chunk->offset = 0;
    d->chunk->stride = (int32_t)stride_bytes(line);
    d->chunk->size = frames * stride_bytes(line);
}

static void record(struct pw_line *line, struct pw_buffer *b, const struct audio_time *now)
{
    struct spa_data *d = &b->buffer->datas[0];
    const uint32_t at = d->chunk->offset < d->maxsize ? d->chunk->offset : d->maxsize;
    const uint32_t most = d->maxsize - at;
    const uint32_t bytes = d->chunk->size < most ? d->chunk->size : most;
    const uint32_t stride = stride_bytes(line);
    if (at % sizeof(float) == 0 && stride > 0 && bytes >= stride)
        line->config.process(line->config.ctx, (float *)(void *)((char *)d->data + at),
                             bytes / stride, now);
}

static void on_process(void *data)
{
    struct pw_line *line = data;
    struct audio_time now;
    read_time(line, &now);
    struct pw_buffer *b = pw_stream_dequeue_buffer(line->run.stream);
    if (!b)
        return;
    if (b->buffer->n_datas > 0 && b->buffer->datas[0].data) {
        if (line->config.direction == AUDIO_PLAYBACK)
            play(line, b, &now);
        else
            record(line, b, &now);
    }
    pw_stream_queue_buffer(line->run.stream, b);
}

/* ---- espelho-audio thread ---- */

void pw_line_apply(struct pw_line *line)
{
    if (!line->run.stream || !line->run.ready)
        return;
    if (line->run.volume_due)
        pw_stream_set_control(line->run.stream, SPA_PROP_channelVolumes, line->run.volume_channels,
                              line->run.volume, 0);
    if (line->run.mute_due) {
        float mute = line->run.mute ? 1.0f : 0.0f;
        pw_stream_set_control(line->run.stream, SPA_PROP_mute, 1, &mute, 0);
    }
    line->run.volume_due = line->run.mute_due = false;
}

static void on_state(void *data, enum pw_stream_state old, enum pw_stream_state state,
                     const char *error)
{
    struct pw_line *line = data;
    (void)old;
    log_debug("%s stream: %s", line->config.direction == AUDIO_PLAYBACK ? "playback" : "record",
              pw_stream_state_as_string(state));
    line->run.ready = state == PW_STREAM_STATE_PAUSED || state == PW_STREAM_STATE_STREAMING;
    pw_line_apply(line);
    if (state != PW_STREAM_STATE_ERROR)
        return;
    log_every(10000, LOG_LEVEL_WARN, "PipeWire stopped the stream: %s", error ? error : "?");
    line->run.failed = true;
    pw_audio_line_failed(line->audio);
}

/* What the user or the session manager set: kept for a new start of PipeWire. */
static void on_control(void *data, uint32_t id, const struct pw_stream_control *control)
{
    struct pw_line *line = data;
    if (id == SPA_PROP_channelVolumes && !line->run.volume_due && control->n_values > 0 &&
        control->n_values <= AUDIO_MAX_CHANNELS) {
        memcpy(line->run.volume, control->values, control->n_values * sizeof(float));
        line->run.volume_channels = control->n_values;
        line->run.has_volume = true;
    }
    if (id == SPA_PROP_mute && !line->run.mute_due && control->n_values == 1) {
        line->run.mute = control->values[0] > 0.5f;
        line->run.has_mute = true;
    }
}

static const struct pw_stream_events stream_events = {
    .version = PW_VERSION_STREAM_EVENTS,
    .state_changed = on_state,
    .control_info = on_control,
    .process = on_process,
};

static struct pw_properties *properties_of(const struct pw_line *line)
{
    const bool play_it = line->config.direction == AUDIO_PLAYBACK;
    const char *title = line->audio->run.title;
    struct pw_properties *p = pw_properties_new(
        PW_KEY_MEDIA_TYPE, "Audio", PW_KEY_MEDIA_CATEGORY, play_it ? "Playback" : "Capture",
        PW_KEY_MEDIA_ROLE, play_it ? "Game" : "Communication", PW_KEY_APP_NAME, title,
        PW_KEY_NODE_NAME, title, PW_KEY_NODE_DESCRIPTION, title, PW_KEY_MEDIA_NAME, title, NULL);
    if (!p)
        return NULL;
    pw_properties_setf(p, PW_KEY_NODE_LATENCY, "%u/%u", line->config.period_frames,
                       line->config.rate_hz);
    if (line->device)
        pw_properties_set(p, PW_KEY_TARGET_OBJECT, line->device);
    return p;
}

static int connect_stream(struct pw_line *line)
{
    uint8_t room[512];
    struct spa_pod_builder builder = SPA_POD_BUILDER_INIT(room, sizeof(room));
    struct spa_audio_info_raw info = { .format = SPA_AUDIO_FORMAT_F32,
                                       .rate = line->config.rate_hz,
                                       .channels = line->config.channels };
    memcpy(info.position, positions[line->config.channels - 1], sizeof(positions[0]));
    const struct spa_pod *params[1] = { spa_format_audio_raw_build(&builder, SPA_PARAM_EnumFormat,
                                                                   &info) };
    const int flags = PW_STREAM_FLAG_AUTOCONNECT | PW_STREAM_FLAG_MAP_BUFFERS |
                      PW_STREAM_FLAG_RT_PROCESS | (line->run.active ? 0 : PW_STREAM_FLAG_INACTIVE);
    return pw_stream_connect(line->run.stream,
                             line->config.direction == AUDIO_PLAYBACK ? PW_DIRECTION_OUTPUT
                                                                      : PW_DIRECTION_INPUT,
                             PW_ID_ANY, (enum pw_stream_flags)flags, params, 1);
}

int pw_line_connect(struct pw_line *line)
{
    struct pw_properties *properties = properties_of(line);
    line->run.failed = line->run.ready = false;
    line->run.volume_due = line->run.has_volume;
    line->run.mute_due = line->run.has_mute;
    if (!properties)
        return -ENOMEM;
    line->run.stream = pw_stream_new(line->audio->run.core, line->audio->run.title, properties);
    if (!line->run.stream)
        return -errno;
    pw_stream_add_listener(line->run.stream, &line->run.listener, &stream_events, line);
    const int err = connect_stream(line);
    if (err < 0)
        pw_line_disconnect(line);
    return err < 0 ? err : 0;
}

void pw_line_disconnect(struct pw_line *line)
{
    if (!line->run.stream)
        return;
    spa_hook_remove(&line->run.listener); /* no state reports about what is our own doing */
    pw_stream_destroy(line->run.stream);
    line->run.stream = NULL;
    line->run.ready = false;
}
