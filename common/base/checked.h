/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/base/checked.h - arithmetic on sizes that a peer may have chosen. No state, any thread. */
#ifndef ESPELHO_BASE_CHECKED_H
#define ESPELHO_BASE_CHECKED_H

#include <stdbool.h>
#include <stdint.h>

/* False if the result does not fit; *out is then not to be used. */
static inline bool checked_add_u64(uint64_t a, uint64_t b, uint64_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

static inline bool checked_mul_u64(uint64_t a, uint64_t b, uint64_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

/* [offset, offset + len) lies inside [0, total). Never overflows. */
static inline bool range_inside(uint64_t offset, uint64_t len, uint64_t total)
{
    return offset <= total && len <= total - offset;
}

/* `align` is a power of two; `v` must be at most UINT64_MAX - align. */
static inline uint64_t round_up_u64(uint64_t v, uint64_t align)
{
    return (v + align - 1) & ~(align - 1);
}

static inline bool is_power_of_two(uint64_t v)
{
    return v != 0 && (v & (v - 1)) == 0;
}

static inline uint32_t min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static inline uint32_t max_u32(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

#endif
