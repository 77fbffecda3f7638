/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shm/ivshmem_name.h"

#include <errno.h>
#include <string.h>

static const char prefix[] = "ivshmem";

enum { INDEX_MAX = 255 /* and of a bus */, DEVICE_MAX = 31, FUNCTION_MAX = 7 };

bool ivshmem_name_is(const char *path)
{
    const size_t n = sizeof(prefix) - 1;
    return strncmp(path, prefix, n) == 0 && (path[n] == '\0' || path[n] == ':');
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

/* Decimal, or 0x and hexadecimal, up to `max`; *text goes behind it. */
static bool take_number(const char **text, uint32_t max, uint32_t *out)
{
    const char *p = *text;
    int base = 10;
    if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
        base = 16;
        p += 2;
    }
    if (digit_value(*p) >= base)
        return false;
    uint32_t value = 0;
    for (; digit_value(*p) < base; p++) {
        value = value * (uint32_t)base + (uint32_t)digit_value(*p);
        if (value > max)
            return false;
    }
    *text = p;
    *out = value;
    return true;
}

static bool take_char(const char **text, char c)
{
    if (**text != c)
        return false;
    ++*text;
    return true;
}

int ivshmem_name_parse(const char *path, struct ivshmem_name *out)
{
    struct ivshmem_name name = { 0 };
    uint32_t device, function;
    if (!ivshmem_name_is(path))
        return -EINVAL;
    const char *p = path + sizeof(prefix) - 1;
    if (take_char(&p, ':')) {
        if (!take_number(&p, INDEX_MAX, &name.index))
            return -EINVAL;
        if (take_char(&p, ':')) {
            name.by_address = true;
            name.bus = name.index;
            name.index = 0;
            if (!take_number(&p, DEVICE_MAX, &device) || !take_char(&p, '.') ||
                !take_number(&p, FUNCTION_MAX, &function))
                return -EINVAL;
            name.address = device << 16 | function;
        }
    }
    if (*p != '\0')
        return -EINVAL;
    *out = name;
    return 0;
}
