/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "commands/commands.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "commands/domain_options.h"

/* A verb is listed from the commit on that brings it. */
const struct command *const commands[] = {
    &command_view,       &command_doctor, &command_demo,  &command_snapshot,   &command_stats,
    &command_inspect,    &command_size,   &command_setup, &command_shm_server, &command_options,
    &command_completion, &command_help,   NULL,
};

const struct command *command_find(const char *name)
{
    for (size_t i = 0; commands[i]; i++) {
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    }
    if (strcmp(command_try_import.name, name) == 0) /* not for people, so not listed */
        return &command_try_import;
    return NULL;
}

int command_unknown(const char *name)
{
    const char *names[32];
    size_t count = 0;
    for (; commands[count] && count < ARRAY_LEN(names); count++)
        names[count] = commands[count]->name;
    const char *nearest = options_nearest(names, count, name);
    if (nearest)
        fprintf(stderr, _("espelho: unknown verb '%s'; nearest is %s\n"), name, nearest);
    else
        fprintf(stderr, _("espelho: unknown verb '%s'; `espelho help` lists all\n"), name);
    return COMMAND_USAGE;
}

void command_print_overview(void)
{
    printf(_("usage: espelho [VERB] [options]\n\n"
             "Shows a virtual machine with a GPU of its own as a window. Without a verb: %s.\n\n"),
           commands[0]->name);
    for (size_t i = 0; commands[i]; i++)
        printf("  %-11s %s\n", commands[i]->name, _(commands[i]->summary));
    printf(_(
        "\nespelho VERB --help   what a verb does and its options\n"
        "espelho options       every option with type, default and help\n"
        "espelho --version     the version\n\n"
        "Options are written --win.size=1920x1080, --size 1920x1080 or win:size=1920x1080, on the\n"
        "command line or under [win] in $XDG_CONFIG_HOME/espelho/client.ini.\n"));
}

void command_print_help(const struct command *command)
{
    printf(_("usage: espelho %s%s%s%s\n\n%s"), command->name,
           command->options || command->client_options ? _(" [options]") : "",
           command->words_text[0] ? " " : "", command->words_text, _(command->help));
    if (command->options) {
        printf(_("\nOptions of %s:\n\n"), command->name);
        options_print(command->options, stdout);
    }
    if (command->client_options)
        printf(_("\nIt takes the program's options too: see `espelho options`.\n"));
}

int command_fail(const struct command *command, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fprintf(stderr, "espelho %s: ", command->name);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
    return COMMAND_FAILED;
}

static int usage_error(const struct command *command, const char *message)
{
    command_fail(command, "%s", message);
    return COMMAND_USAGE;
}

static int wrong_words(const struct command *command, int words, char **argv)
{
    if (words < command->min_words) {
        fprintf(stderr, _("espelho %s: %s is missing; see `espelho %s --help`\n"), command->name,
                command->words_text, command->name);
        return COMMAND_USAGE;
    }
    const char *extra = argv[1 + command->max_words];
    if (command_find(extra))
        fprintf(stderr, _("espelho %s: the verb goes first: espelho %s ...\n"), command->name,
                extra);
    else if (extra[0] == '/' && command->client_options)
        fprintf(
            stderr,
            _("espelho %s: unexpected word '%s'; a shared memory file is named by --shm-file=%s\n"),
            command->name, extra, extra);
    else
        fprintf(stderr, _("espelho %s: unexpected word '%s'; see `espelho %s --help`\n"),
                command->name, extra, command->name);
    return COMMAND_USAGE;
}

int command_parse(const struct command *command, int argc, char **argv, void *own,
                  struct client_options *client, int *words)
{
    assert((client != NULL) == command->client_options &&
           (own != NULL) == (command->options != NULL));
    struct option_error error = { .message = "" };
    const struct option_set set = { command->options, own };
    if (own)
        options_init(command->options, own);
    int err;
    if (client)
        err = client_options_load(client, own ? &set : NULL, argc - 1, argv + 1, words, &error);
    else
        err = options_parse_args_sets(&set, own ? 1 : 0, argc - 1, argv + 1, words, &error);
    if (err < 0)
        return usage_error(command, error.message);
    if (*words < command->min_words || *words > command->max_words)
        return wrong_words(command, *words, argv);
    char why[1024];
    if (client && domain_options_apply(client, why, sizeof(why)) < 0)
        return command_fail(command, "%s", why);
    return COMMAND_OK;
}
