/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tone_server.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <spice.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "loop/loop.h"
#include "test.h"

struct SpiceTimer {
    struct loop_source *source;
};

struct SpiceWatch {
    struct loop_source *source;
    SpiceWatchFunc fn;
    void *opaque;
    int fd;
};

struct tone_server {
    pthread_t thread;
    struct loop *loop;
    SpiceServer *spice;
    struct loop_source *tick;
    SpicePlaybackInstance playback;
    SpiceRecordInstance record;
    struct tone_source source;
    struct tone_marks marks;
    struct tone_judge heard;
    bool playing, recording;
    uint64_t began_ns, made_frames;
    _Atomic bool want_play, want_record, volume_due, mute;
    _Atomic uint32_t level;
    _Atomic uint64_t packets;
};

/* libspice-server's core interface has no context: the loop of the one server there is. */
static struct loop *core_loop;

static SpiceTimer *timer_add(SpiceTimerFunc fn, void *opaque)
{
    SpiceTimer *t = calloc(1, sizeof(*t));
    CHECK(t && loop_add_timer(core_loop, fn, opaque, &t->source) == 0);
    return t;
}

static void timer_start(SpiceTimer *t, uint32_t ms)
{
    loop_timer_set_ns(t->source, clock_ns() + ms * NS_PER_MS + 1, 0);
}

static void timer_cancel(SpiceTimer *t)
{
    loop_timer_set_ns(t->source, 0, 0);
}

static void timer_remove(SpiceTimer *t)
{
    loop_source_destroy(t->source);
    free(t);
}

static uint32_t epoll_of(int mask)
{
    return (mask & SPICE_WATCH_EVENT_READ ? (uint32_t)EPOLLIN : 0) |
           (mask & SPICE_WATCH_EVENT_WRITE ? (uint32_t)EPOLLOUT : 0);
}

static void on_watch(void *ctx, uint32_t events)
{
    SpiceWatch *w = ctx;
    int mask = events & EPOLLOUT ? SPICE_WATCH_EVENT_WRITE : 0;
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        mask |= SPICE_WATCH_EVENT_READ;
    w->fn(w->fd, mask, w->opaque);
}

static SpiceWatch *watch_add(int fd, int mask, SpiceWatchFunc fn, void *opaque)
{
    SpiceWatch *w = calloc(1, sizeof(*w));
    CHECK(w != NULL);
    *w = (SpiceWatch){ .fn = fn, .opaque = opaque, .fd = fd };
    CHECK_INT(loop_add_fd(core_loop, fd, epoll_of(mask), on_watch, w, &w->source), 0);
    return w;
}

static void watch_update_mask(SpiceWatch *w, int mask)
{
    CHECK_INT(loop_set_events(w->source, epoll_of(mask)), 0);
}

static void watch_remove(SpiceWatch *w)
{
    loop_source_destroy(w->source);
    free(w);
}

static void channel_event(int event, SpiceChannelEventInfo *info)
{
    (void)event, (void)info;
}

static SpiceCoreInterface core = {
    .base = { .type = SPICE_INTERFACE_CORE,
              .description = "tone server",
              .major_version = SPICE_INTERFACE_CORE_MAJOR,
              .minor_version = SPICE_INTERFACE_CORE_MINOR },
    .timer_add = timer_add,
    .timer_start = timer_start,
    .timer_cancel = timer_cancel,
    .timer_remove = timer_remove,
    .watch_add = watch_add,
    .watch_update_mask = watch_update_mask,
    .watch_remove = watch_remove,
    .channel_event = channel_event,
};

static const SpicePlaybackInterface playback_interface = {
    .base = { .type = SPICE_INTERFACE_PLAYBACK,
              .description = "tone",
              .major_version = SPICE_INTERFACE_PLAYBACK_MAJOR,
              .minor_version = SPICE_INTERFACE_PLAYBACK_MINOR },
};
static const SpiceRecordInterface record_interface = {
    .base = { .type = SPICE_INTERFACE_RECORD,
              .description = "ear",
              .major_version = SPICE_INTERFACE_RECORD_MAJOR,
              .minor_version = SPICE_INTERFACE_RECORD_MINOR },
};

/* ---- the server's thread ---- */

static void to_s16_stereo(const float *mono, uint32_t *out, uint32_t frames)
{
    for (uint32_t i = 0; i < frames; i++) {
        const uint16_t v = (uint16_t)(int16_t)lrintf(mono[i] * 32767);
        out[i] = v | (uint32_t)v << 16;
    }
}

static void play_one(struct tone_server *s, uint64_t now_ns)
{
    static float mono[4096];
    uint32_t *samples = NULL, frames = 0;
    spice_server_playback_get_buffer(&s->playback, &samples, &frames);
    if (!samples) { /* nobody listens, or does not read: time goes on */
        tone_make(&s->source, mono, TONE_RATE / 100, now_ns, NULL);
        s->made_frames += TONE_RATE / 100;
        return;
    }
    CHECK(frames <= ARRAY_LEN(mono));
    tone_make(&s->source, mono, frames, now_ns, &s->marks);
    to_s16_stereo(mono, samples, frames);
    spice_server_playback_put_samples(&s->playback, samples);
    s->made_frames += frames;
    atomic_fetch_add(&s->packets, 1);
}

static void play(struct tone_server *s)
{
    const bool want = atomic_load(&s->want_play);
    const uint64_t now_ns = clock_ns();
    if (want && !s->playing) {
        CHECK_INT(spice_server_get_best_playback_rate(&s->playback), TONE_RATE);
        spice_server_set_playback_rate(&s->playback, TONE_RATE);
        spice_server_playback_start(&s->playback);
        s->began_ns = now_ns;
        s->made_frames = 0;
    } else if (!want && s->playing) {
        spice_server_playback_stop(&s->playback);
    }
    s->playing = want;
    while (want && s->began_ns + s->made_frames * NS_PER_S / TONE_RATE <= now_ns)
        play_one(s, now_ns);
}

static void record(struct tone_server *s)
{
    static uint32_t samples[4096];
    static float mono[4096];
    const bool want = atomic_load(&s->want_record);
    if (want && !s->recording) {
        spice_server_set_record_rate(&s->record, spice_server_get_best_record_rate(&s->record));
        spice_server_record_start(&s->record);
    } else if (!want && s->recording) {
        spice_server_record_stop(&s->record);
    }
    s->recording = want;
    const uint32_t frames =
        want ? spice_server_record_get_samples(&s->record, samples, ARRAY_LEN(samples)) : 0;
    for (uint32_t i = 0; i < frames; i++)
        mono[i] = (float)(int16_t)(samples[i] & 0xffff) / 32768.0f;
    tone_hear(&s->heard, mono, frames, 1, clock_ns());
}

static void send_volume(struct tone_server *s)
{
    if (!atomic_exchange(&s->volume_due, false))
        return;
    const uint16_t level = (uint16_t)atomic_load(&s->level);
    uint16_t both[2] = { level, level };
    spice_server_playback_set_volume(&s->playback, 2, both);
    spice_server_playback_set_mute(&s->playback, atomic_load(&s->mute));
}

static void on_tick(void *ctx)
{
    send_volume(ctx);
    play(ctx);
    record(ctx);
}

static void *server_main(void *ctx)
{
    struct tone_server *s = ctx;
    CHECK_INT(loop_run(s->loop), 0);
    return NULL;
}

struct tone_server *tone_server_start(const char *socket_path, bool opus)
{
    struct tone_server *s = calloc(1, sizeof(*s));
    CHECK(s && loop_create(&s->loop) == 0);
    signal(SIGPIPE, SIG_IGN); /* the library writes to clients that are gone; QEMU ignores it too */
    core_loop = s->loop;
    s->spice = spice_server_new();
    spice_server_set_addr(s->spice, socket_path, SPICE_ADDR_FLAG_UNIX_ONLY);
    spice_server_set_noauth(s->spice);
    spice_server_set_name(s->spice, "tone");
    spice_server_set_playback_compression(s->spice, opus);
    CHECK_INT(spice_server_init(s->spice, &core), 0);
    s->playback.base.sif = &playback_interface.base;
    s->record.base.sif = &record_interface.base;
    CHECK_INT(spice_server_add_interface(s->spice, &s->playback.base), 0);
    CHECK_INT(spice_server_add_interface(s->spice, &s->record.base), 0);
    spice_server_vm_start(s->spice);
    CHECK_INT(loop_add_timer(s->loop, on_tick, s, &s->tick), 0);
    loop_timer_set_ns(s->tick, clock_ns(), NS_PER_MS);
    CHECK_INT(pthread_create(&s->thread, NULL, server_main, s), 0);
    return s;
}

void tone_server_stop(struct tone_server *s)
{
    loop_stop(s->loop);
    pthread_join(s->thread, NULL);
    loop_source_destroy(s->tick);
    spice_server_destroy(s->spice);
    loop_destroy(s->loop);
    free(s);
}

void tone_server_play(struct tone_server *s, bool on)
{
    atomic_store(&s->want_play, on);
}

void tone_server_record(struct tone_server *s, bool on)
{
    atomic_store(&s->want_record, on);
}

void tone_server_volume(struct tone_server *s, uint16_t level, bool mute)
{
    atomic_store(&s->level, level);
    atomic_store(&s->mute, mute);
    atomic_store(&s->volume_due, true);
}

const struct tone_marks *tone_server_marks(const struct tone_server *s)
{
    return &s->marks;
}

struct tone_judge *tone_server_heard(struct tone_server *s)
{
    return &s->heard;
}

uint64_t tone_server_packets(const struct tone_server *s)
{
    return atomic_load(&s->packets);
}
