/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "sound"
#include "audio/guest_playback.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/thread.h"
#include "spice/playback.h"

enum {
    STREAM_HZ = 48000,   /* ours; PipeWire converts where its graph runs at another rate */
    PERIOD_FRAMES = 512, /* 10.7 ms: less is missed now and then without real-time priority */
    LINGER_S = 3,        /* after the guest's stop, then the device may sleep */
};

struct guest_playback {
    struct audio *audio;              /* borrowed, may be NULL */
    struct guest_audio_config config; /* constant */
    struct spice_playback *channel;   /* owned */
    struct loop_source *linger;       /* owned: timer */
    struct {                          /* loop thread */
        struct spice_audio_format format;
        struct audio_stream *stream; /* owned */
        bool has_volume, has_mute, mute;
        struct spice_audio_volume volume;
    } play;
    struct {
        bool prompt; /* the data thread runs when woken */
    } data;          /* data thread while a stream is open, else loop thread */
    struct {
        pthread_mutex_t
            lock; /* figures' readers against a change of format; never the data thread */
        struct jitter *jitter; /* owned; changed by the loop thread, while no stream uses it */
        uint32_t rate_hz, channels;
        _Atomic bool playing;
        _Atomic uint64_t device_ns; /* written by the data thread */
    } shared;
};

float guest_volume_amplitude(uint16_t level)
{
    const float part = (float)level / 65535.0f;
    return part * part * part;
}

/* Data thread. The jitter buffer outlives the stream. */
static void process(void *ctx, float *samples, uint32_t frames, const struct audio_time *time)
{
    struct guest_playback *g = ctx;
    if (!g->data.prompt) {
        g->data.prompt = true;
        (void)!thread_run_when_woken(THREAD_EVENTS); /* for where there is no real-time priority */
    }
    atomic_store_explicit(&g->shared.device_ns, time->delay_ns, memory_order_relaxed);
    jitter_pull(g->shared.jitter, samples, frames, time->now_ns);
}

/* ---- volume ---- */

static void apply_volume(struct guest_playback *g)
{
    float amplitude[AUDIO_MAX_CHANNELS];
    const struct spice_audio_volume *v = &g->play.volume;
    if (!g->play.stream || !g->play.has_volume)
        return;
    /* A volume with fewer channels than the stream speaks for all by its first. */
    for (uint32_t i = 0; i < g->play.format.channels; i++)
        amplitude[i] = guest_volume_amplitude(v->level[i < v->channels ? i : 0]);
    g->audio->ops->set_volume(g->play.stream, amplitude, g->play.format.channels);
}

static void apply_mute(struct guest_playback *g)
{
    if (g->play.stream && g->play.has_mute)
        g->audio->ops->set_mute(g->play.stream, g->play.mute);
}

/* Servers repeat themselves with each connection: only a change of the guest's is passed on. */
static void on_volume(void *ctx, const struct spice_audio_volume *volume)
{
    struct guest_playback *g = ctx;
    if (!g->config.sync_volume || volume->channels == 0 ||
        (g->play.has_volume && memcmp(&g->play.volume, volume, sizeof(*volume)) == 0))
        return;
    g->play.volume = *volume;
    g->play.has_volume = true;
    apply_volume(g);
}

static void on_mute(void *ctx, bool mute)
{
    struct guest_playback *g = ctx;
    if (!g->config.sync_volume || (g->play.has_mute && g->play.mute == mute))
        return;
    g->play.mute = mute;
    g->play.has_mute = true;
    apply_mute(g);
}

/* ---- the stream ---- */

static void close_stream(struct guest_playback *g)
{
    if (g->play.stream)
        g->audio->ops->close(g->play.stream);
    g->play.stream = NULL;
    pthread_mutex_lock(&g->shared.lock);
    jitter_destroy(g->shared.jitter);
    g->shared.jitter = NULL;
    pthread_mutex_unlock(&g->shared.lock);
}

static int create_jitter(struct guest_playback *g)
{
    const struct jitter_config config = { .rate_in_hz = g->play.format.rate_hz,
                                          .rate_out_hz = STREAM_HZ,
                                          .channels = g->play.format.channels,
                                          .latency_ms = g->config.latency_ms,
                                          .linear = g->config.linear_resampling };
    struct jitter *jitter = NULL;
    const int err = jitter_create(&config, &jitter);
    pthread_mutex_lock(&g->shared.lock);
    g->shared.jitter = jitter;
    g->shared.rate_hz = config.rate_in_hz;
    g->shared.channels = config.channels;
    pthread_mutex_unlock(&g->shared.lock);
    return err;
}

static int open_stream(struct guest_playback *g, const struct spice_audio_format *format)
{
    g->play.format = *format;
    g->data.prompt = false; /* each stream may have another thread */
    int err = create_jitter(g);
    const struct audio_stream_config config = { .direction = AUDIO_PLAYBACK,
                                                .device = g->config.playback_device,
                                                .channels = format->channels,
                                                .rate_hz = STREAM_HZ,
                                                .period_frames = PERIOD_FRAMES,
                                                .active = true,
                                                .process = process,
                                                .ctx = g };
    if (err == 0)
        err = g->audio->ops->open(g->audio, &config, &g->play.stream);
    if (err < 0) {
        close_stream(g);
        return err;
    }
    apply_volume(g);
    apply_mute(g);
    return 0;
}

static bool same_format(const struct spice_audio_format *a, const struct spice_audio_format *b)
{
    return a->channels == b->channels && a->rate_hz == b->rate_hz;
}

static void on_start(void *ctx, const struct spice_audio_format *format)
{
    struct guest_playback *g = ctx;
    if (!g->audio)
        return;
    loop_timer_set_ns(g->linger, 0, 0);
    int err = 0;
    if (!g->play.stream || !same_format(&g->play.format, format)) {
        close_stream(g);
        err = open_stream(g, format);
    } else {
        g->audio->ops->set_active(g->play.stream, true);
    }
    if (err < 0) {
        log_err("the guest's sound cannot be played: %s", err_str(err));
        return;
    }
    jitter_begin(g->shared.jitter);
    atomic_store_explicit(&g->shared.playing, true, memory_order_relaxed);
    log_debug("the guest plays: %u channels, %u Hz", format->channels, format->rate_hz);
}

static void on_samples(void *ctx, const int16_t *samples, size_t frames)
{
    struct guest_playback *g = ctx;
    if (g->shared.jitter)
        jitter_push(g->shared.jitter, samples, frames, clock_ns());
}

static void on_stop(void *ctx)
{
    struct guest_playback *g = ctx;
    atomic_store_explicit(&g->shared.playing, false, memory_order_relaxed);
    if (!g->shared.jitter)
        return;
    jitter_end(g->shared.jitter);
    loop_timer_set_ns(g->linger, clock_ns() + LINGER_S * NS_PER_S, 0);
}

static void on_linger(void *ctx)
{
    struct guest_playback *g = ctx;
    if (g->play.stream)
        g->audio->ops->set_active(g->play.stream, false);
}

/* ---- life ---- */

int guest_playback_create(struct loop *loop, struct audio *audio,
                          const struct guest_audio_config *config, struct guest_playback **out)
{
    struct guest_playback *g = calloc(1, sizeof(*g));
    if (!g)
        return -ENOMEM;
    g->audio = audio;
    g->config = *config;
    pthread_mutex_init(&g->shared.lock, NULL);
    const struct spice_playback_listener listener = { .on_start = on_start,
                                                      .on_samples = on_samples,
                                                      .on_stop = on_stop,
                                                      .on_volume = on_volume,
                                                      .on_mute = on_mute,
                                                      .ctx = g };
    int err = spice_playback_create(&listener, &g->channel);
    if (err == 0)
        err = loop_add_timer(loop, on_linger, g, &g->linger);
    if (err < 0) {
        guest_playback_destroy(g);
        return err;
    }
    *out = g;
    return 0;
}

int guest_playback_attach(struct guest_playback *g, struct spice_session *session)
{
    return spice_session_add_channel(session, &spice_playback_ops, g->channel);
}

void guest_playback_destroy(struct guest_playback *g)
{
    if (!g)
        return;
    close_stream(g);
    loop_source_destroy(g->linger);
    spice_playback_destroy(g->channel);
    pthread_mutex_destroy(&g->shared.lock);
    free(g);
}

void guest_playback_stats(struct guest_playback *g, struct guest_audio_stats *out)
{
    out->playing = atomic_load_explicit(&g->shared.playing, memory_order_relaxed);
    pthread_mutex_lock(&g->shared.lock);
    if (g->shared.jitter)
        jitter_stats(g->shared.jitter, &out->jitter);
    out->rate_hz = g->shared.rate_hz;
    out->channels = g->shared.channels;
    pthread_mutex_unlock(&g->shared.lock);
    if (!out->jitter.playing)
        return;
    out->device_ms =
        (double)atomic_load_explicit(&g->shared.device_ns, memory_order_relaxed) / NS_PER_MS;
    out->latency_ms = out->jitter.level_ms + out->device_ms;
}
