/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "direct"

#include "render/direct/direct_renderer.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "display/wayland/native.h"
#include "frame/convert.h"
#include "render/direct/direct_buffer.h"
#include "render/direct/linux_dmabuf.h"
#include "render/shm/shm_pointer.h"

#include "viewporter-client-protocol.h"

/* A subsurface of the window, below the pointer. */
struct plane {
    struct wl_surface *surface;
    struct wl_subsurface *subsurface;
    struct wp_viewport *viewport;
    bool mapped;
};

struct direct_renderer {
    struct renderer base;
    struct renderer *inner;  /* owned */
    struct display *display; /* borrowed */
    struct display_native *native;
    void (*on_frame_done)(void *ctx, uint32_t id);
    void *ctx;
    struct geometry_config config;
    struct display_state state;

    struct linux_dmabuf dmabuf;
    struct dmabuf_source *source;    /* of the region that frames came from last; or NULL */
    const struct shm_region *region; /* the same; borrowed until forget() */
    struct {                         /* was refused: not tried again */
        const void *mem;
        uint64_t inode;
    } refused;
    struct direct_buffers buffers;
    struct plane black, video; /* video.surface NULL: there is no memory for it */
    bool video_is_stale;       /* hidden, and to be made anew */
    struct shm_pool black_pool;
    struct shm_buffer *black_pixel;
    struct shm_pointer pointer;
    struct { /* as the inner one must know it */
        int32_t x_px, y_px;
        bool visible;
    } cursor;

    bool inner_was_shown;         /* the window has a buffer: subsurfaces can be seen */
    bool active;                  /* the newest picture is a frame that was handed over */
    struct direct_buffer *staged; /* it, not committed yet; or NULL */
    struct direct_buffer
        *shown;             /* it, committed; or NULL. Only compared and attached while active */
    struct frame_view view; /* it; its pixels may be read while has_view */
    bool has_view;
    struct damage to_show;     /* between the last commit and `staged` */
    struct damage inner_lacks; /* what the inner backend has not got */
    struct geometry geometry;  /* of `view` in the window */
    struct geometry_rect place;
    bool placed_anew;
    uint64_t directs, settles;
    char reason[320];
};

static struct direct_renderer *direct_renderer_of(struct renderer *self);

/* ---- may it be done? ---- */

static bool refuse(struct direct_renderer *r, const char *reason, const char *advice)
{
    if (strcmp(r->reason, reason) == 0)
        return false;
    snprintf(r->reason, sizeof(r->reason), "%s", reason);
    log_info("frames are not handed to the compositor: %s", reason);
    if (advice && advice[0])
        log_info("%s", advice);
    return false;
}

static bool ensure_source(struct direct_renderer *r, const struct shm_region *region)
{
    struct dmabuf_problem problem;
    if (r->source && dmabuf_source_is_of(r->source, region)) {
        r->region = region;
        return true;
    }
    if (r->refused.mem == region->mem && r->refused.inode == region->inode)
        return false;
    renderer_forget(&r->base);
    if (dmabuf_source_create(region, NULL, &r->source, &problem) < 0) {
        r->source = NULL;
        r->refused.mem = region->mem;
        r->refused.inode = region->inode;
        return refuse(r, problem.text, problem.advice);
    }
    r->region = region;
    return true;
}

static bool can_place(struct direct_renderer *r, const struct frame_view *view)
{
    struct geometry g;
    struct geometry_rect place;
    geometry_compute(&r->config, r->state.width, r->state.height, r->state.scale_120,
                     view->width_px, view->height_px, view->rotation, &g);
    if (!direct_place(&g, &r->state, &place))
        return refuse(r, _("the picture would lie between the compositor's pixels"), NULL);
    return true;
}

/* The buffer for this frame, in whatever state. NULL: it is the inner backend's. */
static struct direct_buffer *find_buffer(struct direct_renderer *r,
                                         const struct render_frame *frame)
{
    struct dmabuf_picture picture;
    uint64_t modifier;
    char text[96];
    if (!r->dmabuf.proxy || !frame->id || !r->inner_was_shown || !r->video.surface)
        return NULL;
    const char *why = dmabuf_picture_of(frame->view, DMABUF_FOR_SCREEN, &picture);
    if (why) {
        refuse(r, why, NULL);
        return NULL;
    }
    if (!linux_dmabuf_takes(&r->dmabuf, picture.fourcc, &modifier)) {
        snprintf(text, sizeof(text), _("the compositor takes no linear pixels of format %.4s"),
                 (const char *)&picture.fourcc);
        refuse(r, text, NULL);
        return NULL;
    }
    if (!can_place(r, frame->view) || !ensure_source(r, frame->region))
        return NULL;
    struct direct_buffer *b = direct_buffers_get(&r->buffers, r->source, &picture, modifier);
    if (!b)
        refuse(r, r->buffers.reason, r->buffers.advice);
    else if (b->state == DIRECT_BUFFER_REFUSED)
        refuse(r, _("the compositor refuses a buffer of the guest's memory"), NULL);
    return b;
}

/* ---- taking frames ---- */

static void place(struct direct_renderer *r)
{
    struct geometry_rect at = r->place;
    geometry_compute(&r->config, r->state.width, r->state.height, r->state.scale_120,
                     r->view.width_px, r->view.height_px, r->view.rotation, &r->geometry);
    if (!direct_place(&r->geometry, &r->state, &at))
        return; /* until the next frame, which then is the inner backend's, it stays where it is */
    r->place = at;
    r->placed_anew = true;
}

static void drop_staged(struct direct_renderer *r)
{
    if (r->staged)
        direct_buffer_drop(r->staged);
    r->staged = NULL;
}

static void show_inner_cursor(struct direct_renderer *r)
{
    r->inner->ops->set_cursor(r->inner, NULL, r->cursor.x_px, r->cursor.y_px,
                              r->cursor.visible && !r->active);
}

static void set_active(struct direct_renderer *r, bool active)
{
    if (!active)
        drop_staged(r);
    if (active == r->active)
        return;
    r->active = active;
    if (!active)
        r->shown = NULL;
    damage_set_full(&r->to_show);
    show_inner_cursor(r);
}

static enum render_upload take(struct direct_renderer *r, const struct render_frame *frame,
                               struct direct_buffer *b)
{
    const struct frame_view before = r->view;
    const bool was_active = r->active;
    if (frame_view_ready_rows(frame->view) < frame->view->rows_px)
        return RENDER_UPLOAD_PENDING;
    dmabuf_sync_for_device(b->fd);
    drop_staged(r);
    set_active(r, true);
    r->staged = b;
    b->id = frame->id;
    r->view = *frame->view;
    r->has_view = true;
    damage_add(&r->to_show, frame->damage);
    damage_add(&r->inner_lacks, frame->damage);
    if (!was_active || before.width_px != r->view.width_px ||
        before.height_px != r->view.height_px || before.rotation != r->view.rotation)
        place(r);
    if (r->reason[0] || r->directs == 0)
        log_info("frames are handed to the compositor, by %s", dmabuf_source_name(r->source));
    r->reason[0] = '\0';
    r->directs++;
    return RENDER_UPLOAD_KEPT;
}

/* The inner backend has it now: the planes go with the next present(). */
static enum render_upload inner_took(struct direct_renderer *r, enum render_upload result)
{
    if (result == RENDER_UPLOAD_OK || result == RENDER_UPLOAD_KEPT) {
        damage_clear(&r->inner_lacks);
        set_active(r, false);
    }
    return result;
}

static enum render_upload direct_import(struct renderer *self, const struct render_frame *frame)
{
    struct direct_renderer *r = direct_renderer_of(self);
    struct direct_buffer *b = find_buffer(r, frame);
    if (b && b->state == DIRECT_BUFFER_READY && !b->busy)
        return take(r, frame, b);
    /* A frame buffer that was not seen before, as each of the host's is once, is no reason to go
     * to the other way and back. */
    if (b && r->active && direct_buffer_is_coming(b))
        return RENDER_UPLOAD_BUSY;
    damage_add(&r->inner_lacks, frame->damage);
    struct render_frame in = *frame;
    in.damage = &r->inner_lacks;
    return inner_took(r, renderer_import(r->inner, &in));
}

static enum render_upload direct_upload(struct renderer *self, const struct frame_view *view,
                                        const struct damage *damage)
{
    struct direct_renderer *r = direct_renderer_of(self);
    damage_add(&r->inner_lacks, damage);
    return inner_took(r, r->inner->ops->upload(r->inner, view, &r->inner_lacks));
}

/* The inner backend shows the same picture from a copy. */
static bool direct_reclaim(struct renderer *self, uint32_t id)
{
    struct direct_renderer *r = direct_renderer_of(self);
    const struct direct_buffer *now = r->staged ? r->staged : r->shown;
    if (!r->active || !r->has_view || !now || now->id != id)
        return renderer_reclaim(r->inner, id);
    const struct render_frame frame = { .region = r->region,
                                        .view = &r->view,
                                        .damage = &r->inner_lacks };
    enum render_upload result = renderer_import(r->inner, &frame);
    if (result == RENDER_UPLOAD_NONE)
        result = r->inner->ops->upload(r->inner, &r->view, &r->inner_lacks);
    if (inner_took(r, result) != RENDER_UPLOAD_OK)
        return false;
    r->settles++;
    return true;
}

static void direct_forget(struct renderer *self)
{
    struct direct_renderer *r = direct_renderer_of(self);
    r->staged = NULL; /* told done with all others */
    r->shown = NULL;
    r->has_view = false;
    r->region = NULL;
    damage_set_full(&r->inner_lacks);
    direct_buffers_retire(&r->buffers);
    dmabuf_source_destroy(r->source);
    r->source = NULL;
    r->refused.mem = NULL;
    renderer_forget(r->inner);
}

/* ---- presenting ---- */

static void plane_fini(struct plane *p)
{
    if (p->viewport)
        wp_viewport_destroy(p->viewport);
    if (p->subsurface)
        wl_subsurface_destroy(p->subsurface);
    if (p->surface)
        wl_surface_destroy(p->surface);
}

static int plane_init(struct plane *p, const struct display_native *native)
{
    p->surface = wl_compositor_create_surface(native->compositor);
    struct wl_region *nothing = wl_compositor_create_region(native->compositor);
    if (p->surface) {
        p->subsurface =
            wl_subcompositor_get_subsurface(native->subcompositor, p->surface, native->surface);
        p->viewport = wp_viewporter_get_viewport(native->viewporter, p->surface);
    }
    if (p->surface && nothing)
        wl_surface_set_input_region(p->surface, nothing); /* clicks are for the window */
    if (nothing)
        wl_region_destroy(nothing);
    return p->subsurface && p->viewport && nothing ? 0 : -ENOMEM;
}

/* Pixels below a pointer that inverts them. */
static void read_picture(void *ctx, struct frame_rect rect, uint32_t *out)
{
    const struct direct_renderer *r = ctx;
    const struct geometry *g = &r->geometry;
    memset(out, 0, (size_t)rect.width_px * rect.height_px * sizeof(*out));
    for (uint32_t y = 0; r->has_view && y < rect.height_px; y++) {
        for (uint32_t x = 0; x < rect.width_px; x++) {
            const struct frame_rect at =
                shm_layout_unrotate((struct frame_rect){ rect.x_px + x, rect.y_px + y, 1, 1 },
                                    g->rotation, g->upright_width_px, g->upright_height_px);
            if (at.x_px < r->view.width_px && at.y_px < r->view.rows_px)
                (void)convert_row(r->view.fmt, r->view.flags,
                                  r->view.pixels + (size_t)at.y_px * r->view.pitch_bytes, at.x_px,
                                  1, PIXEL_OUT_XRGB8888, &out[(size_t)y * rect.width_px + x]);
        }
    }
}

static bool unmap(struct plane *p)
{
    if (!p->mapped)
        return false;
    wl_surface_attach(p->surface, NULL, 0, 0);
    wl_surface_commit(p->surface);
    p->mapped = false;
    return true;
}

static bool covers_window(const struct direct_renderer *r)
{
    return r->place.x == 0 && r->place.y == 0 && r->place.width == r->state.width &&
           r->place.height == r->state.height;
}

static void stage_bars(struct direct_renderer *r)
{
    if (covers_window(r)) {
        unmap(&r->black);
        return;
    }
    if (r->black.mapped && !r->placed_anew)
        return;
    wp_viewport_set_destination(r->black.viewport, (int32_t)r->state.width,
                                (int32_t)r->state.height);
    wl_surface_attach(r->black.surface, r->black_pixel->wl, 0, 0);
    wl_surface_damage_buffer(r->black.surface, 0, 0, INT32_MAX, INT32_MAX);
    wl_surface_commit(r->black.surface);
    r->black.mapped = true;
}

static void damage_video(struct direct_renderer *r)
{
    const struct damage *d = &r->to_show;
    if (d->full)
        wl_surface_damage_buffer(r->video.surface, 0, 0, INT32_MAX, INT32_MAX);
    for (uint32_t i = 0; !d->full && i < d->count; i++)
        wl_surface_damage_buffer(r->video.surface, (int32_t)d->rects[i].x_px,
                                 (int32_t)d->rects[i].y_px, (int32_t)d->rects[i].width_px,
                                 (int32_t)d->rects[i].height_px);
}

static void stage_picture(struct direct_renderer *r)
{
    if (r->placed_anew) {
        wl_subsurface_set_position(r->video.subsurface, r->place.x, r->place.y);
        wl_surface_set_buffer_transform(r->video.surface, (int32_t)r->geometry.rotation);
        wp_viewport_set_destination(r->video.viewport, (int32_t)r->place.width,
                                    (int32_t)r->place.height);
    }
    if (!r->staged)
        return;
    damage_video(r);
    direct_buffer_attach(r->staged, r->video.surface);
    r->shown = r->staged;
    r->staged = NULL;
    r->video.mapped = true;
    damage_clear(&r->to_show);
}

/* Compositors may keep the last buffer of a surface that is hidden (Weston's GL renderer does,
 * until the surface has another): the guest's host would wait for it in vain. */
static void renew_video(struct direct_renderer *r)
{
    plane_fini(&r->video);
    r->video = (struct plane){ 0 };
    r->video_is_stale = false;
    if (plane_init(&r->video, r->native) == 0) {
        wl_subsurface_place_above(r->video.subsurface, r->black.surface);
        return;
    }
    plane_fini(&r->video);
    r->video = (struct plane){ 0 };
    refuse(r, _("out of memory"), NULL);
}

static bool present_inner(struct direct_renderer *r, uint64_t tag)
{
    bool hidden = unmap(&r->video);
    r->video_is_stale |= hidden;
    hidden |= unmap(&r->black);
    hidden |= shm_pointer_update(&r->pointer, &r->geometry, r->state.scale_120, false, NULL);
    bool committed = r->inner->ops->present(r->inner, tag);
    r->inner_was_shown |= committed;
    if (hidden && !committed && display_native_ready(r->display)) {
        wl_surface_commit(r->native->surface);
        committed = true;
    }
    if (committed && r->video_is_stale)
        renew_video(r); /* only now: what is seen changes with that commit, all at once */
    return committed;
}

static bool direct_present(struct renderer *self, uint64_t tag)
{
    struct direct_renderer *r = direct_renderer_of(self);
    if (!r->active)
        return present_inner(r, tag);
    if (!display_native_settled(r->display))
        (void)r->inner->ops->present(r->inner, 0); /* the window's own size, below the picture */
    const struct shm_picture_reader reader = { .read = read_picture,
                                               .ctx = r,
                                               .count = r->directs };
    const bool pointer_changed =
        shm_pointer_update(&r->pointer, &r->geometry, r->state.scale_120, true, &reader);
    if (!pointer_changed && !r->staged && !r->placed_anew)
        return false;
    display_native_prepare_commit(r->display, r->video.surface, tag);
    stage_bars(r);
    stage_picture(r);
    wl_surface_commit(r->video.surface);
    wl_surface_commit(r->native->surface);
    r->placed_anew = false;
    return true;
}

/* ---- the other entries ---- */

static void direct_configure(struct renderer *self, const struct display_state *state,
                             const struct geometry_config *geometry)
{
    struct direct_renderer *r = direct_renderer_of(self);
    r->state = *state;
    r->config = *geometry;
    r->inner->ops->configure(r->inner, state, geometry);
    if (r->active)
        place(r);
}

static void direct_set_cursor(struct renderer *self, const struct cursor_image *image, int32_t x_px,
                              int32_t y_px, bool visible)
{
    struct direct_renderer *r = direct_renderer_of(self);
    r->cursor.x_px = x_px;
    r->cursor.y_px = y_px;
    r->cursor.visible = visible;
    shm_pointer_set(&r->pointer, image, x_px, y_px, visible);
    r->inner->ops->set_cursor(r->inner, image, x_px, y_px, visible && !r->active);
}

static void direct_show_still(struct renderer *self, const struct still *still)
{
    struct direct_renderer *r = direct_renderer_of(self);
    set_active(r, false);
    r->inner->ops->show_still(r->inner, still);
}

static const struct geometry *direct_geometry(struct renderer *self)
{
    struct direct_renderer *r = direct_renderer_of(self);
    return r->active ? &r->geometry : r->inner->ops->geometry(r->inner);
}

static void direct_stats(struct renderer *self, struct renderer_stats *out)
{
    struct direct_renderer *r = direct_renderer_of(self);
    r->inner->ops->stats(r->inner, out);
    out->directs = r->directs;
    out->settles = r->settles;
    snprintf(out->direct_state, sizeof(out->direct_state), "%s",
             r->active && r->source ? dmabuf_source_name(r->source) : r->reason);
}

static int create_planes(struct direct_renderer *r)
{
    int err = plane_init(&r->black, r->native);
    if (!err)
        err = plane_init(&r->video, r->native);
    if (!err)
        err = shm_pointer_init(&r->pointer, r->native); /* last: above the picture */
    if (!err)
        r->black_pixel = shm_pool_add(&r->black_pool, 1, 1, WL_SHM_FORMAT_XRGB8888);
    if (!err && !r->black_pixel)
        err = -ENOMEM;
    if (!err)
        shm_buffer_blacken(r->black_pixel);
    return err;
}

static void destroy_all_but_inner(struct direct_renderer *r)
{
    direct_buffers_fini(&r->buffers);
    shm_pointer_fini(&r->pointer);
    plane_fini(&r->video);
    plane_fini(&r->black);
    shm_pool_fini(&r->black_pool);
    dmabuf_source_destroy(r->source);
    linux_dmabuf_fini(&r->dmabuf);
    free(r);
}

static void direct_destroy(struct renderer *self)
{
    if (!self)
        return;
    struct direct_renderer *r = direct_renderer_of(self);
    r->inner->ops->destroy(r->inner);
    destroy_all_but_inner(r);
}

static const struct renderer_ops direct_ops = {
    .name = "direct",
    .create = NULL, /* it is put over another one */
    .destroy = direct_destroy,
    .configure = direct_configure,
    .upload = direct_upload,
    .import = direct_import,
    .reclaim = direct_reclaim,
    .forget = direct_forget,
    .set_cursor = direct_set_cursor,
    .show_still = direct_show_still,
    .present = direct_present,
    .geometry = direct_geometry,
    .stats = direct_stats,
};

static struct direct_renderer *direct_renderer_of(struct renderer *self)
{
    assert(self->ops == &direct_ops);
    return container_of(self, struct direct_renderer, base);
}

int direct_renderer_create(const struct renderer_config *config, struct renderer *inner,
                           struct renderer **out, const char **why)
{
    struct display_native *native = display_get_native(config->display);
    *why = _("the compositor does not offer wp_viewporter");
    if (!native->viewporter)
        return -ENOTSUP;
    struct direct_renderer *r = calloc(1, sizeof(*r));
    *why = _("out of memory");
    if (!r)
        return -ENOMEM;
    r->base.ops = &direct_ops;
    r->inner = inner;
    r->display = config->display;
    r->native = native;
    r->on_frame_done = config->on_frame_done;
    r->ctx = config->ctx;
    r->config = config->geometry;
    r->state = *display_get_state(config->display);
    damage_set_full(&r->to_show);
    damage_set_full(&r->inner_lacks);
    shm_pool_init(&r->black_pool, native->shm);
    shm_pool_init(&r->pointer.pool, native->shm);
    direct_buffers_init(&r->buffers, &r->dmabuf, config->on_frame_done, config->ctx);
    int err = create_planes(r);
    if (!err)
        err = linux_dmabuf_init(&r->dmabuf, native->display);
    if (err == -ENOTSUP) {
        refuse(r, _("the compositor does not offer zwp_linux_dmabuf_v1"), NULL);
        err = 0;
    }
    if (err) {
        destroy_all_but_inner(r);
        return err;
    }
    *out = &r->base;
    return 0;
}
