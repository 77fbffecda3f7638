/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/viewer/waiting_screen.h - the calm picture while there is no guest to show: a sentence,
 * and what to do.
 *
 * Text is drawn by Pango and Cairo, loaded when the first one is needed: a viewer that finds its VM
 * running never pays for them. Without them the screen is plain, and the text is in the log only.
 * Threads: render thread. */
#ifndef ESPELHO_VIEWER_WAITING_SCREEN_H
#define ESPELHO_VIEWER_WAITING_SCREEN_H

#include <stdint.h>

#include "base/macros.h"
#include "frame/still.h"

/* Fills *out; out->pixels is heap, the caller frees it. `detail` may have several lines; both are
 * UTF-8, or are shown as far as they are. 0 or -ENOMEM; -EINVAL for a window without size. */
int waiting_screen_draw(const char *title, const char *detail, uint32_t width_px,
                        uint32_t height_px, uint32_t scale_120, struct still *out) MUST_CHECK;

#endif
