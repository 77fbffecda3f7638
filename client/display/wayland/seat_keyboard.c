/* SPDX-License-Identifier: GPL-2.0-or-later
 * Keyboards: focus, key codes, and the lock state, for which alone the keymap is needed. */
#define LOG_MODULE "seat"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xkbcommon/xkbcommon.h>

#include "base/log.h"
#include "display/wayland/seat_private.h"

enum { KEYMAP_MAX_BYTES = 4 * 1024 * 1024 };

static bool held(const struct seat_keyboard *k, uint32_t key)
{
    return k->held[key / 8] >> (key % 8) & 1;
}

static void set_held(struct seat_keyboard *k, uint32_t key, bool down)
{
    const uint8_t bit = (uint8_t)(1u << (key % 8));
    k->held[key / 8] = (uint8_t)(down ? k->held[key / 8] | bit : k->held[key / 8] & ~bit);
}

/* Is it held on a keyboard of another seat that has the focus? */
static bool held_elsewhere(const struct seat_device *self, uint32_t key)
{
    const struct seat_device *d;
    wl_list_for_each (d, &self->seat->devices, link)
        if (d != self && d->keyboard.focused && held(&d->keyboard, key))
            return true;
    return false;
}

static bool focused_elsewhere(const struct seat_device *self)
{
    const struct seat_device *d;
    wl_list_for_each (d, &self->seat->devices, link)
        if (d != self && d->keyboard.focused)
            return true;
    return false;
}

/* ---- keymap and locks ---- */

static void forget_keymap(struct seat_keyboard *k)
{
    xkb_state_unref(k->state);
    xkb_keymap_unref(k->keymap);
    free(k->keymap_text);
    k->state = NULL;
    k->keymap = NULL;
    k->keymap_text = NULL;
    k->keymap_bytes = 0;
}

static void use_keymap(struct seat_device *d, const char *text, size_t bytes)
{
    struct seat_keyboard *k = &d->keyboard;
    if (k->keymap_text && k->keymap_bytes == bytes && memcmp(k->keymap_text, text, bytes) == 0)
        return;
    forget_keymap(k);
    k->keymap_text = malloc(bytes);
    if (k->keymap_text)
        memcpy(k->keymap_text, text, bytes);
    k->keymap_bytes = bytes;
    /* A copy: the compositor may still be able to write to the mapping. */
    k->keymap = k->keymap_text ? xkb_keymap_new_from_buffer(d->seat->xkb, k->keymap_text, bytes,
                                                            XKB_KEYMAP_FORMAT_TEXT_V1,
                                                            XKB_KEYMAP_COMPILE_NO_FLAGS)
                               : NULL;
    k->state = k->keymap ? xkb_state_new(k->keymap) : NULL;
    if (!k->state)
        log_warn("cannot read the desktop's keymap: lock keys are not kept in step");
}

static void on_keymap(void *ctx, struct wl_keyboard *wl, uint32_t format, int32_t fd,
                      uint32_t bytes)
{
    (void)wl;
    struct seat_device *d = ctx;
    if (format == WL_KEYBOARD_KEYMAP_FORMAT_XKB_V1 && bytes > 0 && bytes <= KEYMAP_MAX_BYTES) {
        char *text = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
        if (text != MAP_FAILED) {
            use_keymap(d, text, strnlen(text, bytes));
            munmap(text, bytes);
        }
    } else {
        forget_keymap(&d->keyboard);
    }
    close(fd);
}

static uint32_t locks_of(const struct seat_keyboard *k)
{
    static const struct {
        const char *led;
        uint32_t lock;
    } leds[] = {
        { XKB_LED_NAME_SCROLL, DISPLAY_LOCK_SCROLL },
        { XKB_LED_NAME_NUM, DISPLAY_LOCK_NUM },
        { XKB_LED_NAME_CAPS, DISPLAY_LOCK_CAPS },
    };
    uint32_t locks = 0;
    for (size_t i = 0; i < ARRAY_LEN(leds); i++)
        if (xkb_state_led_name_is_active(k->state, leds[i].led) > 0)
            locks |= leds[i].lock;
    return locks;
}

static void on_modifiers(void *ctx, struct wl_keyboard *wl, uint32_t serial, uint32_t depressed,
                         uint32_t latched, uint32_t locked, uint32_t group)
{
    (void)wl, (void)serial;
    struct seat_device *d = ctx;
    struct seat_keyboard *k = &d->keyboard;
    if (!k->state)
        return;
    xkb_state_update_mask(k->state, depressed, latched, locked, 0, 0, group);
    struct display_seat *s = d->seat;
    const uint32_t locks = locks_of(k);
    if (!k->focused || (locks == s->locks && !k->fresh))
        return;
    k->fresh = false;
    s->locks = locks;
    if (s->listener.on_locks)
        s->listener.on_locks(s->listener.ctx, locks);
}

/* ---- focus and keys ---- */

static void on_enter(void *ctx, struct wl_keyboard *wl, uint32_t serial, struct wl_surface *surface,
                     struct wl_array *keys)
{
    (void)wl;
    struct seat_device *d = ctx;
    struct display_seat *s = d->seat;
    if (surface != s->native.surface)
        return; /* a window frame of libdecor's */
    s->serial = serial;
    d->keyboard.focused = d->keyboard.fresh = true;
    memset(d->keyboard.held, 0, sizeof(d->keyboard.held));
    uint32_t now[64];
    size_t count = 0;
    const uint32_t *key;
    wl_array_for_each (key, keys) {
        if (*key >= SEAT_KEYS)
            continue;
        set_held(&d->keyboard, *key, true);
        if (count < ARRAY_LEN(now))
            now[count++] = *key;
    }
    if (s->listener.on_keyboard_enter)
        s->listener.on_keyboard_enter(s->listener.ctx, now, count);
}

static void tell_key(struct display_seat *s, uint32_t key, bool down)
{
    if (s->listener.on_key)
        s->listener.on_key(s->listener.ctx, key, down);
}

static void lose_focus(struct seat_device *d)
{
    struct display_seat *s = d->seat;
    struct seat_keyboard *k = &d->keyboard;
    if (!k->focused)
        return;
    k->focused = false;
    if (!focused_elsewhere(d)) {
        if (s->listener.on_keyboard_leave)
            s->listener.on_keyboard_leave(s->listener.ctx);
        return;
    }
    for (uint32_t key = 0; key < SEAT_KEYS; key++)
        if (held(k, key) && !held_elsewhere(d, key))
            tell_key(s, key, false);
}

static void on_leave(void *ctx, struct wl_keyboard *wl, uint32_t serial, struct wl_surface *surface)
{
    (void)wl, (void)serial, (void)surface;
    lose_focus(ctx);
}

static void on_key(void *ctx, struct wl_keyboard *wl, uint32_t serial, uint32_t time_ms,
                   uint32_t key, uint32_t state)
{
    (void)wl, (void)time_ms;
    struct seat_device *d = ctx;
    d->seat->serial = serial;
    if (!d->keyboard.focused || key >= SEAT_KEYS || state > WL_KEYBOARD_KEY_STATE_PRESSED)
        return;
    const bool down = state == WL_KEYBOARD_KEY_STATE_PRESSED;
    set_held(&d->keyboard, key, down);
    if (!held_elsewhere(d, key))
        tell_key(d->seat, key, down);
}

static void on_repeat_info(void *ctx, struct wl_keyboard *wl, int32_t rate, int32_t delay_ms)
{
    (void)ctx, (void)wl, (void)rate, (void)delay_ms; /* the guest repeats by itself */
}

static const struct wl_keyboard_listener keyboard_listener = {
    .keymap = on_keymap,
    .enter = on_enter,
    .leave = on_leave,
    .key = on_key,
    .modifiers = on_modifiers,
    .repeat_info = on_repeat_info,
};

void seat_keyboard_add(struct seat_device *d)
{
    d->keyboard.wl = wl_seat_get_keyboard(d->wl);
    if (d->keyboard.wl)
        wl_keyboard_add_listener(d->keyboard.wl, &keyboard_listener, d);
}

void seat_keyboard_drop(struct seat_device *d)
{
    struct seat_keyboard *k = &d->keyboard;
    if (!k->wl)
        return;
    lose_focus(d);
    forget_keymap(k);
    if (d->version >= WL_KEYBOARD_RELEASE_SINCE_VERSION)
        wl_keyboard_release(k->wl);
    else
        wl_keyboard_destroy(k->wl);
    k->wl = NULL;
}
