/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/viewer/controls.h - what the window does because of keyboard, SPICE session and sound: key
 * bindings, words over the picture, questions, and whether input may go out. Threads: render
 * thread.
 */
#ifndef ESPELHO_VIEWER_CONTROLS_H
#define ESPELHO_VIEWER_CONTROLS_H

#include <stdbool.h>

#include "base/macros.h"
#include "config/client_options.h"
#include "display/display.h"
#include "kvmfr/session.h"
#include "loop/loop.h"
#include "overlay/overlay.h"
#include "viewer/guest_link.h"
#include "viewer/password_prompt.h"

struct controls_listener {
    void (*on_quit)(void *ctx);
    void (*on_turn)(void *ctx);           /* by another quarter */
    void (*on_video)(void *ctx, bool on); /* the user switched the picture */
    void (*on_cursor_drawn)(void *ctx, bool drawn);
    void (*on_place_pointer)(void *ctx, int32_t x_px, int32_t y_px);
    void (*on_absolute)(void *ctx, bool absolute);
    void (*on_session)(void *ctx, const struct spice_session_info *info); /* NULL: lost */
    void (*on_spice_status)(void *ctx, const struct spice_session_status *status);
    void (*on_password)(void *ctx, const char *password); /* the user typed it */
    void (*on_capture)(void *ctx, bool captured);
    void (*on_activity)(void *ctx); /* input thread */
    /* Lines for the overlay, while it is on, once a second. */
    void (*on_figures)(void *ctx, char *text, size_t text_bytes);
    void *ctx;
};

struct controls {
    const struct client_options *options; /* borrowed, as is the display */
    struct display *display;
    struct loop *loop;
    struct controls_listener listener;
    struct guest_link *link;
    struct overlay *overlay;
    struct loop_source *figures_timer;
    struct password_prompt *prompt; /* while the user is asked, and after */
    struct spice_session_status status;
    struct spice_session_info info;
    bool has_info;
    uint8_t relay_uuid[16];
    bool has_relay_uuid;
    bool figures, video_off, recording, asked_mic;
    bool mic_allowed; /* what the next tap of its key takes back */
};

/* `server` NULL: no SPICE, only key bindings. 0 or -errno, logged. Embedded. */
int controls_init(struct controls *c, struct loop *loop, struct display *display,
                  const struct client_options *options, const struct spice_server *server,
                  const struct controls_listener *listener) MUST_CHECK;
void controls_fini(struct controls *c); /* also of a zeroed or half-made one */

/* The relay's session, NULL: none. */
void controls_on_relay(struct controls *c, const struct kvmfr_session *session);
void controls_on_configure(struct controls *c);
/* One line over the picture for some seconds. */
void controls_notice(struct controls *c, const char *text);

#endif
