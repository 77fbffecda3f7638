/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "viewer"

#include "viewer/guest_view.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"

void guest_view_init(struct guest_view *g, struct display *display,
                     const struct client_options *options, const struct geometry_config *geometry)
{
    *g = (struct guest_view){ .display = display, .options = options, .geometry = *geometry };
}

static void set_title(struct guest_view *g)
{
    char title[256];
    const char *own = g->options->win.title;
    if (g->connected && g->session.has_os && g->session.os_name[0])
        snprintf(title, sizeof(title), "%s - %s", own, g->session.os_name);
    else
        snprintf(title, sizeof(title), "%s", own);
    if (g->captured) {
        const size_t used = strlen(title);
        snprintf(title + used, sizeof(title) - used, _(" - %s lets the mouse go"),
                 g->options->input.escape_key);
    }
    display_set_title(g->display, title);
}

void guest_view_set_captured(struct guest_view *g, bool captured)
{
    g->captured = captured;
    set_title(g);
}

void guest_view_on_status(struct guest_view *g, const struct source_status *status)
{
    const bool was_connected = g->connected;
    g->connected = status->state == SOURCE_STATE_CONNECTED && status->session;
    if (g->connected)
        g->session = *status->session;
    if (!g->connected && was_connected)
        display_set_idle_inhibit(g->display, g->options->win.no_screensaver);
    if (g->connected != was_connected) {
        g->announced = false;
        set_title(g);
    }
}

static void announce(struct guest_view *g, const struct frame_view *frame)
{
    char uuid[37] = "?";
    g->announced = true;
    if (!g->connected) {
        log_info("showing the VM's emulated display, %ux%u", frame->width_px, frame->height_px);
        return;
    }
    if (kvmfr_session_has_uuid(&g->session))
        kvmfr_session_uuid_text(&g->session, uuid);
    log_info("connected: %s, VM %s, host %s, capture %s, %ux%u %s%s",
             g->session.has_os && g->session.os_name[0] ? g->session.os_name : _("a guest"), uuid,
             g->session.host_version,
             g->session.has_vm && g->session.capture[0] ? g->session.capture : "?", frame->width_px,
             frame->height_px, frame->fmt->name, frame->flags & FRAME_FLAG_HDR ? " HDR" : "");
    if (frame->rotation)
        log_info("the guest's picture is turned by %u degrees", 90u * (unsigned)frame->rotation);
}

static void on_new_mode(struct guest_view *g, const struct frame_view *frame)
{
    if (!g->announced)
        announce(g, frame);
    else
        log_info("the guest changed to %ux%u %s%s", frame->width_px, frame->height_px,
                 frame->fmt->name, frame->flags & FRAME_FLAG_HDR ? " HDR" : "");
    if (frame->rows_px < frame->height_px)
        log_warn("the shared memory holds only %u of %u rows of this mode: make it larger "
                 "(\"espelho size %ux%u\" says "
                 "how large)",
                 frame->rows_px, frame->height_px, frame->screen_width_px, frame->screen_height_px);
}

/* The window takes the guest's size at the first frame unless the user gave one, and follows it if
 * asked to. */
static void follow_size(struct guest_view *g, const struct frame_view *frame, bool first)
{
    const bool given = g->options->win.size.width != 0;
    if (!(first && !given) && !g->options->win.auto_resize)
        return;
    uint32_t width, height;
    geometry_size_for_guest(&g->geometry, display_get_state(g->display)->scale_120, frame->width_px,
                            frame->height_px, frame->rotation, &width, &height);
    display_request_size(g->display, width, height);
}

void guest_view_on_frame(struct guest_view *g, const struct frame_view *frame)
{
    const bool first = !g->has_last;
    const bool new_mode =
        first || !frame_view_same_layout(&g->last, frame) || g->last.rows_px != frame->rows_px;
    if (new_mode || !g->announced)
        on_new_mode(g, frame);
    if (new_mode)
        follow_size(g, frame, first);
    if (g->options->win.auto_screensaver)
        display_set_idle_inhibit(g->display,
                                 g->options->win.no_screensaver ||
                                     (frame->flags & FRAME_FLAG_BLOCK_SCREENSAVER) != 0);
    if (g->options->win.request_activation && (frame->flags & FRAME_FLAG_REQUEST_ACTIVATION))
        display_request_activation(g->display);
    g->last = *frame;
    g->has_last = true;
}
