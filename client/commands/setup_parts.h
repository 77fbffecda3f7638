/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/commands/setup_parts.h - the parts of `espelho setup` as a table: what each makes of the
 * options. Threads: main thread. */
#ifndef ESPELHO_COMMANDS_SETUP_PARTS_H
#define ESPELHO_COMMANDS_SETUP_PARTS_H

#include "commands/setup_options.h"
#include "setup/setup.h"

/* One run of the verb. */
struct setup_run {
    struct setup_options options;
    struct setup setup;
    struct setup_domain domain;
    struct root *root;       /* owned */
    struct machine *machine; /* owned */
    struct plan *plan;       /* owned */
    char *xml, *vm;          /* owned: the domain's */
    char prefix[256], state[300], user[64];
};

struct setup_part {
    const char *name;
    const char *title; /* N_() */
    bool needs_domain;
    int (*fill)(struct setup_run *run);  /* the plan; 0 or -errno with a sentence in it */
    int (*print)(struct setup_run *run); /* or NULL: instead, where the option is empty */
    size_t plan_option;                  /* with print: the text in struct setup_options */
};

const struct setup_part *setup_part_named(const char *name); /* NULL: there is none */
void setup_part_names(char *names, size_t names_bytes);      /* "vm, gpu, " */
/* Whether print() is due, which returns an exit status. */
bool setup_part_prints(const struct setup_part *part, const struct setup_run *run);

#endif
