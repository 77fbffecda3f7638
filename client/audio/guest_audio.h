/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/audio/guest_audio.h - the guest's sound and microphone: SPICE's channels on one side, the
 * desktop's sound system on the other.
 *
 * Threads: everything on the loop's thread (the viewer's input thread), where the SPICE session
 * lives too; guest_audio_stats() from any. The sound system's data thread only touches jitter and
 * ring. Life: create before the session; attach; destroy after the session, with the loop not
 * running in between. Any part may be missing: without PipeWire the guest's sound is dropped, in
 * silence.
 *
 * Microphone: while the answer is "no" or none, nothing is sent and no source is opened; the guest
 * hears silence. An answer is kept per VM (mic_memory.h) when config.mic is ASK. */
#ifndef ESPELHO_AUDIO_GUEST_AUDIO_H
#define ESPELHO_AUDIO_GUEST_AUDIO_H

#include <stdbool.h>
#include <stdint.h>

#include "audio/jitter.h"
#include "base/macros.h"
#include "loop/loop.h"
#include "spice/session.h"

struct guest_audio;

enum guest_mic { GUEST_MIC_NONE, GUEST_MIC_ASK, GUEST_MIC_ALLOW, GUEST_MIC_DENY };

struct guest_audio_config {                      /* texts are borrowed for good */
    const char *playback_device, *record_device; /* NULL: the default ones */
    uint32_t latency_ms;                         /* 0: learned */
    bool linear_resampling;
    bool sync_volume; /* volume and mute follow the guest's, when the guest changes them */
    enum guest_mic mic;
};

struct guest_audio_listener { /* every entry is optional */
    /* The guest wants to record and nobody has answered yet: guest_audio_set_mic(). Once per start
     * of a recording. */
    void (*on_mic_request)(void *ctx);
    /* The guest gets the microphone's samples from now on, or no longer: for the visible sign. */
    void (*on_mic_active)(void *ctx, bool active);
    void *ctx;
};

struct guest_audio_stats {
    bool connected;             /* to PipeWire */
    bool playing;               /* the guest plays */
    uint32_t rate_hz, channels; /* of the guest's sound; 0: none yet */
    struct jitter_stats jitter;
    double device_ms;  /* from our buffer to the ear, as PipeWire says */
    double latency_ms; /* all of it: jitter.level_ms + device_ms; 0 while nothing plays */
    enum guest_mic mic;
    bool mic_wanted, mic_active;
    uint64_t mic_frames, mic_dropped;
};

/* 0 or -errno; a missing PipeWire is no error. */
int guest_audio_create(struct loop *loop, const struct guest_audio_config *config,
                       const struct guest_audio_listener *listener,
                       struct guest_audio **out) MUST_CHECK;
/* Adds both channels to the session. Before the loop runs. */
int guest_audio_attach(struct guest_audio *audio, struct spice_session *session) MUST_CHECK;
void guest_audio_destroy(struct guest_audio *audio); /* NULL is fine */

/* As soon as they are known. `name`: for people, names the streams; `key`: UUID or name, finds the
 * remembered answer. Both are copied. */
void guest_audio_set_vm(struct guest_audio *audio, const char *name, const char *key);
/* The user's answer, or change of mind; remembered for the VM if `remember`. */
void guest_audio_set_mic(struct guest_audio *audio, bool allow, bool remember);
enum guest_mic guest_audio_mic(const struct guest_audio *audio);

void guest_audio_stats(struct guest_audio *audio, struct guest_audio_stats *out); /* any thread */

#endif
