/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/spice/display.h - the display channel: what the server draws, drawn into pixmaps of ours.
 *
 * Servers are asked for plain bitmaps (PREFERRED_COMPRESSION off, no video codecs). What cannot be
 * drawn right (QUIC, GLZ, masks, text and line drawing of old drivers ...) is not drawn at all, and
 * said through on_missing. Limits: SURFACES_MAX surfaces, SPICE_SURFACES_MAX_BYTES for all of them,
 * an image at most SPICE_PIXMAP_MAX_BYTES, kept images 16 MiB.
 *
 * Give &spice_display_ops and the display to spice_channel_create(). One display per connection.
 * Threads: the channel's loop. The listener must not destroy the display from on_damage,
 * on_surface and on_missing. */
#ifndef ESPELHO_SPICE_DISPLAY_H
#define ESPELHO_SPICE_DISPLAY_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "spice/canvas.h"
#include "spice/channel.h"
#include "spice/pixmap.h"

#define SPICE_SURFACES_MAX_BYTES (160u * 1024 * 1024)

struct spice_display;

struct spice_display_listener { /* every entry is optional */
    /* There is another primary surface, or none (NULL). Who keeps it takes a reference: it is drawn
     * on as long as it is the primary one. */
    void (*on_surface)(void *ctx, struct spice_pixmap *primary);
    void (*on_damage)(void *ctx, const struct spice_rect *r); /* of the primary; inside it */
    /* Something was not drawn: "an image in QUIC compression" (static text). */
    void (*on_missing)(void *ctx, const char *what);
    void (*on_up)(void *ctx);
    void (*on_down)(void *ctx, const struct spice_problem *problem); /* as of spice_channel_ops */
    void *ctx;
};

extern const struct spice_channel_ops spice_display_ops; /* ctx: struct spice_display */

int spice_display_create(const struct spice_display_listener *listener,
                         struct spice_display **out) MUST_CHECK;
void spice_display_destroy(struct spice_display *d); /* NULL is fine; destroy the channel first */
/* What the channel does with a message. 0; -EPROTO with a static text in *why; -ENOMEM. */
int spice_display_message(struct spice_display *d, uint16_t type, const uint8_t *body,
                          size_t body_bytes, const char **why) MUST_CHECK;
/* NULL: none. Borrowed. */
struct spice_pixmap *spice_display_primary(const struct spice_display *d);

#endif
