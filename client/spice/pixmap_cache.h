/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/spice/pixmap_cache.h - the images that a server asked us to keep, by their ids. The server
 * counts pixels and says what to forget (it was told how much fits, SPICE_PIXMAP_CACHE_PX); one
 * that counts wrong makes the oldest vanish. Threads: one. Embedded. */
#ifndef ESPELHO_SPICE_PIXMAP_CACHE_H
#define ESPELHO_SPICE_PIXMAP_CACHE_H

#include <stdint.h>

#include "spice/pixmap.h"

#define SPICE_PIXMAP_CACHE_PX      (4u * 1024 * 1024) /* 16 MiB */
#define SPICE_PIXMAP_CACHE_ENTRIES 4096u

struct spice_cached_pixmap {
    uint64_t id;
    uint64_t age;
    struct spice_pixmap *pixmap;
};

struct spice_pixmap_cache { /* all zero: empty */
    struct spice_cached_pixmap *entries;
    uint32_t count, room;
    uint64_t pixels, next_age;
};

/* Keeps a reference; one of the same id goes. Not kept: what is larger than everything, or when
 * there is no memory (then it is missing later, which is told). */
void spice_pixmap_cache_add(struct spice_pixmap_cache *c, uint64_t id, struct spice_pixmap *p);
/* NULL if there is none. Borrowed. */
struct spice_pixmap *spice_pixmap_cache_find(const struct spice_pixmap_cache *c, uint64_t id);
void spice_pixmap_cache_drop(struct spice_pixmap_cache *c, uint64_t id);
void spice_pixmap_cache_clear(struct spice_pixmap_cache *c);

#endif
