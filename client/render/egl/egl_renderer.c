/* SPDX-License-Identifier: GPL-2.0-or-later
 * The Wayland part of the egl backend: window surface, buffer age, swap with damage, commits. What
 * is drawn is gl_scene.c's.
 *
 * Pacing is the caller's, by frame callbacks: the swap interval is 0, so that eglSwapBuffers() does
 * not wait for the compositor. It makes the wl_surface commit; what belongs to the same commit is
 * requested just before.
 *
 * A lost context (GPU reset) is made anew by the next upload(), which then takes the whole frame;
 * the cursor's shape is kept here for that, since a guest does not send it again. */
#define LOG_MODULE "egl"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <viewporter-client-protocol.h>
#include <wayland-egl.h>

#include "base/log.h"
#include "base/text.h"
#include "display/wayland/native.h"
#include "render/egl/egl_renderer.h"

static struct egl_renderer *egl_renderer_of(struct renderer *self)
{
    return container_of(self, struct egl_renderer, base);
}

static bool make_current(struct egl_renderer *r)
{
    if (egl_context_make_current(&r->egl, r->surface))
        return true;
    log_every(1000, LOG_LEVEL_ERROR, "cannot use the window: %s",
              egl_error_name(r->egl.egl.GetError()));
    r->lost = true;
    return false;
}

/* Everything of the window may be opaque to the compositor, also where the configuration had to
 * have alpha. */
static void set_opaque(const struct display_native *native)
{
    struct wl_region *region = wl_compositor_create_region(native->compositor);
    if (!region)
        return;
    wl_region_add(region, 0, 0, INT32_MAX, INT32_MAX);
    wl_surface_set_opaque_region(native->surface, region);
    wl_region_destroy(region);
}

static int create_surface(struct egl_renderer *r, struct wl_surface *surface, uint32_t width_px,
                          uint32_t height_px, const char **why)
{
    r->surface_width_px = width_px;
    r->surface_height_px = height_px;
    r->surface_used = false;
    r->window = wl_egl_window_create(surface, (int)width_px, (int)height_px);
    if (!r->window) {
        *why = _("out of memory");
        return -ENOMEM;
    }
    r->surface = r->egl.egl.CreateWindowSurface(r->egl.display, r->egl.config,
                                                (EGLNativeWindowType)r->window, NULL);
    if (r->surface == EGL_NO_SURFACE || !egl_context_make_current(&r->egl, r->surface)) {
        *why = egl_error_name(r->egl.egl.GetError());
        return -ENOTSUP;
    }
    return 0;
}

static void destroy_surface(struct egl_renderer *r)
{
    if (r->surface != EGL_NO_SURFACE) {
        r->egl.egl.MakeCurrent(r->egl.display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
        r->egl.egl.DestroySurface(r->egl.display, r->surface);
    }
    if (r->window)
        wl_egl_window_destroy(r->window);
    r->surface = EGL_NO_SURFACE;
    r->window = NULL;
}

/* The window's own. Its size is what the window has now. */
static int create_window_surface(struct egl_renderer *r, const char **why)
{
    const uint32_t width_px = geometry_to_px(r->state.width, r->state.scale_120);
    const uint32_t height_px = geometry_to_px(r->state.height, r->state.scale_120);
    const int err = create_surface(r, r->native->surface, width_px ? width_px : 1,
                                   height_px ? height_px : 1, why);
    if (err == 0)
        r->egl.egl.SwapInterval(r->egl.display, 0);
    return err;
}

/* The scene begins with a trial (gl_scene.h), which must not be on the window: it would be shown.
 * So it has a surface of its own, which never gets a buffer. */
static int create_scene(struct egl_renderer *r, const char **why)
{
    struct wl_surface *trial = wl_compositor_create_surface(r->native->compositor);
    int err = trial ? create_surface(r, trial, GL_SCENE_TRIAL_PX, GL_SCENE_TRIAL_PX, why) : -ENOMEM;
    if (err == 0)
        gl_scene_init(&r->scene, &r->egl, r->nearest);
    destroy_surface(r);
    if (trial)
        wl_surface_destroy(trial);
    return err == 0 ? create_window_surface(r, why) : err;
}

static void set_window(struct egl_renderer *r)
{
    gl_scene_set_window(&r->scene, r->state.width, r->state.height, r->state.scale_120,
                        &r->geometry_config);
}

static void egl_destroy(struct renderer *self)
{
    if (!self)
        return;
    struct egl_renderer *r = egl_renderer_of(self);
    if (r->surface != EGL_NO_SURFACE && egl_context_make_current(&r->egl, r->surface))
        gl_scene_fini(&r->scene);
    egl_import_fini(&r->import);
    destroy_surface(r);
    egl_context_fini(&r->egl);
    cursor_image_fini(&r->cursor.image);
    free(r);
}

static int egl_create(const struct renderer_config *config, struct renderer **out, const char **why)
{
    struct egl_renderer *r = calloc(1, sizeof(*r));
    *why = _("out of memory");
    if (!r)
        return -ENOMEM;
    r->base.ops = &renderer_egl_ops;
    r->display = config->display;
    r->native = display_get_native(config->display);
    r->state = *display_get_state(config->display);
    r->geometry_config = config->geometry;
    r->nearest = config->nearest;
    r->surface = EGL_NO_SURFACE;
    const struct egl_context_config egl_config = { .platform = EGL_PLATFORM_WAYLAND_KHR,
                                                   .native_display = r->native->display,
                                                   .surface_type = EGL_WINDOW_BIT };
    int err = egl_context_init(&r->egl, &egl_config, why);
    if (err == 0)
        err = create_scene(r, why);
    if (err < 0) {
        egl_destroy(&r->base);
        return err == -ENOMEM ? err : -ENOTSUP;
    }
    set_opaque(r->native);
    set_window(r);
    egl_import_init(&r->import, &r->egl, config);
    *out = &r->base;
    return 0;
}

static void egl_configure(struct renderer *self, const struct display_state *state,
                          const struct geometry_config *geometry)
{
    struct egl_renderer *r = egl_renderer_of(self);
    r->state = *state;
    r->geometry_config = *geometry;
    set_window(r);
}

/* A new context: the cursor is put back, the picture comes with the frame that is at hand. */
static bool renew(struct egl_renderer *r)
{
    const char *why = "?";
    egl_import_forget(&r->import);
    if (r->surface != EGL_NO_SURFACE && egl_context_make_current(&r->egl, r->surface))
        gl_scene_fini(&r->scene); /* a lost context takes the calls and does nothing */
    destroy_surface(r);
    if (egl_context_renew(&r->egl, &why) < 0 || create_scene(r, &why) < 0) {
        log_every(1000, LOG_LEVEL_ERROR, "the graphics context is lost and cannot be made anew: %s",
                  why);
        return false;
    }
    set_window(r);
    gl_scene_set_cursor(&r->scene, r->cursor.image.argb ? &r->cursor.image : NULL, r->cursor.x_px,
                        r->cursor.y_px, r->cursor.visible);
    r->lost = false;
    log_info("the graphics context was lost (GPU reset); there is a new one");
    return true;
}

static enum render_upload egl_upload(struct renderer *self, const struct frame_view *frame,
                                     const struct damage *damage)
{
    struct egl_renderer *r = egl_renderer_of(self);
    if (!r->lost && make_current(r) && egl_context_is_lost(&r->egl))
        r->lost = true;
    if (r->lost && !renew(r))
        return RENDER_UPLOAD_FAILED;
    return gl_scene_upload(&r->scene, frame, damage, &r->stats);
}

static enum render_upload egl_import_frame(struct renderer *self, const struct render_frame *frame)
{
    struct egl_renderer *r = egl_renderer_of(self);
    if (r->lost || !make_current(r) || egl_context_is_lost(&r->egl))
        return RENDER_UPLOAD_NONE; /* upload() makes a new context */
    const struct import_entry *entry = egl_import_entry(&r->import, frame);
    if (!entry)
        return RENDER_UPLOAD_NONE;
    if (!gl_picture_can_import(&r->scene.picture, frame->view, frame->damage))
        return RENDER_UPLOAD_PENDING;
    dmabuf_sync_for_device(entry->fd);
    const enum render_upload result =
        gl_scene_import(&r->scene, frame->view, frame->damage, entry->texture, &r->stats);
    return result == RENDER_UPLOAD_OK ? egl_import_drawn(&r->import, frame->id) : result;
}

static void egl_forget(struct renderer *self)
{
    struct egl_renderer *r = egl_renderer_of(self);
    if (!r->lost && make_current(r))
        egl_import_forget(&r->import);
}

static void remember_cursor(struct egl_renderer *r, const struct cursor_image *image, int32_t x_px,
                            int32_t y_px, bool visible)
{
    struct cursor_image copy;
    if (image && cursor_image_rotate(image, 0, &copy) == 0) {
        cursor_image_fini(&r->cursor.image);
        r->cursor.image = copy;
    }
    r->cursor.x_px = x_px;
    r->cursor.y_px = y_px;
    r->cursor.visible = visible;
}

static void egl_set_cursor(struct renderer *self, const struct cursor_image *image, int32_t x_px,
                           int32_t y_px, bool visible)
{
    struct egl_renderer *r = egl_renderer_of(self);
    remember_cursor(r, image, x_px, y_px, visible);
    if (!r->lost && make_current(r))
        gl_scene_set_cursor(&r->scene, image, x_px, y_px, visible);
}

static void egl_show_still(struct renderer *self, const struct still *still)
{
    struct egl_renderer *r = egl_renderer_of(self);
    if ((!r->lost || renew(r)) && make_current(r))
        gl_scene_show_still(&r->scene, still);
}

/* The next buffer gets the window's size. Mesa's software EGL has the first buffer already when the
 * surface becomes current, so that a surface that was never swapped cannot be resized, but it costs
 * little to make another one. */
static bool resize_surface(struct egl_renderer *r)
{
    const uint32_t width_px = r->scene.geometry.window_width_px,
                   height_px = r->scene.geometry.window_height_px;
    const char *why = "?";
    if (r->surface_width_px == width_px && r->surface_height_px == height_px)
        return true;
    if (!r->surface_used) {
        destroy_surface(r);
        if (create_window_surface(r, &why) == 0)
            return true;
        log_every(1000, LOG_LEVEL_ERROR, "cannot use the window: %s", why);
        return false;
    }
    wl_egl_window_resize(r->window, (int)width_px, (int)height_px, 0, 0);
    r->surface_width_px = width_px;
    r->surface_height_px = height_px;
    return true;
}

/* Buffer size and the viewport (or buffer scale) that maps it to the window: applied by the commit
 * of the swap. */
static bool fit_surface(struct egl_renderer *r)
{
    if (!resize_surface(r))
        return false;
    if (r->native->viewport)
        wp_viewport_set_destination(r->native->viewport, (int32_t)r->state.width,
                                    (int32_t)r->state.height);
    else
        wl_surface_set_buffer_scale(r->native->surface, (int32_t)(r->state.scale_120 / 120));
    return true;
}

/* What the next buffer needs: asks its age where EGL tells. */
static void choose_region(struct egl_renderer *r, struct damage *region)
{
    EGLint age = 0;
    if (!r->egl.has_buffer_age ||
        !r->egl.egl.QuerySurface(r->egl.display, r->surface, EGL_BUFFER_AGE_KHR, &age) || age < 0)
        age = 0;
    redraw_for_age(&r->scene.redraw, (uint32_t)age, region);
    if (!r->egl.has_partial_update || age == 0)
        return;
    EGLint rects[4 * DAMAGE_MAX_RECTS];
    const EGLint count = redraw_egl_rects(region, r->surface_height_px, rects);
    if (count > 0 && !r->egl.egl.SetDamageRegionKHR(r->egl.display, r->surface, rects, count))
        damage_set_full(region);
}

static bool swap(struct egl_renderer *r)
{
    EGLint rects[4 * DAMAGE_MAX_RECTS];
    const EGLint count = r->egl.has_swap_with_damage ? redraw_egl_rects(&r->scene.redraw.pending,
                                                                        r->surface_height_px, rects)
                                                     : 0;
    return count > 0 ? r->egl.egl.SwapBuffersWithDamage(r->egl.display, r->surface, rects, count)
                     : r->egl.egl.SwapBuffers(r->egl.display, r->surface);
}

static bool egl_present(struct renderer *self, uint64_t tag)
{
    struct egl_renderer *r = egl_renderer_of(self);
    if (r->lost || !display_native_ready(r->display) || !gl_scene_is_due(&r->scene) ||
        !make_current(r))
        return false;
    struct damage region;
    if (!fit_surface(r)) {
        r->lost = true;
        return false;
    }
    choose_region(r, &region);
    if (!gl_scene_draw(&r->scene, &region))
        return false;
    display_native_prepare_commit(r->display, r->native->surface, tag);
    if (!swap(r)) {
        log_every(1000, LOG_LEVEL_ERROR, "the window cannot be shown: %s",
                  egl_error_name(r->egl.egl.GetError()));
        r->lost = true;
        return false;
    }
    r->surface_used = true;
    redraw_presented(&r->scene.redraw);
    r->stats.presents++;
    return true;
}

static const struct geometry *egl_geometry(struct renderer *self)
{
    return &egl_renderer_of(self)->scene.geometry;
}

static void egl_stats(struct renderer *self, struct renderer_stats *out)
{
    const struct egl_renderer *r = egl_renderer_of(self);
    *out = r->stats;
    snprintf(out->import_state, sizeof(out->import_state), "%s", egl_import_state(&r->import));
}

const struct renderer_ops renderer_egl_ops = {
    .name = "egl",
    .create = egl_create,
    .destroy = egl_destroy,
    .configure = egl_configure,
    .upload = egl_upload,
    .import = egl_import_frame,
    .forget = egl_forget,
    .set_cursor = egl_set_cursor,
    .show_still = egl_show_still,
    .present = egl_present,
    .geometry = egl_geometry,
    .stats = egl_stats,
};
