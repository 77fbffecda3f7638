/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "viewer"

#include "viewer/viewer.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "config/client_options.h"
#include "loop/loop.h"
#include "source/relay/relay.h"
#include "viewer/frame_flow.h"
#include "viewer/guest_view.h"
#include "viewer/waiting_screen.h"

struct viewer {
    const struct viewer_config *config;
    const struct client_options *options;
    struct geometry_config geometry;
    struct loop *loop;
    struct loop_source *sigint, *sigterm, *duration_timer, *waiting_timer;
    struct display *display;
    struct renderer *renderer;
    struct source *source;
    bool has_flow;
    struct frame_flow flow;
    struct guest_view guest;
    struct { /* the waiting screen */
        enum source_state state;
        char title[sizeof(((struct source_status *)0)->title)];
        char detail[sizeof(((struct source_status *)0)->detail)];
        bool shown;
    } waiting;
    uint64_t connect_ns;
    int result;
};

static void stop(struct viewer *v, int result)
{
    v->result = result;
    loop_stop(v->loop);
}

static void on_signal(void *ctx)
{
    stop(ctx, 0);
}

static void on_duration(void *ctx)
{
    stop(ctx, 0);
}

static void draw_waiting(struct viewer *v)
{
    struct still still;
    const struct geometry *g = v->renderer->ops->geometry(v->renderer);
    const int err =
        waiting_screen_draw(v->waiting.title, v->waiting.detail, g->window_width_px,
                            g->window_height_px, display_get_state(v->display)->scale_120, &still);
    if (err) {
        log_every(1000, LOG_LEVEL_WARN, "no waiting screen: %s", err_str(err));
        return;
    }
    pointer_flow_hide(&v->flow.pointer, v->renderer);
    frame_flow_show_still(&v->flow, &still);
    free(still.pixels);
    v->waiting.shown = true;
}

static void on_waiting_timer(void *ctx)
{
    draw_waiting(ctx);
}

/* ---- display ---- */

static void on_configure(void *ctx, const struct display_state *state)
{
    struct viewer *v = ctx;
    if (!v->renderer)
        return;
    v->renderer->ops->configure(v->renderer, state, &v->geometry);
    if (!v->has_flow)
        return;
    if (v->waiting.shown && v->flow.still)
        draw_waiting(v);
    else
        frame_flow_redraw(&v->flow);
}

static void on_close(void *ctx)
{
    stop(ctx, 0);
}

static void on_lost(void *ctx)
{
    stop(ctx, -EPIPE);
}

static void on_frame(void *ctx, uint64_t now_ns)
{
    (void)now_ns;
    struct viewer *v = ctx;
    if (v->has_flow)
        frame_flow_on_frame_callback(&v->flow);
}

static void on_presented(void *ctx, uint64_t tag, uint64_t presented_ns, uint32_t refresh_ns)
{
    (void)refresh_ns;
    struct viewer *v = ctx;
    if (v->has_flow)
        frame_flow_on_presented(&v->flow, tag, presented_ns);
}

/* ---- source ---- */

static void on_status(void *ctx, const struct source_status *status)
{
    struct viewer *v = ctx;
    const enum source_state was = v->waiting.state;
    v->waiting.state = status->state;
    snprintf(v->waiting.title, sizeof(v->waiting.title), "%s",
             status->state == SOURCE_STATE_CONNECTED ? "Waiting for the first picture"
                                                     : status->title);
    snprintf(v->waiting.detail, sizeof(v->waiting.detail), "%s", status->detail);
    guest_view_on_status(&v->guest, status);
    if (status->state != SOURCE_STATE_CONNECTED && status->state != was)
        log_info("%s", v->waiting.title);
    /* Another reason to wait is told at once; that the wait is over, by the picture, if it comes
     * soon. */
    if (v->flow.still && v->waiting.shown && status->state != SOURCE_STATE_CONNECTED)
        draw_waiting(v);
    else if (v->flow.still || status->state != SOURCE_STATE_CONNECTED || !v->flow.has_picture)
        loop_timer_set_ns(v->waiting_timer, clock_ns() + VIEWER_WAITING_NS, 0);
}

static void on_activity(void *ctx)
{
    struct viewer *v = ctx;
    if (v->source)
        frame_flow_on_activity(&v->flow);
}

/* ---- frames ---- */

static void on_frame_header(void *ctx, const struct frame_view *frame)
{
    struct viewer *v = ctx;
    loop_timer_set_ns(v->waiting_timer, 0, 0);
    guest_view_on_frame(&v->guest, frame);
}

static void on_first_frame(void *ctx)
{
    struct viewer *v = ctx;
    log_debug("first frame committed %llu ms after connecting to the compositor",
              (unsigned long long)(v->flow.first_commit_ns / NS_PER_MS));
    if (v->config->on_first_frame)
        v->config->on_first_frame(v->config->ctx);
}

/* ---- life ---- */

static int create_display(struct viewer *v)
{
    const struct client_options *o = v->options;
    if (o->win.position.set)
        log_info("win:position is only a wish: Wayland places windows itself; a rule of your "
                 "desktop for the "
                 "application id \"%s\" can do it",
                 o->win.app_id);
    const struct display_config config = {
        .title = o->win.title,
        .app_id = o->win.app_id,
        .width = o->win.size.width,
        .height = o->win.size.height,
        .fullscreen = o->win.fullscreen,
        .maximized = o->win.maximize,
        .borderless = o->win.borderless,
        .inhibit_idle = o->win.no_screensaver,
    };
    const struct display_listener listener = {
        .on_configure = on_configure,
        .on_close = on_close,
        .on_lost = on_lost,
        .on_frame = on_frame,
        .on_presented = on_presented,
        .ctx = v,
    };
    return display_create(v->loop, &config, &listener, &v->display);
}

static int create_renderer(struct viewer *v)
{
    const struct renderer_config config = {
        .display = v->display,
        .geometry = v->geometry,
        .nearest = v->options->render.nearest,
    };
    return renderer_create(client_options_renderer_name(v->options), &config, &v->renderer);
}

static int create_flow(struct viewer *v)
{
    const struct frame_flow_listener listener = {
        .on_frame_header = on_frame_header,
        .on_first_frame = on_first_frame,
        .ctx = v,
    };
    guest_view_init(&v->guest, v->display, v->options, &v->geometry);
    const int err = frame_flow_init(&v->flow, v->loop, v->display, v->renderer,
                                    (uint32_t)v->options->win.rotate, &listener);
    v->has_flow = err == 0;
    v->flow.connect_ns = v->connect_ns;
    v->flow.want_feedback = v->config->stats != NULL;
    return err;
}

static int create_source(struct viewer *v)
{
    const struct relay_config config = {
        .path = v->options->app.shm_file,
        .fd = v->config->region_fd,
        .wait = v->options->app.wait == CLIENT_WAIT_FIXED ? &wait_fixed_ops : &wait_adaptive_ops,
        .fixed_interval_us = v->options->app.wait_interval_us,
    };
    const struct source_listener listener = { .on_status = on_status,
                                              .on_activity = on_activity,
                                              .ctx = v };
    const int err = relay_create(v->loop, &config, &listener, &v->source);
    if (err)
        return err;
    v->flow.source = v->source;
    frame_flow_on_activity(&v->flow); /* what came before we could hear of it */
    return 0;
}

static int create_loop(struct viewer *v)
{
    int err = loop_create(&v->loop);
    if (!err)
        err = loop_add_signal(v->loop, SIGINT, on_signal, v, &v->sigint);
    if (!err)
        err = loop_add_signal(v->loop, SIGTERM, on_signal, v, &v->sigterm);
    if (!err)
        err = loop_add_timer(v->loop, on_duration, v, &v->duration_timer);
    if (!err)
        err = loop_add_timer(v->loop, on_waiting_timer, v, &v->waiting_timer);
    if (!err && v->config->duration_ms)
        loop_timer_set_ns(v->duration_timer, clock_ns() + v->config->duration_ms * NS_PER_MS, 0);
    return err;
}

static int create(struct viewer *v)
{
    int err = create_loop(v);
    v->connect_ns = clock_ns();
    if (!err)
        err = create_display(v);
    if (!err)
        err = create_renderer(v);
    if (!err)
        err = create_flow(v);
    if (!err)
        err = create_source(v);
    return err;
}

static void fill_stats(struct viewer *v, struct viewer_stats *out)
{
    const struct frame_flow *f = &v->flow;
    *out = (struct viewer_stats){
        .frames_shown = f->frames_shown,
        .frames_presented = f->frames_presented,
        .frames_discarded = f->frames_discarded,
        .first_commit_ns = f->first_commit_ns,
        .notice_to_commit_ns = f->notice_to_commit_ns,
        .commit_to_present_ns = f->commit_to_present_ns,
    };
    if (v->source)
        v->source->ops->stats(v->source, &out->source);
    if (v->renderer) {
        v->renderer->ops->stats(v->renderer, &out->renderer);
        out->renderer_name = v->renderer->ops->name;
    }
}

static void destroy(struct viewer *v)
{
    if (v->source)
        v->source->ops->destroy(v->source);
    if (v->has_flow)
        frame_flow_fini(&v->flow);
    if (v->renderer)
        v->renderer->ops->destroy(v->renderer);
    display_destroy(v->display);
    loop_source_destroy(v->waiting_timer);
    loop_source_destroy(v->duration_timer);
    loop_source_destroy(v->sigterm);
    loop_source_destroy(v->sigint);
    loop_destroy(v->loop);
}

int viewer_run_config(const struct viewer_config *config)
{
    const struct client_options *o = config->options;
    struct viewer v = {
        .config = config,
        .options = o,
        .geometry = { .keep_aspect = o->win.keep_aspect,
                      .integer_upscale = o->win.int_upscale,
                      .no_upscale = o->win.no_upscale,
                      .rotation = (enum frame_rotation)(o->win.rotate & 3) },
    };
    int err = create(&v);
    if (!err)
        err = loop_run(v.loop);
    if (!err)
        err = v.result;
    if (config->stats)
        fill_stats(&v, config->stats);
    destroy(&v);
    return err;
}

int viewer_run(const struct client_options *options)
{
    return viewer_run_config(&(struct viewer_config){ .options = options, .region_fd = -1 });
}
