/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "clipboard/spool.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES (64u * 1024 - 64) /* with its head and malloc's below 64 KiB */

struct chunk {
    struct chunk *next;
    size_t begin, end; /* bytes in use */
    uint8_t bytes[CHUNK_BYTES];
};

struct spool {
    uint64_t limit_bytes, added_bytes, left_bytes;
    struct chunk *first, *last;
};

int spool_create(uint64_t limit_bytes, struct spool **out)
{
    struct spool *s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    s->limit_bytes = limit_bytes;
    *out = s;
    return 0;
}

static void drop_first(struct spool *s)
{
    struct chunk *c = s->first;
    s->first = c->next;
    if (!s->first)
        s->last = NULL;
    free(c);
}

void spool_destroy(struct spool *s)
{
    if (!s)
        return;
    while (s->first)
        drop_first(s);
    free(s);
}

static int add_chunk(struct spool *s)
{
    struct chunk *c = malloc(sizeof(*c));
    if (!c)
        return -ENOMEM;
    c->next = NULL;
    c->begin = c->end = 0;
    if (s->last)
        s->last->next = c;
    else
        s->first = c;
    s->last = c;
    return 0;
}

int spool_add(struct spool *s, const uint8_t *bytes, size_t count)
{
    if (count > s->limit_bytes - s->added_bytes)
        return -EFBIG;
    while (count > 0) {
        if ((!s->last || s->last->end == CHUNK_BYTES) && add_chunk(s) < 0)
            return -ENOMEM;
        const size_t space = CHUNK_BYTES - s->last->end, take = count < space ? count : space;
        memcpy(s->last->bytes + s->last->end, bytes, take);
        s->last->end += take;
        s->added_bytes += take;
        s->left_bytes += take;
        bytes += take;
        count -= take;
    }
    return 0;
}

uint64_t spool_bytes(const struct spool *s)
{
    return s->left_bytes;
}

const uint8_t *spool_peek(const struct spool *s, size_t *count)
{
    *count = s->first ? s->first->end - s->first->begin : 0;
    return *count > 0 ? s->first->bytes + s->first->begin : NULL;
}

void spool_take(struct spool *s, size_t count)
{
    assert(count <= s->left_bytes && (count == 0 || count <= s->first->end - s->first->begin));
    s->left_bytes -= count;
    if (count == 0)
        return;
    s->first->begin += count;
    if (s->first->begin == s->first->end)
        drop_first(s);
}
