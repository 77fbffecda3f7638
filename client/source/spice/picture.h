/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/source/spice/picture.h - the primary surface as frames: what changed since the last one
 * drawn, and pixels that stay until the viewer has finished with them. No channel, no clock.
 * Embedded; one thread. */
#ifndef ESPELHO_SOURCE_SPICE_PICTURE_H
#define ESPELHO_SOURCE_SPICE_PICTURE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "kvmfr/damage.h"
#include "kvmfr/frame.h"
#include "source/source.h"
#include "spice/canvas.h"
#include "spice/pixmap.h"

struct picture {
    struct spice_pixmap *surface; /* a reference: the server draws on it; NULL: none */
    struct spice_pixmap *taken;   /* a reference, between take and finish: maybe an older surface */
    bool drawn_on;                /* `surface` has a picture */
    bool fresh;                   /* something changed since the last take */
    uint32_t serial;
    struct damage damage;         /* since the last take */
    struct damage owed;           /* of takes that were not drawn */
    _Atomic uint32_t all_written; /* the write pointer of a frame that is complete */
};

void picture_init(struct picture *p);
void picture_fini(struct picture *p);
/* NULL: none any more. What is taken stays. */
void picture_set_surface(struct picture *p, struct spice_pixmap *surface);
void picture_add_damage(struct picture *p, const struct spice_rect *r);
/* The viewer has shown something else meanwhile: all of the picture counts as new. */
void picture_offer_again(struct picture *p);
/* Is there something to take? */
bool picture_has_news(const struct picture *p);
/* As the source_ops entries. */
enum source_take picture_take(struct picture *p, struct frame_view *frame, struct damage *damage);
void picture_finish(struct picture *p, bool drawn);

#endif
