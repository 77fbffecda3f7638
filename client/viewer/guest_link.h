/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/viewer/guest_link.h - the input thread and all that lives on it: seat, input router, SPICE
 * session, sound, clipboard. Creates and connects them, decides nothing else.
 *
 * Threads: the functions below from the render thread, and the listener is called there, by way of
 * mailboxes; except on_activity, which is called on the input thread. Nothing the render thread
 * does holds a key up. */
#ifndef ESPELHO_VIEWER_GUEST_LINK_H
#define ESPELHO_VIEWER_GUEST_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "audio/guest_audio.h"
#include "base/macros.h"
#include "config/client_options.h"
#include "display/display.h"
#include "display/geometry.h"
#include "frame/cursor_image.h"
#include "input/binding.h"
#include "loop/loop.h"
#include "spice/session.h"

struct guest_link;

struct guest_link_listener {
    void (*on_status)(void *ctx, const struct spice_session_status *status);
    void (*on_info)(void *ctx,
                    const struct spice_session_info *info); /* session up, or told more */
    void (*on_lost)(void *ctx);
    void (*on_action)(void *ctx, enum input_action action);
    void (*on_help)(void *ctx, const char *list); /* NULL: hide */
    void (*on_notice)(void *ctx, const char *text);
    void (*on_progress)(void *ctx, const char *text); /* NULL: over */
    void (*on_capture)(void *ctx, bool captured);
    void (*on_cursor_drawn)(void *ctx,
                            bool drawn); /* has the renderer to draw the guest's pointer? */
    void (*on_place_pointer)(void *ctx, int32_t x_px, int32_t y_px); /* guest's own desktop */
    void (*on_absolute)(void *ctx, bool absolute); /* positions go to the guest, or motion */
    void (*on_mic_request)(void *ctx);
    void (*on_mic_active)(void *ctx, bool recording);
    void (*on_activity)(void *ctx); /* input thread: a key or the mouse; a frame will follow */
    void *ctx;
};

struct guest_link_config {
    const struct client_options *options; /* borrowed, constant */
    const struct spice_server *server;    /* borrowed, constant; NULL: no SPICE */
    struct display *display;              /* borrowed, outlives the link */
};

/* 0 or -errno, logged. The thread runs when it returns, and makes the seat and the SPICE session.
 */
int guest_link_create(struct loop *render_loop, const struct guest_link_config *config,
                      const struct guest_link_listener *listener,
                      struct guest_link **out) MUST_CHECK;
void guest_link_destroy(struct guest_link *link); /* joins the thread; NULL is fine */

void guest_link_set_geometry(struct guest_link *link, const struct geometry *geometry,
                             uint32_t scale_120, enum frame_rotation user_rotation);
/* Of SPICE's primary surface; 0, 0: like the picture. */
void guest_link_set_position_space(struct guest_link *link, uint32_t width_px, uint32_t height_px);
/* As the guest sent it, with its hot spot; copied. NULL: unknown. */
void guest_link_set_cursor(struct guest_link *link, const struct cursor_image *image,
                           int32_t hot_x_px, int32_t hot_y_px, bool visible);
void guest_link_set_cursor_position(struct guest_link *link, int32_t hot_x_px, int32_t hot_y_px);
/* NULL: input may go out; else why not. */
void guest_link_set_blocked(struct guest_link *link, const char *reason);
/* Can the guest's host place the pointer? Then on_place_pointer comes. */
void guest_link_set_can_place_pointer(struct guest_link *link, bool can);
void guest_link_set_password(struct guest_link *link, const char *password);
void guest_link_allow_mic(struct guest_link *link, bool allow);
/* The window's size in device pixels, for guests that follow it. */
void guest_link_set_window_size(struct guest_link *link, uint32_t width_px, uint32_t height_px);
/* A snapshot; any thread. False: there is no sound. */
bool guest_link_audio_stats(struct guest_link *link, struct guest_audio_stats *out);

#endif
