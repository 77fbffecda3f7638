/* SPDX-License-Identifier: GPL-2.0-or-later
 * wl_data_device and zwp_primary_selection_device_v1 have the same shape; what differs is in the
 * small functions with `kind` in selection_incoming.c and selection_source.c. Own registry, seat
 * and keyboard objects on the input thread's queue: nobody else's listeners are in the way. */
#include "display/wayland/selection_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/random.h"

#include "primary-selection-unstable-v1-client-protocol.h"

#define MANAGER_VERSION 3u /* actions of drags */
#define SEAT_VERSION    5u /* release requests; later ones only add events that are not used here */

void selection_flush(const struct selection *s)
{
    wl_display_flush(s->native->display); /* a full socket is flushed by the loop later */
}

/* ---- devices ---- */

static void on_data_offer(void *ctx, struct wl_data_device *device, struct wl_data_offer *proxy)
{
    (void)device;
    selection_incoming_introduce(ctx, proxy);
}

static void on_data_selection(void *ctx, struct wl_data_device *device, struct wl_data_offer *proxy)
{
    (void)device;
    selection_source_current(ctx, proxy);
}

static const struct wl_data_device_listener data_device_listener = {
    .data_offer = on_data_offer,
    .enter = selection_drag_enter,
    .leave = selection_drag_leave,
    .motion = selection_drag_motion,
    .drop = selection_drag_drop,
    .selection = on_data_selection,
};

static void on_primary_offer(void *ctx, struct zwp_primary_selection_device_v1 *device,
                             struct zwp_primary_selection_offer_v1 *proxy)
{
    (void)device;
    selection_incoming_introduce(ctx, proxy);
}

static void on_primary_selection(void *ctx, struct zwp_primary_selection_device_v1 *device,
                                 struct zwp_primary_selection_offer_v1 *proxy)
{
    (void)device;
    selection_source_current(ctx, proxy);
}

static const struct zwp_primary_selection_device_v1_listener primary_device_listener = {
    .data_offer = on_primary_offer,
    .selection = on_primary_selection,
};

static void make_devices(struct selection *s)
{
    struct side *clip = &s->sides[SELECTION_CLIPBOARD], *primary = &s->sides[SELECTION_PRIMARY];
    if (s->seat && s->manager && !clip->device) {
        clip->device = wl_data_device_manager_get_data_device(s->manager, s->seat);
        wl_data_device_add_listener(clip->device, &data_device_listener, clip);
    }
    if (s->seat && s->primary_manager && !primary->device) {
        primary->device =
            zwp_primary_selection_device_manager_v1_get_device(s->primary_manager, s->seat);
        zwp_primary_selection_device_v1_add_listener(primary->device, &primary_device_listener,
                                                     primary);
    }
}

static void drop_side(struct side *side)
{
    selection_source_forget(side);
    if (!side->device)
        return;
    if (side->kind == SELECTION_PRIMARY)
        zwp_primary_selection_device_v1_destroy(side->device);
    else if (side->selection->manager_version >= WL_DATA_DEVICE_RELEASE_SINCE_VERSION)
        wl_data_device_release(side->device);
    else
        wl_data_device_destroy(side->device);
    side->device = NULL;
}

/* ---- globals ---- */

static void drop_seat(struct selection *s)
{
    for (size_t i = 0; i < SELECTION_KINDS; i++) {
        selection_source_lose(&s->sides[i]);
        drop_side(&s->sides[i]);
    }
    selection_drag_end(s);
    selection_keyboard_drop(s);
    if (!s->seat)
        return;
    if (s->seat_version >= WL_SEAT_RELEASE_SINCE_VERSION)
        wl_seat_release(s->seat);
    else
        wl_seat_destroy(s->seat);
    s->seat = NULL;
}

static void on_global(void *ctx, struct wl_registry *registry, uint32_t name, const char *interface,
                      uint32_t version)
{
    struct selection *s = ctx;
    if (strcmp(interface, wl_seat_interface.name) == 0 && !s->seat) { /* one of them: the first */
        s->seat_name = name;
        s->seat_version = min_u32(version, SEAT_VERSION);
        s->seat = wl_registry_bind(registry, name, &wl_seat_interface, s->seat_version);
        wl_seat_add_listener(s->seat, &selection_seat_listener, s);
    } else if (strcmp(interface, wl_data_device_manager_interface.name) == 0 && !s->manager) {
        s->manager_version = min_u32(version, MANAGER_VERSION);
        s->manager =
            wl_registry_bind(registry, name, &wl_data_device_manager_interface, s->manager_version);
    } else if (strcmp(interface, zwp_primary_selection_device_manager_v1_interface.name) == 0 &&
               s->primary && !s->primary_manager) {
        s->primary_manager =
            wl_registry_bind(registry, name, &zwp_primary_selection_device_manager_v1_interface, 1);
    }
    make_devices(s);
}

static void on_global_remove(void *ctx, struct wl_registry *registry, uint32_t name)
{
    (void)registry;
    struct selection *s = ctx;
    if (s->seat && s->seat_name == name)
        drop_seat(s);
}

static const struct wl_registry_listener registry_listener = {
    .global = on_global,
    .global_remove = on_global_remove,
};

static int open_registry(struct selection *s)
{
    s->wrapper = wl_proxy_create_wrapper(s->native->display);
    if (!s->wrapper)
        return -ENOMEM;
    wl_proxy_set_queue((struct wl_proxy *)s->wrapper, s->native->queue);
    s->registry = wl_display_get_registry(s->wrapper);
    if (!s->registry)
        return -ENOMEM;
    wl_registry_add_listener(s->registry, &registry_listener, s);
    selection_flush(s);
    return 0;
}

int selection_create(const struct seat_native *native, bool primary, bool drops,
                     const struct selection_listener *listener, struct selection **out)
{
    struct selection *s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    *s = (struct selection){
        .native = native, .listener = *listener, .primary = primary, .drops = drops
    };
    for (size_t i = 0; i < SELECTION_KINDS; i++)
        s->sides[i] = (struct side){ .selection = s, .kind = (enum selection_kind)i };
    snprintf(s->mark, sizeof(s->mark), "application/x-espelho-selection;id=%08" PRIx32 "%08" PRIx32,
             random_u32(), random_u32());
    const int err = open_registry(s);
    if (err < 0) {
        selection_destroy(s);
        return err;
    }
    *out = s;
    return 0;
}

void selection_destroy(struct selection *s)
{
    if (!s)
        return;
    s->listener = (struct selection_listener){ 0 };
    selection_incoming_destroy(s->drop);
    drop_seat(s);
    if (s->primary_manager)
        zwp_primary_selection_device_manager_v1_destroy(s->primary_manager);
    if (s->manager)
        wl_data_device_manager_destroy(s->manager);
    if (s->registry)
        wl_registry_destroy(s->registry);
    if (s->wrapper) {
        selection_flush(s);
        wl_proxy_wrapper_destroy(s->wrapper);
    }
    free(s);
}
