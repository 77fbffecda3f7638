/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/commands/completion.c - `espelho completion SHELL`: scripts for bash, zsh and fish, made
 * from the tables of verbs and options. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "commands/commands.h"

/* Calls `fn` for each option that a verb takes: its own, then the program's. */
typedef void (*option_fn)(const struct command *command, const struct option_def *def);

static void each_option(const struct command *command, option_fn fn)
{
    for (size_t i = 0; command->options && i < command->options->count; i++)
        fn(command, &command->options->defs[i]);
    for (size_t i = 0; command->client_options && i < client_option_table.count; i++)
        fn(command, &client_option_table.defs[i]);
}

static bool is_path(const struct option_def *def)
{
    return def->type == OPTION_STRING && def->value_name &&
           (strstr(def->value_name, "PATH") || strstr(def->value_name, "FILE"));
}

/* The values a shell can offer, space-separated; nothing for numbers and texts. */
static void print_values(const struct option_def *def)
{
    if (def->type == OPTION_BOOL)
        printf("yes no");
    for (size_t i = 0; def->type == OPTION_ENUM && def->choices[i]; i++)
        printf("%s%.*s", i ? " " : "", (int)strcspn(def->choices[i], ";"), def->choices[i]);
}

static void print_name(const struct command *command, const struct option_def *def)
{
    (void)command;
    printf(" --%s", def->name);
}

static void print_verbs(void)
{
    for (size_t i = 0; commands[i]; i++)
        printf("%s%s", i ? " " : "", commands[i]->name);
}

/* bash and zsh: a case arm per option with known values. `%s` of the verb keeps equal names of two
 * verbs apart. */
static void print_value_arm(const struct command *command, const struct option_def *def)
{
    const bool known = def->type == OPTION_BOOL || def->type == OPTION_ENUM;
    if (!known && !is_path(def))
        return;
    printf("    '%s --%s'", command->name, def->name);
    if (def->short_name && def->type != OPTION_BOOL)
        printf("|'%s -%c'", command->name, def->short_name);
    printf(") kind=%s; list='", is_path(def) ? "file" : def->type == OPTION_BOOL ? "bool" : "word");
    print_values(def);
    printf("';;\n");
}

static void print_verb_arm(const struct command *command)
{
    static const char *const kinds[] = {
        [COMMAND_WORDS_NONE] = "none", [COMMAND_WORDS_FILE] = "file",
        [COMMAND_WORDS_VERB] = "word", [COMMAND_WORDS_SHELL] = "word",
        [COMMAND_WORDS_MODE] = "word", [COMMAND_WORDS_SETUP] = "word",
    };
    printf("    %s) names='--help", command->name);
    each_option(command, print_name);
    printf("'; kind=%s; list='", kinds[command->words]);
    if (command->words == COMMAND_WORDS_VERB)
        print_verbs();
    else if (command->words == COMMAND_WORDS_SHELL)
        printf("bash zsh fish");
    else if (command->words == COMMAND_WORDS_SETUP)
        printf("vm gpu hugepages cpus vbios input monitor undo");
    else if (command->words == COMMAND_WORDS_MODE)
        printf("1920x1080 2560x1440 3440x1440 3840x2160 5120x1440 5120x2160");
    printf("';;\n");
}

/* Shared by bash and zsh: from $verb and $name (the option whose value is typed, or empty) to
 * $options, $kind and $list. */
static void print_tables(void)
{
    printf("_espelho_tables() {\n  names= kind=none list=\n  case $verb in\n");
    for (size_t i = 0; commands[i]; i++)
        print_verb_arm(commands[i]);
    printf("  esac\n  [[ -n $name ]] || return 0\n  kind=none list=\n  case \"$verb $name\" in\n");
    for (size_t i = 0; commands[i]; i++)
        each_option(commands[i], print_value_arm);
    printf("  esac\n}\n");
}

static void print_bash(void)
{
    printf("# bash completion for espelho, made by `espelho completion bash`\n");
    print_tables();
    printf("_espelho() {\n"
           "  local cur=${COMP_WORDS[COMP_CWORD]} prev= before= verb=%s name= names kind list i "
           "first=0\n"
           "  (( COMP_CWORD > 0 )) && prev=${COMP_WORDS[COMP_CWORD-1]}\n"
           "  (( COMP_CWORD > 1 )) && before=${COMP_WORDS[COMP_CWORD-2]}\n"
           "  local verbs='",
           commands[0]->name);
    print_verbs();
    printf("'\n"
           "  (( COMP_CWORD == 1 )) && first=1\n"
           "  if (( ! first )) && [[ \" $verbs \" == *\" ${COMP_WORDS[1]} \"* ]]; then "
           "verb=${COMP_WORDS[1]}; fi\n"
           "  # readline makes '=' a word of its own\n"
           "  local given=0\n"
           "  if [[ $cur == '=' ]]; then name=$prev cur= given=1\n"
           "  elif [[ $prev == '=' ]]; then name=$before given=1\n"
           "  elif [[ $prev == -* && $cur != -* ]]; then name=$prev; fi\n"
           "  _espelho_tables\n"
           "  # a switch takes a value behind '=' only\n"
           "  if [[ $kind == bool && $given == 0 ]]; then name=; _espelho_tables; fi\n"
           "  COMPREPLY=()\n"
           "  if [[ -z $name && $cur == -* ]]; then\n"
           "    mapfile -t COMPREPLY < <(compgen -W \"$names\" -- \"$cur\")\n"
           "  elif [[ -z $name && $first == 1 ]]; then\n"
           "    mapfile -t COMPREPLY < <(compgen -W \"$verbs\" -- \"$cur\")\n"
           "  elif [[ $kind == file ]]; then\n"
           "    compopt -o filenames 2>/dev/null\n"
           "    mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
           "  else\n"
           "    mapfile -t COMPREPLY < <(compgen -W \"$list\" -- \"$cur\")\n"
           "  fi\n"
           "}\n"
           "complete -F _espelho espelho\n");
}

static void print_zsh(void)
{
    printf("#compdef espelho\n# zsh completion for espelho, made by `espelho completion zsh`\n");
    print_tables();
    printf("_espelho() {\n"
           "  local cur=$words[CURRENT] prev=$words[CURRENT-1] verb=%s name= names kind list "
           "first=0 given=0\n"
           "  local -a verbs\n"
           "  verbs=(",
           commands[0]->name);
    print_verbs();
    printf(")\n"
           "  (( CURRENT == 2 )) && first=1\n"
           "  if (( ! first )) && (( ${verbs[(Ie)$words[2]]} )); then verb=$words[2]; fi\n"
           "  if [[ $cur == --*=* ]]; then name=${cur%%%%=*}; given=1; compset -P '*='\n"
           "  elif [[ $prev == -* && $cur != -* ]]; then name=$prev; fi\n"
           "  _espelho_tables\n"
           "  if [[ $kind == bool && $given == 0 ]]; then name=; _espelho_tables; fi\n"
           "  if [[ -z $name && $cur == -* ]]; then compadd -- ${=names}\n"
           "  elif [[ -z $name && $first == 1 ]]; then compadd -- $verbs\n"
           "  elif [[ $kind == file ]]; then _files\n"
           "  else compadd -- ${=list}; fi\n"
           "}\n"
           "if [[ $funcstack[1] == _espelho ]]; then _espelho \"$@\"; else compdef _espelho "
           "espelho; fi\n");
}

static void print_fish_text(const char *text)
{
    putchar('\'');
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            putchar('\\');
        putchar(*text);
    }
    putchar('\'');
}

/* The default verb is also meant where no verb was typed. */
static void print_fish_condition(const struct command *command)
{
    if (command != commands[0]) {
        printf("complete -c espelho -n '__fish_seen_subcommand_from %s'", command->name);
        return;
    }
    printf("complete -c espelho -n 'not __fish_seen_subcommand_from");
    for (size_t i = 1; commands[i]; i++)
        printf(" %s", commands[i]->name);
    printf("'");
}

static void print_fish_option(const struct command *command, const struct option_def *def)
{
    print_fish_condition(command);
    printf(" -l %s", def->name);
    if (def->short_name)
        printf(" -s %c", def->short_name);
    if (is_path(def))
        printf(" -r -F");
    else if (def->type != OPTION_BOOL)
        printf(" -x");
    if (def->type == OPTION_ENUM) {
        printf(" -a '");
        print_values(def);
        printf("'");
    }
    printf(" -d ");
    print_fish_text(_(def->help));
    putchar('\n');
}

static void print_fish_words(const struct command *command)
{
    if (command->words == COMMAND_WORDS_NONE)
        return;
    print_fish_condition(command);
    if (command->words == COMMAND_WORDS_FILE) {
        printf(" -F\n");
        return;
    }
    printf(" -a '");
    if (command->words == COMMAND_WORDS_VERB)
        print_verbs();
    else
        printf("%s", command->words == COMMAND_WORDS_SHELL ? "bash zsh fish"
                                                           : "1920x1080 2560x1440 3840x2160");
    printf("'\n");
}

static void print_fish(void)
{
    printf("# fish completion for espelho, made by `espelho completion fish`\ncomplete -c espelho "
           "-f\n");
    for (size_t i = 0; commands[i]; i++) {
        printf("complete -c espelho -n __fish_use_subcommand -a %s -d ", commands[i]->name);
        print_fish_text(_(commands[i]->summary));
        putchar('\n');
        each_option(commands[i], print_fish_option);
        print_fish_words(commands[i]);
    }
    printf("complete -c espelho -l help -s h -d ");
    print_fish_text(_("explain the verb"));
    printf("\ncomplete -c espelho -n __fish_use_subcommand -l version -s V -d ");
    print_fish_text(_("print the version"));
    putchar('\n');
}

static int run(int argc, char **argv)
{
    static const struct {
        const char *shell;
        void (*print)(void);
    } shells[] = { { "bash", print_bash }, { "zsh", print_zsh }, { "fish", print_fish } };
    int words;
    const int status = command_parse(&command_completion, argc, argv, NULL, NULL, &words);
    if (status != COMMAND_OK)
        return status;
    for (size_t i = 0; i < ARRAY_LEN(shells); i++) {
        if (strcmp(argv[1], shells[i].shell) == 0) {
            shells[i].print();
            return COMMAND_OK;
        }
    }
    command_fail(&command_completion, _("no completion for '%s'; bash, zsh and fish are known"),
                 argv[1]);
    return COMMAND_USAGE;
}

const struct command command_completion = {
    .name = "completion",
    .summary = N_("print the completion script of a shell"),
    .words_text = "bash|zsh|fish",
    .help =
        N_("Prints a completion script. Installed packages have it already; by hand, for bash:\n"
           "  source <(espelho completion bash)\n"),
    .words = COMMAND_WORDS_SHELL,
    .min_words = 1,
    .max_words = 1,
    .run = run,
};
