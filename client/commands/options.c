/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/commands/options.c - `espelho options`: the whole option table. */
#include <stdio.h>

#include "base/text.h"
#include "commands/commands.h"

static int run(int argc, char **argv)
{
    int words;
    const int status = command_parse(&command_options, argc, argv, NULL, NULL, &words);
    if (status == COMMAND_OK)
        options_print(&client_option_table, stdout);
    return status;
}

const struct command command_options = {
    .name = "options",
    .summary = N_("list every option with type, default and help"),
    .words_text = "",
    .help = N_(
        "Lists the program's options: name and type, short forms and other accepted names, then "
        "what it\n"
        "does and its default in brackets. A verb's own options are in `espelho VERB --help`.\n"),
    .run = run,
};
