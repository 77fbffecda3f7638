/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/spice/reader.h - reads little-endian fields out of a message body; never past its end.
 * After a read past the end every further read gives 0 and `bad` stays set: check once, at the end.
 * No state besides the struct, any thread. */
#ifndef ESPELHO_SPICE_READER_H
#define ESPELHO_SPICE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct spice_reader {
    const uint8_t *at;
    size_t left_bytes;
    bool bad;
};

static inline struct spice_reader spice_reader_of(const uint8_t *body, size_t body_bytes)
{
    return (struct spice_reader){ .at = body, .left_bytes = body_bytes };
}

/* `bytes` bytes in place, or NULL past the end. */
static inline const uint8_t *spice_read_bytes(struct spice_reader *r, size_t bytes)
{
    if (r->bad || bytes > r->left_bytes) {
        r->bad = true;
        return NULL;
    }
    const uint8_t *p = r->at;
    r->at += bytes;
    r->left_bytes -= bytes;
    return p;
}

static inline uint8_t spice_read_u8(struct spice_reader *r)
{
    const uint8_t *p = spice_read_bytes(r, 1);
    return p ? p[0] : 0;
}

static inline uint16_t spice_read_u16(struct spice_reader *r)
{
    const uint8_t *p = spice_read_bytes(r, 2);
    return p ? (uint16_t)((unsigned)p[0] | (unsigned)p[1] << 8) : 0;
}

static inline uint32_t spice_read_u32(struct spice_reader *r)
{
    const uint8_t *p = spice_read_bytes(r, 4);
    return p ? p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24 : 0;
}

static inline uint64_t spice_read_u64(struct spice_reader *r)
{
    const uint64_t low = spice_read_u32(r);
    return low | (uint64_t)spice_read_u32(r) << 32;
}

static inline void spice_put_u16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static inline void spice_put_u32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static inline void spice_put_u64(uint8_t *p, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

#endif
