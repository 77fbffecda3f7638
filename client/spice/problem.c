/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spice/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void spice_problem_set(struct spice_problem *problem, enum spice_fault fault, const char *fmt, ...)
{
    va_list args;
    problem->fault = fault;
    va_start(args, fmt);
    vsnprintf(problem->text, sizeof(problem->text), fmt, args);
    va_end(args);
}

/* Bytes of the UTF-8 character at `p`, 0 if it is none that a terminal should see. */
static size_t character_bytes(const uint8_t *p, size_t left)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const size_t n = p[0] < 0x80             ? 1
                     : (p[0] & 0xe0) == 0xc0 ? 2
                     : (p[0] & 0xf0) == 0xe0 ? 3
                     : (p[0] & 0xf8) == 0xf0 ? 4
                                             : 0;
    if (n == 0 || n > left)
        return 0;
    uint32_t code = n == 1 ? p[0] : p[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (p[i] & 0x3fu);
    }
    const bool control = code < 0x20 || (code >= 0x7f && code < 0xa0) ||
                         (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
                         (code >= 0x2060 && code <= 0x206f) || code == 0xfeff;
    const bool valid = code >= least[n] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    return valid && !control ? n : 0;
}

void spice_text_clean(char *out, size_t out_bytes, const uint8_t *text, size_t count)
{
    size_t used = 0;
    for (size_t i = 0; i < count && text[i] != 0;) {
        const size_t n = character_bytes(text + i, count - i);
        const size_t put = n ? n : 1;
        if (used + put >= out_bytes)
            break;
        if (n)
            memcpy(out + used, text + i, n);
        else
            out[used] = '?';
        used += put;
        i += put;
    }
    out[used] = '\0';
}
