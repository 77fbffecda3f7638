/* SPDX-License-Identifier: GPL-2.0-or-later
 * The renderer without GL: each damaged row is copied once, from the region into a buffer that the
 * compositor reads.
 *
 * Surfaces: the root is black, or carries a picture that is shown 1:1 (shm_layout.h) or a still; a
 * subsurface carries a scaled picture; another the cursor. Both subsurfaces stay synchronised: what
 * is committed on them waits for the commit of the root, so that one commit shows picture, cursor
 * and window size together. */
#define LOG_MODULE "shm"

#include "render/render.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/log.h"
#include "base/text.h"
#include "display/wayland/native.h"
#include "render/shm/shm_buffer.h"
#include "render/shm/shm_copy.h"
#include "render/shm/shm_layout.h"
#include "render/shm/shm_pointer.h"

#include "viewporter-client-protocol.h"
#ifdef ESPELHO_HAVE_SINGLE_PIXEL_BUFFER_V1
#include "single-pixel-buffer-v1-client-protocol.h"
#endif

/* One on the screen, one queued behind it, one being filled; a fourth for compositors that keep
 * two. */
enum { MAX_PICTURES = 4 };

/* What the buffers were made for. */
struct picture_desc {
    uint32_t width_px, height_px, rows_px;
    enum frame_rotation rotation;
    enum pixel_out format;
};

enum root_content { ROOT_NOTHING, ROOT_BLACK, ROOT_PICTURE, ROOT_STILL };

struct shm_renderer {
    struct renderer base;
    struct display *display; /* borrowed */
    struct display_native *native;
    struct geometry_config config;
    struct display_state state;
    struct geometry geometry;
    struct shm_layout layout;
    bool layout_dirty; /* positions and sizes were not committed yet */

    struct picture_desc desc; /* width 0: no picture yet */
    struct shm_pool pool;
    struct shm_buffer *stored; /* the newest picture, not shown yet; or NULL */
    struct shm_buffer *shown;  /* the one that was attached last; or NULL */
    struct damage to_show;     /* between `shown` and `stored` */
    uint64_t picture_count;

    struct shm_pool still_pool;
    struct shm_buffer *still; /* to be shown now; or NULL */
    bool still_dirty;

    struct { /* the subsurface of a scaled picture */
        struct wl_surface *surface;
        struct wl_subsurface *subsurface;
        struct wp_viewport *viewport;
        bool mapped;
    } video;
    struct shm_pointer pointer;
    struct shm_pool black_pool;
    struct wl_buffer *black; /* one pixel */
    enum root_content root;
    struct renderer_stats stats;
};

static struct shm_renderer *shm_renderer_of(struct renderer *self)
{
    assert(self->ops == &renderer_shm_ops);
    return container_of(self, struct shm_renderer, base);
}

/* ---- formats ---- */

static const struct {
    enum pixel_out out;
    uint32_t wl;
} formats[] = {
    { PIXEL_OUT_XRGB8888, WL_SHM_FORMAT_XRGB8888 }, /* first: every compositor has it */
    { PIXEL_OUT_XBGR8888, WL_SHM_FORMAT_XBGR8888 },
    { PIXEL_OUT_XBGR2101010, WL_SHM_FORMAT_XBGR2101010 },
};

static bool is_offered(const struct display_native *native, uint32_t wl)
{
    for (size_t i = 0; i < native->shm_format_count; i++)
        if (native->shm_formats[i] == wl)
            return true;
    return wl == WL_SHM_FORMAT_XRGB8888;
}

static uint32_t wl_format(enum pixel_out out)
{
    for (size_t i = 0; i < ARRAY_LEN(formats); i++)
        if (formats[i].out == out)
            return formats[i].wl;
    return WL_SHM_FORMAT_XRGB8888;
}

/* One in which the guest's pixels can stay as they are, else XRGB8888. Ten bits only if the
 * compositor has a GPU: one that draws with the CPU needs several times longer for them than we
 * need for making them eight (sway 1.7: a third of the frames). */
static enum pixel_out choose_format(const struct display_native *native,
                                    const struct frame_view *frame)
{
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        if (formats[i].out == PIXEL_OUT_XBGR2101010 && !native->has_dmabuf)
            continue;
        if (convert_is_copy(frame->fmt, frame->flags, formats[i].out) &&
            is_offered(native, formats[i].wl))
            return formats[i].out;
    }
    return PIXEL_OUT_XRGB8888;
}

/* One pixel of a buffer as 0x00RRGGBB. */
static uint32_t pixel_to_rgb(enum pixel_out format, uint32_t v)
{
    switch (format) {
    case PIXEL_OUT_XBGR8888:
        return (v & 0xff) << 16 | (v & 0xff00) | (v >> 16 & 0xff);
    case PIXEL_OUT_XBGR2101010:
        return (v >> 2 & 0xff) << 16 | (v >> 12 & 0xff) << 8 | (v >> 22 & 0xff);
    default:
        return v & 0xffffff;
    }
}

/* ---- the store ---- */

static struct shm_buffer *newest_picture(const struct shm_renderer *r)
{
    return r->stored ? r->stored : r->shown;
}

static uint8_t *picture_origin(const struct shm_buffer *b, const struct shm_layout *layout)
{
    return b->mem + (size_t)layout->picture_y_px * b->stride_bytes +
           (size_t)layout->picture_x_px * 4;
}

static void compute_layout(struct shm_renderer *r)
{
    geometry_compute(&r->config, r->state.width, r->state.height, r->state.scale_120,
                     r->desc.width_px, r->desc.height_px, r->desc.rotation, &r->geometry);
    shm_layout_compute(&r->geometry, r->state.scale_120, r->state.width, r->state.height,
                       r->desc.width_px, r->desc.height_px, &r->layout);
    r->layout_dirty = true;
}

static void forget_pictures(struct shm_renderer *r)
{
    shm_pool_retire_all(&r->pool);
    r->stored = NULL;
    r->shown = NULL;
    damage_set_full(&r->to_show);
}

/* A new picture buffer; black where the picture is not. */
static struct shm_buffer *add_picture_buffer(struct shm_renderer *r, uint32_t format)
{
    const struct shm_layout *l = &r->layout;
    struct shm_buffer *b = shm_pool_add(&r->pool, l->buffer_width_px, l->buffer_height_px, format);
    if (b && (l->buffer_width_px != r->desc.width_px || l->buffer_height_px != r->desc.rows_px))
        shm_buffer_blacken(b);
    return b;
}

/* The buffers have to be other ones: takes the picture over into one of them, because the guest
 * will not send it again. */
static void move_picture(struct shm_renderer *r, const struct shm_layout *old)
{
    const struct shm_buffer *from = newest_picture(r);
    struct shm_buffer *to = NULL;
    if (from && r->layout.buffer_width_px)
        to = add_picture_buffer(r, from->format);
    if (to) {
        const uint8_t *src = picture_origin(from, old);
        uint8_t *dst = picture_origin(to, &r->layout);
        for (uint32_t y = 0; y < r->desc.height_px; y++)
            memcpy(dst + (size_t)y * to->stride_bytes, src + (size_t)y * from->stride_bytes,
                   (size_t)r->desc.width_px * 4);
        damage_clear(&to->lacks);
        wl_list_remove(&to->link); /* not one of those that retire */
    }
    forget_pictures(r);
    if (to) {
        wl_list_insert(&r->pool.buffers, &to->link);
        r->stored = to;
    }
}

static void relayout(struct shm_renderer *r)
{
    const struct shm_layout old = r->layout;
    compute_layout(r);
    if (r->desc.width_px && !shm_layout_same_buffers(&old, &r->layout))
        move_picture(r, &old);
}

static bool set_desc(struct shm_renderer *r, const struct frame_view *frame)
{
    const struct picture_desc d = {
        .width_px = frame->width_px,
        .height_px = frame->height_px,
        .rows_px = frame->rows_px,
        .rotation = frame->rotation,
        .format = choose_format(r->native, frame),
    };
    const struct picture_desc *o = &r->desc;
    if (d.width_px == o->width_px && d.height_px == o->height_px && d.rows_px == o->rows_px &&
        d.rotation == o->rotation && d.format == o->format)
        return false;
    r->desc = d;
    forget_pictures(r);
    compute_layout(r);
    return true;
}

/* Where the next picture goes: over the stored one that nobody saw yet, into a free buffer, or a
 * new one. */
static struct shm_buffer *choose_target(struct shm_renderer *r)
{
    if (r->stored)
        return r->stored;
    struct shm_buffer *b = shm_pool_find_free(&r->pool);
    if (!b && shm_pool_count(&r->pool) < MAX_PICTURES)
        b = add_picture_buffer(r, wl_format(r->desc.format));
    return b;
}

static enum render_upload shm_upload(struct renderer *self, const struct frame_view *frame,
                                     const struct damage *damage)
{
    struct shm_renderer *r = shm_renderer_of(self);
    struct damage changed = *damage;
    if (set_desc(r, frame))
        damage_set_full(&changed);
    if (!r->layout.buffer_width_px)
        return RENDER_UPLOAD_FAILED; /* the window has no size: nothing to show it on */
    shm_pool_add_damage(&r->pool, &changed);
    struct shm_buffer *b = choose_target(r);
    if (!b)
        return shm_pool_count(&r->pool) < MAX_PICTURES ? RENDER_UPLOAD_FAILED : RENDER_UPLOAD_BUSY;
    const struct shm_copy_target target = {
        .origin = picture_origin(b, &r->layout),
        .stride_bytes = b->stride_bytes,
        .format = r->desc.format,
    };
    const struct shm_copy_result copied = shm_copy_frame(frame, &b->lacks, &target);
    r->stats.waits += copied.waited;
    r->stats.upload_bytes += copied.bytes;
    if (!copied.complete) {
        r->stats.wait_timeouts++;
        if (b == r->stored)
            r->stored = NULL; /* half of a newer picture is in it: never to be shown. It still lacks
                                 the damage. */
        return RENDER_UPLOAD_STALLED;
    }
    damage_clear(&b->lacks);
    damage_add(&r->to_show, &changed);
    r->stored = b;
    r->picture_count++;
    if (r->still) {
        r->still = NULL;
        r->layout_dirty = true;
        shm_pool_retire_all(&r->still_pool);
    }
    r->stats.uploads++;
    r->stats.damaged_bytes +=
        damage_pixels(&changed, frame->width_px, frame->height_px) * frame->fmt->bytes_per_pixel;
    return RENDER_UPLOAD_OK;
}

static void read_picture(void *ctx, struct frame_rect rect, uint32_t *out)
{
    const struct shm_renderer *r = ctx;
    const struct shm_buffer *b = newest_picture(r);
    const struct geometry *g = &r->geometry;
    for (uint32_t y = 0; y < rect.height_px; y++) {
        for (uint32_t x = 0; x < rect.width_px; x++) {
            const struct frame_rect at =
                shm_layout_unrotate((struct frame_rect){ rect.x_px + x, rect.y_px + y, 1, 1 },
                                    g->rotation, g->upright_width_px, g->upright_height_px);
            uint32_t v = 0;
            if (b)
                memcpy(&v,
                       picture_origin(b, &r->layout) + (size_t)at.y_px * b->stride_bytes +
                           (size_t)at.x_px * 4,
                       4);
            out[(size_t)y * rect.width_px + x] = pixel_to_rgb(r->desc.format, v);
        }
    }
}

/* ---- presenting ---- */

static void damage_surface(struct wl_surface *surface, const struct shm_renderer *r,
                           const struct shm_buffer *b)
{
    if (r->to_show.full) {
        wl_surface_damage_buffer(surface, 0, 0, (int32_t)b->width_px, (int32_t)b->height_px);
        return;
    }
    for (uint32_t i = 0; i < r->to_show.count; i++) {
        const struct frame_rect *d = &r->to_show.rects[i];
        wl_surface_damage_buffer(surface, (int32_t)(d->x_px + r->layout.picture_x_px),
                                 (int32_t)(d->y_px + r->layout.picture_y_px), (int32_t)d->width_px,
                                 (int32_t)d->height_px);
    }
}

static void set_root_size(struct shm_renderer *r, enum frame_rotation rotation)
{
    wl_surface_set_buffer_transform(r->native->surface, (int32_t)rotation);
    wp_viewport_set_destination(r->native->viewport, (int32_t)r->state.width,
                                (int32_t)r->state.height);
}

static void attach_stored(struct shm_renderer *r, struct wl_surface *surface)
{
    damage_surface(surface, r, r->stored);
    shm_buffer_attach(r->stored, surface);
    r->shown = r->stored;
    r->stored = NULL;
    damage_clear(&r->to_show);
}

static void unmap_video(struct shm_renderer *r)
{
    if (!r->video.mapped)
        return;
    wl_surface_attach(r->video.surface, NULL, 0, 0);
    wl_surface_commit(r->video.surface);
    r->video.mapped = false;
}

static void stage_still(struct shm_renderer *r)
{
    unmap_video(r);
    set_root_size(r, FRAME_ROTATE_0);
    if (r->still_dirty || r->root != ROOT_STILL) {
        shm_buffer_attach(r->still, r->native->surface);
        wl_surface_damage_buffer(r->native->surface, 0, 0, INT32_MAX, INT32_MAX);
    }
    r->root = ROOT_STILL;
    r->still_dirty = false;
}

static void stage_picture_on_root(struct shm_renderer *r)
{
    unmap_video(r);
    if (r->layout_dirty)
        set_root_size(r, r->layout.rotation);
    if (!r->stored && r->root != ROOT_PICTURE && r->shown) { /* back from a still */
        r->stored = r->shown;
        damage_set_full(&r->to_show);
    }
    if (r->stored)
        attach_stored(r, r->native->surface);
    r->root = ROOT_PICTURE;
}

static void stage_black_root(struct shm_renderer *r)
{
    if (r->root != ROOT_BLACK) {
        wl_surface_attach(r->native->surface, r->black, 0, 0);
        wl_surface_damage_buffer(r->native->surface, 0, 0, INT32_MAX, INT32_MAX);
    }
    if (r->root != ROOT_BLACK || r->layout_dirty)
        set_root_size(r, FRAME_ROTATE_0);
    r->root = ROOT_BLACK;
}

static void stage_picture_on_video(struct shm_renderer *r)
{
    stage_black_root(r);
    if (r->layout_dirty) {
        const struct geometry_rect *at = &r->layout.logical;
        wl_subsurface_set_position(r->video.subsurface, at->x, at->y);
        wl_surface_set_buffer_transform(r->video.surface, (int32_t)r->layout.rotation);
        wp_viewport_set_destination(r->video.viewport, (int32_t)at->width, (int32_t)at->height);
    }
    if (!r->stored && !r->video.mapped && r->shown) {
        r->stored = r->shown;
        damage_set_full(&r->to_show);
    }
    if (r->stored) {
        attach_stored(r, r->video.surface);
        r->video.mapped = true;
    }
}

static bool shm_present(struct renderer *self, uint64_t tag)
{
    struct shm_renderer *r = shm_renderer_of(self);
    if (!display_native_ready(r->display) || (!r->still && !newest_picture(r)))
        return false;
    const bool on_root = r->still || r->layout.on_root;
    const struct shm_picture_reader reader = { .read = read_picture,
                                               .ctx = r,
                                               .count = r->picture_count };
    const bool pointer_changed =
        shm_pointer_update(&r->pointer, &r->geometry, r->state.scale_120, !r->still, &reader);
    const bool picture_changed = r->still ? r->still_dirty : r->stored != NULL;
    if (!pointer_changed && !picture_changed && !r->layout_dirty)
        return false;
    struct wl_surface *content = on_root ? r->native->surface : r->video.surface;
    display_native_prepare_commit(r->display, content, tag);
    if (r->still)
        stage_still(r);
    else if (on_root)
        stage_picture_on_root(r);
    else
        stage_picture_on_video(r);
    if (!on_root)
        wl_surface_commit(r->video.surface);
    wl_surface_commit(r->native->surface);
    r->layout_dirty = false;
    r->stats.presents++;
    return true;
}

/* ---- the other entries ---- */

static void shm_configure(struct renderer *self, const struct display_state *state,
                          const struct geometry_config *config)
{
    struct shm_renderer *r = shm_renderer_of(self);
    r->state = *state;
    r->config = *config;
    relayout(r);
}

static void shm_set_cursor(struct renderer *self, const struct cursor_image *image, int32_t x_px,
                           int32_t y_px, bool visible)
{
    shm_pointer_set(&shm_renderer_of(self)->pointer, image, x_px, y_px, visible);
}

static void shm_show_still(struct renderer *self, const struct still *still)
{
    struct shm_renderer *r = shm_renderer_of(self);
    shm_pool_retire_all(&r->still_pool);
    r->still =
        shm_pool_add(&r->still_pool, still->width_px, still->height_px, WL_SHM_FORMAT_XRGB8888);
    if (!r->still)
        return;
    for (uint32_t y = 0; y < still->height_px; y++)
        memcpy(r->still->mem + (size_t)y * r->still->stride_bytes,
               (const uint8_t *)still->pixels + (size_t)y * still->stride_bytes,
               (size_t)still->width_px * 4);
    r->still_dirty = true;
}

static const struct geometry *shm_geometry(struct renderer *self)
{
    return &shm_renderer_of(self)->geometry;
}

static void shm_stats(struct renderer *self, struct renderer_stats *out)
{
    *out = shm_renderer_of(self)->stats;
}

static int create_black(struct shm_renderer *r)
{
#ifdef ESPELHO_HAVE_SINGLE_PIXEL_BUFFER_V1
    if (r->native->single_pixel) {
        r->black = wp_single_pixel_buffer_manager_v1_create_u32_rgba_buffer(r->native->single_pixel,
                                                                            0, 0, 0, UINT32_MAX);
        return r->black ? 0 : -ENOMEM;
    }
#endif
    struct shm_buffer *b = shm_pool_add(&r->black_pool, 1, 1, WL_SHM_FORMAT_XRGB8888);
    if (!b)
        return -ENOMEM;
    shm_buffer_blacken(b);
    r->black = b->wl;
    return 0;
}

static int create_video(struct shm_renderer *r)
{
    r->video.surface = wl_compositor_create_surface(r->native->compositor);
    if (!r->video.surface)
        return -ENOMEM;
    r->video.subsurface = wl_subcompositor_get_subsurface(r->native->subcompositor,
                                                          r->video.surface, r->native->surface);
    r->video.viewport = wp_viewporter_get_viewport(r->native->viewporter, r->video.surface);
    struct wl_region *nothing = wl_compositor_create_region(r->native->compositor);
    wl_surface_set_input_region(r->video.surface, nothing);
    wl_region_destroy(nothing);
    return 0;
}

static void shm_destroy(struct renderer *self)
{
    struct shm_renderer *r = shm_renderer_of(self);
    shm_pointer_fini(&r->pointer);
    if (r->video.viewport)
        wp_viewport_destroy(r->video.viewport);
    if (r->video.subsurface)
        wl_subsurface_destroy(r->video.subsurface);
    if (r->video.surface)
        wl_surface_destroy(r->video.surface);
    if (r->black && wl_list_empty(&r->black_pool.buffers))
        wl_buffer_destroy(r->black);
    shm_pool_fini(&r->black_pool);
    shm_pool_fini(&r->still_pool);
    shm_pool_fini(&r->pool);
    free(r);
}

static int shm_create(const struct renderer_config *config, struct renderer **out, const char **why)
{
    struct display_native *native = display_get_native(config->display);
    if (!native->viewport) {
        *why = _("the compositor does not offer wp_viewporter, which scales for it");
        return -ENOTSUP;
    }
    struct shm_renderer *r = calloc(1, sizeof(*r));
    if (!r)
        return -ENOMEM;
    r->base.ops = &renderer_shm_ops;
    r->display = config->display;
    r->native = native;
    r->config = config->geometry;
    r->state = *display_get_state(config->display);
    shm_pool_init(&r->pool, native->shm);
    shm_pool_init(&r->still_pool, native->shm);
    shm_pool_init(&r->black_pool, native->shm);
    shm_pool_init(&r->pointer.pool, native->shm);
    damage_set_full(&r->to_show);
    compute_layout(r);
    int err = create_black(r);
    if (!err)
        err = create_video(r);
    if (!err)
        err = shm_pointer_init(&r->pointer, native); /* last: above the picture */
    if (err) {
        shm_destroy(&r->base);
        return err;
    }
    *out = &r->base;
    return 0;
}

const struct renderer_ops renderer_shm_ops = {
    .name = "shm",
    .create = shm_create,
    .destroy = shm_destroy,
    .configure = shm_configure,
    .upload = shm_upload,
    .set_cursor = shm_set_cursor,
    .show_still = shm_show_still,
    .present = shm_present,
    .geometry = shm_geometry,
    .stats = shm_stats,
};
