/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/clipboard/spool.h - bytes on their way: added at the end, taken from the front, memory
 * given back as they go. Nothing is moved when it grows. Threads: one. */
#ifndef ESPELHO_CLIPBOARD_SPOOL_H
#define ESPELHO_CLIPBOARD_SPOOL_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

struct spool;

int spool_create(uint64_t limit_bytes, struct spool **out) MUST_CHECK; /* -ENOMEM */
void spool_destroy(struct spool *spool);                               /* NULL is fine */
/* 0; -EFBIG: it would exceed the limit; -ENOMEM. On an error nothing or a part was added. */
int spool_add(struct spool *spool, const uint8_t *bytes, size_t count) MUST_CHECK;
uint64_t spool_bytes(const struct spool *spool); /* that have not been taken */
/* The first of them in place, valid until the next call; NULL and 0: there are none. */
const uint8_t *spool_peek(const struct spool *spool, size_t *count);
void spool_take(struct spool *spool, size_t count); /* at most what peek said */

#endif
