/* SPDX-License-Identifier: GPL-2.0-or-later
 * pattern.h - bytes that both ends of a transfer can make: harness/clipboard.py has the same
 * formula. Pure functions. */
#ifndef ESPELHO_E2E_PATTERN_H
#define ESPELHO_E2E_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Text: lower-case letters. Otherwise all values. */
static inline uint8_t pattern_byte(bool text, uint32_t seed, size_t i)
{
    const uint32_t n = (uint32_t)i * 31 + (uint32_t)(i >> 8) * 17 + seed;
    return (uint8_t)(text ? 'a' + n % 26 : n & 255);
}

struct crc32_table {
    uint32_t of[256];
};

static inline void crc32_table_init(struct crc32_table *t)
{
    for (uint32_t n = 0; n < 256; n++) {
        t->of[n] = n;
        for (int bit = 0; bit < 8; bit++)
            t->of[n] = t->of[n] >> 1 ^ (UINT32_C(0xEDB88320) & (0 - (t->of[n] & 1)));
    }
}

static inline uint32_t crc32_add(const struct crc32_table *t, uint32_t crc, const uint8_t *bytes,
                                 size_t count)
{
    for (crc = ~crc; count > 0; count--)
        crc = crc >> 8 ^ t->of[(crc ^ *bytes++) & 255];
    return ~crc;
}

#endif
