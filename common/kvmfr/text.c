/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kvmfr/text.h"

#include <string.h>

/* Bytes of the printable character at `s`, or 0. */
static size_t printable_bytes(const uint8_t *s, size_t left)
{
    if (s[0] < 0x80)
        return s[0] >= 0x20 && s[0] != 0x7f ? 1 : 0;
    const size_t n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    static const uint32_t smallest[] = { 0, 0, 0xa0 /* above the C1 controls */, 0x800, 0x10000 };
    if (s[0] < 0xc2 || s[0] > 0xf4 || n > left)
        return 0;
    uint32_t code = s[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (s[i] & 0x3fu);
    }
    if (code < smallest[n] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return 0;
    return n;
}

void kvmfr_text_copy(char *dst, size_t dst_bytes, const uint8_t *src, size_t src_bytes)
{
    size_t used = 0;
    if (dst_bytes == 0)
        return;
    for (size_t i = 0; i < src_bytes && src[i] != 0;) {
        const size_t n = printable_bytes(src + i, src_bytes - i);
        const size_t need = n ? n : 1;
        if (used + need >= dst_bytes)
            break;
        if (n)
            memcpy(dst + used, src + i, n);
        else
            dst[used] = '?';
        used += need;
        i += need;
    }
    dst[used] = 0;
}
