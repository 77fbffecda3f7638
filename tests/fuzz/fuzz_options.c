/* SPDX-License-Identifier: GPL-2.0-or-later
 * Arbitrary bytes as INI file and as command line of the program's own option table. What comes out
 * must be within the table's limits, and print and parse back. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "config/client_options.h"

enum { MAX_WORDS = 32 };

/* Each value has a text that gives the same value again. */
static void check_values(struct client_options *o)
{
    for (size_t i = 0; i < client_option_table.count; i++) {
        const struct option_def *def = &client_option_table.defs[i];
        if (def->type == OPTION_STRING)
            continue;
        char before[256], after[256];
        struct option_error error;
        option_value_text(def, o, before, sizeof(before));
        if (options_set(&client_option_table, o, def->name, before, &error) != 0)
            abort();
        option_value_text(def, o, after, sizeof(after));
        if (strcmp(before, after) != 0)
            abort();
    }
}

static void as_ini(const char *text, size_t len_bytes, bool lenient)
{
    struct client_options o;
    struct option_error error = { .message = "" };
    char *unknown = NULL;
    client_options_init(&o);
    const int err = options_parse_ini(&client_option_table, &o, text, len_bytes, "fuzz", lenient,
                                      &unknown, &error);
    if (err < 0 && !error.message[0])
        abort();
    check_values(&o);
    free(unknown);
    client_options_free(&o);
}

/* Words are separated by NUL or newline. */
static void as_args(const char *bytes, size_t len_bytes)
{
    char *text = malloc(len_bytes + 1);
    if (!text)
        return;
    if (len_bytes)
        memcpy(text, bytes, len_bytes);
    text[len_bytes] = '\0';
    char *argv[MAX_WORDS];
    int argc = 0, rest = 0;
    for (size_t i = 0; i < len_bytes && argc < MAX_WORDS;) {
        argv[argc++] = text + i;
        while (i < len_bytes && text[i] != '\n' && text[i] != '\0')
            i++;
        text[i++] = '\0';
    }
    const int words = argc;
    struct client_options o;
    struct option_error error = { .message = "" };
    client_options_init(&o);
    const int err = options_parse_args(&client_option_table, &o, argc, argv, &rest, &error);
    if (err < 0 ? !error.message[0] : rest < 0 || rest > words)
        abort();
    check_values(&o);
    client_options_free(&o);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
    as_ini((const char *)data, len_bytes, false);
    as_ini((const char *)data, len_bytes, true);
    as_args((const char *)data, len_bytes);
    return 0;
}
