/* SPDX-License-Identifier: GPL-2.0-or-later
 * Keymap against an independent source: the scan codes of set 2 as PS/2 keyboards send them, and
 * the translation to set 1 that the keyboard controller of a PC applies. */
#include "test.h"

#include <linux/input-event-codes.h>

#include "input/keymap.h"

/* The controller's table, for set 2 codes 0x00..0x84. */
static const uint8_t set1_of_set2[] = {
    0xff, 0x43, 0x41, 0x3f, 0x3d, 0x3b, 0x3c, 0x58, 0x64, 0x44, 0x42, 0x40, 0x3e, 0x0f, 0x29,
    0x59, 0x65, 0x38, 0x2a, 0x70, 0x1d, 0x10, 0x02, 0x5a, 0x66, 0x71, 0x2c, 0x1f, 0x1e, 0x11,
    0x03, 0x5b, 0x67, 0x2e, 0x2d, 0x20, 0x12, 0x05, 0x04, 0x5c, 0x68, 0x39, 0x2f, 0x21, 0x14,
    0x13, 0x06, 0x5d, 0x69, 0x31, 0x30, 0x23, 0x22, 0x15, 0x07, 0x5e, 0x6a, 0x72, 0x32, 0x24,
    0x16, 0x08, 0x09, 0x5f, 0x6b, 0x33, 0x25, 0x17, 0x18, 0x0b, 0x0a, 0x60, 0x6c, 0x34, 0x35,
    0x26, 0x27, 0x19, 0x0c, 0x61, 0x6d, 0x73, 0x28, 0x74, 0x1a, 0x0d, 0x62, 0x6e, 0x3a, 0x36,
    0x1c, 0x1b, 0x75, 0x2b, 0x63, 0x76, 0x55, 0x56, 0x77, 0x78, 0x79, 0x7a, 0x0e, 0x7b, 0x7c,
    0x4f, 0x7d, 0x4b, 0x47, 0x7e, 0x7f, 0x6f, 0x52, 0x53, 0x50, 0x4c, 0x4d, 0x48, 0x01, 0x45,
    0x57, 0x4e, 0x51, 0x4a, 0x37, 0x49, 0x46, 0x54, 0x80, 0x80, 0x80, 0x41, 0x54,
};

enum { E0 = 0x100 };
static const struct {
    uint16_t key, set2;
} keys[] = {
    { KEY_ESC, 0x76 },
    { KEY_F1, 0x05 },
    { KEY_F2, 0x06 },
    { KEY_F3, 0x04 },
    { KEY_F4, 0x0c },
    { KEY_F5, 0x03 },
    { KEY_F6, 0x0b },
    { KEY_F7, 0x83 },
    { KEY_F8, 0x0a },
    { KEY_F9, 0x01 },
    { KEY_F10, 0x09 },
    { KEY_F11, 0x78 },
    { KEY_F12, 0x07 },
    { KEY_GRAVE, 0x0e },
    { KEY_1, 0x16 },
    { KEY_2, 0x1e },
    { KEY_3, 0x26 },
    { KEY_4, 0x25 },
    { KEY_5, 0x2e },
    { KEY_6, 0x36 },
    { KEY_7, 0x3d },
    { KEY_8, 0x3e },
    { KEY_9, 0x46 },
    { KEY_0, 0x45 },
    { KEY_MINUS, 0x4e },
    { KEY_EQUAL, 0x55 },
    { KEY_BACKSPACE, 0x66 },
    { KEY_TAB, 0x0d },
    { KEY_Q, 0x15 },
    { KEY_W, 0x1d },
    { KEY_E, 0x24 },
    { KEY_R, 0x2d },
    { KEY_T, 0x2c },
    { KEY_Y, 0x35 },
    { KEY_U, 0x3c },
    { KEY_I, 0x43 },
    { KEY_O, 0x44 },
    { KEY_P, 0x4d },
    { KEY_LEFTBRACE, 0x54 },
    { KEY_RIGHTBRACE, 0x5b },
    { KEY_BACKSLASH, 0x5d },
    { KEY_CAPSLOCK, 0x58 },
    { KEY_A, 0x1c },
    { KEY_S, 0x1b },
    { KEY_D, 0x23 },
    { KEY_F, 0x2b },
    { KEY_G, 0x34 },
    { KEY_H, 0x33 },
    { KEY_J, 0x3b },
    { KEY_K, 0x42 },
    { KEY_L, 0x4b },
    { KEY_SEMICOLON, 0x4c },
    { KEY_APOSTROPHE, 0x52 },
    { KEY_ENTER, 0x5a },
    { KEY_LEFTSHIFT, 0x12 },
    { KEY_102ND, 0x61 },
    { KEY_Z, 0x1a },
    { KEY_X, 0x22 },
    { KEY_C, 0x21 },
    { KEY_V, 0x2a },
    { KEY_B, 0x32 },
    { KEY_N, 0x31 },
    { KEY_M, 0x3a },
    { KEY_COMMA, 0x41 },
    { KEY_DOT, 0x49 },
    { KEY_SLASH, 0x4a },
    { KEY_RIGHTSHIFT, 0x59 },
    { KEY_LEFTCTRL, 0x14 },
    { KEY_LEFTMETA, E0 | 0x1f },
    { KEY_LEFTALT, 0x11 },
    { KEY_SPACE, 0x29 },
    { KEY_RIGHTALT, E0 | 0x11 },
    { KEY_RIGHTMETA, E0 | 0x27 },
    { KEY_COMPOSE, E0 | 0x2f },
    { KEY_RIGHTCTRL, E0 | 0x14 },
    { KEY_SYSRQ, E0 | 0x7c },
    { KEY_SCROLLLOCK, 0x7e },
    { KEY_INSERT, E0 | 0x70 },
    { KEY_HOME, E0 | 0x6c },
    { KEY_PAGEUP, E0 | 0x7d },
    { KEY_DELETE, E0 | 0x71 },
    { KEY_END, E0 | 0x69 },
    { KEY_PAGEDOWN, E0 | 0x7a },
    { KEY_UP, E0 | 0x75 },
    { KEY_LEFT, E0 | 0x6b },
    { KEY_DOWN, E0 | 0x72 },
    { KEY_RIGHT, E0 | 0x74 },
    { KEY_NUMLOCK, 0x77 },
    { KEY_KPSLASH, E0 | 0x4a },
    { KEY_KPASTERISK, 0x7c },
    { KEY_KPMINUS, 0x7b },
    { KEY_KPPLUS, 0x79 },
    { KEY_KPENTER, E0 | 0x5a },
    { KEY_KPDOT, 0x71 },
    { KEY_KP0, 0x70 },
    { KEY_KP1, 0x69 },
    { KEY_KP2, 0x72 },
    { KEY_KP3, 0x7a },
    { KEY_KP4, 0x6b },
    { KEY_KP5, 0x73 },
    { KEY_KP6, 0x74 },
    { KEY_KP7, 0x6c },
    { KEY_KP8, 0x75 },
    { KEY_KP9, 0x7d },
    { KEY_KPEQUAL, 0x0f },
    /* Brazil, Japan, Korea */
    { KEY_RO, 0x51 },
    { KEY_KPCOMMA, 0x6d },
    { KEY_YEN, 0x6a },
    { KEY_HENKAN, 0x64 },
    { KEY_MUHENKAN, 0x67 },
    { KEY_KATAKANAHIRAGANA, 0x13 },
    { KEY_ZENKAKUHANKAKU, 0x5f },
    { KEY_KATAKANA, 0x63 },
    { KEY_HIRAGANA, 0x62 },
    /* Power, media, browser */
    { KEY_POWER, E0 | 0x37 },
    { KEY_SLEEP, E0 | 0x3f },
    { KEY_WAKEUP, E0 | 0x5e },
    { KEY_MUTE, E0 | 0x23 },
    { KEY_VOLUMEDOWN, E0 | 0x21 },
    { KEY_VOLUMEUP, E0 | 0x32 },
    { KEY_NEXTSONG, E0 | 0x4d },
    { KEY_PREVIOUSSONG, E0 | 0x15 },
    { KEY_STOPCD, E0 | 0x3b },
    { KEY_PLAYPAUSE, E0 | 0x34 },
    { KEY_MEDIA, E0 | 0x50 },
    { KEY_MAIL, E0 | 0x48 },
    { KEY_CALC, E0 | 0x2b },
    { KEY_COMPUTER, E0 | 0x40 },
    { KEY_HOMEPAGE, E0 | 0x3a },
    { KEY_BACK, E0 | 0x38 },
    { KEY_FORWARD, E0 | 0x30 },
    { KEY_STOP, E0 | 0x28 },
    { KEY_REFRESH, E0 | 0x20 },
    { KEY_BOOKMARKS, E0 | 0x18 },
    { KEY_SEARCH, E0 | 0x10 },
};

TEST(set_1_is_set_2_through_the_controller)
{
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        const uint32_t want = (keys[i].set2 & E0) | set1_of_set2[keys[i].set2 & 0xff];
        const uint32_t got = keymap_scancode(keys[i].key);
        CHECK_MSG(got == want, "key %u (%s): %#x, expected %#x", keys[i].key,
                  keymap_name(keys[i].key), got, want);
    }
}

TEST(no_two_keys_have_one_code)
{
    for (uint32_t a = 0; a < KEYMAP_CODES; a++) {
        const uint32_t code = keymap_scancode(a);
        CHECK(code == KEYMAP_PAUSE || (code & ~0x17fu) == 0);
        for (uint32_t b = 0; b < a && code; b++)
            CHECK_MSG(keymap_scancode(b) != code, "keys %u and %u are both %#x", a, b, code);
    }
}

TEST(codes_out_of_range_are_no_keys)
{
    static const uint32_t codes[] = { 0, 84, 255, 767, 768, 769, 0x7fffffff, UINT32_MAX };
    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        CHECK_INT(keymap_scancode(codes[i]), KEYMAP_NONE);
    CHECK_INT(keymap_scancode(KEY_PAUSE), KEYMAP_PAUSE);
}

TEST(names_are_found)
{
    static const struct {
        const char *name;
        uint32_t key;
    } rows[] = {
        { "", 0 },
        { "nonsense", 0 },
        { "KEY_", 0 },
        { "-1", 0 },
        { "768", 0 },
        { "99999999999999999999", 0 },
        { "70x", 0 },
        { "KEY_70", 0 },
        { "ScrollLock", KEY_SCROLLLOCK },
        { "scroll_lock", KEY_SCROLLLOCK },
        { "SCROLL-LOCK", KEY_SCROLLLOCK },
        { "KEY_SCROLLLOCK", KEY_SCROLLLOCK },
        { "70", KEY_SCROLLLOCK },
        { "RightCtrl", KEY_RIGHTCTRL },
        { "KEY_F12", KEY_F12 },
        { "f12", KEY_F12 },
        { "F", KEY_F },
        { "1", KEY_1 },
        { "0", KEY_0 },
        { "PageUp", KEY_PAGEUP },
        { "KEY_102ND", KEY_102ND },
        { "Menu", KEY_COMPOSE },
        { "KEY_MENU", KEY_MENU },
        { "RO", KEY_RO },
        { "767", 767 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_MSG(keymap_key_from_name(rows[i].name) == rows[i].key, "\"%s\" is %u, expected %u",
                  rows[i].name, keymap_key_from_name(rows[i].name), rows[i].key);
}

TEST(every_name_leads_back)
{
    for (uint32_t key = 1; key < KEYMAP_CODES; key++) {
        const char *name = keymap_name(key);
        CHECK((name != NULL) == (keymap_scancode(key) != KEYMAP_NONE));
        if (name)
            CHECK_MSG(keymap_key_from_name(name) == key, "%s", name);
    }
    CHECK(keymap_name(KEYMAP_CODES) == NULL);
    CHECK_STR(keymap_name(KEY_SCROLLLOCK), "ScrollLock");
}
