/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/base/text.h - marks for texts that a person reads.
 *
 * _("...") translates where the text is used; N_("...") marks a text in a table, which is given to
 * _() when it is printed; NG_("%zu file", "%zu files", count) has one text for one and another for
 * many. A text is a whole sentence, or stands apart from others (behind a colon, in brackets):
 * words put into the middle of a sentence cannot agree with it in other languages. Texts are
 * English in the sources; po/pt_BR.po has Brazilian Portuguese. The texts of log_err(), log_warn(),
 * log_info() and log_every() need no mark: the log translates them itself (base/log.h). In the
 * Windows programs both give the text back as it is.
 *
 * Never translated: what machines read (JSON keys, ids, paths, commands, option names and their
 * values, `stats` and `inspect`, completion scripts), and what only developers read (lines of
 * level debug and trace, assertions, the protocol errors of `inspect`). Threads: any. */
#ifndef ESPELHO_BASE_TEXT_H
#define ESPELHO_BASE_TEXT_H

#if defined(_WIN32)
#define _(english)                            (english)
#define NG_(english_one, english_many, count) ((count) == 1 ? (english_one) : (english_many))
#else
#include <libintl.h>
#define _(english) gettext(english)
#define NG_(english_one, english_many, count)                                                      \
    ngettext(english_one, english_many, (unsigned long)(count))
#endif
#define N_(english) english

#endif
