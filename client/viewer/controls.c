/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "viewer"

#include "viewer/controls.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text.h"

enum { FIGURES_MS = 1000, FIGURES_BYTES = 1024, QUESTION_MS = 20000 };

void controls_notice(struct controls *c, const char *text)
{
    overlay_set(c->overlay, OVERLAY_NOTICE, text, OVERLAY_NOTICE_MS);
}

/* ---- may input go out? ---- */

static bool is_other_vm(const struct controls *c)
{
    return c->options->spice.check_uuid && c->has_relay_uuid && c->has_info && c->info.has_uuid &&
           memcmp(c->relay_uuid, c->info.uuid, sizeof(c->relay_uuid)) != 0;
}

static void update_blocked(struct controls *c, bool say)
{
    if (is_other_vm(c)) {
        const char *text =
            _("Keyboard and mouse are off: shared memory and SPICE belong to different VMs. "
              "Correct app.shmFile or spice.port, or allow it with spice.checkUuid=no");
        guest_link_set_blocked(c->link, text);
        if (!say)
            return;
        log_warn("%s", text);
        overlay_set(c->overlay, OVERLAY_NOTICE, text, 3 * OVERLAY_NOTICE_MS);
        return;
    }
    guest_link_set_blocked(c->link, c->status.text[0] ? c->status.text : NULL);
}

void controls_on_relay(struct controls *c, const struct kvmfr_session *session)
{
    const bool was_other = is_other_vm(c);
    c->has_relay_uuid = session && kvmfr_session_has_uuid(session);
    if (c->has_relay_uuid)
        memcpy(c->relay_uuid, session->uuid, sizeof(c->relay_uuid));
    guest_link_set_can_place_pointer(
        c->link, session && (session->features & KVMFR_FEATURE_SET_CURSOR_POSITION));
    update_blocked(c, !was_other);
}

/* ---- SPICE session ---- */

static void on_password(void *ctx, const char *password)
{
    struct controls *c = ctx;
    if (!password[0])
        return;
    c->listener.on_password(c->listener.ctx, password);
    guest_link_set_password(c->link, password);
}

static void ask_password(struct controls *c)
{
    password_prompt_destroy(c->prompt); /* the one before was answered */
    c->prompt = NULL;
    const int err =
        password_prompt_create(c->loop, _("SPICE password: "), on_password, c, &c->prompt);
    if (err < 0 && err != -ENOTTY)
        log_err("ask for the password: %s", err_str(err));
}

static void on_status(void *ctx, const struct spice_session_status *status)
{
    struct controls *c = ctx;
    const bool same = strcmp(c->status.text, status->text) == 0;
    c->status = *status;
    update_blocked(c, false);
    if (!same && status->state == SPICE_SESSION_REFUSED) {
        controls_notice(c, status->text);
        if (status->fault == SPICE_FAULT_PASSWORD)
            ask_password(c);
    }
    c->listener.on_spice_status(c->listener.ctx, status);
}

static void on_info(void *ctx, const struct spice_session_info *info)
{
    struct controls *c = ctx;
    const bool was_other = is_other_vm(c);
    if (!c->has_info && info->name[0])
        log_info("SPICE: connected to %s", info->name);
    else if (!c->has_info)
        log_info("SPICE: connected");
    c->info = *info;
    c->has_info = true;
    update_blocked(c, !was_other);
    c->listener.on_session(c->listener.ctx, info);
}

static void on_lost(void *ctx)
{
    struct controls *c = ctx;
    c->has_info = false;
    overlay_set(c->overlay, OVERLAY_QUESTION, NULL, 0);
    overlay_set(c->overlay, OVERLAY_MIC, NULL, 0);
    c->listener.on_session(c->listener.ctx, NULL);
}

/* ---- key bindings ---- */

static void show_figures(struct controls *c)
{
    char text[FIGURES_BYTES] = "";
    if (c->figures)
        c->listener.on_figures(c->listener.ctx, text, sizeof(text));
    overlay_set(c->overlay, OVERLAY_FIGURES, text, 0);
}

static void on_figures_timer(void *ctx)
{
    show_figures(ctx);
}

static void toggle_figures(struct controls *c)
{
    c->figures = !c->figures;
    loop_timer_set_ns(c->figures_timer, c->figures ? clock_ns() + FIGURES_MS * NS_PER_MS : 0,
                      FIGURES_MS * NS_PER_MS);
    show_figures(c);
}

static void toggle_microphone(struct controls *c)
{
    c->mic_allowed = !c->mic_allowed;
    guest_link_allow_mic(c->link, c->mic_allowed);
    overlay_set(c->overlay, OVERLAY_QUESTION, NULL, 0);
    controls_notice(c, c->mic_allowed ? _("The guest may use the microphone")
                                      : _("The guest may not use the microphone"));
}

static void on_action(void *ctx, enum input_action action)
{
    struct controls *c = ctx;
    switch (action) {
    case INPUT_ACTION_FULLSCREEN:
        display_set_fullscreen(c->display, !display_get_state(c->display)->fullscreen);
        break;
    case INPUT_ACTION_QUIT:
        c->listener.on_quit(c->listener.ctx);
        break;
    case INPUT_ACTION_OVERLAY:
        toggle_figures(c);
        break;
    case INPUT_ACTION_ROTATE:
        c->listener.on_turn(c->listener.ctx);
        break;
    case INPUT_ACTION_VIDEO:
        c->video_off = !c->video_off;
        c->listener.on_video(c->listener.ctx, !c->video_off);
        break;
    case INPUT_ACTION_MICROPHONE:
        toggle_microphone(c);
        break;
    default: /* the router does the others */
        break;
    }
}

static void on_help(void *ctx, const char *list)
{
    overlay_set(((struct controls *)ctx)->overlay, OVERLAY_HELP, list, 0);
}

static void on_notice(void *ctx, const char *text)
{
    controls_notice(ctx, text);
}

static void on_progress(void *ctx, const char *text)
{
    overlay_set(((struct controls *)ctx)->overlay, OVERLAY_PROGRESS, text, 0);
}

static void on_capture(void *ctx, bool captured)
{
    struct controls *c = ctx;
    char text[160];
    if (!captured)
        snprintf(text, sizeof(text), "%s", _("The mouse is free"));
    else
        snprintf(text, sizeof(text), _("The mouse belongs to the guest: %s lets it go"),
                 c->options->input.escape_key);
    controls_notice(c, text);
    c->listener.on_capture(c->listener.ctx, captured);
}

static void on_cursor_drawn(void *ctx, bool drawn)
{
    struct controls *c = ctx;
    c->listener.on_cursor_drawn(c->listener.ctx, drawn);
}

static void on_place_pointer(void *ctx, int32_t x_px, int32_t y_px)
{
    struct controls *c = ctx;
    c->listener.on_place_pointer(c->listener.ctx, x_px, y_px);
}

static void on_absolute(void *ctx, bool absolute)
{
    struct controls *c = ctx;
    c->listener.on_absolute(c->listener.ctx, absolute);
}

static void on_activity(void *ctx)
{
    struct controls *c = ctx;
    c->listener.on_activity(c->listener.ctx);
}

/* ---- microphone ---- */

static void on_mic_request(void *ctx)
{
    struct controls *c = ctx;
    char text[256];
    snprintf(text, sizeof(text),
             _("The guest wants to use the microphone. %s + %s allows it (for this VM, until taken "
               "back the same way)"),
             c->options->input.escape_key, c->options->bindings.microphone);
    log_info("%s", text);
    overlay_set(c->overlay, OVERLAY_QUESTION, text, QUESTION_MS);
}

static void on_mic_active(void *ctx, bool recording)
{
    struct controls *c = ctx;
    c->mic_allowed |= recording; /* remembered from another time */
    if (recording != c->recording)
        log_info("%s", recording ? _("the guest records from the microphone")
                                 : _("the guest lets go of the microphone"));
    c->recording = recording;
    if (c->options->audio.mic_indicator)
        overlay_set(c->overlay, OVERLAY_MIC, recording ? _("\xe2\x97\x8f microphone in use") : NULL,
                    0);
}

void controls_on_configure(struct controls *c)
{
    overlay_configure(c->overlay);
}

int controls_init(struct controls *c, struct loop *loop, struct display *display,
                  const struct client_options *options, const struct spice_server *server,
                  const struct controls_listener *listener)
{
    *c = (struct controls){
        .options = options,
        .display = display,
        .loop = loop,
        .listener = *listener,
        .mic_allowed = options->audio.mic == CLIENT_MIC_ALLOW,
    };
    const struct guest_link_listener link_listener = {
        .on_status = on_status,
        .on_info = on_info,
        .on_lost = on_lost,
        .on_action = on_action,
        .on_help = on_help,
        .on_notice = on_notice,
        .on_progress = on_progress,
        .on_capture = on_capture,
        .on_cursor_drawn = on_cursor_drawn,
        .on_place_pointer = on_place_pointer,
        .on_absolute = on_absolute,
        .on_mic_request = on_mic_request,
        .on_mic_active = on_mic_active,
        .on_activity = on_activity,
        .ctx = c,
    };
    const struct guest_link_config config = { .options = options,
                                              .server = server,
                                              .display = display };
    int err = overlay_create(loop, display, &c->overlay);
    if (err == 0)
        err = loop_add_timer(loop, on_figures_timer, c, &c->figures_timer);
    if (err == 0)
        err = guest_link_create(loop, &config, &link_listener, &c->link);
    return err;
}

void controls_fini(struct controls *c)
{
    guest_link_destroy(c->link);
    password_prompt_destroy(c->prompt);
    loop_source_destroy(c->figures_timer);
    overlay_destroy(c->overlay);
}
