/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shm_server/outbox.h"

#include <assert.h>
#include <stdlib.h>

#include "base/checked.h"

enum { FIRST_ROOM = 16 };

void outbox_init(struct outbox *o, size_t max_words)
{
    *o = (struct outbox){ .max = max_words };
}

void outbox_fini(struct outbox *o)
{
    free(o->words);
    *o = (struct outbox){ 0 };
}

static struct shm_word *word_at(const struct outbox *o, size_t i)
{
    return &o->words[(o->first + i) % o->room];
}

static bool grow(struct outbox *o)
{
    const size_t room = o->room ? o->room * 2 : FIRST_ROOM;
    struct shm_word *words = malloc(room * sizeof(*words));
    if (!words)
        return false;
    for (size_t i = 0; i < o->count; i++)
        words[i] = *word_at(o, i);
    free(o->words);
    o->words = words;
    o->first = 0;
    o->room = room;
    return true;
}

bool outbox_push(struct outbox *o, struct shm_word word)
{
    if (o->count == o->max || (o->count == o->room && !grow(o)))
        return false;
    *word_at(o, o->count++) = word;
    return true;
}

const struct shm_word *outbox_first(const struct outbox *o)
{
    return o->count ? word_at(o, 0) : NULL;
}

void outbox_pop(struct outbox *o)
{
    assert(o->count > 0);
    o->first = (o->first + 1) % o->room;
    if (--o->count > 0)
        return;
    /* Most of the time: a peer costs no memory then. */
    free(o->words);
    outbox_init(o, o->max);
}

size_t outbox_forget(struct outbox *o, uint16_t id)
{
    size_t kept = 0;
    for (size_t i = 0; i < o->count; i++) {
        const struct shm_word word = *word_at(o, i);
        if (word.type != SHM_WORD_VECTOR || word.id != id)
            *word_at(o, kept++) = word;
    }
    const size_t removed = o->count - kept;
    o->count = kept;
    return removed;
}
