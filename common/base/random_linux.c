/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/random.h"

#include <errno.h>
#include <sys/random.h>

#include "base/clock.h"

uint32_t random_u32(void)
{
    uint32_t v;
    if (getrandom(&v, sizeof(v), GRND_NONBLOCK) == (ssize_t)sizeof(v))
        return v;
    return (uint32_t)(clock_ns() * UINT64_C(0x9E3779B97F4A7C15) >> 32);
}

int random_bytes(void *out, size_t count)
{
    uint8_t *at = out;
    while (count > 0) {
        const ssize_t n = getrandom(at, count, 0);
        if (n <= 0 && errno != EINTR)
            return -EIO;
        if (n > 0) {
            at += n;
            count -= (size_t)n;
        }
    }
    return 0;
}
