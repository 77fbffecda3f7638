/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/client/spice/bytes.h - puts message bodies together, field by field, little-endian. */
#ifndef ESPELHO_TEST_SPICE_BYTES_H
#define ESPELHO_TEST_SPICE_BYTES_H

#include "test.h"

struct bytes {
    uint8_t at[65536];
    size_t count;
};

static inline void put_u8(struct bytes *b, uint32_t v)
{
    CHECK(b->count < sizeof(b->at));
    b->at[b->count++] = (uint8_t)v;
}

static inline void put_u16(struct bytes *b, uint32_t v)
{
    put_u8(b, v);
    put_u8(b, v >> 8);
}

static inline void put_u32(struct bytes *b, uint32_t v)
{
    put_u16(b, v);
    put_u16(b, v >> 16);
}

static inline void put_be32(struct bytes *b, uint32_t v)
{
    put_u32(b, __builtin_bswap32(v));
}

static inline void put_u64(struct bytes *b, uint64_t v)
{
    put_u32(b, (uint32_t)v);
    put_u32(b, (uint32_t)(v >> 32));
}

static inline void put_bytes(struct bytes *b, const void *from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        put_u8(b, ((const uint8_t *)from)[i]);
}

/* Left, top, right, bottom, in the order of the wire. */
static inline void put_rect(struct bytes *b, int32_t left, int32_t top, int32_t right,
                            int32_t bottom)
{
    put_u32(b, (uint32_t)top);
    put_u32(b, (uint32_t)left);
    put_u32(b, (uint32_t)bottom);
    put_u32(b, (uint32_t)right);
}

static inline void set_u32(struct bytes *b, size_t at, uint32_t v)
{
    for (size_t i = 0; i < 4; i++)
        b->at[at + i] = (uint8_t)(v >> (8 * i));
}

#endif
