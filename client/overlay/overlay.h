/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/overlay/overlay.h - words over the picture: key bindings, questions, progress, signs.
 *
 * A subsurface of the window in its lower left corner; it works over either renderer and costs
 * nothing while it is empty. Texts of the slots stand below each other in the order of the enum.
 * Clicks go through it. Threads: render thread. */
#ifndef ESPELHO_OVERLAY_OVERLAY_H
#define ESPELHO_OVERLAY_OVERLAY_H

#include <stdint.h>

#include "base/macros.h"
#include "display/display.h"
#include "loop/loop.h"

enum overlay_slot {
    OVERLAY_FIGURES,  /* figures, while the user wants them */
    OVERLAY_HELP,     /* the bindings, while the escape key is held */
    OVERLAY_QUESTION, /* may the guest record? */
    OVERLAY_PROGRESS, /* a large paste, files on their way */
    OVERLAY_MIC,      /* the guest records */
    OVERLAY_NOTICE,   /* what just happened, for some seconds */
    OVERLAY_SLOT_COUNT
};

enum { OVERLAY_NOTICE_MS = 4000 };

struct overlay;
/* The display is borrowed and outlives it. */
int overlay_create(struct loop *loop, struct display *display, struct overlay **out) MUST_CHECK;
void overlay_destroy(struct overlay *overlay); /* NULL is fine */
/* NULL or "": nothing. The text is copied; UTF-8. duration_ms 0: until changed. */
void overlay_set(struct overlay *overlay, enum overlay_slot slot, const char *text,
                 uint32_t duration_ms);
/* Size or scale of the window changed. */
void overlay_configure(struct overlay *overlay);

#endif
