/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "setup/scaled_size.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/checked.h"

/* 0: not a unit. */
static uint64_t scale_of(const char *unit)
{
    static const char letters[] = "kmgt";
    if (!unit[0] || strcasecmp(unit, "b") == 0 || strcasecmp(unit, "byte") == 0 ||
        strcasecmp(unit, "bytes") == 0)
        return 1;
    const char *const letter = strchr(letters, unit[0] | 0x20);
    if (!letter)
        return 0;
    uint64_t step = 1024;
    if (strcasecmp(unit + 1, "b") == 0)
        step = 1000;
    else if (unit[1] && strcasecmp(unit + 1, "ib") != 0)
        return 0;
    uint64_t scale = step;
    for (const char *l = letters; l < letter; l++)
        scale *= step;
    return scale;
}

bool scaled_size(const char *number, const char *unit, uint64_t *bytes)
{
    if (number[0] < '0' || number[0] > '9')
        return false;
    char *end;
    errno = 0;
    const uint64_t n = strtoull(number, &end, 10), scale = scale_of(unit);
    return !errno && *end == '\0' && scale && checked_mul_u64(n, scale, bytes);
}

bool scaled_size_of_text(const char *text, uint64_t *bytes)
{
    char number[24];
    const size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits >= sizeof(number))
        return false;
    memcpy(number, text, digits);
    number[digits] = '\0';
    const char *const unit = text + digits + strspn(text + digits, " ");
    return *unit && scaled_size(number, unit, bytes);
}
