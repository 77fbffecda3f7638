/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/commands/commands.h - the verbs of the program, as data. One file per verb; commands.c
 * lists them.
 *
 * Help, completion and the nearest-verb hint are made from this table: a verb that is listed there
 * has them all. Threads: the main thread, before others exist. */
#ifndef ESPELHO_COMMANDS_COMMANDS_H
#define ESPELHO_COMMANDS_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"
#include "config/client_options.h"
#include "options/options.h"

/* What a verb's words (arguments that are no options) are, for completion in a shell. */
enum command_words {
    COMMAND_WORDS_NONE,
    COMMAND_WORDS_FILE,
    COMMAND_WORDS_VERB,
    COMMAND_WORDS_SHELL,
    COMMAND_WORDS_MODE,
    COMMAND_WORDS_SETUP
};

/* Exit statuses. */
enum { COMMAND_OK = 0, COMMAND_FAILED = 1, COMMAND_USAGE = 2 };

struct command {
    const char *name;
    const char *summary;    /* N_(): one line, for `espelho help` */
    const char *words_text; /* "FILE.png", for the usage line; "" if it takes no words */
    const char *help;       /* N_(): some lines about what it does, ending in a newline; options are
                               listed by themselves */
    enum command_words words;
    int min_words, max_words;
    const struct option_table *options; /* its own, or NULL */
    bool client_options;                /* takes those of client_options.h too */
    int (*run)(
        int argc,
        char **argv); /* argv[0] is the verb; --help was dealt with. Returns the exit status */
};

extern const struct command command_view, command_demo, command_snapshot, command_stats,
    command_inspect, command_size, command_shm_server, command_options, command_completion,
    command_help, command_doctor, command_setup, command_try_import;

/* All verbs in the order of `espelho help`, NULL-terminated. The first is the default. */
extern const struct command *const commands[];
const struct command *command_find(const char *name);
/* Prints "unknown verb" with the nearest one to stderr; returns COMMAND_USAGE. */
int command_unknown(const char *name);
void command_print_help(const struct command *command);
void command_print_overview(void);

/* Parses a verb's command line as the table says: its own options into `own` (initialised here from
 * command->options; the caller frees it with options_free(), also after an error), the program's
 * into `client` (NULL if command->client_options is false; freed by the caller likewise), words to
 * argv[1..] and their number to *words. COMMAND_OK, or another exit status after printing the
 * reason. */
int command_parse(const struct command *command, int argc, char **argv, void *own,
                  struct client_options *client, int *words) MUST_CHECK;
/* "espelho VERB: message" to stderr; returns COMMAND_FAILED. */
int command_fail(const struct command *command, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
