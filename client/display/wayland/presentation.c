/* SPDX-License-Identifier: GPL-2.0-or-later
 * When to draw (frame callbacks) and when it was seen (wp_presentation feedback). */
#define LOG_MODULE "wayland"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "display/wayland/wayland_private.h"

#include "presentation-time-client-protocol.h"

struct feedback {
    struct display *display;
    struct wp_presentation_feedback *wp;
    struct wl_list link;
    uint64_t tag;
};

static void on_clock_id(void *ctx, struct wp_presentation *presentation, uint32_t clock)
{
    (void)presentation;
    struct display *d = ctx;
    d->present.clock = (clockid_t)clock;
}

static const struct wp_presentation_listener presentation_listener = { .clock_id = on_clock_id };

static void feedback_end(struct feedback *f, uint64_t presented_ns, uint32_t refresh_ns)
{
    struct display *d = f->display;
    const uint64_t tag = f->tag;
    wl_list_remove(&f->link);
    wp_presentation_feedback_destroy(f->wp);
    free(f);
    if (d->live && d->listener.on_presented)
        d->listener.on_presented(d->listener.ctx, tag, presented_ns, refresh_ns);
}

/* Reads both clocks now: they may run at different rates (weston headless uses
 * CLOCK_MONOTONIC_RAW), but hardly so since the presentation a moment ago. */
static uint64_t to_our_clock(clockid_t clock, uint64_t then_ns)
{
    struct timespec ts;
    if (clock == CLOCK_MONOTONIC || clock_gettime(clock, &ts) != 0)
        return then_ns;
    const uint64_t theirs_ns = (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
    return clock_ns() - (theirs_ns - then_ns);
}

static void on_sync_output(void *ctx, struct wp_presentation_feedback *wp, struct wl_output *output)
{
    (void)ctx, (void)wp, (void)output;
}

static void on_presented(void *ctx, struct wp_presentation_feedback *wp, uint32_t tv_sec_hi,
                         uint32_t tv_sec_lo, uint32_t tv_nsec, uint32_t refresh_ns, uint32_t seq_hi,
                         uint32_t seq_lo, uint32_t flags)
{
    (void)wp, (void)seq_hi, (void)seq_lo, (void)flags;
    struct feedback *f = ctx;
    const uint64_t then_ns = ((uint64_t)tv_sec_hi << 32 | tv_sec_lo) * NS_PER_S + tv_nsec;
    feedback_end(f, to_our_clock(f->display->present.clock, then_ns), refresh_ns);
}

static void on_discarded(void *ctx, struct wp_presentation_feedback *wp)
{
    (void)wp;
    feedback_end(ctx, 0, 0);
}

static const struct wp_presentation_feedback_listener feedback_listener = {
    .sync_output = on_sync_output,
    .presented = on_presented,
    .discarded = on_discarded,
};

static void ask_feedback(struct display *d, struct wl_surface *content, uint64_t tag)
{
    struct feedback *f = d->global.presentation ? calloc(1, sizeof(*f)) : NULL;
    if (!f)
        return;
    f->display = d;
    f->tag = tag;
    f->wp = wp_presentation_feedback(d->global.presentation, content);
    wp_presentation_feedback_add_listener(f->wp, &feedback_listener, f);
    wl_list_insert(&d->present.feedbacks, &f->link);
}

static void on_frame(void *ctx, struct wl_callback *callback, uint32_t time_ms)
{
    (void)time_ms; /* of an unknown clock */
    struct display *d = ctx;
    wl_callback_destroy(callback);
    d->present.frame = NULL;
    if (d->live && d->listener.on_frame)
        d->listener.on_frame(d->listener.ctx, clock_ns());
}

static const struct wl_callback_listener frame_listener = { .done = on_frame };

void display_native_prepare_commit(struct display *d, struct wl_surface *content, uint64_t tag)
{
    d->committed_width = d->state.width;
    d->committed_height = d->state.height;
    /* A callback of a surface that does not carry the picture any more might never come. */
    if (d->present.frame && d->present.frame_surface != content) {
        wl_callback_destroy(d->present.frame);
        d->present.frame = NULL;
    }
    if (!d->present.frame) {
        d->present.frame = wl_surface_frame(content);
        d->present.frame_surface = content;
        wl_callback_add_listener(d->present.frame, &frame_listener, d);
    }
    if (tag)
        ask_feedback(d, content, tag);
}

bool display_native_settled(const struct display *d)
{
    return d->committed_width == d->state.width && d->committed_height == d->state.height &&
           d->committed_width > 0;
}

bool display_native_frame_pending(const struct display *d)
{
    return d->present.frame != NULL;
}

void presentation_init(struct display *d)
{
    d->present.clock = CLOCK_MONOTONIC;
    wl_list_init(&d->present.feedbacks);
}

void presentation_watch_clock(struct display *d)
{
    if (d->global.presentation)
        wp_presentation_add_listener(d->global.presentation, &presentation_listener, d);
}

void presentation_fini(struct display *d)
{
    struct feedback *f, *next;
    wl_list_for_each_safe (f, next, &d->present.feedbacks, link) {
        wp_presentation_feedback_destroy(f->wp);
        free(f);
    }
    if (d->present.frame)
        wl_callback_destroy(d->present.frame);
}
