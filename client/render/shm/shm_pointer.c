/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "shm"

#include "render/shm/shm_pointer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#include "viewporter-client-protocol.h"

int shm_pointer_init(struct shm_pointer *p, struct display_native *native)
{
    shm_pool_init(&p->pool, native->shm);
    p->root = native->surface;
    p->surface = wl_compositor_create_surface(native->compositor);
    if (!p->surface)
        return -ENOMEM;
    p->subsurface =
        wl_subcompositor_get_subsurface(native->subcompositor, p->surface, native->surface);
    p->viewport = wp_viewporter_get_viewport(native->viewporter, p->surface);
    if (!p->subsurface || !p->viewport)
        return -ENOMEM;
    struct wl_region *nothing = wl_compositor_create_region(native->compositor);
    wl_surface_set_input_region(p->surface, nothing); /* clicks are for the window */
    wl_region_destroy(nothing);
    return 0;
}

void shm_pointer_fini(struct shm_pointer *p)
{
    if (p->viewport)
        wp_viewport_destroy(p->viewport);
    if (p->subsurface)
        wl_subsurface_destroy(p->subsurface);
    if (p->surface)
        wl_surface_destroy(p->surface);
    shm_pool_fini(&p->pool);
    cursor_image_fini(&p->image);
}

void shm_pointer_set(struct shm_pointer *p, const struct cursor_image *image, int32_t x_px,
                     int32_t y_px, bool visible)
{
    p->x_px = x_px;
    p->y_px = y_px;
    p->visible = visible;
    struct cursor_image copy;
    if (!image)
        return;
    if (cursor_image_rotate(image, 0, &copy) < 0) {
        log_every(1000, LOG_LEVEL_ERROR, "no memory for a pointer shape: the last one stays");
        return;
    }
    cursor_image_fini(&p->image);
    p->image = copy;
    p->shapes++;
}

/* The part of the shape inside the picture, in guest pixels. False: none. */
static bool clip_to_picture(const struct shm_pointer *p, const struct geometry *g,
                            struct frame_rect *clip)
{
    const int64_t left = p->x_px > 0 ? p->x_px : 0, top = p->y_px > 0 ? p->y_px : 0;
    int64_t right = (int64_t)p->x_px + p->image.width_px,
            bottom = (int64_t)p->y_px + p->image.height_px;
    if (right > g->upright_width_px)
        right = g->upright_width_px;
    if (bottom > g->upright_height_px)
        bottom = g->upright_height_px;
    if (left >= right || top >= bottom)
        return false;
    *clip = (struct frame_rect){ (uint32_t)left, (uint32_t)top, (uint32_t)(right - left),
                                 (uint32_t)(bottom - top) };
    return true;
}

static bool same_drawing(const struct shm_pointer_drawn *a, const struct shm_pointer_drawn *b)
{
    return a->shape == b->shape && a->picture == b->picture && a->x_px == b->x_px &&
           a->y_px == b->y_px && a->left_px == b->left_px && a->top_px == b->top_px &&
           a->width_px == b->width_px && a->height_px == b->height_px &&
           memcmp(&a->clip, &b->clip, sizeof(a->clip)) == 0;
}

/* Puts the clipped shape over `out`, whose pixels are those of the picture below if the shape
 * inverts any. */
static void draw_clip(const struct shm_pointer *p, struct frame_rect clip, uint32_t *out,
                      size_t stride_px, const uint32_t *below)
{
    const uint32_t first_x = (uint32_t)((int64_t)clip.x_px - p->x_px),
                   first_y = (uint32_t)((int64_t)clip.y_px - p->y_px);
    for (uint32_t y = 0; y < clip.height_px; y++) {
        const size_t row = (size_t)(first_y + y) * p->image.width_px + first_x;
        for (uint32_t x = 0; x < clip.width_px; x++) {
            const uint32_t flip = below ? p->image.xor_rgb[row + x] : 0;
            out[y * stride_px + x] =
                flip ? 0xff000000u | ((below[(size_t)y * clip.width_px + x] ^ flip) & 0xffffffu)
                     : p->image.argb[row + x];
        }
    }
}

/* Draws into a free buffer and attaches it. False: no memory, the pointer stays as it was. */
static bool redraw(struct shm_pointer *p, const struct shm_cursor_layout *layout,
                   struct frame_rect clip, const struct shm_picture_reader *picture)
{
    struct shm_buffer *b = shm_pool_find_free(&p->pool);
    if (b && (b->width_px != layout->buffer_width_px || b->height_px != layout->buffer_height_px)) {
        shm_pool_retire_all(&p->pool);
        b = NULL;
    }
    if (!b)
        b = shm_pool_add(&p->pool, layout->buffer_width_px, layout->buffer_height_px,
                         WL_SHM_FORMAT_ARGB8888);
    if (!b)
        return false;
    uint32_t *below = NULL;
    if (p->image.xor_rgb) {
        below = malloc((size_t)clip.width_px * clip.height_px * sizeof(*below));
        if (!below)
            return false;
        picture->read(picture->ctx, clip, below);
    }
    memset(b->mem, 0, b->len_bytes);
    draw_clip(p, clip,
              (uint32_t *)(void *)b->mem + (size_t)layout->top_px * b->width_px + layout->left_px,
              b->width_px, below);
    free(below);
    shm_buffer_attach(b, p->surface);
    wl_surface_damage_buffer(p->surface, 0, 0, (int32_t)b->width_px, (int32_t)b->height_px);
    return true;
}

static bool hide(struct shm_pointer *p)
{
    if (!p->mapped)
        return false;
    wl_surface_attach(p->surface, NULL, 0, 0);
    wl_surface_commit(p->surface);
    /* sway before 1.8 looks for the vanished surface's size after it is gone, and would repaint
     * nothing. */
    wl_surface_damage(p->root, p->logical.x, p->logical.y, (int32_t)p->logical.width,
                      (int32_t)p->logical.height);
    p->mapped = false;
    return true;
}

bool shm_pointer_update(struct shm_pointer *p, const struct geometry *g, uint32_t scale_120,
                        bool show, const struct shm_picture_reader *picture)
{
    struct frame_rect clip;
    struct shm_cursor_layout layout = { 0 };
    if (!show || !p->visible || !p->image.argb || !g->image_px.width ||
        !clip_to_picture(p, g, &clip))
        return hide(p);
    shm_layout_cursor(g, scale_120, clip, &layout);
    const bool inverts = p->image.xor_rgb != NULL;
    /* The part of the shape that is seen, not where in the picture. */
    const struct frame_rect part = { (uint32_t)((int64_t)clip.x_px - p->x_px),
                                     (uint32_t)((int64_t)clip.y_px - p->y_px), clip.width_px,
                                     clip.height_px };
    const struct shm_pointer_drawn want = {
        .shape = p->shapes,
        .picture = inverts ? picture->count : 0,
        .clip = part,
        .x_px = inverts ? p->x_px : 0,
        .y_px = inverts ? p->y_px : 0,
        .left_px = layout.left_px,
        .top_px = layout.top_px,
        .width_px = layout.buffer_width_px,
        .height_px = layout.buffer_height_px,
    };
    bool changed = false, drawn = false;
    if (!p->mapped || !same_drawing(&p->drawn, &want)) {
        if (!redraw(p, &layout, clip, picture))
            return false;
        p->drawn = want;
        changed = drawn = true;
    }
    if (!p->mapped || p->logical.width != layout.logical.width ||
        p->logical.height != layout.logical.height) {
        wp_viewport_set_destination(p->viewport, (int32_t)layout.logical.width,
                                    (int32_t)layout.logical.height);
        changed = drawn = true;
    }
    if (!p->mapped || p->logical.x != layout.logical.x || p->logical.y != layout.logical.y) {
        wl_subsurface_set_position(p->subsurface, layout.logical.x, layout.logical.y);
        changed = true; /* applied by the root's commit alone */
    }
    if (drawn)
        wl_surface_commit(p->surface);
    p->logical = layout.logical;
    p->mapped = true;
    return changed;
}
