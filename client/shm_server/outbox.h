/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/shm_server/outbox.h - what one peer is still to be told, in order and not without end.
 *
 * Words about other peers, by number: descriptors are looked up when a word is sent, so that a
 * queue never holds any. No input or output, one thread. */
#ifndef ESPELHO_SHM_SERVER_OUTBOX_H
#define ESPELHO_SHM_SERVER_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

enum shm_word_type {
    SHM_WORD_NONE,
    SHM_WORD_VERSION,
    SHM_WORD_OWN_ID,
    SHM_WORD_MEMORY,
    SHM_WORD_VECTOR, /* `id` can be rung at `vector` */
    SHM_WORD_GONE,   /* `id` */
};

struct shm_word {
    uint8_t type;
    uint8_t vector;
    uint16_t id;
};

struct outbox {
    struct shm_word *words; /* a ring; owned */
    size_t first, count, room;
    size_t max;
};

void outbox_init(struct outbox *o, size_t max_words);
void outbox_fini(struct outbox *o);
/* False: full, or no memory. */
bool outbox_push(struct outbox *o, struct shm_word word) MUST_CHECK;
/* NULL: empty. Until the next call. */
const struct shm_word *outbox_first(const struct outbox *o);
void outbox_pop(struct outbox *o);
/* Takes out all about vectors of `id`, who is gone before they were sent. How many these were. */
size_t outbox_forget(struct outbox *o, uint16_t id);

#endif
