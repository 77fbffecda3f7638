/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/setup/line_diff.h - two texts as a unified diff, as `diff -u` prints it.
 *
 * The shortest one for texts whose changed part is at most some 2000 lines; beyond that the part is
 * shown as replaced. Control characters of the texts are printed as '?', so that a file cannot
 * steer the terminal. Threads: any. */
#ifndef ESPELHO_SETUP_LINE_DIFF_H
#define ESPELHO_SETUP_LINE_DIFF_H

#include <stdbool.h>
#include <stdio.h>

#include "base/macros.h"

/* NULL for `old_text` or `new_text`: not there (/dev/null). Nothing is printed for equal texts.
 * 0; -ENOMEM. */
int line_diff_print(const char *old_name, const char *old_text, const char *new_name,
                    const char *new_text, FILE *to, bool colour) MUST_CHECK;

#endif
