/* SPDX-License-Identifier: GPL-2.0-or-later
 * A keyboard of our own, for two things: has the window the focus, and which serial is the newest.
 */
#define LOG_MODULE "selection"

#include "display/wayland/selection_internal.h"

#include <unistd.h>

#include "base/log.h"

static void on_keymap(void *ctx, struct wl_keyboard *k, uint32_t format, int32_t fd,
                      uint32_t len_bytes)
{
    (void)ctx, (void)k, (void)format, (void)len_bytes;
    close(fd);
}

static void set_focus(struct selection *s, bool focused)
{
    if (s->focused == focused)
        return;
    s->focused = focused;
    if (s->listener.on_focus)
        s->listener.on_focus(s->listener.ctx, focused);
}

static void on_key_enter(void *ctx, struct wl_keyboard *k, uint32_t serial,
                         struct wl_surface *surface, struct wl_array *keys)
{
    (void)k, (void)keys;
    struct selection *s = ctx;
    if (surface != s->native->surface)
        return;
    s->serial = serial;
    set_focus(s, true);
    for (size_t i = 0; i < SELECTION_KINDS; i++)
        if (selection_source_try(&s->sides[i]) < 0)
            log_every(5000, LOG_LEVEL_WARN, "no memory to offer the guest's clipboard");
}

static void on_key_leave(void *ctx, struct wl_keyboard *k, uint32_t serial,
                         struct wl_surface *surface)
{
    (void)k, (void)serial;
    struct selection *s = ctx;
    if (!surface || surface == s->native->surface)
        set_focus(s, false);
}

static void on_key(void *ctx, struct wl_keyboard *k, uint32_t serial, uint32_t time_ms,
                   uint32_t key, uint32_t state)
{
    (void)k, (void)time_ms, (void)key, (void)state;
    struct selection *s = ctx;
    s->serial = serial;
}

static void on_modifiers(void *ctx, struct wl_keyboard *k, uint32_t serial, uint32_t depressed,
                         uint32_t latched, uint32_t locked, uint32_t group)
{
    (void)ctx, (void)k, (void)serial, (void)depressed, (void)latched, (void)locked, (void)group;
}

static void on_repeat(void *ctx, struct wl_keyboard *k, int32_t rate, int32_t delay)
{
    (void)ctx, (void)k, (void)rate, (void)delay;
}

static const struct wl_keyboard_listener keyboard_listener = {
    .keymap = on_keymap,
    .enter = on_key_enter,
    .leave = on_key_leave,
    .key = on_key,
    .modifiers = on_modifiers,
    .repeat_info = on_repeat,
};

void selection_keyboard_drop(struct selection *s)
{
    if (!s->keyboard)
        return;
    if (s->seat_version >= WL_KEYBOARD_RELEASE_SINCE_VERSION)
        wl_keyboard_release(s->keyboard);
    else
        wl_keyboard_destroy(s->keyboard);
    s->keyboard = NULL;
    set_focus(s, false);
}

static void on_capabilities(void *ctx, struct wl_seat *seat, uint32_t caps)
{
    struct selection *s = ctx;
    if (!(caps & WL_SEAT_CAPABILITY_KEYBOARD)) {
        selection_keyboard_drop(s);
    } else if (!s->keyboard) {
        s->keyboard = wl_seat_get_keyboard(seat);
        wl_keyboard_add_listener(s->keyboard, &keyboard_listener, s);
    }
}

static void on_seat_name(void *ctx, struct wl_seat *seat, const char *name)
{
    (void)ctx, (void)seat, (void)name;
}

const struct wl_seat_listener selection_seat_listener = { .capabilities = on_capabilities,
                                                          .name = on_seat_name };
