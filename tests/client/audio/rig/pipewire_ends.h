/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/client/audio/rig/pipewire_ends.h - what stands at the ends of PipeWire in the tests: an ear
 * on the monitor of a sink, a mouth that is a microphone. Written on libpipewire, not on our
 * backend. Each has a thread of its own; made and destroyed by one other. */
#ifndef ESPELHO_TESTS_PIPEWIRE_ENDS_H
#define ESPELHO_TESTS_PIPEWIRE_ENDS_H

#include "tone.h"

struct pipewire_end;

#define MOUTH "test-microphone"

/* The daemon must run. An end does not survive the daemon. */
struct pipewire_end *pipewire_ear(const char *sink);
struct pipewire_end *pipewire_mouth(void); /* plays the tone of tone.h */
struct tone_judge *pipewire_heard(struct pipewire_end *ear);
void pipewire_end_destroy(struct pipewire_end *end);

#endif
