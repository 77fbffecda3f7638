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

static inline uint32_t crc32_add(uint32_t crc, const uint8_t *bytes, size_t count)
{
    for (crc = ~crc; count > 0; count--) {
        crc ^= *bytes++;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (UINT32_C(0xEDB88320) & (0 - (crc & 1)));
    }
    return ~crc;
}

#endif
