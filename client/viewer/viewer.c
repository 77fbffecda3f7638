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
#include "base/text.h"
#include "base/thread.h"
#include "config/client_options.h"
#include "loop/loop.h"
#include "source/relay/relay.h"
#include "source/spice/spice_source.h"
#include "source/switch/switch.h"
#include "viewer/controls.h"
#include "viewer/frame_flow.h"
#include "viewer/guest_view.h"
#include "viewer/report.h"
#include "viewer/spice_target.h"
#include "viewer/viewer_report.h"
#include "viewer/waiting_screen.h"

enum { RESIZE_DELAY_MS = 300 };

struct viewer {
    const struct viewer_config *config;
    const struct client_options *options;
    struct geometry_config geometry;
    struct loop *loop;
    struct loop_source *sigint, *sigterm, *duration_timer, *waiting_timer, *resize_timer;
    struct display *display;
    struct renderer *renderer;
    struct spice_target spice;
    bool has_controls;
    struct controls controls;
    struct geometry told_geometry; /* what the input thread knows */
    uint32_t told_scale_120;
    uint32_t told_space_width_px, told_space_height_px;
    bool absolute;         /* the guest took positions in this session */
    bool spice_wanted;     /* by the switch, for its picture */
    struct source *source; /* the switch between relay and SPICE */
    struct report *report;
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
    if (!v->has_controls)
        return;
    controls_on_configure(&v->controls);
    if (v->options->spice.resize_guest)
        loop_timer_set_ns(v->resize_timer, clock_ns() + RESIZE_DELAY_MS * NS_PER_MS, 0);
}

/* The window has had its size for a moment: dragging an edge gives many. */
static void on_resize_timer(void *ctx)
{
    struct viewer *v = ctx;
    const struct display_state *state = display_get_state(v->display);
    guest_link_set_window_size(v->controls.link, geometry_to_px(state->width, state->scale_120),
                               geometry_to_px(state->height, state->scale_120));
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
    if (status->state != SOURCE_STATE_CONNECTED)
        frame_flow_forget(&v->flow);
    if (status->state != SOURCE_STATE_CONNECTED && was == SOURCE_STATE_CONNECTED)
        pointer_flow_lost(&v->flow.pointer);
    v->waiting.state = status->state;
    snprintf(v->waiting.title, sizeof(v->waiting.title), "%s",
             status->state == SOURCE_STATE_CONNECTED ? _("Waiting for the first picture")
                                                     : status->title);
    if (v->controls.video_off)
        snprintf(v->waiting.detail, sizeof(v->waiting.detail), _("%s + %s shows it again."),
                 v->options->input.escape_key, v->options->bindings.video);
    else
        snprintf(v->waiting.detail, sizeof(v->waiting.detail), "%s", status->detail);
    guest_view_on_status(&v->guest, status);
    if (v->has_controls)
        controls_on_relay(&v->controls, status->session);
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

static void on_reclaim(void *ctx, uint32_t token)
{
    struct viewer *v = ctx;
    frame_flow_on_reclaim(&v->flow, token);
}

/* ---- frames ---- */

static void on_frame_done(void *ctx, uint32_t id)
{
    struct viewer *v = ctx;
    if (v->has_flow)
        frame_flow_on_frame_done(&v->flow, id);
}

static void on_frame_header(void *ctx, const struct frame_view *frame)
{
    struct viewer *v = ctx;
    loop_timer_set_ns(v->waiting_timer, 0, 0);
    guest_view_on_frame(&v->guest, frame);
}

/* QEMU takes positions as parts of its emulated display, whatever picture is shown. */
static void tell_position_space(struct viewer *v)
{
    uint32_t width_px = 0, height_px = 0;
    struct source *spice = v->source ? source_switch_spice(v->source) : NULL;
    if (spice)
        spice_source_get_size(spice, &width_px, &height_px);
    if (width_px == v->told_space_width_px && height_px == v->told_space_height_px)
        return;
    v->told_space_width_px = width_px;
    v->told_space_height_px = height_px;
    guest_link_set_position_space(v->controls.link, width_px, height_px);
}

/* The input thread maps positions by what is seen now. */
static void on_shown(void *ctx)
{
    struct viewer *v = ctx;
    if (v->has_controls)
        tell_position_space(v);
    const struct geometry *g = v->renderer->ops->geometry(v->renderer);
    const uint32_t scale_120 = display_get_state(v->display)->scale_120;
    if (!v->has_controls ||
        (scale_120 == v->told_scale_120 && geometry_equal(g, &v->told_geometry)))
        return;
    v->told_geometry = *g;
    v->told_scale_120 = scale_120;
    guest_link_set_geometry(v->controls.link, g, scale_120, v->geometry.rotation);
}

static void on_pointer_shape(void *ctx, const struct cursor_image *image, int32_t hot_x_px,
                             int32_t hot_y_px, bool visible)
{
    struct viewer *v = ctx;
    if (v->has_controls)
        guest_link_set_cursor(v->controls.link, image, hot_x_px, hot_y_px, visible);
}

static void on_pointer_position(void *ctx, int32_t hot_x_px, int32_t hot_y_px)
{
    struct viewer *v = ctx;
    if (v->has_controls)
        guest_link_set_cursor_position(v->controls.link, hot_x_px, hot_y_px);
}

static void on_first_frame(void *ctx)
{
    struct viewer *v = ctx;
    log_debug("first frame committed %llu ms after connecting to the compositor",
              (unsigned long long)(v->flow.first_commit_ns / NS_PER_MS));
    if (v->config->on_first_frame)
        v->config->on_first_frame(v->config->ctx);
}

/* ---- keyboard, session, words over the picture ---- */

static void fill_stats(const struct viewer *v, struct viewer_stats *out)
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
    for (int i = 0; i < LATENCY_STAGES; i++) {
        struct viewer_stage *s = &out->stages[i];
        s->known = latency_quantiles(&f->latency, (enum latency_stage)i, &s->median_ns, &s->p99_ns);
    }
    if (v->source)
        v->source->ops->stats(v->source, &out->source);
    if (v->renderer) {
        v->renderer->ops->stats(v->renderer, &out->renderer);
        out->renderer_name = v->renderer->ops->name;
    }
    if (v->has_controls) {
        out->spice = v->controls.status;
        out->has_audio = guest_link_audio_stats(v->controls.link, &out->audio);
    }
    if (v->source)
        out->active = source_switch_active(v->source);
}

static void on_quit(void *ctx)
{
    stop(ctx, 0);
}

static void on_turn(void *ctx)
{
    struct viewer *v = ctx;
    v->geometry.rotation = (v->geometry.rotation + 1) & 3;
    v->guest.geometry = v->geometry;
    v->renderer->ops->configure(v->renderer, display_get_state(v->display), &v->geometry);
    frame_flow_set_turns(&v->flow, (uint32_t)v->geometry.rotation);
}

static void on_video(void *ctx, bool on)
{
    struct viewer *v = ctx;
    v->source->ops->suspend(v->source, !on);
}

static void on_cursor_drawn(void *ctx, bool drawn)
{
    struct viewer *v = ctx;
    frame_flow_set_pointer_drawn(&v->flow, drawn);
}

static void on_place_pointer(void *ctx, int32_t x_px, int32_t y_px)
{
    struct viewer *v = ctx;
    if (v->source && !source_place_pointer(v->source, x_px, y_px))
        log_debug_every(5000, "the host does not place its pointer now");
}

/* Once positions went to the guest, its emulated display stays open behind the relay's picture, for
 * as long as the session lasts: its size must be known. */
static void on_absolute(void *ctx, bool absolute)
{
    struct viewer *v = ctx;
    struct source *spice = v->source ? source_switch_spice(v->source) : NULL;
    if (!absolute || v->absolute)
        return;
    v->absolute = true;
    if (spice && !v->spice_wanted)
        spice_source_want(spice, true);
}

static void on_session(void *ctx, const struct spice_session_info *info)
{
    struct viewer *v = ctx;
    struct source *spice = v->source ? source_switch_spice(v->source) : NULL;
    if (!spice)
        return;
    if (info) {
        spice_source_set_session(spice, info->connection_id, info->has_display, info->has_cursor);
        return;
    }
    spice_source_set_session(spice, 0, false, false);
    if (v->absolute && !v->spice_wanted)
        spice_source_want(spice, false);
    v->absolute = false;
}

static void on_spice_status(void *ctx, const struct spice_session_status *status)
{
    struct viewer *v = ctx;
    struct source *spice = v->source ? source_switch_spice(v->source) : NULL;
    if (spice)
        spice_source_set_problem(spice, status->text);
}

static void on_password(void *ctx, const char *password)
{
    struct viewer *v = ctx;
    spice_target_set_password(&v->spice, password);
}

static void on_capture(void *ctx, bool captured)
{
    struct viewer *v = ctx;
    guest_view_set_captured(&v->guest, captured);
}

/* Input thread. */
static void on_input_activity(void *ctx)
{
    struct viewer *v = ctx;
    v->source->ops->local_input(v->source);
}

static void on_figures(void *ctx, char *text, size_t text_bytes)
{
    const struct viewer *v = ctx;
    struct viewer_stats stats;
    fill_stats(v, &stats);
    viewer_report_text(&stats, text, text_bytes);
}

static void on_report(void *ctx, struct cJSON *object)
{
    struct viewer *v = ctx;
    v->flow.feedback_until_ns = clock_ns() + VIEWER_WATCHED_NS;
    struct viewer_stats stats;
    fill_stats(v, &stats);
    viewer_report_json(&stats, object);
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
        .loop = v->loop,
        .import = (enum render_import)v->options->render.import,
        .direct = v->options->render.direct,
        .on_frame_done = on_frame_done,
        .ctx = v,
    };
    return renderer_create(client_options_renderer_name(v->options), &config, &v->renderer);
}

static int create_flow(struct viewer *v)
{
    const struct frame_flow_listener listener = {
        .on_frame_header = on_frame_header,
        .on_first_frame = on_first_frame,
        .on_shown = on_shown,
        .ctx = v,
    };
    const struct pointer_flow_listener pointer_listener = { .on_shape = on_pointer_shape,
                                                            .on_position = on_pointer_position,
                                                            .ctx = v };
    guest_view_init(&v->guest, v->display, v->options, &v->geometry);
    const int err = frame_flow_init(&v->flow, v->loop, v->display, v->renderer,
                                    (uint32_t)v->options->win.rotate, &listener, &pointer_listener);
    v->has_flow = err == 0;
    v->flow.connect_ns = v->connect_ns;
    v->flow.want_feedback = v->config->stats != NULL;
    return err;
}

static int create_relay(void *ctx, const struct source_listener *listener, struct source **out)
{
    const struct viewer *v = ctx;
    const struct relay_config config = {
        .path = v->options->app.shm_file,
        .fd = v->config->region_fd,
        .wait = wait_find(client_options_wait_name(v->options)),
        .fixed_interval_us = v->options->app.wait_interval_us,
    };
    return relay_create(v->loop, &config, listener, out);
}

static int create_spice(void *ctx, const struct source_listener *listener, struct source **out)
{
    const struct viewer *v = ctx;
    return spice_source_create(v->loop, &v->spice.server, listener, out);
}

static void want_spice(void *ctx, struct source *spice, bool want)
{
    struct viewer *v = ctx;
    v->spice_wanted = want;
    if (want || !v->absolute)
        spice_source_want(spice, want);
}

static enum source_switch_mode source_mode(const struct viewer *v)
{
    static const enum source_switch_mode modes[] = { [CLIENT_SOURCE_AUTO] = SOURCE_SWITCH_AUTO,
                                                     [CLIENT_SOURCE_RELAY] = SOURCE_SWITCH_RELAY,
                                                     [CLIENT_SOURCE_SPICE] = SOURCE_SWITCH_SPICE };
    return v->spice.wanted ? modes[v->options->app.source] : SOURCE_SWITCH_RELAY;
}

static int create_source(struct viewer *v)
{
    const struct source_switch_config config = {
        .mode = source_mode(v),
        .create_relay = create_relay,
        .create_spice = create_spice,
        .want_spice = want_spice,
        .ctx = v,
    };
    const struct source_switch_listener listener = { .source = { .on_status = on_status,
                                                                 .on_activity = on_activity,
                                                                 .on_reclaim = on_reclaim,
                                                                 .ctx = v } };
    v->spice_wanted = config.mode == SOURCE_SWITCH_SPICE; /* else the switch says it */
    const int err = source_switch_create(v->loop, &config, &listener, &v->source);
    if (err)
        return err;
    v->flow.source = v->source;
    frame_flow_on_activity(&v->flow); /* what came before we could hear of it */
    return 0;
}

static int create_controls(struct viewer *v)
{
    const struct controls_listener listener = {
        .on_quit = on_quit,
        .on_turn = on_turn,
        .on_video = on_video,
        .on_cursor_drawn = on_cursor_drawn,
        .on_place_pointer = on_place_pointer,
        .on_absolute = on_absolute,
        .on_session = on_session,
        .on_spice_status = on_spice_status,
        .on_password = on_password,
        .on_capture = on_capture,
        .on_activity = on_input_activity,
        .on_figures = on_figures,
        .ctx = v,
    };
    const int err = controls_init(&v->controls, v->loop, v->display, v->options,
                                  v->spice.wanted ? &v->spice.server : NULL, &listener);
    if (err < 0)
        controls_fini(&v->controls);
    v->has_controls = err == 0;
    if (v->has_controls && v->options->spice.resize_guest)
        loop_timer_set_ns(v->resize_timer, clock_ns() + RESIZE_DELAY_MS * NS_PER_MS, 0);
    return err;
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
    if (!err)
        err = loop_add_timer(v->loop, on_resize_timer, v, &v->resize_timer);
    if (!err && v->config->duration_ms)
        loop_timer_set_ns(v->duration_timer, clock_ns() + v->config->duration_ms * NS_PER_MS, 0);
    return err;
}

static int create(struct viewer *v)
{
    int err = spice_target_init(&v->spice, v->options);
    if (!err)
        err = create_loop(v);
    v->connect_ns = clock_ns();
    if (!err)
        err = create_display(v);
    if (!err)
        err = create_renderer(v);
    if (!err)
        err = create_flow(v);
    if (!err)
        err = create_source(v);
    if (!err)
        err = create_controls(v);
    if (!err)
        (void)!report_create(v->loop, on_report, v, &v->report); /* a viewer lives without */
    return err;
}

static void destroy(struct viewer *v)
{
    report_destroy(v->report);
    if (v->has_controls) /* its thread tells the source of activity */
        controls_fini(&v->controls);
    v->has_controls = false;
    if (v->source)
        v->source->ops->destroy(v->source);
    if (v->has_flow)
        frame_flow_fini(&v->flow);
    v->has_flow = false; /* the renderer may still speak */
    if (v->renderer)
        v->renderer->ops->destroy(v->renderer);
    display_destroy(v->display);
    loop_source_destroy(v->resize_timer);
    loop_source_destroy(v->waiting_timer);
    loop_source_destroy(v->duration_timer);
    loop_source_destroy(v->sigterm);
    loop_source_destroy(v->sigint);
    loop_destroy(v->loop);
    spice_target_fini(&v->spice);
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
    (void)!thread_run_when_woken(THREAD_FRAMES); /* else a little later where the core is busy */
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
