/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/audio/pipewire/pipewire_audio.h - audio.h by way of PipeWire.
 *
 * Threads: "espelho-audio" (a pw_thread_loop) owns every object of PipeWire; the callers' thread
 * sends it messages; PipeWire's data thread runs `process`. A daemon that is absent or leaves is
 * logged once and tried again, from 250 ms to 4 s apart. Volumes set by the user or by us are kept
 * over its restart. Needs libpipewire 0.3.49 or later. */
#ifndef ESPELHO_AUDIO_PIPEWIRE_PIPEWIRE_AUDIO_H
#define ESPELHO_AUDIO_PIPEWIRE_PIPEWIRE_AUDIO_H

#include "audio/audio.h"

extern const struct audio_ops pipewire_audio_ops;

#endif
