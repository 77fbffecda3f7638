/* SPDX-License-Identifier: GPL-2.0-or-later
 * Keys: which go to the guest, and what the escape key makes of them. */
#define LOG_MODULE "input"

#include <errno.h>
#include <linux/input-event-codes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "input/input_private.h"

enum { HINT_EVERY_MS = 2000, SENSITIVITY_MAX = 9 };

/* ---- to the guest ---- */

void input_guest_key(struct input *in, uint32_t key, bool down)
{
    const uint32_t scancode = keymap_scancode(key);
    if (scancode == KEYMAP_NONE || in->keys.guest[key] == down)
        return;
    input_locks_key_sent(in, key);
    in->keys.guest[key] = down;
    if (scancode == KEYMAP_PAUSE && down)
        in->sink.scancodes(in->sink_ctx, keymap_pause, sizeof(keymap_pause));
    else
        in->sink.key(in->sink_ctx, scancode == KEYMAP_PAUSE ? KEYMAP_PAUSE_UP : scancode, down);
}

void input_type_keys(struct input *in, const uint32_t *keys, size_t count)
{
    bool pressed[BINDING_MAX_KEYS_AT_ONCE] = { false };
    if (!input_may_send(in) || count > BINDING_MAX_KEYS_AT_ONCE)
        return;
    for (size_t i = 0; i < count; i++) {
        pressed[i] = keys[i] < KEYMAP_CODES && !in->keys.guest[keys[i]];
        if (pressed[i])
            input_guest_key(in, keys[i], true);
    }
    while (count-- > 0)
        if (pressed[count])
            input_guest_key(in, keys[count], false);
}

static void end_macro(struct input *in)
{
    in->keys.macro = NULL;
    memset(in->keys.by_macro, 0, sizeof(in->keys.by_macro));
    loop_timer_set_ns(in->keys.macro_timer, 0, 0);
}

void input_keys_release(struct input *in)
{
    end_macro(in);
    memset(in->keys.proxy, 0, sizeof(in->keys.proxy));
    /* Modifiers last: "T up, Ctrl up" is what fingers do, the other order types a T. */
    for (uint32_t key = 0; key < KEYMAP_CODES; key++)
        if (!keymap_is_modifier(key))
            input_guest_key(in, key, false);
    for (uint32_t key = 0; key < KEYMAP_CODES; key++)
        input_guest_key(in, key, false);
}

void input_keys_forget(struct input *in)
{
    end_macro(in);
    memset(in->keys.proxy, 0, sizeof(in->keys.proxy));
    memset(in->keys.guest, 0, sizeof(in->keys.guest));
}

/* ---- macros ---- */

static void macro_step(struct input *in, const struct binding_step *step)
{
    if (step->kind == BINDING_DOWN && !in->keys.guest[step->value]) {
        in->keys.by_macro[step->value] = true;
        input_guest_key(in, step->value, true);
    } else if (step->kind == BINDING_UP && in->keys.by_macro[step->value]) {
        in->keys.by_macro[step->value] = false;
        input_guest_key(in, step->value, false);
    }
}

static void run_macro(void *ctx)
{
    struct input *in = ctx;
    const struct binding *b = in->keys.macro;
    while (b && in->keys.macro_at < b->step_count) {
        const struct binding_step *step = &b->steps[in->keys.macro_at++];
        if (step->kind == BINDING_WAIT) {
            loop_timer_set_ns(in->keys.macro_timer, clock_ns() + step->value * NS_PER_MS + 1, 0);
            return;
        }
        macro_step(in, step);
    }
    end_macro(in);
}

static void start_macro(struct input *in, const struct binding *b)
{
    if (!input_may_send(in))
        return;
    if (in->keys.macro) {
        input_hint(in, _("a macro is still running"));
        return;
    }
    in->keys.macro = b;
    in->keys.macro_at = 0;
    run_macro(in);
}

/* ---- the escape key and bindings ---- */

static void show_help(struct input *in, bool show)
{
    loop_timer_set_ns(in->keys.help_timer, 0, 0);
    if (show == in->keys.help)
        return;
    in->keys.help = show;
    if (in->listener.on_help)
        in->listener.on_help(in->listener.ctx, show);
}

static void on_help_due(void *ctx)
{
    struct input *in = ctx;
    if (!in->keys.escape)
        return;
    in->keys.escape_used = true; /* held to look: no tap any more */
    show_help(in, true);
}

static void leave_escape(struct input *in)
{
    in->keys.escape = in->keys.ctrl_alt = false;
    show_help(in, false);
}

static void on_escape(struct input *in, bool down)
{
    if (down) {
        in->keys.escape = true;
        in->keys.escape_used = false;
        if (in->config.help_delay_ms)
            loop_timer_set_ns(in->keys.help_timer,
                              clock_ns() + in->config.help_delay_ms * NS_PER_MS, 0);
        return;
    }
    const bool tapped = in->keys.escape && !in->keys.escape_used;
    leave_escape(in);
    if (tapped)
        input_capture(in, !in->capture.on, false);
}

static void change_sensitivity(struct input *in, int by)
{
    const int s = in->config.sensitivity + by;
    if (s >= -SENSITIVITY_MAX && s <= SENSITIVITY_MAX)
        in->config.sensitivity = s;
    char text[40];
    snprintf(text, sizeof(text), _("mouse sensitivity %+d"), (int)in->config.sensitivity);
    input_hint(in, text);
}

/* Held as long as the bound key is. */
static void stand_for(struct input *in, uint32_t key, uint32_t other)
{
    if (!input_may_send(in))
        return;
    in->keys.proxy[key] = (uint16_t)other;
    input_guest_key(in, other, true);
}

static bool is_function_key(uint32_t key)
{
    return (key >= KEY_F1 && key <= KEY_F10) || key == KEY_F11 || key == KEY_F12;
}

static void act(struct input *in, const struct binding *b)
{
    static const uint32_t ctrl_alt_del[] = { KEY_LEFTCTRL, KEY_LEFTALT, KEY_DELETE };
    switch (b->action) {
    case INPUT_ACTION_INPUT:
        input_set_view_only(in, !in->view_only);
        break;
    case INPUT_ACTION_SENS_UP:
        change_sensitivity(in, 1);
        break;
    case INPUT_ACTION_SENS_DOWN:
        change_sensitivity(in, -1);
        break;
    case INPUT_ACTION_VOLUME_UP:
        stand_for(in, b->key, KEY_VOLUMEUP);
        break;
    case INPUT_ACTION_VOLUME_DOWN:
        stand_for(in, b->key, KEY_VOLUMEDOWN);
        break;
    case INPUT_ACTION_MUTE:
        stand_for(in, b->key, KEY_MUTE);
        break;
    case INPUT_ACTION_LEFT_WIN:
        stand_for(in, b->key, KEY_LEFTMETA);
        break;
    case INPUT_ACTION_RIGHT_WIN:
        stand_for(in, b->key, KEY_RIGHTMETA);
        break;
    case INPUT_ACTION_CTRL_ALT_DEL:
        input_type_keys(in, ctrl_alt_del, ARRAY_LEN(ctrl_alt_del));
        break;
    case INPUT_ACTION_CTRL_ALT_FN:
        in->keys.ctrl_alt = true;
        break;
    case INPUT_ACTION_MACRO:
        start_macro(in, b);
        break;
    default:
        if (in->listener.on_action)
            in->listener.on_action(in->listener.ctx, b->action);
    }
}

static void on_bound(struct input *in, uint32_t key)
{
    in->keys.escape_used = true;
    if (in->keys.ctrl_alt && is_function_key(key)) {
        const uint32_t keys[] = { KEY_LEFTCTRL, KEY_LEFTALT, key };
        input_type_keys(in, keys, ARRAY_LEN(keys));
        return;
    }
    const struct binding *b =
        in->config.bindings ? binding_table_find(in->config.bindings, key) : NULL;
    if (b)
        act(in, b);
}

/* ---- from the seat ---- */

static bool is_escape(const struct input *in, uint32_t key)
{
    return in->config.bindings && key == binding_table_escape_key(in->config.bindings);
}

static bool is_kept_back(const struct input *in, uint32_t key)
{
    return in->config.ignore_windows_keys && (key == KEY_LEFTMETA || key == KEY_RIGHTMETA);
}

/* Somebody types and nothing may go out: say why, now and then. */
static void tell_why_not(struct input *in)
{
    const uint64_t now_ns = clock_ns();
    if (!in->blocked || (in->hinted_ns && now_ns - in->hinted_ns < HINT_EVERY_MS * NS_PER_MS))
        return;
    in->hinted_ns = now_ns;
    input_hint(in, in->blocked);
}

static void on_release(struct input *in, uint32_t key)
{
    const struct binding *b =
        in->config.bindings ? binding_table_find(in->config.bindings, key) : NULL;
    if (b && b->action == INPUT_ACTION_CTRL_ALT_FN)
        in->keys.ctrl_alt = false;
    if (in->keys.proxy[key]) {
        input_guest_key(in, in->keys.proxy[key], false);
        in->keys.proxy[key] = 0;
    } else {
        input_guest_key(in, key, false);
    }
}

void input_keys_on_key(void *ctx, uint32_t key, bool down)
{
    struct input *in = ctx;
    if (key >= KEYMAP_CODES)
        return;
    if (is_escape(in, key)) {
        in->keys.desktop[key] = down;
        on_escape(in, down);
        return;
    }
    if (!down)
        on_release(in, key);
    else if (in->keys.escape)
        on_bound(in, key);
    else if (input_may_send(in) && !is_kept_back(in, key))
        input_guest_key(in, key, true);
    else
        tell_why_not(in);
    in->keys.desktop[key] = down;
    input_activity(in); /* after the key: it has waited for nothing */
}

/* Shift or Ctrl held, then a click into the window, is meant for what is clicked at. Alt and Meta
 * are held because they brought the focus (Alt+Tab, Super+2); their release alone would open the
 * guest's menus. */
static bool comes_along(uint32_t key)
{
    return key == KEY_LEFTSHIFT || key == KEY_RIGHTSHIFT || key == KEY_LEFTCTRL ||
           key == KEY_RIGHTCTRL;
}

void input_keys_on_enter(void *ctx, const uint32_t *keys, size_t count)
{
    struct input *in = ctx;
    in->focused = true;
    memset(in->keys.desktop, 0, sizeof(in->keys.desktop));
    for (size_t i = 0; i < count; i++)
        if (keys[i] < KEYMAP_CODES)
            in->keys.desktop[keys[i]] = true;
    /* Kept down over the loss of focus, let go of meanwhile. */
    for (uint32_t key = 0; key < KEYMAP_CODES; key++)
        if (in->keys.guest[key] && !in->keys.desktop[key] && !in->keys.by_macro[key])
            input_guest_key(in, key, false);
    for (size_t i = 0; i < count; i++)
        if (comes_along(keys[i]) && !is_escape(in, keys[i]) && input_may_send(in))
            input_guest_key(in, keys[i], true);
    const bool start = in->config.capture_on_start && !in->started && in->connected;
    in->started = in->started || start;
    if (start || in->config.capture_on_focus)
        input_capture(in, true, true);
    input_cursor_update(in);
    input_activity(in);
}

void input_keys_on_leave(void *ctx)
{
    struct input *in = ctx;
    in->focused = false;
    leave_escape(in);
    memset(in->keys.desktop, 0, sizeof(in->keys.desktop));
    if (in->config.release_keys_on_focus_loss) {
        input_keys_release(in);
    } else {
        for (uint32_t key = 0; key < KEYMAP_CODES; key++) {
            if (in->keys.proxy[key])
                input_guest_key(in, in->keys.proxy[key], false);
            in->keys.proxy[key] = 0;
        }
    }
    input_pointer_release(in);
    input_capture(in, false, true);
}

int input_keys_init(struct input *in)
{
    const int err = loop_add_timer(in->loop, on_help_due, in, &in->keys.help_timer);
    return err ? err : loop_add_timer(in->loop, run_macro, in, &in->keys.macro_timer);
}

void input_keys_fini(struct input *in)
{
    loop_source_destroy(in->keys.help_timer);
    loop_source_destroy(in->keys.macro_timer);
}
