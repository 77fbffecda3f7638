/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/text/text.h - the program in the user's language, by gettext (domain "espelho").
 *
 * _("...") translates where the text is used; N_("...") marks a text in a table, which is given to
 * _() when it is printed. Texts are English in the sources; po/pt_BR.po has Brazilian
 * Portuguese. What machines read (JSON keys, ids, paths, commands, option names) is never
 * translated. Threads: text_init() on the main thread before others exist; _() on any. */
#ifndef ESPELHO_TEXT_TEXT_H
#define ESPELHO_TEXT_TEXT_H

#include <libintl.h>

#define _(english)  gettext(english)
#define N_(english) english

/* Locale and catalogue: those installed, or in a build folder those of the build. Numbers keep the
 * C locale, so that what is printed for machines does not change. Never fails: English then. */
void text_init(void);

#endif
