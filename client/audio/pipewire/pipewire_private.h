/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/audio/pipewire/pipewire_private.h - the two halves of the backend: connection and streams.
 * Thread: functions of pw_line_* on the "espelho-audio" thread only. */
#ifndef ESPELHO_AUDIO_PIPEWIRE_PIPEWIRE_PRIVATE_H
#define ESPELHO_AUDIO_PIPEWIRE_PIPEWIRE_PRIVATE_H

#include <pipewire/pipewire.h>
#include <stdatomic.h>

#include "audio/audio.h"
#include "audio/pipewire/pipewire_audio.h"

enum { PW_TITLE_BYTES = 160 };

struct pw_audio {
    struct audio base;
    struct pw_thread_loop *thread; /* owned; constant after create */
    struct pw_loop *loop;          /* of `thread` */
    struct {                       /* espelho-audio thread only, once it runs */
        struct pw_context *context;
        struct pw_core *core;
        struct spa_hook core_listener;
        struct spa_source *retry; /* timer */
        uint32_t wait_ms;         /* of the next failure */
        bool lost;                /* the core is broken: to be dropped by the timer */
        bool told;                /* that there is no PipeWire */
        char title[PW_TITLE_BYTES];
        struct spa_list lines;
    } run;
    struct {
        _Atomic bool connected;
    } shared;
};

/* One stream as callers know it; its PipeWire half comes and goes with the daemon. */
struct pw_line {
    struct audio_stream base;
    struct pw_audio *audio;            /* borrowed */
    struct audio_stream_config config; /* constant; device is owned */
    char *device;                      /* owned */
    struct {                           /* espelho-audio thread only */
        struct spa_list link;
        struct pw_stream *stream;
        struct spa_hook listener;
        bool active, ready, failed;
        bool has_volume, volume_due; /* due: to be set when the stream is ready */
        float volume[AUDIO_MAX_CHANNELS];
        uint32_t volume_channels;
        bool has_mute, mute_due, mute;
    } run;
};

/* Makes the PipeWire half. 0 or -errno. */
int pw_line_connect(struct pw_line *line) MUST_CHECK;
void pw_line_disconnect(struct pw_line *line);
void pw_line_apply(struct pw_line *line); /* volume and mute that are due */

/* The line broke alone: it is made anew a little later. */
void pw_audio_line_failed(struct pw_audio *audio);

#endif
