/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vm/scaled_size.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/checked.h"

static const char blanks[] = " \t\r\n";

uint64_t scaled_unit(const char *unit)
{
    static const char letters[] = "kmgtpe";
    if (strcasecmp(unit, "b") == 0 || strcasecmp(unit, "byte") == 0 ||
        strcasecmp(unit, "bytes") == 0)
        return 1;
    const char *const at = unit[0] ? strchr(letters, tolower((unsigned char)unit[0])) : NULL;
    if (!at)
        return 0;
    const uint64_t step = !unit[1] || strcasecmp(unit + 1, "ib") == 0 ? 1024
                          : strcasecmp(unit + 1, "b") == 0            ? 1000
                                                                      : 0;
    uint64_t bytes = step;
    for (const char *l = letters; l < at; l++)
        bytes *= step;
    return bytes;
}

bool scaled_size(const char *number, const char *unit, uint64_t *bytes)
{
    char *end;
    number += strspn(number, blanks);
    if (number[0] < '0' || number[0] > '9') /* strtoull() takes signs */
        return false;
    errno = 0;
    const uint64_t n = strtoull(number, &end, 10), each = unit[0] ? scaled_unit(unit) : 1;
    uint64_t product;
    if (errno != 0 || end[strspn(end, blanks)] || !each || !checked_mul_u64(n, each, &product))
        return false;
    *bytes = product;
    return true;
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
