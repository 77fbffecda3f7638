/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/viewer/viewer.h - `espelho view`: creates and connects display, renderer and source, and
 * owns them.
 *
 * One picture at a time: the newest frame is taken when the compositor is ready to show one. While
 * it is not, the frame stays with the guest's host, but never longer than VIEWER_HOLD_NS: then it
 * is copied and given back, so that neither stalls. Threads: viewer_run() makes the calling thread
 * the render thread until it returns; it blocks SIGINT and SIGTERM there. Threads that the caller
 * started before should have these two blocked as well. */
#ifndef ESPELHO_VIEWER_VIEWER_H
#define ESPELHO_VIEWER_VIEWER_H

#include <stdbool.h>
#include <stdint.h>

#include "audio/guest_audio.h"
#include "base/clock.h"
#include "base/macros.h"
#include "render/render.h"
#include "source/source.h"
#include "source/switch/switch.h"
#include "spice/session.h"
#include "viewer/latency.h"

struct client_options;

#define VIEWER_HOLD_NS (300 * NS_PER_MS) /* how long a frame may stay unread */
#define VIEWER_WATCHED_NS                                                                          \
    (5 * NS_PER_S) /* after a look of `espelho stats`: feedback is asked for */
#define VIEWER_WAITING_NS                                                                          \
    (150 * NS_PER_MS) /* the waiting screen does not flash up at a quick start */

/* What happened, for `demo`, stats and benchmarks. */
struct viewer_stats {
    uint64_t frames_shown;     /* pictures committed to the compositor */
    uint64_t frames_presented; /* of these, seen on a screen (presentation feedback) */
    uint64_t frames_discarded; /* the compositor said: never shown */
    uint64_t first_commit_ns;  /* from connecting to the compositor to the first commit of a frame;
                                  0: none */
    uint64_t notice_to_commit_ns;  /* smoothed: source noticed the frame -> committed */
    uint64_t commit_to_present_ns; /* smoothed, 0: unknown */
    struct viewer_stage {
        uint64_t median_ns, p99_ns;
        bool known;
    } stages[LATENCY_STAGES];
    struct source_stats source;
    struct renderer_stats renderer;
    const char *renderer_name;        /* static; NULL if none was created */
    enum source_switch_active active; /* whose picture it is */
    struct spice_session_status spice;
    bool has_audio;
    struct guest_audio_stats audio;
};

struct viewer_config {
    const struct client_options *options; /* borrowed */
    int region_fd;        /* -1: the options' region; else borrowed (demo: a memfd) */
    uint32_t duration_ms; /* 0: until closed */
    /* Render thread, optional. After the first commit that shows a guest frame. */
    void (*on_first_frame)(void *ctx);
    void *ctx;
    struct viewer_stats *stats; /* filled in before return, may be NULL */
};

/* Until the window is closed, SIGINT, SIGTERM, or `duration_ms`: 0. -errno when it
 * could not start, or when the compositor went away; the reason was logged. */
int viewer_run(const struct client_options *options) MUST_CHECK;
int viewer_run_config(const struct viewer_config *config) MUST_CHECK;

#endif
