/* SPDX-License-Identifier: GPL-2.0-or-later
 * A seat with a keyboard. Each line on stdin, "EVDEV_CODE 1|0", becomes one key event to the
 * client's window, whose time of sending is noted in the log. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "measure_compositor.h"
#include "wayland-server-protocol.h"

enum { SEAT_VERSION = 8 };

static void destroy_resource(struct wl_client *client, struct wl_resource *resource)
{
    (void)client;
    wl_resource_destroy(resource);
}

static const struct wl_keyboard_interface keyboard_impl = { destroy_resource };

static void keyboard_gone(struct wl_resource *keyboard)
{
    wl_list_remove(wl_resource_get_link(keyboard));
}

/* Without a keymap, which is allowed: key codes are all that is asked about. */
static void send_keymap(struct wl_resource *keyboard)
{
    const int fd = memfd_create("keymap", MFD_CLOEXEC);
    if (fd < 0)
        abort();
    wl_keyboard_send_keymap(keyboard, WL_KEYBOARD_KEYMAP_FORMAT_NO_KEYMAP, fd, 0);
    close(fd);
}

static void get_keyboard(struct wl_client *client, struct wl_resource *seat, uint32_t id)
{
    struct mc *mc = wl_resource_get_user_data(seat);
    struct wl_resource *r =
        wl_resource_create(client, &wl_keyboard_interface, wl_resource_get_version(seat), id);
    wl_resource_set_implementation(r, &keyboard_impl, NULL, keyboard_gone); /* no data: no focus */
    wl_list_insert(mc->keyboards.prev, wl_resource_get_link(r));
    send_keymap(r);
}

static void get_nothing(struct wl_client *client, struct wl_resource *seat, uint32_t id)
{
    (void)client;
    (void)id;
    wl_resource_post_error(seat, WL_SEAT_ERROR_MISSING_CAPABILITY, "there is only a keyboard");
}

static const struct wl_seat_interface seat_impl = { .get_pointer = get_nothing,
                                                    .get_keyboard = get_keyboard,
                                                    .get_touch = get_nothing,
                                                    .release = destroy_resource };

static void bind_seat(struct wl_client *client, void *data, uint32_t version, uint32_t id)
{
    struct wl_resource *r = wl_resource_create(client, &wl_seat_interface, (int)version, id);
    wl_resource_set_implementation(r, &seat_impl, data, NULL);
    wl_seat_send_capabilities(r, WL_SEAT_CAPABILITY_KEYBOARD);
    wl_seat_send_name(r, "measure");
}

static void focus(struct mc *mc, struct wl_resource *keyboard)
{
    struct wl_array keys;
    if (wl_resource_get_user_data(keyboard))
        return;
    wl_array_init(&keys);
    wl_keyboard_send_enter(keyboard, wl_display_next_serial(mc->display), mc->window, &keys);
    wl_array_release(&keys);
    wl_resource_set_user_data(keyboard, mc);
}

static void send_key(struct mc *mc, uint32_t code, bool down)
{
    const uint32_t n = atomic_load(&mc->log->keys), serial = wl_display_next_serial(mc->display);
    struct wl_resource *keyboard;
    if (wl_list_empty(&mc->keyboards) || !mc->window || n >= PUBLOG_KEYS)
        return;
    wl_resource_for_each(keyboard, &mc->keyboards)
    {
        focus(mc, keyboard);
        wl_keyboard_send_key(keyboard, serial, (uint32_t)clock_ms(), code,
                             down ? WL_KEYBOARD_KEY_STATE_PRESSED : WL_KEYBOARD_KEY_STATE_RELEASED);
    }
    atomic_store(&mc->log->key_ns[n], clock_ns());
    atomic_store(&mc->log->keys, n + 1);
    wl_client_flush(wl_resource_get_client(mc->window));
}

static int on_stdin(int fd, uint32_t mask, void *data)
{
    struct mc *mc = data;
    char text[64];
    uint32_t code, down;
    const ssize_t n = read(fd, text, sizeof(text) - 1);
    (void)mask;
    if (n <= 0) {
        wl_event_source_remove(mc->orders);
        return 0;
    }
    text[n] = '\0'; /* a line is written at once, and the next one when this key has arrived */
    if (sscanf(text, "%u %u", &code, &down) == 2)
        send_key(mc, code, down != 0);
    return 0;
}

bool mc_seat_globals(struct mc *mc)
{
    struct wl_event_loop *loop = wl_display_get_event_loop(mc->display);
    wl_list_init(&mc->keyboards);
    mc->orders = wl_event_loop_add_fd(loop, STDIN_FILENO, WL_EVENT_READABLE, on_stdin, mc);
    return mc->orders &&
           wl_global_create(mc->display, &wl_seat_interface, SEAT_VERSION, mc, bind_seat);
}
