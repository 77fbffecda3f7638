/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/commands/help.c - `espelho help [VERB]`: all verbs, or one. */
#include "base/text.h"
#include "commands/commands.h"

static int run(int argc, char **argv)
{
    int words;
    const int status = command_parse(&command_help, argc, argv, NULL, NULL, &words);
    if (status != COMMAND_OK)
        return status;
    if (words == 0) {
        command_print_overview();
        return COMMAND_OK;
    }
    const struct command *command = command_find(argv[1]);
    if (!command)
        return command_unknown(argv[1]);
    command_print_help(command);
    return COMMAND_OK;
}

const struct command command_help = {
    .name = "help",
    .summary = N_("list the verbs, or explain one"),
    .words_text = "[VERB]",
    .help = N_("Lists all verbs; with a verb, the same as `espelho VERB --help`.\n"),
    .words = COMMAND_WORDS_VERB,
    .max_words = 1,
    .run = run,
};
