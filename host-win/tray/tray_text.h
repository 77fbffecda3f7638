/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/tray/tray_text.h - the words of the tray icon, in English and Portuguese. Portable,
 * pure, any thread. All texts are UTF-8. */
#ifndef ESPELHO_TRAY_TRAY_TEXT_H
#define ESPELHO_TRAY_TRAY_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "control/control_text.h"

enum tray_language { TRAY_ENGLISH, TRAY_PORTUGUESE };

enum tray_word {
    TRAY_WORD_OPEN_LOG,
    TRAY_WORD_RESTART,
    TRAY_WORD_QUIT,
    TRAY_WORD_QUIT_QUESTION, /* before the host is ended */
    TRAY_WORD_NO_LOG,        /* the log's folder cannot be opened */
    TRAY_WORD_NO_ANSWER,     /* what was asked for cannot be done */
    TRAY_WORD_COUNT,
};

enum tray_icon {
    TRAY_ICON_IDLE, /* nobody looks */
    TRAY_ICON_CONNECTED,
    TRAY_ICON_FAILED,
    TRAY_ICON_COUNT,
};

/* Windows cuts a tooltip there: UTF-16 units with the terminator. */
enum { TRAY_TOOLTIP_UNITS = 128, TRAY_TEXT_BYTES = 512 };

/* `windows_language`: LANGID of GetUserDefaultUILanguage(). What we do not speak is English. */
enum tray_language tray_language_of(uint16_t windows_language);
const char *tray_word(enum tray_language language, enum tray_word word);

/* `status` is NULL where no capture process answers. */
enum tray_icon tray_icon_for(const struct control_status *status);
/* One line for the menu: "Viewer connected, 1920x1080, 60 fps". Always terminated. */
void tray_state_line(enum tray_language language, const struct control_status *status,
                     char text[TRAY_TEXT_BYTES]);
/* "Espelho: " and the same, for the tooltip. */
void tray_tooltip(enum tray_language language, const struct control_status *status,
                  char text[TRAY_TEXT_BYTES]);

#endif
