/* SPDX-License-Identifier: GPL-2.0-or-later
 * Seats, so far only to notice that somebody types or moves the mouse: the wait strategy expects a
 * frame then. */
#define LOG_MODULE "wayland"

#include <stdlib.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/log.h"
#include "display/wayland/internal.h"

struct seat {
    struct display *display;
    struct wl_seat *wl;
    struct wl_pointer *pointer;
    struct wl_keyboard *keyboard;
    struct wl_list link;
    uint32_t name, version;
};

static void noticed(struct seat *s)
{
    struct display *d = s->display;
    if (d->live && d->listener.on_input)
        d->listener.on_input(d->listener.ctx);
}

static void on_pointer_enter(void *ctx, struct wl_pointer *p, uint32_t serial,
                             struct wl_surface *surface, wl_fixed_t x, wl_fixed_t y)
{
    (void)ctx, (void)p, (void)serial, (void)surface, (void)x, (void)y;
}

static void on_pointer_leave(void *ctx, struct wl_pointer *p, uint32_t serial,
                             struct wl_surface *surface)
{
    (void)ctx, (void)p, (void)serial, (void)surface;
}

static void on_motion(void *ctx, struct wl_pointer *p, uint32_t time_ms, wl_fixed_t x, wl_fixed_t y)
{
    (void)p, (void)time_ms, (void)x, (void)y;
    noticed(ctx);
}

static void on_button(void *ctx, struct wl_pointer *p, uint32_t serial, uint32_t time_ms,
                      uint32_t button, uint32_t state)
{
    (void)p, (void)serial, (void)time_ms, (void)button, (void)state;
    noticed(ctx);
}

static void on_axis(void *ctx, struct wl_pointer *p, uint32_t time_ms, uint32_t axis,
                    wl_fixed_t value)
{
    (void)p, (void)time_ms, (void)axis, (void)value;
    noticed(ctx);
}

static const struct wl_pointer_listener pointer_listener = {
    .enter = on_pointer_enter,
    .leave = on_pointer_leave,
    .motion = on_motion,
    .button = on_button,
    .axis = on_axis,
};

static void on_keymap(void *ctx, struct wl_keyboard *k, uint32_t format, int32_t fd,
                      uint32_t len_bytes)
{
    (void)ctx, (void)k, (void)format, (void)len_bytes;
    close(fd);
}

static void on_key_enter(void *ctx, struct wl_keyboard *k, uint32_t serial,
                         struct wl_surface *surface, struct wl_array *keys)
{
    (void)ctx, (void)k, (void)serial, (void)surface, (void)keys;
}

static void on_key_leave(void *ctx, struct wl_keyboard *k, uint32_t serial,
                         struct wl_surface *surface)
{
    (void)ctx, (void)k, (void)serial, (void)surface;
}

static void on_key(void *ctx, struct wl_keyboard *k, uint32_t serial, uint32_t time_ms,
                   uint32_t key, uint32_t state)
{
    (void)k, (void)serial, (void)time_ms, (void)key, (void)state;
    noticed(ctx);
}

static void on_modifiers(void *ctx, struct wl_keyboard *k, uint32_t serial, uint32_t depressed,
                         uint32_t latched, uint32_t locked, uint32_t group)
{
    (void)ctx, (void)k, (void)serial, (void)depressed, (void)latched, (void)locked, (void)group;
}

static const struct wl_keyboard_listener keyboard_listener = {
    .keymap = on_keymap,
    .enter = on_key_enter,
    .leave = on_key_leave,
    .key = on_key,
    .modifiers = on_modifiers,
};

static void drop_pointer(struct seat *s)
{
    if (!s->pointer)
        return;
    if (s->version >= WL_POINTER_RELEASE_SINCE_VERSION)
        wl_pointer_release(s->pointer);
    else
        wl_pointer_destroy(s->pointer);
    s->pointer = NULL;
}

static void drop_keyboard(struct seat *s)
{
    if (!s->keyboard)
        return;
    if (s->version >= WL_KEYBOARD_RELEASE_SINCE_VERSION)
        wl_keyboard_release(s->keyboard);
    else
        wl_keyboard_destroy(s->keyboard);
    s->keyboard = NULL;
}

static void on_capabilities(void *ctx, struct wl_seat *wl, uint32_t caps)
{
    struct seat *s = ctx;
    if (!(caps & WL_SEAT_CAPABILITY_POINTER)) {
        drop_pointer(s);
    } else if (!s->pointer) {
        s->pointer = wl_seat_get_pointer(wl);
        wl_pointer_add_listener(s->pointer, &pointer_listener, s);
    }
    if (!(caps & WL_SEAT_CAPABILITY_KEYBOARD)) {
        drop_keyboard(s);
    } else if (!s->keyboard) {
        s->keyboard = wl_seat_get_keyboard(wl);
        wl_keyboard_add_listener(s->keyboard, &keyboard_listener, s);
    }
}

static void on_name(void *ctx, struct wl_seat *wl, const char *name)
{
    (void)ctx, (void)wl, (void)name;
}

static const struct wl_seat_listener seat_listener = { .capabilities = on_capabilities,
                                                       .name = on_name };

void seat_init(struct display *d)
{
    wl_list_init(&d->seats);
}

void seat_add(struct display *d, uint32_t name, uint32_t version)
{
    struct seat *s = calloc(1, sizeof(*s));
    if (!s)
        return;
    /* Version 3: nothing of the later ones is used, and they send more events. */
    *s = (struct seat){ .display = d, .name = name, .version = min_u32(version, 3) };
    s->wl = wl_registry_bind(d->registry, name, &wl_seat_interface, s->version);
    wl_seat_add_listener(s->wl, &seat_listener, s);
    wl_list_insert(&d->seats, &s->link);
}

static void seat_destroy(struct seat *s)
{
    wl_list_remove(&s->link);
    drop_pointer(s);
    drop_keyboard(s);
    wl_seat_destroy(s->wl);
    free(s);
}

void seat_remove(struct display *d, uint32_t name)
{
    struct seat *s, *next;
    wl_list_for_each_safe (s, next, &d->seats, link)
        if (s->name == name)
            seat_destroy(s);
}

void seat_fini(struct display *d)
{
    struct seat *s, *next;
    wl_list_for_each_safe (s, next, &d->seats, link)
        seat_destroy(s);
}
