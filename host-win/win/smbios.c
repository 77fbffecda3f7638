/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "win/smbios.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

enum {
    HEADER_BYTES = 8,           /* of the whole */
    STRUCTURE_HEADER_BYTES = 4, /* type, length, handle */
    TYPE_SYSTEM = 1,
    TYPE_END = 127,
    UUID_AT = 8, /* in the structure of type 1, from version 2.1 on */
    UUID_BYTES = 16
};

struct structure {
    const uint8_t *at;
    size_t len_bytes; /* of the formatted part; strings follow it */
};

/* The texts behind a structure end with two zero bytes. Their end, or 0: there is none. */
static size_t end_of_texts(const uint8_t *table, size_t table_bytes, size_t at)
{
    for (; at + 1 < table_bytes; at++) {
        if (table[at] == 0 && table[at + 1] == 0)
            return at + 2;
    }
    return 0;
}

/* The structure at *at, which goes behind it. 1; 0: the end; -EPROTO. */
static int next_structure(const uint8_t *table, size_t table_bytes, size_t *at,
                          struct structure *out)
{
    if (*at == table_bytes)
        return 0;
    if (table_bytes - *at < STRUCTURE_HEADER_BYTES)
        return -EPROTO;
    const size_t len_bytes = table[*at + 1];
    if (len_bytes < STRUCTURE_HEADER_BYTES || len_bytes > table_bytes - *at)
        return -EPROTO;
    *out = (struct structure){ table + *at, len_bytes };
    const size_t end = end_of_texts(table, table_bytes, *at + len_bytes);
    if (end == 0 && out->at[0] != TYPE_SYSTEM) /* the one that we want may be cut off behind */
        return -EPROTO;
    *at = end ? end : table_bytes;
    return out->at[0] == TYPE_END ? 0 : 1;
}

static bool is_set(const uint8_t uuid[UUID_BYTES])
{
    bool any_bit = false, all_bits = true;
    for (int i = 0; i < UUID_BYTES; i++) {
        any_bit = any_bit || uuid[i] != 0;
        all_bits = all_bits && uuid[i] == 0xFF;
    }
    return any_bit && !all_bits;
}

static void to_text_order(const uint8_t table[UUID_BYTES], bool little_endian,
                          uint8_t out[UUID_BYTES])
{
    static const uint8_t order[UUID_BYTES] = {
        3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15
    };
    for (int i = 0; i < UUID_BYTES; i++)
        out[i] = table[little_endian ? order[i] : i];
}

static int uuid_of(const struct structure *system, bool little_endian, uint8_t out[UUID_BYTES])
{
    if (system->len_bytes < UUID_AT + UUID_BYTES || !is_set(system->at + UUID_AT))
        return -ENOENT;
    to_text_order(system->at + UUID_AT, little_endian, out);
    return 0;
}

int smbios_uuid(const uint8_t *raw, size_t raw_bytes, uint8_t out[16])
{
    if (raw_bytes < HEADER_BYTES)
        return -EPROTO;
    const unsigned major = raw[1], minor = raw[2];
    const size_t said_bytes =
        (size_t)raw[4] | (size_t)raw[5] << 8 | (size_t)raw[6] << 16 | (size_t)raw[7] << 24;
    const uint8_t *table = raw + HEADER_BYTES;
    const size_t there_bytes = raw_bytes - HEADER_BYTES;
    const size_t table_bytes = said_bytes < there_bytes ? said_bytes : there_bytes;
    struct structure s;
    size_t at = 0;
    int more;
    while ((more = next_structure(table, table_bytes, &at, &s)) > 0) {
        if (s.at[0] == TYPE_SYSTEM)
            return uuid_of(&s, major > 2 || (major == 2 && minor >= 6), out);
    }
    return more < 0 ? more : -ENOENT;
}
