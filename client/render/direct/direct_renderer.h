/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/render/direct/direct_renderer.h - frames handed to the compositor as they lie in the
 * region, over another backend for whatever that cannot do.
 *
 * Surfaces, from below: the window's own, where the inner backend draws; a black one, for bars; the
 * picture; the pointer. All but the window's are synchronised subsurfaces: one commit of the window
 * shows or hides them together with what the inner backend drew, so that going from one way to the
 * other is never seen. A frame is kept until the compositor releases its buffer.
 *
 * Not possible, and said once per reason: no zwp_linux_dmabuf_v1, memory that cannot be exported,
 * pixels that the compositor does not take or that have to be converted, a picture that would lie
 * on fractions of logical pixels. The window must have been drawn by the inner backend once, and
 * the compositor have made a buffer of the frame's memory: the first frames of a mode are the inner
 * backend's. Threads: render thread. */
#ifndef ESPELHO_RENDER_DIRECT_DIRECT_RENDERER_H
#define ESPELHO_RENDER_DIRECT_DIRECT_RENDERER_H

#include "render/render.h"

/* Takes `inner` over on success. -ENOTSUP: the compositor lacks what even the fallback needs, *why
 * says it; -ENOMEM, -EPIPE. */
int direct_renderer_create(const struct renderer_config *config, struct renderer *inner,
                           struct renderer **out, const char **why) MUST_CHECK;

/* Where the picture's surface lies: whole logical pixels. False: it would have to lie between them.
 * For the tests. */
bool direct_place(const struct geometry *g, const struct display_state *state,
                  struct geometry_rect *out);

#endif
