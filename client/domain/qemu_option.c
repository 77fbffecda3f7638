/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/qemu_option.h"

#include <string.h>

/* Where a word is written to; what does not fit is counted only. */
struct word {
    char *text;
    size_t room_bytes, len_bytes;
};

static void word_add(struct word *w, char c)
{
    if (w->len_bytes + 1 < w->room_bytes)
        w->text[w->len_bytes] = c;
    w->len_bytes++;
}

/* Ends the word; false if it did not fit. */
static bool word_end(struct word *w)
{
    const bool fits = w->len_bytes < w->room_bytes;
    if (w->room_bytes > 0)
        w->text[fits ? w->len_bytes : 0] = '\0';
    return fits;
}

/* Reads up to an unescaped comma (",," is one comma of the value) or one of `ends`. */
static const char *read_plain(const char *p, const char *ends, struct word *w)
{
    for (; *p && !strchr(ends, *p); p++) {
        if (*p == ',' && *++p != ',')
            return p - 1;
        word_add(w, *p);
    }
    return p;
}

static bool plain_get(const char *p, const char *first, const char *key, char *out,
                      size_t out_bytes)
{
    bool is_first = true;
    while (*p) {
        char name[32];
        struct word n = { name, sizeof(name), 0 };
        const char *end = read_plain(p, "=", &n);
        const bool has_value = *end == '=';
        const bool whole = word_end(&n);
        const char *const value_at = has_value ? end + 1 : p;
        const bool wanted = has_value ? whole && strcmp(name, key) == 0
                                      : is_first && first && strcmp(first, key) == 0;
        struct word v = { out, wanted ? out_bytes : 0, 0 }; /* others are skipped only */
        end = read_plain(value_at, "", &v);
        if (wanted)
            return word_end(&v);
        p = *end ? end + 1 : end;
        is_first = false;
    }
    return false;
}

static const char *skip_space(const char *p)
{
    return p + strspn(p, " \t\r\n");
}

/* A string in either kind of quotes (QEMU accepts both), or a bare word. */
static const char *read_json_word(const char *p, struct word *w)
{
    const char quote = *p;
    if (quote != '"' && quote != '\'') {
        while (*p && !strchr(",:{}[] \t\r\n", *p))
            word_add(w, *p++);
        return p;
    }
    for (p++; *p && *p != quote; p++) {
        if (*p == '\\' && *++p == '\0')
            return p;
        word_add(w, *p);
    }
    return *p ? p + 1 : p;
}

/* Objects inside the object are walked through as if they were flat: their keys are none of those
 * that are asked for. */
static bool json_get(const char *p, const char *key, char *out, size_t out_bytes)
{
    while (*(p = skip_space(p))) {
        if (strchr("{}[],:", *p)) {
            p++;
            continue;
        }
        char name[32];
        struct word n = { name, sizeof(name), 0 }, v = { out, out_bytes, 0 };
        p = skip_space(read_json_word(p, &n));
        if (!word_end(&n) || *p != ':' || strcmp(name, key) != 0)
            continue;
        read_json_word(skip_space(p + 1), &v);
        return word_end(&v);
    }
    return false;
}

bool qemu_option_get(const char *text, const char *first, const char *key, char *out,
                     size_t out_bytes)
{
    text = skip_space(text);
    return *text == '{' ? json_get(text, key, out, out_bytes)
                        : plain_get(text, first, key, out, out_bytes);
}

bool qemu_option_is(const char *text, const char *first, const char *key, const char *value)
{
    char found[64];
    return qemu_option_get(text, first, key, found, sizeof(found)) && strcmp(found, value) == 0;
}
