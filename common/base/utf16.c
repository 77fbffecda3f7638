/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/utf16.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define REPLACEMENT UINT32_C(0xFFFD)

static const struct {
    uint8_t mask, lead; /* (first byte & mask) == lead */
    uint32_t least;     /* smaller ones are overlong */
} forms[] = {
    { 0x80, 0x00, 0 },
    { 0xE0, 0xC0, 0x80 },
    { 0xF0, 0xE0, 0x800 },
    { 0xF8, 0xF0, 0x10000 },
};

static uint32_t decode(const uint8_t *p, size_t more, uint32_t first_bits, uint32_t least)
{
    uint32_t code = first_bits;
    for (size_t i = 1; i <= more; i++) {
        if ((p[i] & 0xC0) != 0x80) /* also at the terminator, so nothing behind it is read */
            return REPLACEMENT;
        code = code << 6 | (p[i] & 0x3Fu);
    }
    const bool outside = code > 0x10FFFF || (code >= 0xD800 && code < 0xE000);
    return code < least || outside ? REPLACEMENT : code;
}

uint32_t utf8_next(const char *text, size_t *used_bytes)
{
    const uint8_t *p = (const uint8_t *)text;
    *used_bytes = 1;
    for (size_t more = 0; more < ARRAY_LEN(forms); more++) {
        if ((p[0] & forms[more].mask) != forms[more].lead)
            continue;
        const uint32_t first_bits = p[0] & (uint8_t)~forms[more].mask;
        const uint32_t code = decode(p, more, first_bits, forms[more].least);
        if (code != REPLACEMENT)
            *used_bytes = more + 1;
        return code;
    }
    return REPLACEMENT;
}

int utf16_from_utf8(const char *text, uint16_t *out, size_t out_units)
{
    size_t n = 0;
    while (*text) {
        size_t used_bytes;
        const uint32_t code = utf8_next(text, &used_bytes);
        const size_t need = code >= 0x10000 ? 2 : 1;
        if (n + need >= out_units)
            break;
        if (need == 2)
            out[n++] = (uint16_t)(0xD800 + ((code - 0x10000) >> 10));
        out[n++] = (uint16_t)(need == 2 ? 0xDC00 + (code & 0x3FF) : code);
        text += used_bytes;
    }
    out[n] = 0;
    return *text ? -ENAMETOOLONG : 0;
}

/* `left` > 0 units at `p`. */
static uint32_t utf16_next(const uint16_t *p, size_t left, size_t *used)
{
    *used = 1;
    if (p[0] < 0xD800 || p[0] >= 0xE000)
        return p[0];
    if (p[0] >= 0xDC00 || left < 2 || p[1] < 0xDC00 || p[1] >= 0xE000)
        return REPLACEMENT;
    *used = 2;
    return 0x10000 + ((uint32_t)(p[0] - 0xD800) << 10 | (uint32_t)(p[1] - 0xDC00));
}

static size_t encode(uint32_t code, uint8_t bytes[4])
{
    const size_t more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    for (size_t i = more; i > 0; i--, code >>= 6)
        bytes[i] = (uint8_t)(0x80 | (code & 0x3F));
    bytes[0] = (uint8_t)(forms[more].lead | code);
    return more + 1;
}

int utf16_span_to_utf8(const uint16_t *text, size_t units, char *out, size_t out_bytes)
{
    size_t n = 0, at = 0;
    while (at < units && text[at]) {
        size_t used;
        uint8_t bytes[4];
        const size_t len_bytes = encode(utf16_next(text + at, units - at, &used), bytes);
        if (n + len_bytes >= out_bytes)
            break;
        memcpy(out + n, bytes, len_bytes);
        n += len_bytes;
        at += used;
    }
    out[n] = '\0';
    return at < units && text[at] ? -ENAMETOOLONG : 0;
}

int utf16_to_utf8(const uint16_t *text, char *out, size_t out_bytes)
{
    size_t units = 0;
    while (text[units])
        units++;
    return utf16_span_to_utf8(text, units, out, out_bytes);
}
