/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options/options.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "options/name.h"
#include "options/value.h"

static size_t field_bytes(const struct option_def *def)
{
    static const size_t bytes[] = {
        [OPTION_BOOL] = sizeof(bool),
        [OPTION_U32] = sizeof(uint32_t),
        [OPTION_I32] = sizeof(int32_t),
        [OPTION_DOUBLE] = sizeof(double),
        [OPTION_STRING] = sizeof(char *),
        [OPTION_ENUM] = sizeof(int),
        [OPTION_SIZE] = sizeof(struct option_size),
        [OPTION_POSITION] = sizeof(struct option_position),
    };
    return bytes[def->type];
}

void options_init(const struct option_table *table, void *target)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct option_def *def = &table->defs[i];
        memset((char *)target + def->offset, 0, field_bytes(def));
        if (!def->default_text)
            continue;
        const int err = value_set(def, target, def->default_text, NULL);
        assert(err == 0 || err == -ENOMEM); /* a table with a bad default is our mistake */
        (void)err;
    }
}

void options_free(const struct option_table *table, void *target)
{
    for (size_t i = 0; i < table->count; i++) {
        if (table->defs[i].type != OPTION_STRING)
            continue;
        char **text = (char **)(void *)((char *)target + table->defs[i].offset);
        free(*text);
        *text = NULL;
    }
}

int options_set(const struct option_table *table, void *target, const char *name, const char *value,
                struct option_error *error)
{
    const struct option_def *def = options_find(table, name);
    if (def)
        return value_set(def, target, value, error);
    const struct option_set set = { table, target };
    const struct name_span span = { name, strlen(name) };
    const char *nearest = name_nearest_option(&set, 1, span);
    const struct printable shown = printable_of(span.text, span.len_bytes);
    if (nearest)
        option_error_set(error, _("unknown option '%s'; nearest is %s"), shown.text, nearest);
    else
        option_error_set(error, _("unknown option '%s'; %s"), shown.text,
                         table->list_hint ? _(table->list_hint) : _("`espelho options` lists all"));
    return -ENOENT;
}

static void print_one(const struct option_def *def, FILE *out)
{
    char type[160];
    option_type_text(def, type, sizeof(type));
    fprintf(out, "%s=%s", def->name, type);
    if (def->short_name)
        fprintf(out, "  -%c", def->short_name);
    struct name_span alias;
    for (size_t i = 0; name_list_item(def->alias, i, &alias); i++)
        fprintf(out, "  %s%.*s", alias.len_bytes == 1 ? "-" : "", (int)alias.len_bytes, alias.text);
    fprintf(out, "\n    %s", _(def->help));
    if (def->default_text && *def->default_text)
        fprintf(out, " [%s]", def->default_text);
    fputc('\n', out);
}

static size_t module_bytes(const char *name)
{
    const char *dot = strchr(name, '.');
    return dot ? (size_t)(dot - name) : 0;
}

void options_print(const struct option_table *table, FILE *out)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct option_def *def = &table->defs[i], *before = i ? def - 1 : NULL;
        const size_t n = module_bytes(def->name);
        if (before && (module_bytes(before->name) != n || strncmp(before->name, def->name, n) != 0))
            fputc('\n', out);
        print_one(def, out);
    }
}
