/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/random.h"

#include <sys/random.h>

#include "base/clock.h"

uint32_t random_u32(void)
{
    uint32_t v;
    if (getrandom(&v, sizeof(v), GRND_NONBLOCK) == (ssize_t)sizeof(v))
        return v;
    return (uint32_t)(clock_ns() * UINT64_C(0x9E3779B97F4A7C15) >> 32);
}
