/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "microphone"
#include "audio/guest_mic.h"

#include <errno.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "audio/guest_playback.h"
#include "audio/sample_ring.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "spice/record.h"

enum {
    PERIOD_PER_S = 200, /* 5 ms at once */
    RING_PART_OF_S = 2, /* half a second: the loop's thread may be late so much */
    CHUNK_FRAMES = 480,
};

struct guest_mic_line {
    struct audio *audio;                  /* borrowed, may be NULL */
    struct guest_audio_config config;     /* constant */
    struct guest_audio_listener listener; /* constant */
    struct spice_record *channel;         /* owned */
    struct loop_source *wake;             /* owned: samples are in the ring */
    struct {                              /* loop thread */
        bool wanted;
        struct spice_audio_format format; /* while wanted */
        struct audio_stream *stream;      /* owned; exists while samples go to the guest */
        bool has_volume, has_mute, mute;
        struct spice_audio_volume volume;
    } rec;
    struct sample_ring ring; /* data thread to loop thread, while there is a stream */
    struct {
        _Atomic int permission; /* enum guest_mic; written by the loop thread */
        _Atomic bool wanted, active;
        _Atomic uint64_t frames, dropped; /* written by loop thread, data thread */
    } shared;
};

#define PEEK(field)        atomic_load_explicit(&(field), memory_order_relaxed)
#define POKE(field, value) atomic_store_explicit(&(field), (value), memory_order_relaxed)

/* Data thread. */
static void process(void *ctx, float *samples, uint32_t frames, const struct audio_time *time)
{
    struct guest_mic_line *g = ctx;
    (void)time;
    const uint32_t taken = sample_ring_write(&g->ring, samples, frames);
    POKE(g->shared.dropped, PEEK(g->shared.dropped) + frames - taken);
    loop_wake_raise(g->wake);
}

static int16_t to_s16(float sample)
{
    const float scaled = sample * 32768.0f;
    if (!(scaled > -32768.0f)) /* NaN too */
        return INT16_MIN;
    return scaled < 32767.0f ? (int16_t)lrintf(scaled) : INT16_MAX;
}

static void on_wake(void *ctx)
{
    struct guest_mic_line *g = ctx;
    float samples[CHUNK_FRAMES * AUDIO_MAX_CHANNELS];
    int16_t converted[CHUNK_FRAMES * AUDIO_MAX_CHANNELS];
    if (!g->rec.stream)
        return;
    for (;;) {
        const uint32_t frames = sample_ring_read(&g->ring, samples, CHUNK_FRAMES);
        if (frames == 0)
            break;
        for (uint32_t i = 0; i < frames * g->rec.format.channels; i++)
            converted[i] = to_s16(samples[i]);
        spice_record_samples(g->channel, converted, frames, clock_ns());
        POKE(g->shared.frames, PEEK(g->shared.frames) + frames);
    }
}

static void apply_volume(struct guest_mic_line *g)
{
    float amplitude[AUDIO_MAX_CHANNELS];
    const struct spice_audio_volume *v = &g->rec.volume;
    if (!g->rec.stream || !g->rec.has_volume)
        return;
    for (uint32_t i = 0; i < g->rec.format.channels; i++)
        amplitude[i] = guest_volume_amplitude(v->level[i < v->channels ? i : 0]);
    g->audio->ops->set_volume(g->rec.stream, amplitude, g->rec.format.channels);
}

static void apply_mute(struct guest_mic_line *g)
{
    if (g->rec.stream && g->rec.has_mute)
        g->audio->ops->set_mute(g->rec.stream, g->rec.mute);
}

static void tell_active(struct guest_mic_line *g, bool active)
{
    if (PEEK(g->shared.active) == active)
        return;
    POKE(g->shared.active, active);
    log_info("%s", active ? _("the guest records") : _("the guest no longer records"));
    if (g->listener.on_mic_active)
        g->listener.on_mic_active(g->listener.ctx, active);
}

static void close_stream(struct guest_mic_line *g)
{
    if (g->audio && g->rec.stream)
        g->audio->ops->close(g->rec.stream);
    g->rec.stream = NULL;
    sample_ring_fini(&g->ring);
    tell_active(g, false);
}

static int open_stream(struct guest_mic_line *g)
{
    const struct spice_audio_format *f = &g->rec.format;
    const struct audio_stream_config config = { .direction = AUDIO_RECORD,
                                                .device = g->config.record_device,
                                                .channels = f->channels,
                                                .rate_hz = f->rate_hz,
                                                .period_frames = f->rate_hz / PERIOD_PER_S,
                                                .active = true,
                                                .process = process,
                                                .ctx = g };
    int err = sample_ring_init(&g->ring, f->channels, f->rate_hz / RING_PART_OF_S, 0);
    if (err == 0)
        err = spice_record_begin(g->channel, clock_ns());
    if (err == 0)
        err = g->audio->ops->open(g->audio, &config, &g->rec.stream);
    return err;
}

static void update(struct guest_mic_line *g)
{
    const bool should = g->audio && g->rec.wanted && PEEK(g->shared.permission) == GUEST_MIC_ALLOW;
    if (should == (g->rec.stream != NULL))
        return;
    if (!should) {
        close_stream(g);
        return;
    }
    const int err = open_stream(g);
    if (err < 0) {
        log_err("the guest cannot be given the microphone: %s", err_str(err));
        close_stream(g);
        return;
    }
    apply_volume(g);
    apply_mute(g);
    tell_active(g, true);
}

static void on_start(void *ctx, const struct spice_audio_format *format)
{
    struct guest_mic_line *g = ctx;
    g->rec.wanted = true;
    g->rec.format = *format;
    POKE(g->shared.wanted, true);
    if (PEEK(g->shared.permission) == GUEST_MIC_ASK && g->listener.on_mic_request)
        g->listener.on_mic_request(g->listener.ctx);
    update(g);
}

static void on_stop(void *ctx)
{
    struct guest_mic_line *g = ctx;
    g->rec.wanted = false;
    POKE(g->shared.wanted, false);
    update(g);
}

static void on_volume(void *ctx, const struct spice_audio_volume *volume)
{
    struct guest_mic_line *g = ctx;
    if (!g->config.sync_volume || volume->channels == 0)
        return;
    g->rec.volume = *volume;
    g->rec.has_volume = true;
    apply_volume(g);
}

static void on_mute(void *ctx, bool mute)
{
    struct guest_mic_line *g = ctx;
    if (!g->config.sync_volume)
        return;
    g->rec.mute = mute;
    g->rec.has_mute = true;
    apply_mute(g);
}

int guest_mic_line_create(struct loop *loop, struct audio *audio,
                          const struct guest_audio_config *config,
                          const struct guest_audio_listener *listener, struct guest_mic_line **out)
{
    struct guest_mic_line *g = calloc(1, sizeof(*g));
    if (!g)
        return -ENOMEM;
    g->audio = audio;
    g->config = *config;
    g->listener = *listener;
    POKE(g->shared.permission, (int)config->mic);
    const struct spice_record_listener on_channel = { .on_start = on_start,
                                                      .on_stop = on_stop,
                                                      .on_volume = on_volume,
                                                      .on_mute = on_mute,
                                                      .ctx = g };
    int err = spice_record_create(&on_channel, &g->channel);
    if (err == 0)
        err = loop_add_wake(loop, on_wake, g, &g->wake);
    if (err < 0) {
        guest_mic_line_destroy(g);
        return err;
    }
    *out = g;
    return 0;
}

int guest_mic_line_attach(struct guest_mic_line *g, struct spice_session *session)
{
    return spice_session_add_channel(session, &spice_record_ops, g->channel);
}

void guest_mic_line_destroy(struct guest_mic_line *g)
{
    if (!g)
        return;
    if (g->rec.stream)
        g->audio->ops->close(g->rec.stream);
    sample_ring_fini(&g->ring);
    loop_source_destroy(g->wake);
    spice_record_destroy(g->channel);
    free(g);
}

void guest_mic_line_set(struct guest_mic_line *g, enum guest_mic permission)
{
    POKE(g->shared.permission, (int)permission);
    update(g);
}

enum guest_mic guest_mic_line_permission(const struct guest_mic_line *g)
{
    return (enum guest_mic)PEEK(g->shared.permission);
}

void guest_mic_line_stats(struct guest_mic_line *g, struct guest_audio_stats *out)
{
    out->mic = (enum guest_mic)PEEK(g->shared.permission);
    out->mic_wanted = PEEK(g->shared.wanted);
    out->mic_active = PEEK(g->shared.active);
    out->mic_frames = PEEK(g->shared.frames);
    out->mic_dropped = PEEK(g->shared.dropped);
}
