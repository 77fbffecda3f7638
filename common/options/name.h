/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/options/name.h - how names are compared. Inside common/options only. Pure functions, any
 * thread. */
#ifndef ESPELHO_OPTIONS_NAME_H
#define ESPELHO_OPTIONS_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "options/options.h"

/* A piece of text that is not terminated. */
struct name_span {
    const char *text;
    size_t len_bytes;
};

/* Equal but for case, '-', '_', and ':' against '.'. */
bool name_equal(struct name_span a, struct name_span b);
/* What follows the last '.' or ':'. */
struct name_span name_without_module(struct name_span name);
/* The `index`-th spelling in a ';'-separated list; false behind the last. */
bool name_list_item(const char *list, size_t index, struct name_span *out);
/* The `index`-th long spelling of an option: its name, then its aliases of two letters and more.
 * False behind the last. */
bool name_of_option(const struct option_def *def, size_t index, struct name_span *out);
/* options_find() for text that is not terminated. */
const struct option_def *name_find(const struct option_table *table, struct name_span name);
/* Full name of the option nearest to `name`, or NULL. */
const char *name_nearest_option(const struct option_set *sets, size_t set_count,
                                struct name_span name);
/* Edits (insert, delete, replace, swap of neighbours) from a to b, as name_equal() sees letters;
 * NAME_FAR if one is too long to tell. */
#define NAME_FAR 1000u
unsigned name_distance(struct name_span a, struct name_span b);
/* Few enough edits for a slip of the finger. */
bool name_is_near(unsigned distance, size_t len_bytes);

#endif
