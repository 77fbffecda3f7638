/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "sound"
#include "audio/guest_audio.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/guest_mic.h"
#include "audio/guest_playback.h"
#include "audio/mic_memory.h"
#include "audio/pipewire/pipewire_audio.h"
#include "base/err.h"
#include "base/log.h"

struct guest_audio {
    struct guest_audio_config config; /* constant */
    struct audio *audio;              /* owned; NULL: none on this machine */
    struct guest_playback *playback;  /* owned */
    struct guest_mic_line *mic;       /* owned */
    char key[200];                    /* of the VM; "": not known yet */
};

static int create_audio(struct guest_audio *g)
{
    const int err = pipewire_audio_ops.create(&g->audio);
    return err == -ENOSYS ? 0 : err; /* told by the backend; go on in silence */
}

int guest_audio_create(struct loop *loop, const struct guest_audio_config *config,
                       const struct guest_audio_listener *listener, struct guest_audio **out)
{
    struct guest_audio *g = calloc(1, sizeof(*g));
    if (!g)
        return -ENOMEM;
    g->config = *config;
    int err = create_audio(g);
    if (err == 0)
        err = guest_playback_create(loop, g->audio, config, &g->playback);
    if (err == 0)
        err = guest_mic_line_create(loop, g->audio, config, listener, &g->mic);
    if (err < 0) {
        guest_audio_destroy(g);
        return err;
    }
    *out = g;
    return 0;
}

int guest_audio_attach(struct guest_audio *g, struct spice_session *session)
{
    const int err = guest_playback_attach(g->playback, session);
    return err < 0 ? err : guest_mic_line_attach(g->mic, session);
}

void guest_audio_destroy(struct guest_audio *g)
{
    if (!g)
        return;
    guest_mic_line_destroy(g->mic);
    guest_playback_destroy(g->playback);
    if (g->audio)
        g->audio->ops->destroy(g->audio);
    free(g);
}

static enum guest_mic remembered(const struct guest_audio *g)
{
    char path[PATH_MAX];
    if (mic_memory_path(path, sizeof(path)) < 0)
        return GUEST_MIC_ASK;
    switch (mic_memory_load(path, g->key)) {
    case MIC_ANSWER_ALLOW:
        return GUEST_MIC_ALLOW;
    case MIC_ANSWER_DENY:
        return GUEST_MIC_DENY;
    default:
        return GUEST_MIC_ASK;
    }
}

void guest_audio_set_vm(struct guest_audio *g, const char *name, const char *key)
{
    char title[sizeof(((struct spice_session_info *)0)->name) + 16];
    (void)snprintf(title, sizeof(title), name[0] ? "Espelho: %s" : "Espelho%s", name);
    if (g->audio)
        g->audio->ops->set_title(g->audio, title);
    const bool same = strcmp(g->key, key) == 0;
    (void)snprintf(g->key, sizeof(g->key), "%s", key);
    if (!same && g->key[0] && g->config.mic == GUEST_MIC_ASK)
        guest_mic_line_set(g->mic, remembered(g));
}

static void remember(const struct guest_audio *g, bool allow)
{
    char path[PATH_MAX];
    int err = mic_memory_path(path, sizeof(path));
    if (err == 0)
        err = mic_memory_store(path, g->key, allow ? MIC_ANSWER_ALLOW : MIC_ANSWER_DENY);
    if (err < 0)
        log_warn("the answer about the microphone holds for this session only: %s", err_str(err));
}

void guest_audio_set_mic(struct guest_audio *g, bool allow, bool remember_it)
{
    guest_mic_line_set(g->mic, allow ? GUEST_MIC_ALLOW : GUEST_MIC_DENY);
    if (remember_it && g->key[0])
        remember(g, allow);
}

enum guest_mic guest_audio_mic(const struct guest_audio *g)
{
    return guest_mic_line_permission(g->mic);
}

void guest_audio_stats(struct guest_audio *g, struct guest_audio_stats *out)
{
    *out = (struct guest_audio_stats){
        .connected = g->audio && g->audio->ops->connected(g->audio),
    };
    guest_playback_stats(g->playback, out);
    guest_mic_line_stats(g->mic, out);
}
