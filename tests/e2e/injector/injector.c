/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "injector/injector.h"

#include <errno.h>
#include <linux/input-event-codes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wayland-client.h>
#include <xkbcommon/xkbcommon.h>

#include "base/clock.h"

#include "virtual-keyboard-unstable-v1-client-protocol.h"
#include "wlr-virtual-pointer-unstable-v1-client-protocol.h"

enum { EVDEV_TO_XKB = 8, NOTCH_120 = 120, NOTCH_LOGICAL = 10 };

struct injector {
    struct wl_display *display;
    struct wl_registry *registry;
    struct wl_seat *seat;
    struct zwp_virtual_keyboard_manager_v1 *keyboards;
    struct zwlr_virtual_pointer_manager_v1 *pointers;
    struct zwp_virtual_keyboard_v1 *keyboard;
    struct zwlr_virtual_pointer_v1 *pointer;
    struct xkb_context *xkb;
    struct xkb_keymap *keymap;
    struct xkb_state *state;
};

static void on_global(void *ctx, struct wl_registry *registry, uint32_t name, const char *interface,
                      uint32_t version)
{
    (void)version;
    struct injector *j = ctx;
    if (!j->seat && strcmp(interface, wl_seat_interface.name) == 0)
        j->seat = wl_registry_bind(registry, name, &wl_seat_interface, 1);
    else if (strcmp(interface, zwp_virtual_keyboard_manager_v1_interface.name) == 0)
        j->keyboards =
            wl_registry_bind(registry, name, &zwp_virtual_keyboard_manager_v1_interface, 1);
    else if (strcmp(interface, zwlr_virtual_pointer_manager_v1_interface.name) == 0)
        j->pointers =
            wl_registry_bind(registry, name, &zwlr_virtual_pointer_manager_v1_interface, 1);
}

static void on_global_remove(void *ctx, struct wl_registry *registry, uint32_t name)
{
    (void)ctx, (void)registry, (void)name;
}

static const struct wl_registry_listener registry_listener = {
    .global = on_global,
    .global_remove = on_global_remove,
};

static int send_keymap(struct injector *j)
{
    const struct xkb_rule_names names = { .rules = "evdev", .model = "pc105", .layout = "us" };
    j->xkb = xkb_context_new(XKB_CONTEXT_NO_FLAGS);
    j->keymap =
        j->xkb ? xkb_keymap_new_from_names(j->xkb, &names, XKB_KEYMAP_COMPILE_NO_FLAGS) : NULL;
    j->state = j->keymap ? xkb_state_new(j->keymap) : NULL;
    char *text = j->state ? xkb_keymap_get_as_string(j->keymap, XKB_KEYMAP_FORMAT_TEXT_V1) : NULL;
    if (!text)
        return -ENOTSUP;
    const size_t bytes = strlen(text) + 1;
    const int fd = memfd_create("keymap", MFD_CLOEXEC);
    const bool written = fd >= 0 && write(fd, text, bytes) == (ssize_t)bytes;
    free(text);
    if (written)
        zwp_virtual_keyboard_v1_keymap(j->keyboard, WL_KEYBOARD_KEYMAP_FORMAT_XKB_V1, fd,
                                       (uint32_t)bytes);
    if (fd >= 0)
        close(fd);
    return written ? 0 : -EIO;
}

static int arrived(struct injector *j)
{
    return wl_display_roundtrip(j->display) < 0 ? -ECONNRESET : 0;
}

static int start(struct injector *j, const char *display_name)
{
    j->display = wl_display_connect(display_name);
    if (!j->display)
        return errno ? -errno : -ENOENT;
    j->registry = wl_display_get_registry(j->display);
    wl_registry_add_listener(j->registry, &registry_listener, j);
    if (arrived(j) < 0)
        return -ECONNRESET;
    if (!j->seat || !j->keyboards || !j->pointers)
        return -ENOTSUP;
    j->keyboard = zwp_virtual_keyboard_manager_v1_create_virtual_keyboard(j->keyboards, j->seat);
    j->pointer = zwlr_virtual_pointer_manager_v1_create_virtual_pointer(j->pointers, j->seat);
    const int err = send_keymap(j);
    return err ? err : arrived(j);
}

int injector_create(const char *display_name, struct injector **out)
{
    struct injector *j = calloc(1, sizeof(*j));
    if (!j)
        return -ENOMEM;
    const int err = start(j, display_name);
    if (err) {
        injector_destroy(j);
        return err;
    }
    *out = j;
    return 0;
}

void injector_destroy(struct injector *j)
{
    if (!j)
        return;
    if (j->keyboard)
        zwp_virtual_keyboard_v1_destroy(j->keyboard);
    if (j->pointer)
        zwlr_virtual_pointer_v1_destroy(j->pointer);
    if (j->keyboards)
        zwp_virtual_keyboard_manager_v1_destroy(j->keyboards);
    if (j->pointers)
        zwlr_virtual_pointer_manager_v1_destroy(j->pointers);
    if (j->seat)
        wl_seat_destroy(j->seat);
    if (j->registry)
        wl_registry_destroy(j->registry);
    if (j->display) {
        wl_display_roundtrip(j->display);
        wl_display_disconnect(j->display);
    }
    xkb_state_unref(j->state);
    xkb_keymap_unref(j->keymap);
    xkb_context_unref(j->xkb);
    free(j);
}

static uint32_t now_ms(void)
{
    return (uint32_t)(clock_ns() / NS_PER_MS);
}

/* A virtual keyboard has to say by itself what its keys do to the modifiers. */
int injector_key(struct injector *j, uint32_t key, bool down)
{
    zwp_virtual_keyboard_v1_key(j->keyboard, now_ms(), key, down);
    if (xkb_state_update_key(j->state, key + EVDEV_TO_XKB, down ? XKB_KEY_DOWN : XKB_KEY_UP))
        zwp_virtual_keyboard_v1_modifiers(
            j->keyboard, xkb_state_serialize_mods(j->state, XKB_STATE_MODS_DEPRESSED),
            xkb_state_serialize_mods(j->state, XKB_STATE_MODS_LATCHED),
            xkb_state_serialize_mods(j->state, XKB_STATE_MODS_LOCKED),
            xkb_state_serialize_layout(j->state, XKB_STATE_LAYOUT_EFFECTIVE));
    return arrived(j);
}

static int end_frame(struct injector *j)
{
    zwlr_virtual_pointer_v1_frame(j->pointer);
    return arrived(j);
}

int injector_rel(struct injector *j, double dx, double dy)
{
    zwlr_virtual_pointer_v1_motion(j->pointer, now_ms(), wl_fixed_from_double(dx),
                                   wl_fixed_from_double(dy));
    return end_frame(j);
}

int injector_abs(struct injector *j, uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
    zwlr_virtual_pointer_v1_motion_absolute(j->pointer, now_ms(), x, y, width, height);
    return end_frame(j);
}

int injector_button(struct injector *j, uint32_t button, bool down)
{
    zwlr_virtual_pointer_v1_button(j->pointer, now_ms(), button, down);
    return end_frame(j);
}

int injector_wheel(struct injector *j, uint32_t axis, int32_t value_120)
{
    const wl_fixed_t value = wl_fixed_from_double((double)value_120 * NOTCH_LOGICAL / NOTCH_120);
    if (value_120 % NOTCH_120 == 0) {
        zwlr_virtual_pointer_v1_axis_source(j->pointer, WL_POINTER_AXIS_SOURCE_WHEEL);
        zwlr_virtual_pointer_v1_axis_discrete(j->pointer, now_ms(), axis, value,
                                              value_120 / NOTCH_120);
    } else {
        zwlr_virtual_pointer_v1_axis_source(j->pointer, WL_POINTER_AXIS_SOURCE_FINGER);
        zwlr_virtual_pointer_v1_axis(j->pointer, now_ms(), axis, value);
    }
    return end_frame(j);
}
