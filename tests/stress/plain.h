/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/stress/plain.h - accesses that ThreadSanitizer is sure to see. gcc expands memcpy() and
 * memset() of known sizes inline, after the sanitizer has put in its calls: races in them go
 * unnoticed. Volatile accesses count as plain ones, and stay. */
#ifndef ESPELHO_TESTS_STRESS_PLAIN_H
#define ESPELHO_TESTS_STRESS_PLAIN_H

#include <stddef.h>
#include <stdint.h>

static inline void plain_fill(void *mem, uint8_t v, size_t len_bytes)
{
    volatile uint64_t *words = mem;
    for (size_t i = 0; i < len_bytes / sizeof(*words); i++)
        words[i] = v * UINT64_C(0x0101010101010101);
}

/* Words that are not `v` in every byte. */
static inline size_t plain_count_others(const void *mem, uint8_t v, size_t len_bytes)
{
    const volatile uint64_t *words = mem;
    size_t others = 0;
    for (size_t i = 0; i < len_bytes / sizeof(*words); i++)
        others += words[i] != v * UINT64_C(0x0101010101010101);
    return others;
}

#endif
