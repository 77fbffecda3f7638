/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/main.c - finds the verb and runs it. Without one it is the first of the table, so that
 * `espelho -f` and `espelho app:shmFile=/dev/shm/x` do what a user of Looking Glass expects. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "commands/commands.h"
#include "text/text.h"

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (is_help(argv[i]))
            return true;
    }
    return false;
}

/* Options may come where the verb is missing. */
static bool is_option(const char *word)
{
    return word[0] == '-' || strchr(word, '=');
}

/* A full disk or a closed pipe must not look like success. */
static int flush_output(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fprintf(stderr, _("espelho: cannot write the output: %s\n"), err_str(errno));
    return status == COMMAND_OK ? COMMAND_FAILED : status;
}

static int run_verb(int argc, char **argv)
{
    const struct command *command = commands[0];
    if (argc > 1 && !is_option(argv[1])) {
        command = command_find(argv[1]);
        if (!command)
            return command_unknown(argv[1]);
        argc--;
        argv++;
    }
    if (asks_for_help(argc, argv)) {
        command_print_help(command);
        return COMMAND_OK;
    }
    return command->run(argc, argv);
}

int main(int argc, char **argv)
{
    int status = COMMAND_OK;
    text_init();
    if (argc > 1 && is_help(argv[1]))
        command_print_overview();
    else if (argc > 1 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0))
        printf(
            _("espelho %s\nSpeaks LGMP 6 and KVMFR 20, the shared-memory formats of Looking Glass "
              "B7.\n"),
            ESPELHO_VERSION);
    else
        status = run_verb(argc, argv);
    return flush_output(status);
}
