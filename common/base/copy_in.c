/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/copy_in.h"

#include <string.h>

void copy_in(void *own, const volatile void *shared, size_t len_bytes)
{
    unsigned char *to = own;
    const volatile unsigned char *from = shared;
    if (((uintptr_t)shared & 3) == 0) {
        for (; len_bytes >= 4; len_bytes -= 4, to += 4, from += 4) {
            const uint32_t word = *(const volatile uint32_t *)(const volatile void *)from;
            memcpy(to, &word, sizeof(word));
        }
    }
    for (; len_bytes > 0; len_bytes--)
        *to++ = *from++;
}
