/* SPDX-License-Identifier: GPL-2.0-or-later
 * Files that are dragged from another program over the window, and dropped. */
#include "display/wayland/selection_internal.h"

#define URI_LIST "text/uri-list"

void selection_drag_enter(void *ctx, struct wl_data_device *device, uint32_t serial,
                          struct wl_surface *surface, wl_fixed_t x, wl_fixed_t y,
                          struct wl_data_offer *proxy)
{
    (void)device, (void)x, (void)y;
    struct side *side = ctx;
    struct selection *s = side->selection;
    selection_incoming_destroy(s->drag);
    s->drag = selection_incoming_take(side, proxy);
    if (!s->drag)
        return;
    /* One that we do not want is kept, too, until it leaves: letting it go would end the drag. */
    const bool good =
        s->drops && surface == s->native->surface && selection_incoming_has(s->drag, URI_LIST);
    wl_data_offer_accept(proxy, serial, good ? URI_LIST : NULL);
    if (s->manager_version >= WL_DATA_OFFER_SET_ACTIONS_SINCE_VERSION) {
        const uint32_t action =
            good ? WL_DATA_DEVICE_MANAGER_DND_ACTION_COPY : WL_DATA_DEVICE_MANAGER_DND_ACTION_NONE;
        wl_data_offer_set_actions(proxy, action, action);
    }
    selection_flush(s);
    s->drag_good = good;
    if (good && s->listener.on_drag)
        s->listener.on_drag(s->listener.ctx, true);
}

void selection_drag_end(struct selection *s)
{
    if (!s->drag)
        return;
    selection_incoming_destroy(s->drag);
    s->drag = NULL;
    if (s->drag_good && s->listener.on_drag)
        s->listener.on_drag(s->listener.ctx, false);
}

void selection_drag_leave(void *ctx, struct wl_data_device *device)
{
    (void)device;
    const struct side *side = ctx;
    selection_drag_end(side->selection);
}

void selection_drag_motion(void *ctx, struct wl_data_device *device, uint32_t time_ms, wl_fixed_t x,
                           wl_fixed_t y)
{
    (void)ctx, (void)device, (void)time_ms, (void)x, (void)y;
}

void selection_drag_drop(void *ctx, struct wl_data_device *device)
{
    (void)device;
    const struct side *side = ctx;
    struct selection *s = side->selection;
    int fd = -1;
    if (!s->drag || !s->drag_good || s->drop || !s->listener.on_drop ||
        selection_incoming_receive(s, s->drag, URI_LIST, &fd) < 0) {
        selection_drag_end(s); /* one drop is read at a time */
        return;
    }
    s->drop = s->drag;
    s->drag = NULL;
    if (s->listener.on_drag)
        s->listener.on_drag(s->listener.ctx, false);
    s->listener.on_drop(s->listener.ctx, fd);
}

void selection_drop_done(struct selection *s, bool ok)
{
    struct incoming *o = s->drop;
    s->drop = NULL;
    /* Finishing a drag for which no action was agreed on is a protocol error. */
    if (o && ok && s->manager_version >= WL_DATA_OFFER_FINISH_SINCE_VERSION &&
        o->action == WL_DATA_DEVICE_MANAGER_DND_ACTION_COPY)
        wl_data_offer_finish(o->proxy);
    selection_incoming_destroy(o);
    selection_flush(s);
}
