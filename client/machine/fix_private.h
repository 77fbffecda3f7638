/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/machine/fix_private.h - lines of a fix, written one after the other. */
#ifndef ESPELHO_MACHINE_FIX_PRIVATE_H
#define ESPELHO_MACHINE_FIX_PRIVATE_H

#include <stdio.h>

#include "machine/machine.h"

struct fix_lines {
    const struct machine *m;
    FILE *to;
    char *text;
    size_t len_bytes;
};

/* False: no memory. */
bool fix_begin(const struct machine *m, struct fix_lines *l) MUST_CHECK;
void fix_add(struct fix_lines *l, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The text without its last line end, or NULL. */
char *fix_finish(struct fix_lines *l) MUST_CHECK;
/* Whether a file is there. */
bool fix_there(const struct fix_lines *l, const char *path);
/* Calls for each word of "a=1 b=2". */
void fix_each_word(struct fix_lines *l, const char *words,
                   void (*on_word)(struct fix_lines *l, const char *word));
/* fix_parameters.c: rpm-ostree's own way. */
void fix_append_kargs(struct fix_lines *l, const char *parameters);

#endif
