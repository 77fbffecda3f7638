/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/input/keymap.h - evdev key codes, what a PC keyboard sends for them, and their names.
 * Constant tables; any thread.
 *
 * Scan codes are set 1 of the PC AT keyboard, extended (e0) ones as 0x1xx: right Ctrl is 0x11d.
 * Names are those of linux/input-event-codes.h without KEY_ ("F12", "SCROLLLOCK"), and those that
 * read better ("LeftMeta", "PageUp"). Case, '_' and '-' make no difference. */
#ifndef ESPELHO_INPUT_KEYMAP_H
#define ESPELHO_INPUT_KEYMAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

enum {
    KEYMAP_CODES = 768,      /* evdev codes are below (KEY_CNT) */
    KEYMAP_NONE = 0,         /* no such key on a PC keyboard */
    KEYMAP_PAUSE = 0x1000,   /* no code: the sequence keymap_pause, all of it at the press */
    KEYMAP_PAUSE_UP = 0x146, /* of which QEMU makes a press only; this code is the same key to it */
};

/* The scan code, KEYMAP_PAUSE or KEYMAP_NONE. Print is 0x137, Ctrl+Pause (Break) is Pause here: the
 * guest's keyboard driver has seen Ctrl go down. */
uint32_t keymap_scancode(uint32_t key);
extern const uint8_t keymap_pause[6]; /* e1 1d 45 e1 9d c5 */

/* "F12", "KEY_F12", "ScrollLock", "70": the code; 0 (KEY_RESERVED) if it is none of these. */
uint32_t keymap_key_from_name(const char *name);
/* The name that reads best; NULL: a key without one. */
const char *keymap_name(uint32_t key);

bool keymap_is_modifier(uint32_t key); /* Shift, Ctrl, Alt, Meta */

#endif
