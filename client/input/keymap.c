/* SPDX-License-Identifier: GPL-2.0-or-later
 * Sources: linux/input-event-codes.h for the left column; for the right one the AT set 1 codes of
 * the IBM keyboards and of Microsoft's scan code specification, and, where those have none, the
 * numbers that QEMU gives to keys (the "XT KBD" column of its keycode database): QEMU makes PS/2,
 * USB or virtio codes of them again. */
#include "input/keymap.h"

#include <assert.h>
#include <ctype.h>
#include <linux/input-event-codes.h>
#include <stddef.h>
#include <stdlib.h>
#include <strings.h>

static_assert(KEYMAP_CODES == KEY_CNT, "evdev's range");

const uint8_t keymap_pause[6] = { 0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5 };

struct row {
    const char *name;
    uint16_t scancode;
};

#define K(name_, scancode_) [KEY_##name_] = { #name_, scancode_ }
static const struct row rows[KEYMAP_CODES] = {
    /* Main block and function keys: evdev took its first numbers from set 1. */
    K(ESC, 0x01),
    K(1, 0x02),
    K(2, 0x03),
    K(3, 0x04),
    K(4, 0x05),
    K(5, 0x06),
    K(6, 0x07),
    K(7, 0x08),
    K(8, 0x09),
    K(9, 0x0a),
    K(0, 0x0b),
    K(MINUS, 0x0c),
    K(EQUAL, 0x0d),
    K(BACKSPACE, 0x0e),
    K(TAB, 0x0f),
    K(Q, 0x10),
    K(W, 0x11),
    K(E, 0x12),
    K(R, 0x13),
    K(T, 0x14),
    K(Y, 0x15),
    K(U, 0x16),
    K(I, 0x17),
    K(O, 0x18),
    K(P, 0x19),
    K(LEFTBRACE, 0x1a),
    K(RIGHTBRACE, 0x1b),
    K(ENTER, 0x1c),
    K(LEFTCTRL, 0x1d),
    K(A, 0x1e),
    K(S, 0x1f),
    K(D, 0x20),
    K(F, 0x21),
    K(G, 0x22),
    K(H, 0x23),
    K(J, 0x24),
    K(K, 0x25),
    K(L, 0x26),
    K(SEMICOLON, 0x27),
    K(APOSTROPHE, 0x28),
    K(GRAVE, 0x29),
    K(LEFTSHIFT, 0x2a),
    K(BACKSLASH, 0x2b),
    K(Z, 0x2c),
    K(X, 0x2d),
    K(C, 0x2e),
    K(V, 0x2f),
    K(B, 0x30),
    K(N, 0x31),
    K(M, 0x32),
    K(COMMA, 0x33),
    K(DOT, 0x34),
    K(SLASH, 0x35),
    K(RIGHTSHIFT, 0x36),
    K(KPASTERISK, 0x37),
    K(LEFTALT, 0x38),
    K(SPACE, 0x39),
    K(CAPSLOCK, 0x3a),
    K(F1, 0x3b),
    K(F2, 0x3c),
    K(F3, 0x3d),
    K(F4, 0x3e),
    K(F5, 0x3f),
    K(F6, 0x40),
    K(F7, 0x41),
    K(F8, 0x42),
    K(F9, 0x43),
    K(F10, 0x44),
    K(NUMLOCK, 0x45),
    K(SCROLLLOCK, 0x46),
    K(KP7, 0x47),
    K(KP8, 0x48),
    K(KP9, 0x49),
    K(KPMINUS, 0x4a),
    K(KP4, 0x4b),
    K(KP5, 0x4c),
    K(KP6, 0x4d),
    K(KPPLUS, 0x4e),
    K(KP1, 0x4f),
    K(KP2, 0x50),
    K(KP3, 0x51),
    K(KP0, 0x52),
    K(KPDOT, 0x53),
    K(102ND, 0x56),
    K(F11, 0x57),
    K(F12, 0x58),
    K(KPENTER, 0x11c),
    K(RIGHTCTRL, 0x11d),
    K(KPSLASH, 0x135),
    K(SYSRQ, 0x137),
    K(RIGHTALT, 0x138),
    K(HOME, 0x147),
    K(UP, 0x148),
    K(PAGEUP, 0x149),
    K(LEFT, 0x14b),
    K(RIGHT, 0x14d),
    K(END, 0x14f),
    K(DOWN, 0x150),
    K(PAGEDOWN, 0x151),
    K(INSERT, 0x152),
    K(DELETE, 0x153),
    K(PAUSE, KEYMAP_PAUSE),
    K(LEFTMETA, 0x15b),
    K(RIGHTMETA, 0x15c),
    K(COMPOSE, 0x15d),
    /* Japanese, Brazilian (RO is "/?" and KPCOMMA the keypad's "."), Korean. */
    K(RO, 0x73),
    K(YEN, 0x7d),
    K(HENKAN, 0x79),
    K(MUHENKAN, 0x7b),
    K(KATAKANAHIRAGANA, 0x70),
    K(KATAKANA, 0x78),
    K(HIRAGANA, 0x77),
    K(ZENKAKUHANKAKU, 0x76),
    K(KPJPCOMMA, 0x5c),
    K(KPCOMMA, 0x7e),
    K(KPEQUAL, 0x59),
    K(HANGEUL, 0x72),
    K(HANJA, 0x71),
    /* Power, media, browser, applications. */
    K(POWER, 0x15e),
    K(SLEEP, 0x15f),
    K(WAKEUP, 0x163),
    K(MUTE, 0x120),
    K(VOLUMEDOWN, 0x12e),
    K(VOLUMEUP, 0x130),
    K(NEXTSONG, 0x119),
    K(PREVIOUSSONG, 0x110),
    K(STOPCD, 0x124),
    K(PLAYPAUSE, 0x122),
    K(MEDIA, 0x16d),
    K(MAIL, 0x16c),
    K(CALC, 0x121),
    K(COMPUTER, 0x16b),
    K(HOMEPAGE, 0x132),
    K(BACK, 0x16a),
    K(FORWARD, 0x169),
    K(STOP, 0x168),
    K(REFRESH, 0x167),
    K(BOOKMARKS, 0x166),
    K(SEARCH, 0x165),
    /* Keys of Sun and of large keyboards, as QEMU counts them. */
    K(AGAIN, 0x105),
    K(PROPS, 0x106),
    K(UNDO, 0x107),
    K(FRONT, 0x10c),
    K(COPY, 0x178),
    K(OPEN, 0x64),
    K(FIND, 0x141),
    K(CUT, 0x13c),
    K(HELP, 0x175),
    K(MENU, 0x11e),
    K(F13, 0x5d),
    K(F14, 0x5e),
    K(F15, 0x5f),
    K(F16, 0x55),
    K(F17, 0x103),
    K(F18, 0x177),
    K(F19, 0x104),
    K(F20, 0x5a),
    K(F21, 0x74),
    K(F22, 0x179),
    /* F23 is 0x6d without e0 */
    K(F23, 0x6d),
    K(F24, 0x6f),
};
#undef K

/* What reads better than evdev's word, or is what people know. The first one of a code is its name.
 */
static const struct {
    const char *name;
    uint16_t key;
} aliases[] = {
    { "Esc", KEY_ESC },
    { "Escape", KEY_ESC },
    { "Backspace", KEY_BACKSPACE },
    { "Tab", KEY_TAB },
    { "Enter", KEY_ENTER },
    { "Return", KEY_ENTER },
    { "LeftCtrl", KEY_LEFTCTRL },
    { "Ctrl", KEY_LEFTCTRL },
    { "LeftControl", KEY_LEFTCTRL },
    { "RightCtrl", KEY_RIGHTCTRL },
    { "RightControl", KEY_RIGHTCTRL },
    { "LeftShift", KEY_LEFTSHIFT },
    { "Shift", KEY_LEFTSHIFT },
    { "RightShift", KEY_RIGHTSHIFT },
    { "LeftAlt", KEY_LEFTALT },
    { "Alt", KEY_LEFTALT },
    { "RightAlt", KEY_RIGHTALT },
    { "AltGr", KEY_RIGHTALT },
    { "LeftMeta", KEY_LEFTMETA },
    { "LeftWin", KEY_LEFTMETA },
    { "LeftSuper", KEY_LEFTMETA },
    { "Win", KEY_LEFTMETA },
    { "Meta", KEY_LEFTMETA },
    { "Super", KEY_LEFTMETA },
    { "RightMeta", KEY_RIGHTMETA },
    { "RightWin", KEY_RIGHTMETA },
    { "RightSuper", KEY_RIGHTMETA },
    { "Menu", KEY_COMPOSE },
    { "KEY_MENU", KEY_MENU }, /* not the one that people call so */
    { "Application", KEY_COMPOSE },
    { "Space", KEY_SPACE },
    { "CapsLock", KEY_CAPSLOCK },
    { "NumLock", KEY_NUMLOCK },
    { "ScrollLock", KEY_SCROLLLOCK },
    { "Print", KEY_SYSRQ },
    { "PrintScreen", KEY_SYSRQ },
    { "Pause", KEY_PAUSE },
    { "Break", KEY_PAUSE },
    { "Insert", KEY_INSERT },
    { "Delete", KEY_DELETE },
    { "Del", KEY_DELETE },
    { "Home", KEY_HOME },
    { "End", KEY_END },
    { "PageUp", KEY_PAGEUP },
    { "PgUp", KEY_PAGEUP },
    { "PageDown", KEY_PAGEDOWN },
    { "PgDn", KEY_PAGEDOWN },
    { "Up", KEY_UP },
    { "Down", KEY_DOWN },
    { "Left", KEY_LEFT },
    { "Right", KEY_RIGHT },
    { "Minus", KEY_MINUS },
    { "Equal", KEY_EQUAL },
    { "Comma", KEY_COMMA },
    { "Dot", KEY_DOT },
    { "Period", KEY_DOT },
    { "Slash", KEY_SLASH },
    { "Backslash", KEY_BACKSLASH },
    { "Grave", KEY_GRAVE },
    { "VolumeUp", KEY_VOLUMEUP },
    { "VolumeDown", KEY_VOLUMEDOWN },
    { "Mute", KEY_MUTE },
    { "PlayPause", KEY_PLAYPAUSE },
};

uint32_t keymap_scancode(uint32_t key)
{
    return key < KEYMAP_CODES ? rows[key].scancode : KEYMAP_NONE;
}

/* Equal but for case, '_' and '-'. */
static bool same_name(const char *a, const char *b)
{
    for (;; a++, b++) {
        while (*a == '_' || *a == '-')
            a++;
        while (*b == '_' || *b == '-')
            b++;
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
            return false;
        if (!*a)
            return true;
    }
}

static uint32_t key_from_number(const char *text)
{
    if (!isdigit((unsigned char)text[0]))
        return 0;
    char *end;
    const unsigned long code = strtoul(text, &end, 10);
    return *end == 0 && code < KEYMAP_CODES ? (uint32_t)code : 0;
}

uint32_t keymap_key_from_name(const char *name)
{
    const char *bare = strncasecmp(name, "KEY_", 4) == 0 ? name + 4 : name;
    if (!isalnum((unsigned char)name[0]))
        return 0;
    /* With the prefix it is evdev's word: KEY_MENU is not the key that people call Menu. */
    if (bare == name)
        for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
            if (same_name(name, aliases[i].name))
                return aliases[i].key;
    for (uint32_t key = 1; key < KEYMAP_CODES; key++)
        if (rows[key].name && same_name(bare, rows[key].name))
            return key;
    return bare == name ? key_from_number(name) : 0;
}

const char *keymap_name(uint32_t key)
{
    for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
        if (aliases[i].key == key)
            return aliases[i].name;
    return key < KEYMAP_CODES ? rows[key].name : NULL;
}

bool keymap_is_modifier(uint32_t key)
{
    switch (key) {
    case KEY_LEFTSHIFT:
    case KEY_RIGHTSHIFT:
    case KEY_LEFTCTRL:
    case KEY_RIGHTCTRL:
    case KEY_LEFTALT:
    case KEY_RIGHTALT:
    case KEY_LEFTMETA:
    case KEY_RIGHTMETA:
        return true;
    default:
        return false;
    }
}
