/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/fuzz/script.h - a fuzzer's input as a memory image and a list of calls to make on it.
 *
 * Layout (make_corpus.py writes the same): u8 number of steps, that many steps of 4 bytes, then the
 * image; what is missing counts as 0. */
#ifndef ESPELHO_TESTS_FUZZ_SCRIPT_H
#define ESPELHO_TESTS_FUZZ_SCRIPT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/macros.h"

struct script_step {
    uint8_t call, a, b, c;
};

struct script {
    const uint8_t *steps;
    size_t count, next;
};

/* Parses `data`, and fills `image` from it. */
static inline struct script script_load(const uint8_t *data, size_t len_bytes, uint8_t *image,
                                        size_t image_bytes)
{
    struct script s = { 0 };
    memset(image, 0, image_bytes);
    if (len_bytes == 0)
        return s;
    const size_t most = (len_bytes - 1) / 4;
    s.count = data[0] < most ? data[0] : most;
    s.steps = data + 1;
    const uint8_t *rest = data + 1 + 4 * s.count;
    const size_t rest_bytes = len_bytes - 1 - 4 * s.count;
    memcpy(image, rest, rest_bytes < image_bytes ? rest_bytes : image_bytes);
    return s;
}

static inline int script_next(struct script *s, struct script_step *out)
{
    if (s->next == s->count)
        return 0;
    memcpy(out, s->steps + 4 * s->next++, sizeof(*out));
    return 1;
}

/* The peer overwrites one word: c, b choose where, a what. */
static inline void script_poke(const struct script_step *step, uint8_t *mem, size_t len_bytes)
{
    static const uint32_t values[] = { 0,          1,          2,          3,          4,
                                       9,          10,         11,         64,         65,
                                       0x7FFFFFFF, 0x80000000, 0xFFFFFFFC, 0xFFFFFFFE, 0xFFFFFFFF,
                                       0xA5A5A5A5, 5760,       12288 };
    const size_t offset = ((size_t)step->c << 8 | step->b) * 4 % (len_bytes & ~(size_t)3);
    const uint32_t v =
        step->a < ARRAY_LEN(values) ? values[step->a] : step->a * UINT32_C(0x01010101);
    *(volatile uint32_t *)(volatile void *)(mem + offset) = v;
}

#endif
