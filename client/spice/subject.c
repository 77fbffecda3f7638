/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spice/subject.h"

#include <string.h>
#include <strings.h>

#include "base/macros.h"

enum { MAX_KEY_BYTES = 64 };

static const struct {
    const char *name, *oid;
} names[] = {
    { "CN", "2.5.4.3" },
    { "SN", "2.5.4.4" },
    { "serialNumber", "2.5.4.5" },
    { "C", "2.5.4.6" },
    { "L", "2.5.4.7" },
    { "ST", "2.5.4.8" },
    { "street", "2.5.4.9" },
    { "O", "2.5.4.10" },
    { "OU", "2.5.4.11" },
    { "title", "2.5.4.12" },
    { "GN", "2.5.4.42" },
    { "DC", "0.9.2342.19200300.100.1.25" },
    { "UID", "0.9.2342.19200300.100.1.1" },
    { "emailAddress", "1.2.840.113549.1.9.1" },
    { "EMAIL", "1.2.840.113549.1.9.1" },
};

static const char *oid_of(const char *key)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcasecmp(key, names[i].name) == 0)
            return names[i].oid;
    return key; /* written as an OID */
}

/* "KEY=" at *at becomes an OID; *at is moved behind it. NULL: there is none. */
static const char *take_key(const char **at, char key[MAX_KEY_BYTES])
{
    const char *p = *at + strspn(*at, " ");
    const size_t bytes = strcspn(p, "=,");
    if (p[bytes] != '=' || bytes == 0 || bytes >= MAX_KEY_BYTES)
        return NULL;
    memcpy(key, p, bytes);
    key[bytes] = '\0';
    *at = p + bytes + 1;
    return oid_of(key);
}

/* The value at *at, up to a comma or the end, equals `value`; *at is moved to where it ended. */
static bool take_equal_value(const char **at, const char *value, size_t value_bytes)
{
    const char *p = *at;
    size_t i = 0;
    for (; *p && *p != ','; p++, i++) {
        if (*p == '\\' && (p[1] == ',' || p[1] == '\\'))
            p++;
        if (i >= value_bytes || strncasecmp(p, value + i, 1) != 0)
            return false;
    }
    *at = p;
    return i == value_bytes;
}

bool subject_matches(const char *wanted, const struct subject_part *parts, size_t count)
{
    const char *at = wanted;
    char key[MAX_KEY_BYTES];
    for (size_t i = 0; i < count; i++) {
        const char *oid = take_key(&at, key);
        if (!oid || strcmp(oid, parts[i].oid) != 0 ||
            !take_equal_value(&at, parts[i].value, parts[i].value_bytes))
            return false;
        if (i + 1 < count && *at++ != ',')
            return false;
    }
    return count > 0 && *at == '\0';
}
