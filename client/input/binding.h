/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/input/binding.h - what keys do while the escape key is held, as data.
 *
 * Texts are the user's: "F", "PageUp", "KEY_F12", "70" for an action; "KEY: SEQUENCE" for a macro,
 * where SEQUENCE is steps with commas between: "LeftCtrl+LeftAlt+T" (pressed in this order,
 * released in reverse), "wait 300" (ms), "down LeftShift", "up LeftShift" (what is still down at
 * the end is released). Threads: one. A table is constant once input_create() has it. */
#ifndef ESPELHO_INPUT_BINDING_H
#define ESPELHO_INPUT_BINDING_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

enum input_action {
    INPUT_ACTION_NONE,
    /* For the viewer (input_listener.on_action). */
    INPUT_ACTION_FULLSCREEN,
    INPUT_ACTION_QUIT,
    INPUT_ACTION_OVERLAY,
    INPUT_ACTION_ROTATE,
    INPUT_ACTION_VIDEO,
    INPUT_ACTION_MICROPHONE,
    INPUT_ACTION_CANCEL, /* file transfers */
    /* Done by the router; on_hint tells about them. */
    INPUT_ACTION_INPUT,
    INPUT_ACTION_SENS_UP,
    INPUT_ACTION_SENS_DOWN,
    /* Typed into the guest by the router. */
    INPUT_ACTION_VOLUME_UP,
    INPUT_ACTION_VOLUME_DOWN,
    INPUT_ACTION_MUTE,
    INPUT_ACTION_LEFT_WIN,
    INPUT_ACTION_RIGHT_WIN,
    INPUT_ACTION_CTRL_ALT_DEL,
    INPUT_ACTION_CTRL_ALT_FN, /* its key is a modifier: held as well, F1..F12 are Ctrl+Alt+Fn */
    INPUT_ACTION_MACRO,
    INPUT_ACTIONS
};

enum binding_step_kind { BINDING_DOWN = 1, BINDING_UP, BINDING_WAIT };
struct binding_step {
    enum binding_step_kind kind;
    uint32_t value; /* evdev code, or ms */
};
enum {
    BINDING_MAX = 64,
    BINDING_MAX_STEPS = 512,
    BINDING_MAX_WAIT_MS = 10000,
    BINDING_MAX_KEYS_AT_ONCE = 16,
};

struct binding {
    enum input_action action;
    uint32_t key;
    const char *text;                 /* as the user gave it */
    const struct binding_step *steps; /* of a macro; ends with every key up */
    size_t step_count;
};

struct binding_error {
    char text[160]; /* what is wrong, naming the offending part */
};

struct binding_table;

/* `escape_key`: a name; can't be bound itself. 0; -EINVAL with *error; -ENOMEM. */
int binding_table_create(const char *escape_key, struct binding_table **out,
                         struct binding_error *error) MUST_CHECK;
void binding_table_destroy(struct binding_table *table); /* NULL is fine */
/* "" or NULL: no key, nothing is added. 0; -EINVAL with *error (unknown key, key taken by another
 * action, macro syntax); -ENOSPC more than BINDING_MAX; -ENOMEM. The table is unchanged on error.
 * Macros: action INPUT_ACTION_MACRO, "KEY: SEQUENCE". */
int binding_table_add(struct binding_table *table, enum input_action action, const char *text,
                      struct binding_error *error) MUST_CHECK;
/* All defaults of Looking Glass B7, and Ctrl+Alt+Del. */
int binding_table_add_defaults(struct binding_table *table, struct binding_error *error) MUST_CHECK;

uint32_t binding_table_escape_key(const struct binding_table *table);
/* The binding of a key, or NULL. */
const struct binding *binding_table_find(const struct binding_table *table, uint32_t key);

/* The list for people, for the help overlay: one line each, "KEY\tWHAT\n". At most `text_bytes`
 * with the terminator, whole lines only; returns the bytes that all of it needs. */
size_t binding_table_help(const struct binding_table *table, char *text, size_t text_bytes);

#endif
