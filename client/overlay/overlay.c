/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "overlay"

#include "overlay/overlay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "display/wayland/native.h"
#include "overlay/overlay_draw.h"

#include "viewporter-client-protocol.h"

enum { EDGE = 12 /* logical pixels between the window's corner and the texts */ };

struct overlay {
    struct display *display; /* borrowed */
    struct loop_source *timer;
    struct wl_surface *surface; /* these three exist while something is shown */
    struct wl_subsurface *subsurface;
    struct wp_viewport *viewport;
    char *texts[OVERLAY_SLOT_COUNT];       /* owned; NULL: none */
    uint64_t until_ns[OVERLAY_SLOT_COUNT]; /* 0: until changed */
};

static bool is_empty(const struct overlay *o)
{
    for (int i = 0; i < OVERLAY_SLOT_COUNT; i++)
        if (o->texts[i])
            return false;
    return true;
}

/* The window's next commit applies position and stacking; it is ours if the renderer has already
 * drawn the window in its present size, else the renderer's. */
static void commit_window(struct overlay *o)
{
    struct display_native *n = display_get_native(o->display);
    if (display_native_settled(o->display))
        wl_surface_commit(n->surface);
}

static void take_down(struct overlay *o)
{
    if (!o->surface)
        return;
    if (o->viewport)
        wp_viewport_destroy(o->viewport);
    wl_subsurface_destroy(o->subsurface);
    wl_surface_destroy(o->surface);
    o->viewport = NULL;
    o->subsurface = NULL;
    o->surface = NULL;
}

static void put_up(struct overlay *o)
{
    if (o->surface)
        return;
    struct display_native *n = display_get_native(o->display);
    o->surface = wl_compositor_create_surface(n->compositor);
    o->subsurface = wl_subcompositor_get_subsurface(n->subcompositor, o->surface, n->surface);
    wl_subsurface_set_desync(o->subsurface);
    if (n->viewporter)
        o->viewport = wp_viewporter_get_viewport(n->viewporter, o->surface);
    struct wl_region *nothing = wl_compositor_create_region(n->compositor);
    wl_surface_set_input_region(o->surface, nothing); /* clicks are for the window */
    wl_region_destroy(nothing);
}

static void on_release(void *ctx, struct wl_buffer *buffer)
{
    (void)ctx;
    wl_buffer_destroy(buffer);
}

static const struct wl_buffer_listener buffer_listener = { .release = on_release };

/* A buffer for one picture, gone when the compositor gives it back. NULL: no memory. */
static struct wl_buffer *buffer_of(struct wl_shm *shm, const struct overlay_picture *p)
{
    const size_t len_bytes = (size_t)p->width_px * p->height_px * 4;
    autoclose int fd = memfd_create("espelho-overlay", MFD_CLOEXEC);
    if (len_bytes > INT32_MAX || fd < 0 || ftruncate(fd, (off_t)len_bytes) < 0 ||
        pwrite(fd, p->argb, len_bytes, 0) != (ssize_t)len_bytes)
        return NULL;
    struct wl_shm_pool *pool = wl_shm_create_pool(shm, fd, (int32_t)len_bytes);
    struct wl_buffer *buffer =
        wl_shm_pool_create_buffer(pool, 0, (int32_t)p->width_px, (int32_t)p->height_px,
                                  (int32_t)p->width_px * 4, WL_SHM_FORMAT_ARGB8888);
    wl_shm_pool_destroy(pool);
    wl_buffer_add_listener(buffer, &buffer_listener, NULL);
    return buffer;
}

static void show_picture(struct overlay *o, const struct overlay_picture *p, uint32_t scale_120)
{
    const struct display_native *n = display_get_native(o->display);
    const struct display_state *state = display_get_state(o->display);
    struct wl_buffer *buffer = buffer_of(n->shm, p);
    if (!buffer) {
        log_every(1000, LOG_LEVEL_WARN, "no memory for words over the picture");
        return;
    }
    put_up(o);
    const int32_t width = (int32_t)((uint64_t)p->width_px * 120 / scale_120);
    const int32_t height = (int32_t)((uint64_t)p->height_px * 120 / scale_120);
    if (o->viewport)
        wp_viewport_set_destination(o->viewport, width > 0 ? width : 1, height > 0 ? height : 1);
    wl_surface_attach(o->surface, buffer, 0, 0);
    wl_surface_damage_buffer(o->surface, 0, 0, INT32_MAX, INT32_MAX);
    const int32_t y = (int32_t)state->height - height - EDGE;
    wl_subsurface_set_position(o->subsurface, EDGE, y > 0 ? y : 0);
    wl_subsurface_place_above(o->subsurface, n->surface);
    wl_surface_commit(o->surface);
    commit_window(o);
}

static void redraw(struct overlay *o)
{
    const struct display_native *n = display_get_native(o->display);
    const struct display_state *state = display_get_state(o->display);
    if (is_empty(o)) {
        take_down(o);
        return;
    }
    if (!display_native_ready(o->display))
        return; /* overlay_configure() comes with the first size */
    const uint32_t scale_120 = n->viewporter ? state->scale_120 : 120;
    const uint32_t room = 2 * EDGE;
    if (state->width <= room || state->height <= room)
        return;
    const uint32_t max_width_px = (uint32_t)((uint64_t)(state->width - room) * scale_120 / 120);
    const uint32_t max_height_px = (uint32_t)((uint64_t)(state->height - room) * scale_120 / 120);
    struct overlay_picture p;
    const int err = overlay_draw((const char *const *)o->texts, min_u32(max_width_px, 16384),
                                 min_u32(max_height_px, 16384), scale_120, &p);
    if (err < 0) {
        log_debug_every(5000, "no words over the picture: %s", err_str(err));
        return;
    }
    show_picture(o, &p, scale_120);
    free(p.argb);
}

static void arm(struct overlay *o)
{
    uint64_t next_ns = 0;
    for (int i = 0; i < OVERLAY_SLOT_COUNT; i++)
        if (o->texts[i] && o->until_ns[i] && (!next_ns || o->until_ns[i] < next_ns))
            next_ns = o->until_ns[i];
    loop_timer_set_ns(o->timer, next_ns, 0);
}

static void drop(struct overlay *o, int slot)
{
    free(o->texts[slot]);
    o->texts[slot] = NULL;
    o->until_ns[slot] = 0;
}

static void on_timer(void *ctx)
{
    struct overlay *o = ctx;
    const uint64_t now_ns = clock_ns();
    for (int i = 0; i < OVERLAY_SLOT_COUNT; i++)
        if (o->until_ns[i] && o->until_ns[i] <= now_ns)
            drop(o, i);
    redraw(o);
    arm(o);
}

void overlay_set(struct overlay *o, enum overlay_slot slot, const char *text, uint32_t duration_ms)
{
    const bool none = !text || !text[0];
    const bool same = none ? !o->texts[slot] : o->texts[slot] && strcmp(text, o->texts[slot]) == 0;
    if (!same) {
        drop(o, (int)slot);
        o->texts[slot] = none ? NULL : strdup(text);
    }
    o->until_ns[slot] = o->texts[slot] && duration_ms ? clock_ns() + duration_ms * NS_PER_MS : 0;
    if (!same)
        redraw(o);
    arm(o);
}

void overlay_configure(struct overlay *o)
{
    if (!is_empty(o))
        redraw(o);
}

int overlay_create(struct loop *loop, struct display *display, struct overlay **out)
{
    struct overlay *o = calloc(1, sizeof(*o));
    if (!o)
        return -ENOMEM;
    o->display = display;
    const int err = loop_add_timer(loop, on_timer, o, &o->timer);
    if (err < 0) {
        overlay_destroy(o);
        return err;
    }
    *out = o;
    return 0;
}

void overlay_destroy(struct overlay *o)
{
    if (!o)
        return;
    take_down(o);
    loop_source_destroy(o->timer);
    for (int i = 0; i < OVERLAY_SLOT_COUNT; i++)
        free(o->texts[i]);
    free(o);
}
