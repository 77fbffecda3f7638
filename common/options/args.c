/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "options/name.h"
#include "options/options.h"
#include "options/value.h"

struct args {
    const struct option_set *sets;
    size_t set_count;
    int argc;
    char **argv;
    int next; /* the word after the current one */
    struct option_error *error;
};

/* An option and the struct it lives in. */
struct found {
    const struct option_def *def;
    void *target;
};

static bool find_long(const struct args *args, struct name_span name, struct found *out)
{
    for (size_t i = 0; i < args->set_count; i++) {
        const struct option_def *def = name_find(args->sets[i].table, name);
        if (def) {
            *out = (struct found){ def, args->sets[i].target };
            return true;
        }
    }
    return false;
}

static bool has_letter(const struct option_def *def, char letter)
{
    if (def->short_name == letter)
        return true;
    struct name_span alias;
    for (size_t i = 0; name_list_item(def->alias, i, &alias); i++) {
        if (alias.len_bytes == 1 && alias.text[0] == letter)
            return true;
    }
    return false;
}

static bool find_letter(const struct args *args, char letter, struct found *out)
{
    for (size_t i = 0; i < args->set_count; i++) {
        const struct option_table *table = args->sets[i].table;
        for (size_t d = 0; d < table->count; d++) {
            if (has_letter(&table->defs[d], letter)) {
                *out = (struct found){ &table->defs[d], args->sets[i].target };
                return true;
            }
        }
    }
    return false;
}

static const char *lister(const struct args *args)
{
    for (size_t i = 0; i < args->set_count; i++) {
        if (args->sets[i].table->list_hint)
            return _(args->sets[i].table->list_hint);
    }
    return _("`espelho options` and `espelho VERB --help` list all");
}

static int unknown(const struct args *args, struct name_span name)
{
    const char *nearest = name_nearest_option(args->sets, args->set_count, name);
    const struct printable shown = printable_of(name.text, name.len_bytes);
    if (nearest)
        option_error_set(args->error, _("unknown option '%s'; nearest is %s"), shown.text, nearest);
    else
        option_error_set(args->error, _("unknown option '%s'; %s"), shown.text, lister(args));
    return -ENOENT;
}

/* The value in the following word. One that looks like an option is taken for a forgotten value,
 * unless it is a number. */
static const char *take_word(struct args *args)
{
    if (args->next >= args->argc)
        return NULL;
    const char *word = args->argv[args->next];
    if (word[0] == '-' && word[1] != '\0' && !isdigit((unsigned char)word[1]))
        return NULL;
    args->next++;
    return word;
}

static int set_from_word(struct args *args, struct found found)
{
    if (found.def->type == OPTION_BOOL)
        return value_set(found.def, found.target, "yes", args->error);
    const char *value = take_word(args);
    if (!value) {
        char type[160];
        option_type_text(found.def, type, sizeof(type));
        option_error_set(args->error, _("%s needs a value: %s"), found.def->name, type);
        return -EINVAL;
    }
    return value_set(found.def, found.target, value, args->error);
}

/* `text`: name or name=value. */
static int take_long(struct args *args, const char *text)
{
    const size_t name_bytes = strcspn(text, "=");
    const struct name_span name = { text, name_bytes };
    struct found found;
    if (find_long(args, name, &found)) {
        if (text[name_bytes] == '=')
            return value_set(found.def, found.target, text + name_bytes + 1, args->error);
        return set_from_word(args, found);
    }
    const bool negated = name_bytes > 3 && strncmp(text, "no-", 3) == 0 && text[name_bytes] == '\0';
    if (negated && find_long(args, (struct name_span){ text + 3, name_bytes - 3 }, &found) &&
        found.def->type == OPTION_BOOL)
        return value_set(found.def, found.target, "no", args->error);
    return unknown(args, name);
}

/* -f, -fS (switches together), -x value, -xvalue. */
static int take_letters(struct args *args, const char *letters)
{
    for (; *letters; letters++) {
        struct found found;
        if (!find_letter(args, *letters, &found)) {
            const char name[] = { '-', *letters, '\0' };
            const struct printable shown = printable_of(name, 2);
            option_error_set(args->error, _("unknown option '%s'; %s"), shown.text, lister(args));
            return -ENOENT;
        }
        if (found.def->type != OPTION_BOOL && letters[1])
            return value_set(found.def, found.target, letters + 1, args->error);
        const int err = set_from_word(args, found);
        if (err < 0)
            return err;
    }
    return 0;
}

/* module:name=value or module.name=value, and not a file name: letters, digits, '-' and '_' around
 * one separator. */
static bool is_assignment(const char *word)
{
    const size_t name_bytes = strcspn(word, "=");
    if (word[name_bytes] != '=')
        return false;
    size_t separators = 0;
    for (size_t i = 0; i < name_bytes; i++) {
        const bool separator = word[i] == ':' || word[i] == '.';
        separators += separator;
        if (!separator && !isalnum((unsigned char)word[i]) && word[i] != '-' && word[i] != '_')
            return false;
    }
    return separators == 1 && isalpha((unsigned char)word[0]);
}

int options_parse_args_sets(const struct option_set *sets, size_t set_count, int argc, char **argv,
                            int *rest_count, struct option_error *error)
{
    struct args args = {
        .sets = sets, .set_count = set_count, .argc = argc, .argv = argv, .error = error
    };
    int rest = 0;
    bool ended = false;
    while (args.next < argc) {
        char *word = argv[args.next++];
        int err = 0;
        if (ended || word[0] != '-' || word[1] == '\0') {
            if (!ended && is_assignment(word))
                err = take_long(&args, word);
            else
                argv[rest++] = word;
        } else if (strcmp(word, "--") == 0) {
            ended = true;
        } else if (word[1] == '-') {
            err = take_long(&args, word + 2);
        } else {
            err = take_letters(&args, word + 1);
        }
        if (err < 0)
            return err;
    }
    *rest_count = rest;
    return 0;
}

int options_parse_args(const struct option_table *table, void *target, int argc, char **argv,
                       int *rest_count, struct option_error *error)
{
    const struct option_set set = { table, target };
    return options_parse_args_sets(&set, 1, argc, argv, rest_count, error);
}
