/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/setup/plan_private.h - what a plan consists of, for the files that show, store, apply and
 * undo one. */
#ifndef ESPELHO_SETUP_PLAN_PRIVATE_H
#define ESPELHO_SETUP_PLAN_PRIVATE_H

#include "setup/plan.h"

enum step_kind { STEP_NONE, STEP_FILE, STEP_DOMAIN, STEP_COMMAND };

/* All owned; NULL where the kind has no use for it. */
struct step {
    enum step_kind kind;
    char *why;
    char *path;                /* FILE */
    char *uri, *name;          /* DOMAIN */
    char *old_text, *new_text; /* FILE: NULL: not there; DOMAIN: the XML */
    mode_t old_mode, new_mode;
    char **argv, **undo; /* COMMAND; NULL-terminated */
    char *defined_text;  /* DOMAIN, applied: what libvirt made of new_text */
    bool done;           /* in a journal: DOMAIN, COMMAND */
};

struct plan {
    char *prefix, *state, *title;
    char *vm; /* whose it is; "": nobody's */
    struct step *steps;
    size_t step_count;
    char **notes;
    size_t note_count;
    char **folders; /* in a journal: made on the way */
    size_t folder_count;
    char **holds; /* paths */
    size_t hold_count;
    char problem[768];
};

/* Room for one more, zeroed; NULL: no memory. */
struct step *plan_add_step(struct plan *plan, enum step_kind kind, const char *why);
int plan_add_folder(struct plan *plan, const char *folder) MUST_CHECK;
char **words_copy(const char *const words[]);
void words_free(char **words);
int plan_set_vm(struct plan *plan, const char *vm) MUST_CHECK;
/* The sentence for a file that place_read() gave this error for; returns err. */
int plan_cannot_read(struct plan *plan, const char *path, int err);
/* Sets the sentence and returns err. */
int plan_fail(struct plan *plan, int err, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
