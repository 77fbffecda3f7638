/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spice/pixmap_cache.h"

#include <stdlib.h>

enum { FIRST_ROOM = 64 };

static uint64_t pixels_of(const struct spice_pixmap *p)
{
    return (uint64_t)p->width_px * p->height_px;
}

static struct spice_cached_pixmap *find(const struct spice_pixmap_cache *c, uint64_t id)
{
    for (uint32_t i = 0; i < c->count; i++) {
        if (c->entries[i].id == id)
            return &c->entries[i];
    }
    return NULL;
}

static void forget(struct spice_pixmap_cache *c, struct spice_cached_pixmap *e)
{
    c->pixels -= pixels_of(e->pixmap);
    spice_pixmap_unref(e->pixmap);
    *e = c->entries[--c->count];
}

static void forget_oldest(struct spice_pixmap_cache *c)
{
    struct spice_cached_pixmap *oldest = &c->entries[0];
    for (uint32_t i = 1; i < c->count; i++) {
        if (c->entries[i].age < oldest->age)
            oldest = &c->entries[i];
    }
    forget(c, oldest);
}

static bool grow(struct spice_pixmap_cache *c)
{
    const uint32_t room = c->room ? 2 * c->room : FIRST_ROOM;
    struct spice_cached_pixmap *entries = realloc(c->entries, room * sizeof(*entries));
    if (!entries)
        return false;
    c->entries = entries;
    c->room = room;
    return true;
}

void spice_pixmap_cache_add(struct spice_pixmap_cache *c, uint64_t id, struct spice_pixmap *p)
{
    spice_pixmap_cache_drop(c, id);
    const uint64_t pixels = pixels_of(p);
    if (pixels > SPICE_PIXMAP_CACHE_PX)
        return;
    while (c->count > 0 &&
           (c->pixels + pixels > SPICE_PIXMAP_CACHE_PX || c->count == SPICE_PIXMAP_CACHE_ENTRIES))
        forget_oldest(c);
    if (c->count == c->room && !grow(c))
        return;
    c->entries[c->count++] = (struct spice_cached_pixmap){ .id = id,
                                                           .age = c->next_age++,
                                                           .pixmap = spice_pixmap_ref(p) };
    c->pixels += pixels;
}

struct spice_pixmap *spice_pixmap_cache_find(const struct spice_pixmap_cache *c, uint64_t id)
{
    const struct spice_cached_pixmap *e = find(c, id);
    return e ? e->pixmap : NULL;
}

void spice_pixmap_cache_drop(struct spice_pixmap_cache *c, uint64_t id)
{
    struct spice_cached_pixmap *e = find(c, id);
    if (e)
        forget(c, e);
}

void spice_pixmap_cache_clear(struct spice_pixmap_cache *c)
{
    while (c->count > 0)
        forget(c, &c->entries[c->count - 1]);
    free(c->entries);
    *c = (struct spice_pixmap_cache){ 0 };
}
