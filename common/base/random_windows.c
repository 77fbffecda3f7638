/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/random.h"

#include <errno.h>
#include <limits.h>
#include <windows.h>
#include <bcrypt.h>

#include "base/clock.h"

uint32_t random_u32(void)
{
    uint32_t v;
    if (BCryptGenRandom(NULL, (PUCHAR)&v, sizeof(v), BCRYPT_USE_SYSTEM_PREFERRED_RNG) == 0)
        return v;
    return (uint32_t)(clock_ns() * UINT64_C(0x9E3779B97F4A7C15) >> 32);
}

int random_bytes(void *out, size_t count)
{
    if (count > ULONG_MAX ||
        BCryptGenRandom(NULL, out, (ULONG)count, BCRYPT_USE_SYSTEM_PREFERRED_RNG) != 0)
        return -EIO;
    return 0;
}
