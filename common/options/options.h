/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/options/options.h - options as data: one table per program, filled into one struct from an
 * INI file and the command line.
 *
 * Threads: start-up only. Files and arguments are untrusted text: unknown names and bad values are
 * errors that name the nearest valid one; nothing is half applied that a message does not mention.
 */
#ifndef ESPELHO_OPTIONS_OPTIONS_H
#define ESPELHO_OPTIONS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/macros.h"

enum option_type {
    OPTION_NONE,
    OPTION_BOOL,     /* bool: yes/no, on/off, true/false, 1/0; bare name = yes */
    OPTION_U32,      /* uint32_t, min..max */
    OPTION_I32,      /* int32_t, min..max */
    OPTION_DOUBLE,   /* double, min..max */
    OPTION_STRING,   /* char *, owned by the struct; options_free() releases it. "" allowed */
    OPTION_ENUM,     /* int: index into choices[] */
    OPTION_SIZE,     /* struct option_size, "1920x1080"; "auto": 0x0. min..max per side */
    OPTION_POSITION, /* struct option_position, "100x-20", or "center": not set */
};

struct option_size {
    uint32_t width, height;
};

struct option_position {
    bool set;
    int32_t x, y;
};

/* Names: "win.fullScreen". Everywhere a name is read, case, '-' and '_' do not matter, ':' is as
 * good as '.', and the module may be left out where what remains is unique: win:fullScreen,
 * win.fullscreen, full-screen and fullscreen are the same option. */
struct option_def {
    const char *name;  /* module.name; a verb's own options may have no module */
    const char *alias; /* other accepted names, ';'-separated, or NULL; one of one letter is another
                          short name */
    char short_name;   /* 'f' for -f, or 0 */
    enum option_type type;
    size_t offset;              /* into the target struct */
    double min, max;            /* numbers */
    const char *const *choices; /* OPTION_ENUM: NULL-terminated; "egl;opengl": egl, and opengl is
                                   understood as well */
    const char *default_text;   /* parsed at options_init(); NULL: zero */
    const char *value_name;     /* for help: "PATH", "WxH" */
    const char *help;           /* N_(): one sentence; never "" */
};

struct option_table {
    const struct option_def *defs;
    size_t count;
    const char *list_hint; /* N_("`program --options` lists all"); NULL: as it is for espelho */
};

/* One line for a person; from a file it begins with "PATH:LINE: ". */
struct option_error {
    char message[512];
};

/* Several tables that one command line fills: a verb's own options and the program's. Names are
 * looked up in order. */
struct option_set {
    const struct option_table *table;
    void *target;
};

/* Fills in the defaults (what the fields held before is forgotten, not freed); a default that does
 * not parse is our bug (assert). */
void options_init(const struct option_table *table, void *target);
void options_free(const struct option_table *table, void *target);
/* One name=value. 0; -ENOENT unknown name (message names the nearest); -EINVAL bad value (message
 * says what is valid); -ENOMEM. */
int options_set(const struct option_table *table, void *target, const char *name, const char *value,
                struct option_error *error) MUST_CHECK;
/* INI: [section], name=value, whole-line comments from '#' or ';', UTF-8, values may stand in
 * double quotes. Limits: 1 MiB, lines of 4 KiB. With `lenient` lines that name unknown options or
 * hold bad values do not fail: they are collected in *unknown_list (heap text, "line 3:
 * win.foo\n...", at most 768 bytes; the caller frees it; NULL if there were none; may be NULL if
 * not lenient). 0; -ENOENT there is no file (no message); -EINVAL, -ENOENT for a name, -ENOMEM,
 * -errno with a message. What came before the bad line has been applied. */
int options_load_ini(const struct option_table *table, void *target, const char *path, bool lenient,
                     char **unknown_list, struct option_error *error) MUST_CHECK;
/* The same over text in memory; `origin` stands in messages for the path. */
int options_parse_ini(const struct option_table *table, void *target, const char *text,
                      size_t text_bytes, const char *origin, bool lenient, char **unknown_list,
                      struct option_error *error) MUST_CHECK;
/* Command line, without the program's name: --name=value, --name value, --name and --no-name for
 * bools, module:name=value, module.name=value, -f, -x value, -xvalue; "--" ends the options. Other
 * words are moved in order to argv[0..*rest_count). 0 or as options_set(). */
int options_parse_args(const struct option_table *table, void *target, int argc, char **argv,
                       int *rest_count, struct option_error *error) MUST_CHECK;
int options_parse_args_sets(const struct option_set *sets, size_t set_count, int argc, char **argv,
                            int *rest_count, struct option_error *error) MUST_CHECK;
/* Name, type, default and help of all, for `espelho options`. */
void options_print(const struct option_table *table, FILE *out);
/* By any accepted spelling of a long name; NULL if there is none, or if a name without module fits
 * several. */
const struct option_def *options_find(const struct option_table *table, const char *name);
/* What a value may look like: "yes|no", "auto|egl|shm", "50..1000", "WxH". Into `text`, always
 * terminated. */
void option_type_text(const struct option_def *def, char *text, size_t text_bytes);
/* The value an option has now, as options_set() would read it. */
void option_value_text(const struct option_def *def, const void *target, char *text,
                       size_t text_bytes);
/* The nearest name to a misspelt one, or NULL if nothing is near. Also used for verbs. */
const char *options_nearest(const char *const *names, size_t count, const char *misspelt);

#endif
