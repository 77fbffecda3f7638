/* SPDX-License-Identifier: GPL-2.0-or-later
 * Surfaces and what hangs on them. Sub-surfaces in synchronised mode keep their state until the
 * parent commits. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/macros.h"
#include "measure_compositor.h"
#include "presentation-time-server-protocol.h"
#include "viewporter-server-protocol.h"
#include "wayland-server-protocol.h"

struct mc_state {
    bool attached; /* `buffer` says something new, also when it is NULL */
    struct wl_resource *buffer;
    struct wl_listener buffer_gone;
    struct wl_list callbacks; /* wl_resource links: frame callbacks */
    struct wl_list feedbacks; /* wl_resource links: presentation feedback */
};

struct mc_surface {
    struct mc *mc;
    struct wl_list link;
    struct wl_resource *resource;
    struct mc_surface *parent; /* sub-surface */
    bool sync;
    struct mc_state pending; /* until wl_surface.commit */
    struct mc_state cached;  /* until the parent's commit */
    struct mc_state current; /* committed, not shown yet */
    struct mc_state shown;   /* only its buffer is used */
    void (*commit_fn)(void *ctx);
    void *commit_ctx;
};

static void on_buffer_gone(struct wl_listener *listener, void *data)
{
    struct mc_state *s = wl_container_of(listener, s, buffer_gone);
    (void)data;
    wl_list_remove(&s->buffer_gone.link);
    s->buffer = NULL;
}

static void state_init(struct mc_state *s)
{
    *s = (struct mc_state){ .buffer_gone.notify = on_buffer_gone };
    wl_list_init(&s->callbacks);
    wl_list_init(&s->feedbacks);
}

static void set_buffer(struct mc_state *s, struct wl_resource *buffer)
{
    if (s->buffer)
        wl_list_remove(&s->buffer_gone.link);
    s->buffer = buffer;
    if (buffer)
        wl_resource_add_destroy_listener(buffer, &s->buffer_gone);
}

static void release(struct mc_state *s)
{
    if (s->buffer)
        wl_buffer_send_release(s->buffer);
    set_buffer(s, NULL);
}

static void discard_feedbacks(struct wl_list *feedbacks)
{
    struct wl_resource *r, *next;
    wl_resource_for_each_safe(r, next, feedbacks)
    {
        wp_presentation_feedback_send_discarded(r);
        wl_resource_destroy(r);
    }
}

/* `from` comes on top of `to`, which may not have been shown yet: then its picture never will be.
 */
static void merge(struct mc_state *to, struct mc_state *from)
{
    if (from->attached) {
        if (to->attached && to->buffer && to->buffer != from->buffer)
            release(to);
        to->attached = true;
        set_buffer(to, from->buffer);
        set_buffer(from, NULL);
        from->attached = false;
    }
    discard_feedbacks(&to->feedbacks);
    wl_list_insert_list(to->callbacks.prev, &from->callbacks);
    wl_list_init(&from->callbacks);
    wl_list_insert_list(to->feedbacks.prev, &from->feedbacks);
    wl_list_init(&from->feedbacks);
}

typedef void (*buffer_fn)(struct mc *mc, const uint8_t *pixels, uint32_t stride, uint32_t w,
                          uint32_t h, uint64_t now_ns);

static void with_pixels(struct mc_surface *s, struct wl_resource *buffer, uint64_t now_ns,
                        buffer_fn fn)
{
    struct wl_shm_buffer *shm = buffer ? wl_shm_buffer_get(buffer) : NULL;
    if (!shm)
        return;
    wl_shm_buffer_begin_access(shm);
    fn(s->mc, wl_shm_buffer_get_data(shm), (uint32_t)wl_shm_buffer_get_stride(shm),
       (uint32_t)wl_shm_buffer_get_width(shm), (uint32_t)wl_shm_buffer_get_height(shm), now_ns);
    wl_shm_buffer_end_access(shm);
}

static void note_commit(struct mc *mc, const uint8_t *pixels, uint32_t stride, uint32_t w,
                        uint32_t h, uint64_t now_ns)
{
    (void)now_ns;
    mc_note_commit(mc, pixels, stride, w, h);
}

static void apply(struct mc_surface *s)
{
    const bool news = s->cached.attached;
    merge(&s->current, &s->cached);
    if (news)
        with_pixels(s, s->current.buffer, 0, note_commit);
    struct mc_surface *child;
    wl_list_for_each (child, &s->mc->surfaces, link) {
        if (child->parent == s && child->sync)
            apply(child);
    }
}

/* ---- wl_surface ---- */

static void destroy_resource(struct wl_client *client, struct wl_resource *resource)
{
    (void)client;
    wl_resource_destroy(resource);
}

static void surface_attach(struct wl_client *client, struct wl_resource *resource,
                           struct wl_resource *buffer, int32_t x, int32_t y)
{
    struct mc_surface *s = wl_resource_get_user_data(resource);
    (void)client;
    (void)x;
    (void)y;
    s->pending.attached = true;
    set_buffer(&s->pending, buffer);
}

static void surface_damage(struct wl_client *client, struct wl_resource *resource, int32_t x,
                           int32_t y, int32_t w, int32_t h)
{
    (void)client;
    (void)resource;
    (void)x;
    (void)y;
    (void)w;
    (void)h;
}

static void unlink_resource(struct wl_resource *resource)
{
    wl_list_remove(wl_resource_get_link(resource));
}

static void surface_frame(struct wl_client *client, struct wl_resource *resource, uint32_t id)
{
    struct mc_surface *s = wl_resource_get_user_data(resource);
    struct wl_resource *callback = wl_resource_create(client, &wl_callback_interface, 1, id);
    wl_resource_set_implementation(callback, NULL, NULL, unlink_resource);
    wl_list_insert(s->pending.callbacks.prev, wl_resource_get_link(callback));
}

static void surface_region(struct wl_client *client, struct wl_resource *resource,
                           struct wl_resource *region)
{
    (void)client;
    (void)resource;
    (void)region;
}

static void surface_commit(struct wl_client *client, struct wl_resource *resource)
{
    struct mc_surface *s = wl_resource_get_user_data(resource);
    (void)client;
    s->mc->commits++;
    merge(&s->cached, &s->pending);
    if (!s->parent || !s->sync)
        apply(s);
    if (s->commit_fn)
        s->commit_fn(s->commit_ctx);
}

static void surface_int(struct wl_client *client, struct wl_resource *resource, int32_t value)
{
    (void)client;
    (void)resource;
    (void)value;
}

static void surface_offset(struct wl_client *client, struct wl_resource *resource, int32_t x,
                           int32_t y)
{
    (void)client;
    (void)resource;
    (void)x;
    (void)y;
}

static const struct wl_surface_interface surface_impl = {
    .destroy = destroy_resource,
    .attach = surface_attach,
    .damage = surface_damage,
    .frame = surface_frame,
    .set_opaque_region = surface_region,
    .set_input_region = surface_region,
    .commit = surface_commit,
    .set_buffer_transform = surface_int,
    .set_buffer_scale = surface_int,
    .damage_buffer = surface_damage,
    .offset = surface_offset,
};

static void drop_list(struct wl_list *resources)
{
    struct wl_resource *r, *next;
    wl_resource_for_each_safe(r, next, resources) wl_resource_destroy(r);
}

static void state_fini(struct mc_state *s)
{
    set_buffer(s, NULL);
    drop_list(&s->callbacks);
    drop_list(&s->feedbacks);
}

static void surface_gone(struct wl_resource *resource)
{
    struct mc_surface *s = wl_resource_get_user_data(resource), *other;
    wl_list_for_each (other, &s->mc->surfaces, link) {
        if (other->parent == s)
            other->parent = NULL;
    }
    state_fini(&s->pending);
    state_fini(&s->cached);
    state_fini(&s->current);
    state_fini(&s->shown);
    wl_list_remove(&s->link);
    free(s);
}

struct mc_surface *mc_surface_from_resource(struct wl_resource *resource)
{
    return wl_resource_get_user_data(resource);
}

void mc_surface_on_commit(struct mc_surface *s, void (*fn)(void *ctx), void *ctx)
{
    s->commit_fn = fn;
    s->commit_ctx = ctx;
}

/* ---- vertical blank ---- */

static void send_presented(struct mc *mc, struct wl_resource *feedback, uint64_t now_ns)
{
    const uint64_t s = now_ns / NS_PER_S, seq = mc->vblank_count;
    wp_presentation_feedback_send_presented(feedback, (uint32_t)(s >> 32), (uint32_t)s,
                                            (uint32_t)(now_ns % NS_PER_S),
                                            (uint32_t)(1e9 / mc->refresh_hz), (uint32_t)(seq >> 32),
                                            (uint32_t)seq, WP_PRESENTATION_FEEDBACK_KIND_VSYNC);
    wl_resource_destroy(feedback);
}

static void latch(struct mc_surface *s, uint64_t now_ns)
{
    struct wl_resource *r, *next;
    if (s->current.attached) {
        if (s->shown.buffer != s->current.buffer)
            release(&s->shown);
        set_buffer(&s->shown, s->current.buffer);
        set_buffer(&s->current, NULL);
        s->current.attached = false;
        with_pixels(s, s->shown.buffer, now_ns, mc_note_shown);
    }
    wl_resource_for_each_safe(r, next, &s->current.feedbacks) send_presented(s->mc, r, now_ns);
    wl_resource_for_each_safe(r, next, &s->current.callbacks)
    {
        wl_callback_send_done(r, (uint32_t)(now_ns / NS_PER_MS));
        wl_resource_destroy(r);
    }
}

void mc_surfaces_latch(struct mc *mc, uint64_t now_ns)
{
    struct mc_surface *s;
    wl_list_for_each (s, &mc->surfaces, link)
        latch(s, now_ns);
}

/* ---- wl_compositor, wl_subcompositor ---- */

static void create_surface(struct wl_client *client, struct wl_resource *resource, uint32_t id)
{
    struct mc_surface *s = calloc(1, sizeof(*s));
    if (!s) {
        wl_client_post_no_memory(client);
        return;
    }
    s->mc = wl_resource_get_user_data(resource);
    state_init(&s->pending);
    state_init(&s->cached);
    state_init(&s->current);
    state_init(&s->shown);
    s->resource =
        wl_resource_create(client, &wl_surface_interface, wl_resource_get_version(resource), id);
    wl_resource_set_implementation(s->resource, &surface_impl, s, surface_gone);
    wl_list_insert(s->mc->surfaces.prev, &s->link);
}

static void region_rect(struct wl_client *client, struct wl_resource *resource, int32_t x,
                        int32_t y, int32_t w, int32_t h)
{
    surface_damage(client, resource, x, y, w, h);
}

static const struct wl_region_interface region_impl = { destroy_resource, region_rect,
                                                        region_rect };

static void create_region(struct wl_client *client, struct wl_resource *resource, uint32_t id)
{
    struct wl_resource *r =
        wl_resource_create(client, &wl_region_interface, wl_resource_get_version(resource), id);
    wl_resource_set_implementation(r, &region_impl, NULL, NULL);
}

static const struct wl_compositor_interface compositor_impl = { create_surface, create_region };

static void set_sync(struct wl_client *client, struct wl_resource *resource)
{
    struct mc_surface *s = wl_resource_get_user_data(resource);
    (void)client;
    if (s)
        s->sync = true;
}

static void set_desync(struct wl_client *client, struct wl_resource *resource)
{
    struct mc_surface *s = wl_resource_get_user_data(resource);
    (void)client;
    if (!s)
        return;
    s->sync = false;
    apply(s);
}

static void set_position(struct wl_client *client, struct wl_resource *resource, int32_t x,
                         int32_t y)
{
    surface_offset(client, resource, x, y);
}

static const struct wl_subsurface_interface subsurface_impl = {
    .destroy = destroy_resource,
    .set_position = set_position,
    .place_above = surface_region,
    .place_below = surface_region,
    .set_sync = set_sync,
    .set_desync = set_desync,
};

static void get_subsurface(struct wl_client *client, struct wl_resource *resource, uint32_t id,
                           struct wl_resource *surface, struct wl_resource *parent)
{
    struct mc_surface *s = wl_resource_get_user_data(surface);
    s->parent = wl_resource_get_user_data(parent);
    s->sync = true;
    struct wl_resource *r =
        wl_resource_create(client, &wl_subsurface_interface, wl_resource_get_version(resource), id);
    wl_resource_set_implementation(r, &subsurface_impl, s, NULL);
}

static const struct wl_subcompositor_interface subcompositor_impl = { destroy_resource,
                                                                      get_subsurface };

/* ---- viewporter, presentation-time ---- */

static void viewport_source(struct wl_client *client, struct wl_resource *resource, wl_fixed_t x,
                            wl_fixed_t y, wl_fixed_t w, wl_fixed_t h)
{
    surface_damage(client, resource, x, y, w, h);
}

static void viewport_destination(struct wl_client *client, struct wl_resource *resource, int32_t w,
                                 int32_t h)
{
    surface_offset(client, resource, w, h);
}

static const struct wp_viewport_interface viewport_impl = { destroy_resource, viewport_source,
                                                            viewport_destination };

static void get_viewport(struct wl_client *client, struct wl_resource *resource, uint32_t id,
                         struct wl_resource *surface)
{
    (void)surface;
    struct wl_resource *r =
        wl_resource_create(client, &wp_viewport_interface, wl_resource_get_version(resource), id);
    wl_resource_set_implementation(r, &viewport_impl, NULL, NULL);
}

static const struct wp_viewporter_interface viewporter_impl = { destroy_resource, get_viewport };

static void presentation_feedback(struct wl_client *client, struct wl_resource *resource,
                                  struct wl_resource *surface, uint32_t id)
{
    struct mc_surface *s = wl_resource_get_user_data(surface);
    struct wl_resource *r = wl_resource_create(client, &wp_presentation_feedback_interface,
                                               wl_resource_get_version(resource), id);
    wl_resource_set_implementation(r, NULL, NULL, unlink_resource);
    wl_list_insert(s->pending.feedbacks.prev, wl_resource_get_link(r));
}

static const struct wp_presentation_interface presentation_impl = { destroy_resource,
                                                                    presentation_feedback };

/* ---- globals ---- */

static void bind_compositor(struct wl_client *client, void *data, uint32_t version, uint32_t id)
{
    struct wl_resource *r = wl_resource_create(client, &wl_compositor_interface, (int)version, id);
    wl_resource_set_implementation(r, &compositor_impl, data, NULL);
}

static void bind_subcompositor(struct wl_client *client, void *data, uint32_t version, uint32_t id)
{
    struct wl_resource *r =
        wl_resource_create(client, &wl_subcompositor_interface, (int)version, id);
    wl_resource_set_implementation(r, &subcompositor_impl, data, NULL);
}

static void bind_viewporter(struct wl_client *client, void *data, uint32_t version, uint32_t id)
{
    struct wl_resource *r = wl_resource_create(client, &wp_viewporter_interface, (int)version, id);
    wl_resource_set_implementation(r, &viewporter_impl, data, NULL);
}

static void bind_presentation(struct wl_client *client, void *data, uint32_t version, uint32_t id)
{
    struct wl_resource *r =
        wl_resource_create(client, &wp_presentation_interface, (int)version, id);
    wl_resource_set_implementation(r, &presentation_impl, data, NULL);
    wp_presentation_send_clock_id(r, CLOCK_MONOTONIC);
}

bool mc_surface_globals(struct mc *mc)
{
    wl_list_init(&mc->surfaces);
    return wl_global_create(mc->display, &wl_compositor_interface, 5, mc, bind_compositor) &&
           wl_global_create(mc->display, &wl_subcompositor_interface, 1, mc, bind_subcompositor) &&
           wl_global_create(mc->display, &wp_viewporter_interface, 1, mc, bind_viewporter) &&
           wl_global_create(mc->display, &wp_presentation_interface, 1, mc, bind_presentation) &&
           wl_display_init_shm(mc->display) == 0;
}
