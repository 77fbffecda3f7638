/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor/tar.h"

#include <assert.h>
#include <string.h>

enum { BLOCK = 512, NAME_MAX_BYTES = 100 };

struct header {
    char name[NAME_MAX_BYTES], mode[8], uid[8], gid[8], len[12], time[12], sum[8], type,
        target[NAME_MAX_BYTES], magic[8], rest[247];
};
static_assert(sizeof(struct header) == BLOCK, "a header is a block");

static void put_padding(FILE *to, size_t len_bytes)
{
    static const char zeroes[BLOCK];
    if (len_bytes % BLOCK)
        fwrite(zeroes, 1, BLOCK - len_bytes % BLOCK, to);
}

static void put_text(char *field, size_t cap, const char *text)
{
    const size_t len = strlen(text);
    memcpy(field, text, len < cap ? len : cap);
}

/* The sum is taken with spaces in its own place. */
static void put_sum(struct header *h)
{
    unsigned int sum = 0;
    memset(h->sum, ' ', sizeof(h->sum));
    const unsigned char *bytes = (const unsigned char *)h;
    for (size_t i = 0; i < sizeof(*h); i++)
        sum += bytes[i];
    snprintf(h->sum, sizeof(h->sum), "%06o", sum);
}

static void put_header(FILE *to, char type, const char *path, const char *target, unsigned int mode,
                       size_t len_bytes)
{
    struct header h = { .type = type };
    put_text(h.name, sizeof(h.name), path);
    put_text(h.target, sizeof(h.target), target);
    snprintf(h.mode, sizeof(h.mode), "%07o", mode);
    snprintf(h.uid, sizeof(h.uid), "%07o", 0u);
    snprintf(h.gid, sizeof(h.gid), "%07o", 0u);
    snprintf(h.len, sizeof(h.len), "%011zo", len_bytes);
    snprintf(h.time, sizeof(h.time), "%011o", 0u);
    memcpy(h.magic, "ustar  ", sizeof("ustar  ")); /* GNU's */
    put_sum(&h);
    fwrite(&h, 1, sizeof(h), to);
}

/* An entry in front of the entry brings a name that does not fit. */
static void put_long_name(FILE *to, char type, const char *name)
{
    const size_t len_bytes = strlen(name) + 1;
    if (len_bytes <= NAME_MAX_BYTES)
        return;
    put_header(to, type, "././@LongLink", "", 0644, len_bytes);
    fwrite(name, 1, len_bytes, to);
    put_padding(to, len_bytes);
}

static void put_entry(FILE *to, char type, const char *path, const char *target, unsigned int mode,
                      const char *content, size_t len_bytes)
{
    put_long_name(to, 'K', target);
    put_long_name(to, 'L', path);
    put_header(to, type, path, target, mode, len_bytes);
    if (len_bytes) {
        fwrite(content, 1, len_bytes, to);
        put_padding(to, len_bytes);
    }
}

void tar_folder(FILE *to, const char *path)
{
    put_entry(to, '5', path, "", 0755, NULL, 0);
}

void tar_file(FILE *to, const char *path, const char *content, size_t len_bytes)
{
    put_entry(to, '0', path, "", 0644, content, len_bytes);
}

void tar_link(FILE *to, const char *path, const char *target)
{
    put_entry(to, '2', path, target, 0777, NULL, 0);
}

void tar_end(FILE *to)
{
    static const char zeroes[2 * BLOCK];
    fwrite(zeroes, 1, sizeof(zeroes), to);
}
