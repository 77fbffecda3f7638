/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/text/text.h - the program in the user's language, by gettext (domain "espelho"). The marks
 * _() and N_() are those of base/text.h.
 *
 * Threads: the main thread, before others exist. */
#ifndef ESPELHO_TEXT_TEXT_H
#define ESPELHO_TEXT_TEXT_H

#include "base/text.h"

/* Locale and catalogue: those installed, or in a build folder those of the build. Numbers keep the
 * C locale, so that what is printed for machines does not change. Never fails: English then. */
void text_init(void);

#endif
