/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pipewire_ends.h"

#include <pipewire/pipewire.h>
#include <spa/param/audio/format-utils.h>

#include "base/clock.h"
#include "test.h"

struct pipewire_end {
    struct pw_thread_loop *thread;
    struct pw_stream *stream;
    bool is_mouth;
    struct tone_judge judge;
    struct tone_source source;
};

static void on_process(void *data)
{
    struct pipewire_end *e = data;
    struct pw_buffer *b = pw_stream_dequeue_buffer(e->stream);
    if (!b)
        return;
    struct spa_data *d = &b->buffer->datas[0];
    if (e->is_mouth) {
        uint32_t frames = d->maxsize / sizeof(float);
        if (b->requested > 0 && b->requested < frames)
            frames = (uint32_t)b->requested;
        tone_make(&e->source, d->data, frames, clock_ns(), &e->judge.marks);
        d->chunk->offset = 0;
        d->chunk->stride = sizeof(float);
        d->chunk->size = frames * (uint32_t)sizeof(float);
    } else {
        tone_hear(&e->judge, (const float *)d->data + d->chunk->offset / sizeof(float),
                  d->chunk->size / (uint32_t)sizeof(float), 1, clock_ns());
    }
    pw_stream_queue_buffer(e->stream, b);
}

static const struct pw_stream_events events = { .version = PW_VERSION_STREAM_EVENTS,
                                                .process = on_process };

static struct pw_properties *properties_of(const struct pipewire_end *e, const char *sink)
{
    struct pw_properties *p = pw_properties_new(PW_KEY_MEDIA_TYPE, "Audio", NULL);
    CHECK(p != NULL);
    if (e->is_mouth) {
        pw_properties_set(p, PW_KEY_MEDIA_CLASS, "Audio/Source");
        pw_properties_set(p, PW_KEY_NODE_NAME, MOUTH);
        pw_properties_set(p, PW_KEY_NODE_LATENCY, "256/48000");
    } else {
        pw_properties_set(p, PW_KEY_NODE_NAME, "test-ear");
        pw_properties_set(p, PW_KEY_MEDIA_CATEGORY, "Capture");
        pw_properties_set(p, PW_KEY_STREAM_CAPTURE_SINK, "true");
        pw_properties_set(p, PW_KEY_TARGET_OBJECT, sink);
    }
    return p;
}

static struct pipewire_end *end_of(bool is_mouth, const char *sink)
{
    struct pipewire_end *e = calloc(1, sizeof(*e));
    CHECK(e != NULL);
    e->is_mouth = is_mouth;
    pw_init(NULL, NULL);
    e->thread = pw_thread_loop_new(is_mouth ? "mouth" : "ear", NULL);
    e->stream = pw_stream_new_simple(pw_thread_loop_get_loop(e->thread), is_mouth ? MOUTH : "ear",
                                     properties_of(e, sink), &events, e);
    CHECK(e->stream != NULL);
    uint8_t room[512];
    struct spa_pod_builder builder = SPA_POD_BUILDER_INIT(room, sizeof(room));
    struct spa_audio_info_raw info = { .format = SPA_AUDIO_FORMAT_F32,
                                       .rate = TONE_RATE,
                                       .channels = 1,
                                       .position = { SPA_AUDIO_CHANNEL_MONO } };
    const struct spa_pod *params[1] = { spa_format_audio_raw_build(&builder, SPA_PARAM_EnumFormat,
                                                                   &info) };
    const int flags = PW_STREAM_FLAG_MAP_BUFFERS | PW_STREAM_FLAG_RT_PROCESS |
                      (is_mouth ? 0 : PW_STREAM_FLAG_AUTOCONNECT);
    CHECK(pw_stream_connect(e->stream, is_mouth ? PW_DIRECTION_OUTPUT : PW_DIRECTION_INPUT,
                            PW_ID_ANY, (enum pw_stream_flags)flags, params, 1) >= 0);
    CHECK_INT(pw_thread_loop_start(e->thread), 0);
    return e;
}

struct pipewire_end *pipewire_ear(const char *sink)
{
    return end_of(false, sink);
}

struct pipewire_end *pipewire_mouth(void)
{
    return end_of(true, NULL);
}

struct tone_judge *pipewire_heard(struct pipewire_end *ear)
{
    return &ear->judge;
}

void pipewire_end_destroy(struct pipewire_end *e)
{
    pw_thread_loop_stop(e->thread);
    pw_stream_destroy(e->stream);
    pw_thread_loop_destroy(e->thread);
    pw_deinit();
    free(e);
}
