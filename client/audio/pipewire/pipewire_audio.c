/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "sound"
#include "audio/pipewire/pipewire_audio.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/pipewire/pipewire_private.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text.h"

enum { FIRST_WAIT_MS = 250, LONGEST_WAIT_MS = 4000 };

static struct pw_audio *pw_audio_of(struct audio *self)
{
    assert(self->ops == &pipewire_audio_ops);
    return container_of(self, struct pw_audio, base);
}

static struct pw_line *pw_line_of(struct audio_stream *stream)
{
    assert(stream->ops == &pipewire_audio_ops);
    return container_of(stream, struct pw_line, base);
}

/* ---- espelho-audio thread: the connection ---- */

static void arm(struct pw_audio *a, uint32_t ms)
{
    struct timespec at = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 + 1 };
    pw_loop_update_timer(a->loop, a->run.retry, &at, NULL, false);
}

static void arm_later(struct pw_audio *a)
{
    arm(a, a->run.wait_ms);
    a->run.wait_ms = a->run.wait_ms * 2 < LONGEST_WAIT_MS ? a->run.wait_ms * 2 : LONGEST_WAIT_MS;
}

void pw_audio_line_failed(struct pw_audio *a)
{
    arm_later(a);
}

static void on_core_info(void *data, const struct pw_core_info *info)
{
    struct pw_audio *a = data;
    if (a->run.told)
        log_info("PipeWire is there (%s)", info->version ? info->version : "?");
    a->run.told = false;
    a->run.wait_ms = FIRST_WAIT_MS;
    atomic_store_explicit(&a->shared.connected, true, memory_order_relaxed);
}

static void tell(struct pw_audio *a, const char *what, int err)
{
    if (!a->run.told)
        log_warn("%s (%s): no sound until it is back; this is looked for by itself", what,
                 err_str(err));
    a->run.told = true;
}

static void on_core_error(void *data, uint32_t id, int seq, int res, const char *message)
{
    struct pw_audio *a = data;
    (void)seq;
    log_debug("PipeWire: object %u: %s", id, message ? message : "?");
    if (id != PW_ID_CORE || res != -EPIPE)
        return;
    tell(a, _("PipeWire has gone"), res);
    a->run.lost = true; /* not from inside its own event */
    arm(a, 0);
}

static const struct pw_core_events core_events = {
    .version = PW_VERSION_CORE_EVENTS,
    .info = on_core_info,
    .error = on_core_error,
};

static void drop_core(struct pw_audio *a)
{
    struct pw_line *line;
    spa_list_for_each(line, &a->run.lines, run.link) pw_line_disconnect(line);
    if (a->run.core) {
        spa_hook_remove(&a->run.core_listener);
        pw_core_disconnect(a->run.core);
    }
    a->run.core = NULL;
    a->run.lost = false;
    atomic_store_explicit(&a->shared.connected, false, memory_order_relaxed);
}

/* Until 1.2 the file with real-time scheduling of the data thread had a name of its own. */
static const char *config_name(void)
{
    int major = 0, minor = 0;
    (void)sscanf(pw_get_library_version(), "%d.%d", &major, &minor);
    return major > 1 || (major == 1 && minor >= 2) ? "client.conf" : "client-rt.conf";
}

static void connect_core(struct pw_audio *a)
{
    if (!a->run.context)
        a->run.context =
            pw_context_new(a->loop, pw_properties_new(PW_KEY_CONFIG_NAME, config_name(), NULL), 0);
    if (!a->run.context) {
        tell(a, _("PipeWire's client library does not start; is its configuration installed?"),
             -errno);
        return;
    }
    a->run.core = pw_context_connect(a->run.context,
                                     pw_properties_new(PW_KEY_APP_NAME, a->run.title, NULL), 0);
    if (!a->run.core) {
        tell(a, _("PipeWire is not running or cannot be reached"), -errno);
        return;
    }
    pw_core_add_listener(a->run.core, &a->run.core_listener, &core_events, a);
}

static bool connect_lines(struct pw_audio *a)
{
    bool all = true;
    struct pw_line *line;
    spa_list_for_each(line, &a->run.lines, run.link)
    {
        if (line->run.failed)
            pw_line_disconnect(line);
        const int err = line->run.stream ? 0 : pw_line_connect(line);
        if (err < 0)
            log_every(10000, LOG_LEVEL_WARN, "stream of PipeWire: %s", err_str(err));
        all = all && err == 0;
    }
    return all;
}

static void on_retry(void *data, uint64_t expirations)
{
    struct pw_audio *a = data;
    (void)expirations;
    if (a->run.lost)
        drop_core(a);
    if (!a->run.core)
        connect_core(a);
    if (!a->run.core || !connect_lines(a))
        arm_later(a);
}

/* ---- messages from the callers' thread; each runs on the espelho-audio thread ---- */

struct message {
    struct pw_audio *audio;
    struct pw_line *line;
    bool flag;
    uint32_t count;
    float values[AUDIO_MAX_CHANNELS];
    char title[PW_TITLE_BYTES];
};

static int send(struct pw_audio *a, spa_invoke_func_t fn, const struct message *m, bool wait)
{
    return pw_loop_invoke(a->loop, fn, 0, m, sizeof(*m), wait, NULL);
}

#define HANDLER(name)                                                                              \
    static int name(struct spa_loop *loop UNUSED, bool async UNUSED, uint32_t seq UNUSED,          \
                    const void *data, size_t size UNUSED, void *user UNUSED)

HANDLER(run_begin)
{
    const struct message *m = data;
    arm(m->audio, 0);
    return 0;
}

HANDLER(run_title)
{
    const struct message *m = data;
    struct pw_audio *a = m->audio;
    memcpy(a->run.title, m->title, sizeof(a->run.title));
    const struct spa_dict_item items[] = {
        SPA_DICT_ITEM_INIT(PW_KEY_APP_NAME, a->run.title),
        SPA_DICT_ITEM_INIT(PW_KEY_NODE_DESCRIPTION, a->run.title),
        SPA_DICT_ITEM_INIT(PW_KEY_MEDIA_NAME, a->run.title),
    };
    struct pw_line *line;
    spa_list_for_each(line, &a->run.lines, run.link)
    {
        if (line->run.stream)
            pw_stream_update_properties(line->run.stream, &SPA_DICT_INIT(items, ARRAY_LEN(items)));
    }
    return 0;
}

HANDLER(run_open)
{
    const struct message *m = data;
    spa_list_append(&m->audio->run.lines, &m->line->run.link);
    if (m->audio->run.core && !m->audio->run.lost && pw_line_connect(m->line) < 0)
        arm_later(m->audio);
    return 0;
}

HANDLER(run_close)
{
    const struct message *m = data;
    pw_line_disconnect(m->line);
    spa_list_remove(&m->line->run.link);
    return 0;
}

HANDLER(run_active)
{
    const struct message *m = data;
    m->line->run.active = m->flag;
    if (m->line->run.stream)
        pw_stream_set_active(m->line->run.stream, m->flag);
    return 0;
}

HANDLER(run_volume)
{
    const struct message *m = data;
    memcpy(m->line->run.volume, m->values, sizeof(m->values));
    m->line->run.volume_channels = m->count;
    m->line->run.has_volume = m->line->run.volume_due = true;
    pw_line_apply(m->line);
    return 0;
}

HANDLER(run_mute)
{
    const struct message *m = data;
    m->line->run.mute = m->flag;
    m->line->run.has_mute = m->line->run.mute_due = true;
    pw_line_apply(m->line);
    return 0;
}

/* ---- callers' thread ---- */

static void pipewire_destroy(struct audio *self)
{
    if (!self)
        return;
    struct pw_audio *a = pw_audio_of(self);
    if (a->thread)
        pw_thread_loop_stop(a->thread); /* from here on this thread is alone */
    drop_core(a);
    if (a->run.context)
        pw_context_destroy(a->run.context);
    if (a->run.retry)
        pw_loop_destroy_source(a->loop, a->run.retry);
    if (a->thread)
        pw_thread_loop_destroy(a->thread);
    pw_deinit();
    free(a);
}

/* Signals belong to the main loop. The data thread is born of this one and inherits the mask. */
static int start_thread(struct pw_audio *a)
{
    sigset_t all, before;
    sigfillset(&all);
    for (const int *s = (const int[]){ SIGBUS, SIGSEGV, SIGFPE, SIGILL, 0 }; *s; s++)
        sigdelset(&all, *s);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int err = pw_thread_loop_start(a->thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return err;
}

/* Its own lines about a missing daemon would come with every attempt; ours comes once. */
static void quiet_library(void)
{
    if (!getenv("PIPEWIRE_DEBUG"))
        pw_log_set_level(SPA_LOG_LEVEL_NONE);
}

static int pipewire_create(struct audio **out)
{
    struct pw_audio *a = calloc(1, sizeof(*a));
    if (!a)
        return -ENOMEM;
    pw_init(NULL, NULL);
    quiet_library();
    a->base.ops = &pipewire_audio_ops;
    spa_list_init(&a->run.lines);
    a->run.wait_ms = FIRST_WAIT_MS;
    (void)snprintf(a->run.title, sizeof(a->run.title), "Espelho");
    a->thread = pw_thread_loop_new("espelho-audio", NULL);
    if (a->thread) {
        a->loop = pw_thread_loop_get_loop(a->thread);
        a->run.retry = pw_loop_add_timer(a->loop, on_retry, a);
    }
    if (!a->run.retry || start_thread(a) < 0 ||
        send(a, run_begin, &(struct message){ .audio = a }, false) < 0) {
        log_err("PipeWire's client library does not start: no sound");
        pipewire_destroy(&a->base);
        return -ENOSYS;
    }
    *out = &a->base;
    return 0;
}

static void pipewire_set_title(struct audio *self, const char *title)
{
    struct message m = { .audio = pw_audio_of(self) };
    (void)snprintf(m.title, sizeof(m.title), "%s", title);
    (void)send(m.audio, run_title, &m, false);
}

static void free_line(struct pw_line *line)
{
    free(line->device);
    free(line);
}

static int pipewire_open(struct audio *self, const struct audio_stream_config *config,
                         struct audio_stream **out)
{
    if (config->channels == 0 || config->channels > AUDIO_MAX_CHANNELS || config->rate_hz == 0 ||
        config->direction == AUDIO_NONE)
        return -EINVAL;
    struct pw_line *line = calloc(1, sizeof(*line));
    if (!line)
        return -ENOMEM;
    line->base.ops = &pipewire_audio_ops;
    line->audio = pw_audio_of(self);
    line->config = *config;
    line->run.active = config->active;
    line->device = config->device ? strdup(config->device) : NULL;
    line->config.device = line->device;
    int err = config->device && !line->device ? -ENOMEM : 0;
    const struct message m = { .audio = line->audio, .line = line };
    if (err == 0 && send(line->audio, run_open, &m, false) < 0)
        err = -EAGAIN;
    if (err < 0) {
        free_line(line);
        return err;
    }
    *out = &line->base;
    return 0;
}

static void pipewire_close(struct audio_stream *stream)
{
    if (!stream)
        return;
    struct pw_line *line = pw_line_of(stream);
    /* A waiting invoke gives the loop's lock away while it waits, and takes it again. */
    pw_thread_loop_lock(line->audio->thread);
    const int err = send(line->audio, run_close, &(struct message){ .line = line }, true);
    pw_thread_loop_unlock(line->audio->thread);
    if (err < 0) {
        log_err("a stream could not be closed"); /* it is still in use: not freed */
        return;
    }
    free_line(line);
}

static void pipewire_set_active(struct audio_stream *stream, bool active)
{
    struct pw_line *line = pw_line_of(stream);
    const struct message m = { .line = line, .flag = active };
    (void)send(line->audio, run_active, &m, false);
}

static void pipewire_set_volume(struct audio_stream *stream, const float *amplitude,
                                uint32_t channels)
{
    struct pw_line *line = pw_line_of(stream);
    struct message m = { .line = line,
                         .count = channels < AUDIO_MAX_CHANNELS ? channels : AUDIO_MAX_CHANNELS };
    memcpy(m.values, amplitude, m.count * sizeof(*amplitude));
    (void)send(line->audio, run_volume, &m, false);
}

static void pipewire_set_mute(struct audio_stream *stream, bool mute)
{
    struct pw_line *line = pw_line_of(stream);
    const struct message m = { .line = line, .flag = mute };
    (void)send(line->audio, run_mute, &m, false);
}

static bool pipewire_connected(const struct audio *self)
{
    const struct pw_audio *a = container_of(self, const struct pw_audio, base);
    return atomic_load_explicit(&a->shared.connected, memory_order_relaxed);
}

const struct audio_ops pipewire_audio_ops = {
    .name = "pipewire",
    .create = pipewire_create,
    .set_title = pipewire_set_title,
    .open = pipewire_open,
    .close = pipewire_close,
    .set_active = pipewire_set_active,
    .set_volume = pipewire_set_volume,
    .set_mute = pipewire_set_mute,
    .connected = pipewire_connected,
    .destroy = pipewire_destroy,
};
