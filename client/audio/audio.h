/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/audio/audio.h - a sound system of the desktop: streams to play and to record.
 *
 * One instance has a thread of its own and one for data. Threads: every entry from one thread (the
 * viewer's input thread) unless it says otherwise; entries pass a message and return, only close,
 * open after a close, and destroy wait for the other side. `process` runs on the data thread: it
 * never allocates, locks or logs. The sound system may be absent, late or restarted: streams then
 * process nothing, and go on by themselves. */
#ifndef ESPELHO_AUDIO_AUDIO_H
#define ESPELHO_AUDIO_AUDIO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

enum { AUDIO_MAX_CHANNELS = 8 };
enum audio_direction { AUDIO_NONE, AUDIO_PLAYBACK, AUDIO_RECORD };

struct audio_time {
    uint64_t now_ns;   /* CLOCK_MONOTONIC */
    uint64_t delay_ns; /* playback: until these samples are heard; record: since they were */
};

struct audio_stream_config {
    enum audio_direction direction;
    const char *device; /* name or serial of a node; NULL: the default one. Copied */
    uint32_t channels, rate_hz;
    uint32_t period_frames; /* wish: how much is processed at once */
    bool active;            /* else it processes nothing until set_active */
    /* Playback: fills `samples` (interleaved) with `frames` frames. Record: reads them. */
    void (*process)(void *ctx, float *samples, uint32_t frames, const struct audio_time *time);
    void *ctx;
};

struct audio;
struct audio_stream;

struct audio_ops {
    const char *name;
    /* 0; -ENOMEM; -ENOSYS: its library does not work here (logged). */
    int (*create)(struct audio **out);
    /* What users see of all streams: "Espelho: win11". */
    void (*set_title)(struct audio *self, const char *title);
    int (*open)(struct audio *self, const struct audio_stream_config *config,
                struct audio_stream **out);     /* 0; -EINVAL; -ENOMEM; -EAGAIN */
    void (*close)(struct audio_stream *stream); /* NULL is fine; no process call after it */
    void (*set_active)(struct audio_stream *stream, bool active);
    /* Once per call, so that what users set later stays. `amplitude` 1: unchanged. */
    void (*set_volume)(struct audio_stream *stream, const float *amplitude, uint32_t channels);
    void (*set_mute)(struct audio_stream *stream, bool mute);
    bool (*connected)(const struct audio *self); /* any thread */
    void (*destroy)(struct audio *self);         /* after its streams are closed; NULL is fine */
};

struct audio { /* the head of every backend's object */
    const struct audio_ops *ops;
};
struct audio_stream {
    const struct audio_ops *ops;
};

#endif
