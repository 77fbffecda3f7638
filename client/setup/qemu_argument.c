/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "setup/qemu_argument.h"

#include <string.h>

bool qemu_argument_find(const char *arg, const char *key, const char **value, size_t *len_bytes)
{
    const size_t key_bytes = strlen(key);
    const bool json = arg[0] == '{';
    for (const char *at = strstr(arg, key); at; at = strstr(at + 1, key)) {
        const char before = at > arg ? at[-1] : ',';
        const char *c = at + key_bytes;
        if (!json && before == ',' && *c == '=') {
            *value = c + 1;
            *len_bytes = strcspn(c + 1, ",");
            return true;
        }
        if (!json || (before != '"' && before != '\'') || *c != before)
            continue;
        c += 1 + strspn(c + 1, " ");
        if (*c != ':')
            continue;
        c += 1 + strspn(c + 1, " ");
        const bool quoted = *c == '"' || *c == '\'';
        *value = c + quoted;
        *len_bytes = quoted ? strcspn(c + 1, "\"'") : strcspn(c, ",} ");
        return true;
    }
    return false;
}

bool qemu_argument_get(const char *arg, const char *key, char *out, size_t out_bytes)
{
    const char *value;
    size_t len_bytes;
    if (!qemu_argument_find(arg, key, &value, &len_bytes) || len_bytes >= out_bytes)
        return false;
    memcpy(out, value, len_bytes);
    out[len_bytes] = '\0';
    return true;
}

bool qemu_argument_is(const char *arg, const char *key, const char *kind)
{
    char value[64];
    if (arg[0] == '{')
        return qemu_argument_get(arg, key, value, sizeof(value)) && strcmp(value, kind) == 0;
    const size_t len_bytes = strlen(kind);
    return strncmp(arg, kind, len_bytes) == 0 && (arg[len_bytes] == ',' || arg[len_bytes] == '\0');
}
