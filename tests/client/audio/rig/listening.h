/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/client/audio/rig/listening.h - the viewer's side: a loop, a SPICE session and the guest's
 * sound, as the viewer puts them together. One thread. */
#ifndef ESPELHO_TESTS_LISTENING_H
#define ESPELHO_TESTS_LISTENING_H

#include "audio/guest_audio.h"
#include "loop/loop.h"
#include "spice/session.h"

struct listening {
    struct loop *loop;
    struct spice_server server;
    struct spice_session *session;
    struct guest_audio *audio;
    unsigned mic_requests, mic_begins, mic_ends;
};

void listening_start(struct listening *l, const char *socket_path,
                     const struct guest_audio_config *config);
void listening_stop(struct listening *l);
void listening_for_ms(struct listening *l, uint64_t ms);
struct guest_audio_stats listening_stats(struct listening *l);
/* Runs the loop until `done(ctx)`; false: not within `limit_ms`. */
bool listening_until(struct listening *l, bool (*done)(void *ctx), void *ctx, uint64_t limit_ms);

#endif
