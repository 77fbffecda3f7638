/* SPDX-License-Identifier: GPL-2.0-or-later
 * The parts that live on the input thread, and what each says to the others and to the window. */
#define LOG_MODULE "input"

#include "viewer/guest_link_internal.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "kvmfr/session.h"

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
        guest_link_tell(l, GUEST_NEWS_PLACE_POINTER, &point, sizeof(point));
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
        guest_link_tell(l, GUEST_NEWS_ACTION, &action, sizeof(action));
    else if (!l->exchange || !exchange_cancel_files(l->exchange))
        guest_link_tell_text(l, GUEST_NEWS_NOTICE, _("No files are on their way"));
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
    guest_link_tell_text(l, GUEST_NEWS_HELP, text);
}

static void on_capture(void *ctx, bool captured)
{
    guest_link_tell_bool(ctx, GUEST_NEWS_CAPTURE, captured);
}

static void on_activity(void *ctx)
{
    struct guest_link *l = ctx;
    l->listener.on_activity(l->listener.ctx);
}

static void on_hint(void *ctx, const char *text)
{
    guest_link_tell_text(ctx, GUEST_NEWS_NOTICE, text);
}

static void on_cursor_drawn(void *ctx, bool drawn)
{
    guest_link_tell_bool(ctx, GUEST_NEWS_CURSOR_DRAWN, drawn);
}

/* ---- SPICE session ---- */

static void on_status(void *ctx, const struct spice_session_status *status)
{
    guest_link_tell(ctx, GUEST_NEWS_STATUS, status, sizeof(*status));
}

static void on_info(void *ctx, const struct spice_session_info *info)
{
    struct guest_link *l = ctx;
    char uuid[37] = "";
    if (info->has_uuid)
        kvmfr_uuid_text(info->uuid, uuid);
    if (l->audio)
        guest_audio_set_vm(l->audio, info->name, uuid[0] ? uuid : info->name);
    guest_link_tell(l, GUEST_NEWS_INFO, info, sizeof(*info));
}

static void on_lost(void *ctx)
{
    guest_link_tell(ctx, GUEST_NEWS_LOST, NULL, 0);
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
    guest_link_tell_bool(l, GUEST_NEWS_ABSOLUTE, l->mouse_mode == INPUT_MOUSE_ABSOLUTE);
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
    guest_link_tell_text(ctx, GUEST_NEWS_NOTICE, text);
}

static void on_transfer_progress(void *ctx, const char *what, uint64_t done, uint64_t total)
{
    char text[256] = "";
    if (done < total)
        snprintf(text, sizeof(text), _("%s: %s of %s MiB"), what,
                 DECIMAL((double)done / 1048576.0, 1), DECIMAL((double)total / 1048576.0, 1));
    guest_link_tell_text(ctx, GUEST_NEWS_PROGRESS, text);
}

/* ---- sound ---- */

static void on_mic_request(void *ctx)
{
    guest_link_tell(ctx, GUEST_NEWS_MIC_REQUEST, NULL, 0);
}

static void on_mic_active(void *ctx, bool active)
{
    guest_link_tell_bool(ctx, GUEST_NEWS_MIC_ACTIVE, active);
}

/* ---- the parts are made ---- */

/* All bindings of the options; what is wrong with one is said, and the others work. */
int guest_link_create_bindings(struct guest_link *l)
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

int guest_link_create_input(struct guest_link *l)
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

int guest_link_create_seat(struct guest_link *l)
{
    const struct display_seat_listener listener = input_seat_listener(l->input);
    const int err = display_seat_create(l->display, l->loop, &listener, &l->seat);
    if (err == 0)
        input_set_seat(l->input, &input_display_seat_ops, l->seat);
    return err;
}

int guest_link_create_exchange(struct guest_link *l)
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

int guest_link_create_audio(struct guest_link *l)
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

int guest_link_create_session(struct guest_link *l)
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
