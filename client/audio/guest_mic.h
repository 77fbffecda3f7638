/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/audio/guest_mic.h - the half of guest_audio.h that records. Threads: as there. */
#ifndef ESPELHO_AUDIO_GUEST_MIC_H
#define ESPELHO_AUDIO_GUEST_MIC_H

#include "audio/audio.h"
#include "audio/guest_audio.h"

struct guest_mic_line;

/* `audio` is borrowed, NULL: there is none. 0 or -errno. */
int guest_mic_line_create(struct loop *loop, struct audio *audio,
                          const struct guest_audio_config *config,
                          const struct guest_audio_listener *listener,
                          struct guest_mic_line **out) MUST_CHECK;
int guest_mic_line_attach(struct guest_mic_line *self, struct spice_session *session) MUST_CHECK;
void guest_mic_line_destroy(struct guest_mic_line *self); /* NULL is fine */
void guest_mic_line_set(struct guest_mic_line *self, enum guest_mic permission);
enum guest_mic guest_mic_line_permission(const struct guest_mic_line *self);
/* Fills in its part. Any thread. */
void guest_mic_line_stats(struct guest_mic_line *self, struct guest_audio_stats *out);

#endif
