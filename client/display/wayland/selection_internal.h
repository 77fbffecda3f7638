/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/display/wayland/selection_internal.h - the clipboard, the primary selection and drags as
 * the compositor has them, shared by the selection_*.c files only. Threads: input thread. */
#ifndef ESPELHO_DISPLAY_WAYLAND_SELECTION_INTERNAL_H
#define ESPELHO_DISPLAY_WAYLAND_SELECTION_INTERNAL_H

#include <wayland-client.h>

#include "display/selection.h"
#include "display/wayland/seat_native.h"

struct zwp_primary_selection_device_manager_v1;

struct incoming { /* something of another program */
    struct selection *selection;
    enum selection_kind kind;
    void *proxy; /* wl_data_offer or zwp_primary_selection_offer_v1, owned */
    bool own;    /* it carries our mark */
    uint32_t action;
    size_t count;
    char *mimes[SELECTION_MIMES_MAX];
};

struct side {
    struct selection *selection;
    enum selection_kind kind;
    void *device;               /* owned; NULL: not there */
    void *source;               /* ours, owned; NULL: nothing offered */
    struct incoming *current;   /* the selection, owned; NULL: none */
    struct incoming *fresh;     /* introduced, but not yet said for what */
    struct wl_callback *asking; /* our request is on its way */
    bool news;                  /* a selection event came meanwhile */
    char **wanted;              /* NULL-terminated: to be offered when there is a serial */
};

struct selection {
    const struct seat_native *native; /* borrowed */
    struct selection_listener listener;
    bool primary, drops;
    char mark[64];              /* type name that says "mine" */
    struct wl_display *wrapper; /* makes objects on our queue */
    struct wl_registry *registry;
    struct wl_data_device_manager *manager;
    uint32_t manager_version;
    struct zwp_primary_selection_device_manager_v1 *primary_manager;
    struct wl_seat *seat;
    uint32_t seat_name, seat_version;
    struct wl_keyboard *keyboard;
    uint32_t serial; /* of the newest focus or key event that came here */
    bool focused;
    struct side sides[SELECTION_KINDS];
    struct incoming *drag; /* held over the window */
    bool drag_good;        /* ... and it is files that we take */
    struct incoming *drop; /* dropped, being read */
};

/* Requests leave now. */
void selection_flush(const struct selection *s);

/* selection_incoming.c. introduce: the compositor announces an offer, `proxy` is taken over; take:
 * an event says what it is for: the caller's now, NULL: not one we know. receive: the caller owns
 * *out_fd, which does not block. */
void selection_incoming_introduce(struct side *side, void *proxy);
struct incoming *selection_incoming_take(struct side *side, const void *proxy);
bool selection_incoming_has(const struct incoming *o, const char *mime);
int selection_incoming_receive(struct selection *s, struct incoming *o, const char *mime,
                               int *out_fd);
void selection_incoming_destroy(struct incoming *o);

/* selection_source.c. current: the compositor says what the selection is; try: offers what is
 * wanted, if that is possible yet; lose: drop, and the listener is told; forget: all of the side
 * but its device. */
void selection_source_current(struct side *side, const void *proxy);
int selection_source_try(struct side *side);
void selection_source_drop(struct side *side);
void selection_source_lose(struct side *side);
void selection_source_forget(struct side *side);

/* selection_drag.c: events of wl_data_device, `ctx` is the clipboard's side. */
void selection_drag_enter(void *ctx, struct wl_data_device *device, uint32_t serial,
                          struct wl_surface *surface, wl_fixed_t x, wl_fixed_t y,
                          struct wl_data_offer *proxy);
void selection_drag_motion(void *ctx, struct wl_data_device *device, uint32_t time_ms, wl_fixed_t x,
                           wl_fixed_t y);
void selection_drag_leave(void *ctx, struct wl_data_device *device);
void selection_drag_drop(void *ctx, struct wl_data_device *device);
void selection_drag_end(struct selection *s);

/* selection_focus.c */
extern const struct wl_seat_listener selection_seat_listener; /* its data: struct selection */
void selection_keyboard_drop(struct selection *s);

#endif
