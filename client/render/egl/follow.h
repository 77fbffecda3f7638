/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/render/egl/follow.h - waiting for the rows of a frame that the host is still writing.
 * Render thread; sleeps. The counters in shared memory may say anything: they only decide how many
 * of the existing rows are read when. */
#ifndef ESPELHO_RENDER_EGL_FOLLOW_H
#define ESPELHO_RENDER_EGL_FOLLOW_H

#include <stdint.h>

#include "kvmfr/frame.h"
#include "render/render.h"

/* A writer without any progress for this long has died or hangs. The slowest healthy one known
 * stalls a few ms between steps. */
#define FOLLOW_STALL_NS (200 * NS_PER_MS)

/* Waits until at least `want_rows` (<= rows_px) rows are final, or the writer stalls. Returns the
 * rows that are. Counts in `stats`. */
uint32_t follow_rows(const struct frame_view *frame, uint32_t want_rows,
                     struct renderer_stats *stats);

#endif
