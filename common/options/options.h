/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/options/options.h - options as data: one table per program, filled into one struct from an INI file and the command line.
 *
 * Threads: start-up only. Files and arguments are untrusted text: unknown names and bad values are errors that name the nearest
 * valid one; nothing is half applied that a message does not mention. */
#ifndef ESPELHO_OPTIONS_OPTIONS_H
#define ESPELHO_OPTIONS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/macros.h"

enum option_type {
    OPTION_NONE,
    OPTION_BOOL,   /* bool: yes/no, on/off, true/false, 1/0; bare name = yes */
    OPTION_U32,    /* uint32_t, min..max */
    OPTION_I32,    /* int32_t, min..max */
    OPTION_DOUBLE, /* double, min..max */
    OPTION_STRING, /* char *, owned by the struct; options_free() releases it. "" allowed */
    OPTION_ENUM,   /* int: index into choices[] */
    OPTION_SIZE,   /* struct option_size, "1920x1080" */
};

struct option_size {
    uint32_t width, height;
};

struct option_def {
    const char *name;           /* "win.fullscreen": module.name; module:name is accepted too */
    const char *alias;          /* other accepted spelling "win:fullScreen" of Looking Glass users, or NULL (';'-separated list) */
    char short_name;            /* 'f' for -f, or 0 */
    enum option_type type;
    size_t offset;              /* into the target struct */
    double min, max;            /* numbers */
    const char *const *choices; /* OPTION_ENUM: NULL-terminated */
    const char *default_text;   /* parsed at options_init(); NULL: zero */
    const char *value_name;     /* for help: "PATH", "WxH" */
    const char *help;           /* one sentence */
};

struct option_table {
    const struct option_def *defs;
    size_t count;
};

/* Where a message came from: "client.ini:12", "command line". */
struct option_error {
    char message[512];
};

/* Fills in the defaults; a default that does not parse is our bug (assert). */
void options_init(const struct option_table *table, void *target);
void options_free(const struct option_table *table, void *target);
/* One name=value. 0; -ENOENT unknown name (message names the nearest); -EINVAL bad value (message says what is valid); -ENOMEM. */
int options_set(const struct option_table *table, void *target, const char *name, const char *value,
                struct option_error *error) MUST_CHECK;
/* INI: [section] name=value, '#' and ';' comments, UTF-8. Unknown names: with `lenient` they are collected in *unknown_list (heap text,
 * caller frees, NULL if none) instead of failing. -ENOENT if there is no file (no message). Limits: 1 MiB, lines 4 KiB. */
int options_load_ini(const struct option_table *table, void *target, const char *path, bool lenient,
                     char **unknown_list, struct option_error *error) MUST_CHECK;
/* Command line: --name=value, --name value, --module.name, module:name=value, -f, -f value, --no-name for bools; "--" ends. Non-option
 * words are collected in order into argv[0..*rest_count). 0 or as options_set(). */
int options_parse_args(const struct option_table *table, void *target, int argc, char **argv, int *rest_count,
                       struct option_error *error) MUST_CHECK;
/* Name, type, default and help of all, for `espelho options`. */
void options_print(const struct option_table *table, FILE *out);
const struct option_def *options_find(const struct option_table *table, const char *name);
/* The nearest name to a misspelt one, or NULL if nothing is near. Also used for verbs. */
const char *options_nearest(const char *const *names, size_t count, const char *misspelt);

#endif
