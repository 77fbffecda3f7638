/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "win/smbios.h"

#include <errno.h>

#include "test.h"

/* UUID 00112233-4455-6677-8899-aabbccddeeff as tables hold it. */
#define LITTLE   0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66
#define BIG      0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77
#define REST     0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF
#define EIGHT(x) x, x, x, x, x, x, x, x
/* A header of 8 bytes, version and length; then structures. */
#define HEADER(major, minor, bytes) 0, (major), (minor), 0, (bytes), 0, 0, 0
#define BIOS                        0, 4, 0, 0, 'S', 'e', 'a', 0, 'x', 0, 0 /* 11 bytes */
#define SYSTEM                      1, 25, 1, 0, 1, 2, 0, 0 /* then 16 of the UUID, and one */
#define END                         127, 4, 2, 0, 0, 0      /* 6 bytes */

static const uint8_t uuid[16] = { BIG, REST };

static const struct {
    const char *name;
    int err;
    size_t len_bytes;
    uint8_t raw[96];
} rows[] = {
    { "nothing", -EPROTO, 0, { 0 } },
    { "half a header", -EPROTO, 7, { HEADER(2, 8, 0) } },
    { "no structures", -ENOENT, 8, { HEADER(2, 8, 0) } },
    { "length beyond the end", -EPROTO, 10, { HEADER(2, 8, 200), 0, 4 } },
    { "structure without a length", -EPROTO, 14, { HEADER(2, 8, 6), 0, 0, 0, 0, 0, 0 } },
    { "structure shorter than its header", -EPROTO, 14, { HEADER(2, 8, 6), 0, 3, 0, 0, 0, 0 } },
    { "structure longer than the table", -EPROTO, 14, { HEADER(2, 8, 6), 0, 7, 0, 0, 0, 0 } },
    { "texts without an end", -EPROTO, 14, { HEADER(2, 8, 6), 0, 4, 0, 0, 'a', 0 } },
    { "end before the system",
      -ENOENT,
      41,
      { HEADER(2, 8, 33), END, SYSTEM, LITTLE, REST, 6, 0, 0 } },
    { "old system structure without a UUID",
      -ENOENT,
      18,
      { HEADER(2, 0, 10), 1, 8, 1, 0, 1, 2, 0, 0, 0, 0 } },
    { "UUID cut off by its structure",
      -ENOENT,
      33,
      { HEADER(2, 8, 25), 1, 23, 1, 0, 1, 2, 0, 0, LITTLE, 0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE,
        0, 0 } },
    { "not set: zeroes", -ENOENT, 35, { HEADER(2, 8, 27), SYSTEM, EIGHT(0), EIGHT(0), 6, 0, 0 } },
    { "not set: ones",
      -ENOENT,
      35,
      { HEADER(2, 8, 27), SYSTEM, EIGHT(0xFF), EIGHT(0xFF), 6, 0, 0 } },
    { "version 2.8", 0, 52, { HEADER(2, 8, 44), BIOS, SYSTEM, LITTLE, REST, 6, 0, 0, END } },
    { "version 2.6", 0, 35, { HEADER(2, 6, 27), SYSTEM, LITTLE, REST, 6, 0, 0 } },
    { "version 3.0", 0, 35, { HEADER(3, 0, 27), SYSTEM, LITTLE, REST, 6, 0, 0 } },
    { "version 2.5", 0, 35, { HEADER(2, 5, 27), SYSTEM, BIG, REST, 6, 0, 0 } },
    { "its texts are cut off", 0, 34, { HEADER(2, 8, 26), SYSTEM, LITTLE, REST, 6, 'a' } },
    { "more bytes than it says", 0, 60, { HEADER(2, 8, 27), SYSTEM, LITTLE, REST, 6, 0, 0 } },
};

TEST(smbios_tables)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint8_t *raw = malloc(rows[i].len_bytes ? rows[i].len_bytes : 1); /* for ASan */
        uint8_t got[16] = { 0xA5 };
        memcpy(raw, rows[i].raw, rows[i].len_bytes);
        const int err = smbios_uuid(raw, rows[i].len_bytes, got);
        free(raw);
        CHECK_MSG(err == rows[i].err, "%s: %d", rows[i].name, err);
        if (err)
            CHECK_MSG(got[0] == 0xA5, "%s: written in spite of the error", rows[i].name);
        else
            CHECK_MSG(memcmp(got, uuid, 16) == 0, "%s: another UUID", rows[i].name);
    }
}
