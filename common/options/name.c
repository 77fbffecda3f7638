/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options/name.h"

#include <ctype.h>
#include <string.h>

enum { DISTANCE_MAX_BYTES = 48 }; /* longer words are no slip of the finger */

/* The next letter that counts, or 0 at the end. */
static int next_letter(struct name_span *name)
{
    while (name->len_bytes > 0) {
        const unsigned char c = (unsigned char)*name->text++;
        name->len_bytes--;
        if (c == '-' || c == '_')
            continue;
        return c == ':' ? '.' : tolower(c);
    }
    return 0;
}

bool name_equal(struct name_span a, struct name_span b)
{
    for (;;) {
        const int x = next_letter(&a), y = next_letter(&b);
        if (x != y)
            return false;
        if (x == 0)
            return true;
    }
}

struct name_span name_without_module(struct name_span name)
{
    for (size_t i = name.len_bytes; i > 0; i--) {
        if (name.text[i - 1] == '.' || name.text[i - 1] == ':')
            return (struct name_span){ name.text + i, name.len_bytes - i };
    }
    return name;
}

bool name_list_item(const char *list, size_t index, struct name_span *out)
{
    while (list) {
        const size_t len_bytes = strcspn(list, ";");
        if (index-- == 0) {
            *out = (struct name_span){ list, len_bytes };
            return true;
        }
        list = list[len_bytes] ? list + len_bytes + 1 : NULL;
    }
    return false;
}

bool name_of_option(const struct option_def *def, size_t index, struct name_span *out)
{
    if (index == 0) {
        *out = (struct name_span){ def->name, strlen(def->name) };
        return true;
    }
    struct name_span alias;
    size_t wanted = index;
    for (size_t i = 0; name_list_item(def->alias, i, &alias); i++) {
        if (alias.len_bytes > 1 && --wanted == 0) {
            *out = alias;
            return true;
        }
    }
    return false;
}

static bool has_module(struct name_span name)
{
    return name_without_module(name).text != name.text;
}

static bool option_has_name(const struct option_def *def, struct name_span name,
                            bool without_module)
{
    struct name_span own;
    for (size_t i = 0; name_of_option(def, i, &own); i++) {
        if (name_equal(without_module ? name_without_module(own) : own, name))
            return true;
    }
    return false;
}

const struct option_def *name_find(const struct option_table *table, struct name_span name)
{
    if (name.len_bytes == 0)
        return NULL;
    for (size_t i = 0; i < table->count; i++) {
        if (option_has_name(&table->defs[i], name, false))
            return &table->defs[i];
    }
    if (has_module(name))
        return NULL;
    const struct option_def *found = NULL;
    for (size_t i = 0; i < table->count; i++) {
        if (!option_has_name(&table->defs[i], name, true))
            continue;
        if (found)
            return NULL; /* fits several */
        found = &table->defs[i];
    }
    return found;
}

const struct option_def *options_find(const struct option_table *table, const char *name)
{
    return name_find(table, (struct name_span){ name, strlen(name) });
}

static size_t letters_of(struct name_span name, int letters[DISTANCE_MAX_BYTES])
{
    size_t count = 0;
    for (int c = next_letter(&name); c != 0; c = next_letter(&name)) {
        if (count == DISTANCE_MAX_BYTES)
            return SIZE_MAX;
        letters[count++] = c;
    }
    return count;
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    const unsigned m = a < b ? a : b;
    return m < c ? m : c;
}

/* Restricted edit distance with swaps: three rolling rows of the usual table. */
unsigned name_distance(struct name_span a, struct name_span b)
{
    int x[DISTANCE_MAX_BYTES], y[DISTANCE_MAX_BYTES];
    const size_t nx = letters_of(a, x), ny = letters_of(b, y);
    if (nx == SIZE_MAX || ny == SIZE_MAX)
        return NAME_FAR;
    unsigned rows[3][DISTANCE_MAX_BYTES + 1] = { { 0 } };
    for (size_t j = 0; j <= ny; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= nx; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= ny; j++) {
            row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + (x[i - 1] != y[j - 1]));
            if (i > 1 && j > 1 && x[i - 1] == y[j - 2] && x[i - 2] == y[j - 1] &&
                above2[j - 2] + 1 < row[j])
                row[j] = above2[j - 2] + 1;
        }
    }
    return rows[nx % 3][ny];
}

bool name_is_near(unsigned distance, size_t len_bytes)
{
    return distance <= (len_bytes < 4 ? 1u : (unsigned)(len_bytes + 2) / 4 + 1);
}

const char *options_nearest(const char *const *names, size_t count, const char *misspelt)
{
    const struct name_span wrong = { misspelt, strlen(misspelt) };
    const char *best = NULL;
    unsigned best_distance = NAME_FAR;
    for (size_t i = 0; i < count; i++) {
        const size_t len_bytes = strlen(names[i]);
        /* The beginning of a word is as near as can be. */
        const bool begins =
            wrong.len_bytes >= 2 && strncmp(names[i], misspelt, wrong.len_bytes) == 0;
        const unsigned distance =
            begins ? 1 : name_distance(wrong, (struct name_span){ names[i], len_bytes });
        if (distance < best_distance && name_is_near(distance, len_bytes)) {
            best = names[i];
            best_distance = distance;
        }
    }
    return best;
}

const char *name_nearest_option(const struct option_set *sets, size_t set_count,
                                struct name_span name)
{
    const char *best = NULL;
    unsigned best_distance = NAME_FAR;
    for (size_t s = 0; s < set_count; s++) {
        for (size_t d = 0; d < sets[s].table->count; d++) {
            const struct option_def *def = &sets[s].table->defs[d];
            struct name_span own;
            for (size_t i = 0; name_of_option(def, i, &own); i++) {
                /* A wrong module with the right name is as likely as a slip: compare both ways. */
                unsigned distance = name_distance(name, own);
                const unsigned bare =
                    name_distance(name_without_module(name), name_without_module(own)) +
                    (has_module(name) ? 1 : 0);
                size_t len_bytes = own.len_bytes;
                if (bare < distance) {
                    distance = bare;
                    len_bytes = name_without_module(own).len_bytes;
                }
                if (distance < best_distance && name_is_near(distance, len_bytes)) {
                    best = def->name;
                    best_distance = distance;
                }
            }
        }
    }
    return best;
}
