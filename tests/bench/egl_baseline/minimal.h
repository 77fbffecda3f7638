/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/bench/egl_baseline/minimal.h - the yardstick: a program that uploads a picture into one
 * texture, draws one textured quad and swaps; nothing else. Written like a textbook would, with ES
 * 3, and linked to GL only through gl_api.h. */
#ifndef ESPELHO_BENCH_MINIMAL_H
#define ESPELHO_BENCH_MINIMAL_H

#include "display/display.h"
#include "kvmfr/frame.h"

struct minimal;

struct minimal *minimal_create(struct display *display, uint32_t width_px, uint32_t height_px,
                               bool bgra);
void minimal_destroy(struct minimal *m);
void minimal_show(struct minimal *m, const struct frame_view *frame);

#endif
