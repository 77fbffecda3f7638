/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/spice/display_private.h - the display channel's state, for display.c, display_draw.c and
 * display_stream.c. */
#ifndef ESPELHO_SPICE_DISPLAY_PRIVATE_H
#define ESPELHO_SPICE_DISPLAY_PRIVATE_H

#include <errno.h>

#include "spice/display.h"
#include "spice/image.h"
#include "spice/pixmap_cache.h"
#include "spice/reader.h"

enum { SURFACES_MAX = 1024, STREAMS_MAX = 64, CLIP_RECTS_MAX = 4096 };

struct surface {
    uint32_t id;
    enum spice_depth depth;
    bool primary;
    struct spice_pixmap *pixmap; /* a reference */
};

/* Where an operation may paint. */
struct clip {
    bool all;
    uint32_t count;
    struct spice_rect *rects; /* owned */
};

struct stream {
    bool open;
    bool top_down;
    uint8_t codec;
    uint32_t surface_id, width_px, height_px;
    struct spice_rect box;
    struct clip clip;
};

struct spice_display {
    struct spice_display_listener listener;
    struct surface surfaces[SURFACES_MAX]; /* the first surface_count */
    uint32_t surface_count;
    uint64_t surface_bytes;
    struct spice_pixmap_cache cache;
    struct spice_palettes palettes;
    struct stream streams[STREAMS_MAX]; /* by id */
};

/* The message in hand. */
struct message {
    const uint8_t *body;
    size_t body_bytes;
    struct spice_reader r;
    const char *why; /* set with -EPROTO and -ENOTSUP */
};

static inline int message_bad(struct message *m, const char *why)
{
    m->why = why;
    return -EPROTO;
}

static inline int message_missing(struct message *m, const char *why)
{
    m->why = why;
    return -ENOTSUP;
}

struct surface *display_find_surface(struct spice_display *d, uint32_t id);
void display_damage(struct spice_display *d, const struct surface *s, const struct spice_rect *r);

struct spice_rect display_read_rect(struct spice_reader *r);
/* 0; -EPROTO; -ENOMEM. */
int display_read_clip(struct message *m, struct clip *out) MUST_CHECK;
void clip_fini(struct clip *c);
/* Parts of `box` on the surface where painting is allowed: calls `paint` for each. -EPROTO: the
 * rectangles of the clip cover more than the box (they overlap). */
typedef void (*paint_fn)(struct spice_pixmap *dst, const struct spice_rect *part, const void *op);
int display_paint(struct spice_display *d, struct message *m, struct surface *s,
                  const struct spice_rect *box, const struct clip *clip, paint_fn paint,
                  const void *op) MUST_CHECK;

/* All as spice_display_message(), and -ENOTSUP. */
int display_draw(struct spice_display *d, uint16_t type, struct message *m) MUST_CHECK;
int display_stream(struct spice_display *d, uint16_t type, struct message *m) MUST_CHECK;
void display_close_streams(struct spice_display *d);

#endif
