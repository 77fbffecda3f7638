/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/render/shm/shm_pointer.h - the guest's pointer on a subsurface of its own.
 *
 * Moving it changes only the subsurface's position: no pixel is drawn, unless the edge of the
 * picture cuts it, the scale is fractional, or it inverts what is below. Inverting shapes are
 * composed with the newest picture, since Wayland cannot XOR. Threads: render thread. */
#ifndef ESPELHO_RENDER_SHM_SHM_POINTER_H
#define ESPELHO_RENDER_SHM_SHM_POINTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "display/wayland/native.h"
#include "frame/cursor_image.h"
#include "render/shm/shm_buffer.h"
#include "render/shm/shm_layout.h"

/* What was drawn into the surface's buffer: drawn again only if this changes. */
struct shm_pointer_drawn {
    uint64_t shape;   /* count of shapes */
    uint64_t picture; /* count of pictures, for inverting shapes; else 0 */
    struct frame_rect clip;
    int32_t x_px, y_px; /* position, where the drawing depends on it; else 0 */
    uint32_t left_px, top_px, width_px, height_px;
};

struct shm_pointer {
    struct wl_surface *surface;
    struct wl_surface *root; /* the window's, below; borrowed */
    struct wl_subsurface *subsurface;
    struct wp_viewport *viewport;
    struct shm_pool pool;
    struct cursor_image image;
    uint64_t shapes;
    int32_t x_px, y_px;
    bool visible;
    bool mapped;
    struct shm_pointer_drawn drawn;
    struct geometry_rect logical; /* as committed */
};

/* The newest picture, for inverting shapes: `rect` upright pixels as XRGB8888, row by row. */
struct shm_picture_reader {
    void (*read)(void *ctx, struct frame_rect rect, uint32_t *out);
    void *ctx;
    uint64_t count; /* changes with the picture */
};

int shm_pointer_init(struct shm_pointer *p, struct display_native *native) MUST_CHECK;
void shm_pointer_fini(struct shm_pointer *p);
void shm_pointer_set(struct shm_pointer *p, const struct cursor_image *image, int32_t x_px,
                     int32_t y_px, bool visible);
/* Brings the subsurface up to date with `g`; `show` false: hidden whatever the guest says. Returns
 * true if something changed: the root surface has to be committed to apply it. */
bool shm_pointer_update(struct shm_pointer *p, const struct geometry *g, uint32_t scale_120,
                        bool show, const struct shm_picture_reader *picture);

#endif
