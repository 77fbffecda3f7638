/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "listening.h"

#include "base/clock.h"
#include "test.h"

static void on_mic_request(void *ctx)
{
    ((struct listening *)ctx)->mic_requests++;
}

static void on_mic_active(void *ctx, bool active)
{
    struct listening *l = ctx;
    l->mic_begins += active;
    l->mic_ends += !active;
}

void listening_start(struct listening *l, const char *socket_path,
                     const struct guest_audio_config *config)
{
    *l = (struct listening){ .server = { .socket_path = socket_path } };
    const struct guest_audio_listener listener = { .on_mic_request = on_mic_request,
                                                   .on_mic_active = on_mic_active,
                                                   .ctx = l };
    const struct spice_session_listener none = { .ctx = l };
    CHECK_INT(loop_create(&l->loop), 0);
    CHECK_INT(guest_audio_create(l->loop, config, &listener, &l->audio), 0);
    CHECK_INT(spice_session_create(l->loop, &l->server, &none, &l->session), 0);
    CHECK_INT(guest_audio_attach(l->audio, l->session), 0);
    guest_audio_set_vm(l->audio, "tone", "tone");
}

void listening_stop(struct listening *l)
{
    spice_session_destroy(l->session);
    guest_audio_destroy(l->audio);
    loop_destroy(l->loop);
}

static bool never(void *ctx)
{
    (void)ctx;
    return false;
}

void listening_for_ms(struct listening *l, uint64_t ms)
{
    (void)listening_until(l, never, NULL, ms);
}

struct guest_audio_stats listening_stats(struct listening *l)
{
    struct guest_audio_stats stats;
    guest_audio_stats(l->audio, &stats);
    return stats;
}

bool listening_until(struct listening *l, bool (*done)(void *ctx), void *ctx, uint64_t limit_ms)
{
    const uint64_t deadline_ms = clock_ms() + limit_ms;
    while (!done(ctx)) {
        if (clock_ms() >= deadline_ms)
            return false;
        CHECK(loop_run_once(l->loop, 5) >= 0);
    }
    return true;
}
