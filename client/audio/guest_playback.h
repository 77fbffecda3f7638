/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/audio/guest_playback.h - the half of guest_audio.h that plays. Threads: as there. */
#ifndef ESPELHO_AUDIO_GUEST_PLAYBACK_H
#define ESPELHO_AUDIO_GUEST_PLAYBACK_H

#include "audio/audio.h"
#include "audio/guest_audio.h"

struct guest_playback;

/* `audio` is borrowed, NULL: there is none. 0 or -errno. */
int guest_playback_create(struct loop *loop, struct audio *audio,
                          const struct guest_audio_config *config,
                          struct guest_playback **out) MUST_CHECK;
int guest_playback_attach(struct guest_playback *self, struct spice_session *session) MUST_CHECK;
void guest_playback_destroy(struct guest_playback *self); /* NULL is fine */
/* Fills in its part. Any thread. */
void guest_playback_stats(struct guest_playback *self, struct guest_audio_stats *out);

/* The guest's slider (0..65535) as amplitude: loudness goes with the cube root of it. */
float guest_volume_amplitude(uint16_t level);

#endif
