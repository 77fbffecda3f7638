/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "input"

#include "viewer/guest_link.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/decimal.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "base/thread.h"
#include "clipboard/exchange.h"
#include "display/seat.h"
#include "input/input.h"
#include "kvmfr/session.h"
#include "loop/mailbox.h"
#include "viewer/guest_mail.h"

struct guest_link {
    const struct client_options *options; /* constant, as are these three */
    const struct spice_server *server;
    struct display *display;
    struct guest_link_listener listener;
    struct mailbox *news; /* to the render thread; lives on its loop */
    pthread_t thread;
    bool running; /* the thread was started */

    /* The rest belongs to the input thread while it runs. */
    struct loop *loop;
    struct mailbox *orders;
    struct binding_table *bindings;
    struct input *input;
    struct display_seat *seat;
    struct guest_audio *_Atomic audio; /* its figures are read by the render thread, too */
    struct spice_session *session;
    struct exchange *exchange;
    bool can_place;
    enum input_mouse_mode mouse_mode; /* the router forgets it with the inputs channel */
};

/* ---- news for the render thread ---- */

static void tell(struct guest_link *l, enum guest_news kind, const void *body, size_t bytes)
{
    const int err = mailbox_post(l->news, kind, body, bytes);
    if (err < 0)
        log_every(1000, LOG_LEVEL_ERROR, "a message to the window is lost: %s", err_str(err));
}

static void tell_bool(struct guest_link *l, enum guest_news kind, bool value)
{
    tell(l, kind, &value, sizeof(value));
}

static void tell_text(struct guest_link *l, enum guest_news kind, const char *text)
{
    tell(l, kind, text, strlen(text) + 1);
}

static void on_news(void *ctx, uint32_t kind, const void *body, size_t body_bytes)
{
    (void)body_bytes;
    struct guest_link *l = ctx;
    const struct guest_link_listener *to = &l->listener;
    const char *text = body;
    const struct guest_point *point = body;
    switch ((enum guest_news)kind) {
    case GUEST_NEWS_STATUS:
        to->on_status(to->ctx, body);
        break;
    case GUEST_NEWS_INFO:
        to->on_info(to->ctx, body);
        break;
    case GUEST_NEWS_LOST:
        to->on_lost(to->ctx);
        break;
    case GUEST_NEWS_ACTION:
        to->on_action(to->ctx, *(const enum input_action *)body);
        break;
    case GUEST_NEWS_HELP:
        to->on_help(to->ctx, text[0] ? text : NULL);
        break;
    case GUEST_NEWS_NOTICE:
        to->on_notice(to->ctx, text);
        break;
    case GUEST_NEWS_PROGRESS:
        to->on_progress(to->ctx, text[0] ? text : NULL);
        break;
    case GUEST_NEWS_CAPTURE:
        to->on_capture(to->ctx, *(const bool *)body);
        break;
    case GUEST_NEWS_CURSOR_DRAWN:
        to->on_cursor_drawn(to->ctx, *(const bool *)body);
        break;
    case GUEST_NEWS_PLACE_POINTER:
        to->on_place_pointer(to->ctx, point->x, point->y);
        break;
    case GUEST_NEWS_ABSOLUTE:
        to->on_absolute(to->ctx, *(const bool *)body);
        break;
    case GUEST_NEWS_MIC_REQUEST:
        to->on_mic_request(to->ctx);
        break;
    case GUEST_NEWS_MIC_ACTIVE:
        to->on_mic_active(to->ctx, *(const bool *)body);
        break;
    case GUEST_NEWS_NONE:
        break;
    }
}

/* ---- router -> guest. It is told that the guest is connected only while there is a session. ----
 */

static void sink_key(void *ctx, uint32_t scancode, bool down)
{
    spice_session_key(((struct guest_link *)ctx)->session, scancode, down);
}

static void sink_scancodes(void *ctx, const uint8_t *codes, size_t count)
{
    spice_session_scancodes(((struct guest_link *)ctx)->session, codes, count);
}

static void sink_motion(void *ctx, int32_t dx, int32_t dy)
{
    spice_session_motion(((struct guest_link *)ctx)->session, dx, dy);
}

static void sink_position(void *ctx, uint32_t x_px, uint32_t y_px)
{
    spice_session_position(((struct guest_link *)ctx)->session, x_px, y_px);
}

static void sink_button(void *ctx, enum input_button button, bool down)
{
    spice_session_button(((struct guest_link *)ctx)->session, (uint8_t)button, down);
}

static void sink_locks(void *ctx, uint32_t locks)
{
    spice_session_set_locks(((struct guest_link *)ctx)->session, locks);
}

static void sink_request_mouse_mode(void *ctx, enum input_mouse_mode mode)
{
    spice_session_request_mouse_mode(((struct guest_link *)ctx)->session,
                                     mode == INPUT_MOUSE_ABSOLUTE ? SPICE_MOUSE_ABSOLUTE
                                                                  : SPICE_MOUSE_RELATIVE);
}

static bool sink_set_guest_pointer(void *ctx, int32_t x_px, int32_t y_px)
{
    struct guest_link *l = ctx;
    const struct guest_point point = { x_px, y_px };
    if (l->can_place)
        tell(l, GUEST_NEWS_PLACE_POINTER, &point, sizeof(point));
    return l->can_place;
}

static const struct input_sink_ops sink_ops = {
    .key = sink_key,
    .scancodes = sink_scancodes,
    .motion = sink_motion,
    .position = sink_position,
    .button = sink_button,
    .locks = sink_locks,
    .request_mouse_mode = sink_request_mouse_mode,
    .set_guest_pointer = sink_set_guest_pointer,
};

/* ---- router -> window ---- */

static void on_action(void *ctx, enum input_action action)
{
    struct guest_link *l = ctx;
    if (action != INPUT_ACTION_CANCEL)
        tell(l, GUEST_NEWS_ACTION, &action, sizeof(action));
    else if (!l->exchange || !exchange_cancel_files(l->exchange))
        tell_text(l, GUEST_NEWS_NOTICE, _("No files are on their way"));
}

/* "KEY<tab>WHAT" lines as two columns of a font with one width. */
static void line_up(const char *lines, char *text, size_t text_bytes)
{
    int widest = 0;
    for (const char *at = lines; *at; at += strcspn(at, "\n") + (strchr(at, '\n') != NULL)) {
        const int key = (int)strcspn(at, "\t\n");
        widest = key > widest ? key : widest;
    }
    size_t used = 0;
    for (const char *at = lines; *at && used < text_bytes;) {
        const int key = (int)strcspn(at, "\t\n"), line = (int)strcspn(at, "\n");
        const int n =
            snprintf(text + used, text_bytes - used, "%s%-*.*s  %.*s", used ? "\n" : "", widest,
                     key, at, line > key ? line - key - 1 : 0, at + key + (line > key));
        used += n > 0 ? (size_t)n : 0;
        at += line + (at[line] == '\n');
    }
}

static void on_help(void *ctx, bool show)
{
    struct guest_link *l = ctx;
    char lines[4096] = "", text[8192] = "";
    if (show) {
        binding_table_help(l->bindings, lines, sizeof(lines));
        line_up(lines, text, sizeof(text));
    }
    tell_text(l, GUEST_NEWS_HELP, text);
}

static void on_capture(void *ctx, bool captured)
{
    tell_bool(ctx, GUEST_NEWS_CAPTURE, captured);
}

static void on_activity(void *ctx)
{
    struct guest_link *l = ctx;
    l->listener.on_activity(l->listener.ctx);
}

static void on_hint(void *ctx, const char *text)
{
    tell_text(ctx, GUEST_NEWS_NOTICE, text);
}

static void on_cursor_drawn(void *ctx, bool drawn)
{
    tell_bool(ctx, GUEST_NEWS_CURSOR_DRAWN, drawn);
}

/* ---- SPICE session ---- */

static void on_status(void *ctx, const struct spice_session_status *status)
{
    tell(ctx, GUEST_NEWS_STATUS, status, sizeof(*status));
}

static void on_info(void *ctx, const struct spice_session_info *info)
{
    struct guest_link *l = ctx;
    char uuid[37] = "";
    if (info->has_uuid)
        kvmfr_uuid_text(info->uuid, uuid);
    if (l->audio)
        guest_audio_set_vm(l->audio, info->name, uuid[0] ? uuid : info->name);
    tell(l, GUEST_NEWS_INFO, info, sizeof(*info));
}

static void on_lost(void *ctx)
{
    tell(ctx, GUEST_NEWS_LOST, NULL, 0);
}

static void on_input_ready(void *ctx, bool ready)
{
    struct guest_link *l = ctx;
    input_set_connected(l->input, ready);
    if (ready)
        input_set_mouse_mode(l->input, l->mouse_mode);
}

static void on_mouse_mode(void *ctx, enum spice_mouse_mode mode)
{
    static const enum input_mouse_mode modes[] = { [SPICE_MOUSE_NONE] = INPUT_MOUSE_NONE,
                                                   [SPICE_MOUSE_RELATIVE] = INPUT_MOUSE_RELATIVE,
                                                   [SPICE_MOUSE_ABSOLUTE] = INPUT_MOUSE_ABSOLUTE };
    struct guest_link *l = ctx;
    l->mouse_mode = modes[mode];
    input_set_mouse_mode(l->input, l->mouse_mode);
    tell_bool(l, GUEST_NEWS_ABSOLUTE, l->mouse_mode == INPUT_MOUSE_ABSOLUTE);
}

static void on_guest_locks(void *ctx, uint32_t locks)
{
    input_set_guest_locks(((struct guest_link *)ctx)->input, locks);
}

static void on_agent(void *ctx, bool connected)
{
    exchange_on_agent(((struct guest_link *)ctx)->exchange, connected);
}

static void on_agent_data(void *ctx, const uint8_t *bytes, size_t count)
{
    exchange_on_agent_data(((struct guest_link *)ctx)->exchange, bytes, count);
}

static void on_agent_room(void *ctx)
{
    exchange_on_agent_room(((struct guest_link *)ctx)->exchange);
}

static size_t port_room(void *ctx)
{
    const struct guest_link *l = ctx;
    return l->session ? spice_session_agent_room(l->session) : 0;
}

static int port_send(void *ctx, const void *bytes, size_t count)
{
    struct guest_link *l = ctx;
    return l->session ? spice_session_agent_send(l->session, bytes, count) : -EAGAIN;
}

/* ---- clipboard, files ---- */

static void on_transfer_notice(void *ctx, const char *text)
{
    log_info("%s", text);
    tell_text(ctx, GUEST_NEWS_NOTICE, text);
}

static void on_transfer_progress(void *ctx, const char *what, uint64_t done, uint64_t total)
{
    char text[256] = "";
    if (done < total)
        snprintf(text, sizeof(text), _("%s: %s of %s MiB"), what,
                 DECIMAL((double)done / 1048576.0, 1), DECIMAL((double)total / 1048576.0, 1));
    tell_text(ctx, GUEST_NEWS_PROGRESS, text);
}

/* ---- sound ---- */

static void on_mic_request(void *ctx)
{
    tell(ctx, GUEST_NEWS_MIC_REQUEST, NULL, 0);
}

static void on_mic_active(void *ctx, bool active)
{
    tell_bool(ctx, GUEST_NEWS_MIC_ACTIVE, active);
}

/* ---- orders of the render thread ---- */

static void take_cursor(struct guest_link *l, const struct guest_cursor *c)
{
    const struct input_cursor cursor = {
        .visible = c->visible,
        .inverts = c->inverts,
        .argb = c->has_pixels ? c->argb : NULL,
        .width_px = c->width_px,
        .height_px = c->height_px,
        .hot_x_px = c->hot_x_px,
        .hot_y_px = c->hot_y_px,
    };
    input_set_guest_cursor(l->input, &cursor);
}

static void take_password(struct guest_link *l, const char *password)
{
    const int err = l->session ? spice_session_set_password(l->session, password) : 0;
    if (err < 0)
        log_err("take the password: %s", err_str(err));
}

static void on_order(void *ctx, uint32_t kind, const void *body, size_t body_bytes)
{
    (void)body_bytes;
    struct guest_link *l = ctx;
    const struct guest_geometry *geometry = body;
    const struct guest_point *point = body;
    const char *text = body;
    switch ((enum guest_order)kind) {
    case GUEST_ORDER_GEOMETRY:
        input_set_geometry(l->input, &geometry->geometry, geometry->scale_120,
                           geometry->user_rotation);
        break;
    case GUEST_ORDER_POSITION_SPACE:
        input_set_position_space(l->input, (uint32_t)point->x, (uint32_t)point->y);
        break;
    case GUEST_ORDER_CURSOR:
        take_cursor(l, body);
        break;
    case GUEST_ORDER_CURSOR_POSITION:
        input_set_guest_cursor_position(l->input, point->x, point->y);
        break;
    case GUEST_ORDER_BLOCKED:
        input_set_blocked(l->input, text[0] ? text : NULL);
        break;
    case GUEST_ORDER_CAN_PLACE:
        l->can_place = *(const bool *)body;
        break;
    case GUEST_ORDER_PASSWORD:
        take_password(l, text);
        break;
    case GUEST_ORDER_MIC:
        if (l->audio)
            guest_audio_set_mic(l->audio, *(const bool *)body, true);
        break;
    case GUEST_ORDER_WINDOW_SIZE:
        if (l->exchange)
            exchange_set_resolution(l->exchange, (uint32_t)point->x, (uint32_t)point->y);
        break;
    case GUEST_ORDER_NONE:
        break;
    }
}

/* ---- life ---- */

/* All bindings of the options; what is wrong with one is said, and the others work. */
static int create_bindings(struct guest_link *l)
{
    const struct client_options *o = l->options;
    const struct {
        enum input_action action;
        const char *text, *name;
    } rows[] = {
        { INPUT_ACTION_FULLSCREEN, o->bindings.fullscreen, "toggleFullScreen" },
        { INPUT_ACTION_QUIT, o->bindings.quit, "quit" },
        { INPUT_ACTION_OVERLAY, o->bindings.overlay, "toggleOverlay" },
        { INPUT_ACTION_ROTATE, o->bindings.rotate, "turn" },
        { INPUT_ACTION_VIDEO, o->bindings.video, "toggleVideo" },
        { INPUT_ACTION_CANCEL, o->bindings.cancel, "cancelFiles" },
        { INPUT_ACTION_INPUT, o->bindings.input, "toggleInput" },
        { INPUT_ACTION_SENS_UP, o->bindings.sens_up, "sensUp" },
        { INPUT_ACTION_SENS_DOWN, o->bindings.sens_down, "sensDown" },
        { INPUT_ACTION_VOLUME_UP, o->bindings.volume_up, "volumeUp" },
        { INPUT_ACTION_VOLUME_DOWN, o->bindings.volume_down, "volumeDown" },
        { INPUT_ACTION_MUTE, o->bindings.mute, "toggleMute" },
        { INPUT_ACTION_MICROPHONE, o->bindings.microphone, "toggleMicrophone" },
        { INPUT_ACTION_LEFT_WIN, o->bindings.left_win, "leftWin" },
        { INPUT_ACTION_RIGHT_WIN, o->bindings.right_win, "rightWin" },
        { INPUT_ACTION_CTRL_ALT_DEL, o->bindings.ctrl_alt_del, "ctrlAltDel" },
        { INPUT_ACTION_CTRL_ALT_FN, o->bindings.ctrl_alt_fn, "ctrlAltFn" },
    };
    struct binding_error error;
    int err = binding_table_create(o->input.escape_key, &l->bindings, &error);
    if (err < 0) {
        log_err("input.escapeKey: %s", error.text);
        return err;
    }
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        snprintf(error.text, sizeof(error.text), _("too many bindings"));
        err = binding_table_add(l->bindings, rows[i].action, rows[i].text, &error);
        if (err < 0)
            log_warn("bindings.%s: %s", rows[i].name, error.text);
    }
    for (int i = 0; i < CLIENT_MACROS; i++) {
        err = binding_table_add(l->bindings, INPUT_ACTION_MACRO, o->bindings.macro[i], &error);
        if (err < 0)
            log_warn("bindings.macro%d: %s", i + 1, error.text);
    }
    return 0;
}

static int create_input(struct guest_link *l)
{
    static const enum input_mouse_choice choices[] = {
        [CLIENT_MOUSE_AUTO] = INPUT_CHOOSE_AUTO,
        [CLIENT_MOUSE_ABSOLUTE] = INPUT_CHOOSE_ABSOLUTE,
        [CLIENT_MOUSE_RELATIVE] = INPUT_CHOOSE_RELATIVE,
    };
    const struct client_options *o = l->options;
    const struct input_config config = {
        .bindings = l->bindings,
        .help_delay_ms = o->input.help_delay_ms,
        .mouse = choices[o->input.mouse],
        .sensitivity = o->input.mouse_sens,
        .raw_mouse = o->input.raw_mouse,
        .auto_capture = o->input.auto_capture,
        .capture_on_start = o->input.capture_on_start,
        .capture_on_focus = o->input.capture_on_focus,
        .capture_only = o->input.capture_only,
        .grab_keyboard = o->input.grab_keyboard,
        .grab_keyboard_on_focus = o->input.grab_keyboard_on_focus,
        .release_keys_on_focus_loss = o->input.release_keys_on_focus_loss,
        .ignore_windows_keys = o->input.ignore_windows_keys,
        .hide_cursor = o->input.hide_cursor,
        .view_only = o->input.view_only,
    };
    const struct input_listener listener = {
        .on_action = on_action,
        .on_help = on_help,
        .on_capture = on_capture,
        .on_activity = on_activity,
        .on_hint = on_hint,
        .on_cursor_drawn = on_cursor_drawn,
        .ctx = l,
    };
    return input_create(l->loop, &config, &sink_ops, l, &listener, &l->input);
}

static int create_seat(struct guest_link *l)
{
    const struct display_seat_listener listener = input_seat_listener(l->input);
    const int err = display_seat_create(l->display, l->loop, &listener, &l->seat);
    if (err == 0)
        input_set_seat(l->input, &input_display_seat_ops, l->seat);
    return err;
}

static int create_exchange(struct guest_link *l)
{
    const struct client_options *o = l->options;
    const struct spice_agent_port port = { .room = port_room, .send = port_send, .ctx = l };
    const struct exchange_config config = {
        .clipboard = { .limit_bytes = (uint64_t)o->clipboard.limit_mib << 20,
                       .to_guest = o->clipboard.share && o->clipboard.to_guest,
                       .to_host = o->clipboard.share && o->clipboard.to_host,
                       .primary = o->clipboard.share && o->clipboard.primary },
        .file_transfer = o->clipboard.file_transfer,
    };
    const struct transfer_listener listener = { .on_notice = on_transfer_notice,
                                                .on_progress = on_transfer_progress,
                                                .ctx = l };
    return exchange_create(l->loop, &port, display_seat_native(l->seat), &config, &listener,
                           &l->exchange);
}

static int create_audio(struct guest_link *l)
{
    static const enum guest_mic mics[] = { [CLIENT_MIC_ASK] = GUEST_MIC_ASK,
                                           [CLIENT_MIC_ALLOW] = GUEST_MIC_ALLOW,
                                           [CLIENT_MIC_DENY] = GUEST_MIC_DENY };
    const struct client_options *o = l->options;
    const struct guest_audio_config config = {
        .playback_device = o->audio.playback_device,
        .record_device = o->audio.record_device,
        .latency_ms = o->audio.latency_ms,
        .sync_volume = o->audio.sync_volume,
        .mic = mics[o->audio.mic],
    };
    const struct guest_audio_listener listener = { .on_mic_request = on_mic_request,
                                                   .on_mic_active = on_mic_active,
                                                   .ctx = l };
    struct guest_audio *audio;
    const int err = guest_audio_create(l->loop, &config, &listener, &audio);
    if (err < 0)
        return err;
    atomic_store(&l->audio, audio);
    return guest_audio_attach(audio, l->session);
}

static int create_session(struct guest_link *l)
{
    const bool input = l->options->spice.input;
    const struct spice_session_listener listener = {
        .on_status = on_status,
        .on_info = on_info,
        .on_lost = on_lost,
        .on_input_ready = input ? on_input_ready : NULL,
        .on_mouse_mode = on_mouse_mode,
        .on_guest_locks = on_guest_locks,
        .on_agent = on_agent,
        .on_agent_data = on_agent_data,
        .on_agent_room = on_agent_room,
        .ctx = l,
    };
    return spice_session_create(l->loop, l->server, &listener, &l->session);
}

/* What can fail because of the user's options, and what costs nothing. */
static int create_light(struct guest_link *l)
{
    int err = loop_create(&l->loop);
    if (err == 0)
        err = mailbox_create(l->loop, on_order, l, &l->orders);
    if (err == 0)
        err = create_bindings(l);
    return err == 0 ? create_input(l) : err;
}

/* On the input thread: the first picture does not wait for PipeWire's libraries. */
static int create_rest(struct guest_link *l)
{
    int err = create_seat(l);
    if (err < 0 || !l->server)
        return err;
    err = create_exchange(l);
    if (err == 0)
        err = create_session(l);
    if (err == 0 && l->options->spice.audio)
        err = create_audio(l);
    return err;
}

static void *run(void *ctx)
{
    struct guest_link *l = ctx;
    /* A key must not wait until the render thread has used up its slice. */
    int err = thread_run_when_woken(THREAD_EVENTS);
    if (err < 0)
        log_debug("the input thread is an ordinary one: %s", err_str(err));
    err = create_rest(l);
    if (err < 0) {
        log_err("start keyboard, mouse and sound: %s", err_str(err));
        tell_text(l, GUEST_NEWS_NOTICE,
                  _("Keyboard, mouse or sound could not be started; the log says why"));
    }
    err = loop_run(l->loop);
    if (err < 0)
        log_err("the input thread ends: %s", err_str(err));
    return NULL;
}

/* Signals are for the render thread. */
static int start_thread(struct guest_link *l)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    const int err = pthread_create(&l->thread, NULL, run, l);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    l->running = err == 0;
    if (l->running)
        pthread_setname_np(l->thread, "input");
    return -err;
}

int guest_link_create(struct loop *render_loop, const struct guest_link_config *config,
                      const struct guest_link_listener *listener, struct guest_link **out)
{
    struct guest_link *l = calloc(1, sizeof(*l));
    if (!l)
        return -ENOMEM;
    l->options = config->options;
    l->server = config->server;
    l->display = config->display;
    l->listener = *listener;
    int err = mailbox_create(render_loop, on_news, l, &l->news);
    if (err == 0)
        err = create_light(l);
    if (err == 0)
        err = start_thread(l);
    if (err < 0) {
        log_err("start keyboard and mouse: %s", err_str(err));
        guest_link_destroy(l);
        return err;
    }
    *out = l;
    return 0;
}

void guest_link_destroy(struct guest_link *l)
{
    if (!l)
        return;
    if (l->running) {
        loop_stop(l->loop);
        pthread_join(l->thread, NULL);
    }
    exchange_destroy(l->exchange);
    if (l->input)
        input_set_seat(l->input, NULL, NULL);
    display_seat_destroy(l->seat);
    input_destroy(l->input); /* lets go of what is held in the guest */
    spice_session_destroy(l->session);
    guest_audio_destroy(l->audio);
    binding_table_destroy(l->bindings);
    mailbox_destroy(l->orders);
    loop_destroy(l->loop);
    mailbox_destroy(l->news);
    free(l);
}

/* ---- from the render thread ---- */

static void order(struct guest_link *l, enum guest_order kind, const void *body, size_t bytes)
{
    const int err = mailbox_post(l->orders, kind, body, bytes);
    if (err < 0)
        log_every(1000, LOG_LEVEL_ERROR, "a message to the input thread is lost: %s", err_str(err));
}

static void order_point(struct guest_link *l, enum guest_order kind, int32_t x, int32_t y)
{
    const struct guest_point point = { x, y };
    order(l, kind, &point, sizeof(point));
}

void guest_link_set_geometry(struct guest_link *l, const struct geometry *geometry,
                             uint32_t scale_120, enum frame_rotation user_rotation)
{
    const struct guest_geometry g = { *geometry, scale_120, user_rotation };
    order(l, GUEST_ORDER_GEOMETRY, &g, sizeof(g));
}

void guest_link_set_position_space(struct guest_link *l, uint32_t width_px, uint32_t height_px)
{
    order_point(l, GUEST_ORDER_POSITION_SPACE, (int32_t)width_px, (int32_t)height_px);
}

void guest_link_set_cursor(struct guest_link *l, const struct cursor_image *image, int32_t hot_x_px,
                           int32_t hot_y_px, bool visible)
{
    const size_t pixels_bytes =
        image ? (size_t)image->width_px * image->height_px * sizeof(uint32_t) : 0;
    struct guest_cursor *c = malloc(sizeof(*c) + pixels_bytes);
    if (!c)
        return; /* the shape before stays */
    *c = (struct guest_cursor){ .visible = visible, .hot_x_px = hot_x_px, .hot_y_px = hot_y_px };
    if (image) {
        c->inverts = image->xor_rgb != NULL;
        c->has_pixels = true;
        c->width_px = image->width_px;
        c->height_px = image->height_px;
        memcpy(c->argb, image->argb, pixels_bytes);
    }
    order(l, GUEST_ORDER_CURSOR, c, sizeof(*c) + pixels_bytes);
    free(c);
}

void guest_link_set_cursor_position(struct guest_link *l, int32_t hot_x_px, int32_t hot_y_px)
{
    order_point(l, GUEST_ORDER_CURSOR_POSITION, hot_x_px, hot_y_px);
}

void guest_link_set_blocked(struct guest_link *l, const char *reason)
{
    const char *text = reason ? reason : "";
    order(l, GUEST_ORDER_BLOCKED, text, strlen(text) + 1);
}

void guest_link_set_can_place_pointer(struct guest_link *l, bool can)
{
    order(l, GUEST_ORDER_CAN_PLACE, &can, sizeof(can));
}

void guest_link_set_password(struct guest_link *l, const char *password)
{
    order(l, GUEST_ORDER_PASSWORD, password, strlen(password) + 1);
}

void guest_link_allow_mic(struct guest_link *l, bool allow)
{
    order(l, GUEST_ORDER_MIC, &allow, sizeof(allow));
}

void guest_link_set_window_size(struct guest_link *l, uint32_t width_px, uint32_t height_px)
{
    order_point(l, GUEST_ORDER_WINDOW_SIZE, (int32_t)width_px, (int32_t)height_px);
}

bool guest_link_audio_stats(struct guest_link *l, struct guest_audio_stats *out)
{
    struct guest_audio *audio = atomic_load(&l->audio);
    if (audio)
        guest_audio_stats(audio, out);
    return audio != NULL;
}
