/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/setup/manifest.h - the text that lists a plan's steps in a backup (journal.h has its
 * form), written and read. The texts of files and domains lie beside it and are asked for.
 *
 * What is read is untrusted: -EPROTO. Threads: any one thread. */
#ifndef ESPELHO_SETUP_MANIFEST_H
#define ESPELHO_SETUP_MANIFEST_H

#include "setup/plan_private.h"

struct manifest_texts {
    /* `what`: "old", "new", "defined", of step number `step`: heap text. */
    int (*load)(void *ctx, size_t step, const char *what, char **text);
    void *ctx;
};

char *manifest_print(const struct plan *plan); /* heap text; NULL: no memory */
/* A word of a further record, with a space before it. */
void manifest_put_word(FILE *to, const char *word);
/* `text` is taken apart on the way. */
int manifest_parse(char *text, const char *prefix, const char *state,
                   const struct manifest_texts *texts, struct plan **out) MUST_CHECK;

#endif
