/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "spice"

#include "spice/display.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <spice/enums.h>

#include "base/log.h"
#include "base/text.h"
#include "spice/display_private.h"

/* ---- surfaces ---- */

struct surface *display_find_surface(struct spice_display *d, uint32_t id)
{
    for (uint32_t i = 0; i < d->surface_count; i++) {
        if (d->surfaces[i].id == id)
            return &d->surfaces[i];
    }
    return NULL;
}

static struct surface *find_primary(const struct spice_display *d)
{
    for (uint32_t i = 0; i < d->surface_count; i++) {
        if (d->surfaces[i].primary)
            return (struct surface *)&d->surfaces[i];
    }
    return NULL;
}

struct spice_pixmap *spice_display_primary(const struct spice_display *d)
{
    const struct surface *s = find_primary(d);
    return s ? s->pixmap : NULL;
}

void display_damage(struct spice_display *d, const struct surface *s, const struct spice_rect *r)
{
    const struct spice_rect bounds = spice_rect_of_pixmap(s->pixmap);
    const struct spice_rect inside = spice_rect_intersect(r, &bounds);
    if (s->primary && !spice_rect_is_empty(&inside) && d->listener.on_damage)
        d->listener.on_damage(d->listener.ctx, &inside);
}

static void tell_surface(struct spice_display *d, struct spice_pixmap *primary)
{
    if (d->listener.on_surface)
        d->listener.on_surface(d->listener.ctx, primary);
}

static void remove_surface(struct spice_display *d, struct surface *s)
{
    struct spice_pixmap *pixmap = s->pixmap;
    const bool primary = s->primary;
    d->surface_bytes -= spice_pixmap_bytes(pixmap);
    *s = d->surfaces[--d->surface_count];
    if (primary)
        tell_surface(d, NULL);
    spice_pixmap_unref(pixmap);
}

static void remove_all_surfaces(struct spice_display *d)
{
    while (d->surface_count > 0)
        remove_surface(d, &d->surfaces[d->surface_count - 1]);
}

static enum spice_depth depth_of(uint32_t format, bool *has_alpha)
{
    *has_alpha = format == SPICE_SURFACE_FMT_32_ARGB;
    switch (format) {
    case SPICE_SURFACE_FMT_32_xRGB:
    case SPICE_SURFACE_FMT_32_ARGB:
        return SPICE_DEPTH_32;
    case SPICE_SURFACE_FMT_16_555:
        return SPICE_DEPTH_555;
    case SPICE_SURFACE_FMT_16_565:
        return SPICE_DEPTH_565;
    default:
        return SPICE_DEPTH_NONE;
    }
}

static int add_surface(struct spice_display *d, struct message *m, uint32_t id, uint32_t width_px,
                       uint32_t height_px, uint32_t format, bool primary)
{
    bool has_alpha;
    const enum spice_depth depth = depth_of(format, &has_alpha);
    struct spice_pixmap *pixmap;
    if (depth == SPICE_DEPTH_NONE)
        return message_missing(m, _("a surface of an unknown pixel format"));
    if (!spice_pixmap_fits(width_px, height_px))
        return message_missing(m, _("a surface that is empty or larger than 64 MiB"));
    if (d->surface_count == SURFACES_MAX ||
        d->surface_bytes + (uint64_t)width_px * height_px * sizeof(uint32_t) >
            SPICE_SURFACES_MAX_BYTES)
        return message_missing(m, _("a surface beyond the limit of all surfaces"));
    const int err = spice_pixmap_create(width_px, height_px, &pixmap);
    if (err < 0)
        return err;
    pixmap->has_alpha = has_alpha && !primary;
    d->surfaces[d->surface_count++] =
        (struct surface){ .id = id, .depth = depth, .primary = primary, .pixmap = pixmap };
    d->surface_bytes += spice_pixmap_bytes(pixmap);
    if (primary)
        tell_surface(d, pixmap);
    return 0;
}

static int on_surface_create(struct spice_display *d, struct message *m)
{
    const uint32_t id = spice_read_u32(&m->r);
    const uint32_t width_px = spice_read_u32(&m->r), height_px = spice_read_u32(&m->r);
    const uint32_t format = spice_read_u32(&m->r), flags = spice_read_u32(&m->r);
    if (m->r.bad)
        return message_bad(m, _("the message about a new surface ends early"));
    const bool primary = flags & SPICE_SURFACE_FLAGS_PRIMARY;
    struct surface *same = display_find_surface(d, id);
    if (same)
        remove_surface(d, same);
    struct surface *other = primary ? find_primary(d) : NULL;
    if (other)
        remove_surface(d, other);
    return add_surface(d, m, id, width_px, height_px, format, primary);
}

static int on_surface_destroy(struct spice_display *d, struct message *m)
{
    struct surface *s = display_find_surface(d, spice_read_u32(&m->r));
    if (m->r.bad)
        return message_bad(m, _("the message about a surface's end ends early"));
    if (s)
        remove_surface(d, s);
    return 0;
}

/* Servers of before surfaces: the one picture has this size. */
static int on_mode(struct spice_display *d, struct message *m)
{
    const uint32_t width_px = spice_read_u32(&m->r), height_px = spice_read_u32(&m->r);
    const uint32_t bits = spice_read_u32(&m->r);
    if (m->r.bad)
        return message_bad(m, _("the message about a new mode ends early"));
    remove_all_surfaces(d);
    return add_surface(d, m, 0, width_px, height_px,
                       bits == 16 ? SPICE_SURFACE_FMT_16_555 : SPICE_SURFACE_FMT_32_xRGB, true);
}

/* Everything on the primary surface is valid now. */
static int on_mark(struct spice_display *d, struct message *m)
{
    (void)m;
    const struct surface *s = find_primary(d);
    if (s) {
        const struct spice_rect all = spice_rect_of_pixmap(s->pixmap);
        display_damage(d, s, &all);
    }
    return 0;
}

static void forget_everything(struct spice_display *d)
{
    display_close_streams(d);
    spice_palettes_clear(&d->palettes);
    spice_pixmap_cache_clear(&d->cache);
    remove_all_surfaces(d);
}

static int on_reset(struct spice_display *d, struct message *m)
{
    (void)m;
    forget_everything(d);
    return 0;
}

/* ---- caches ---- */

static int on_inval_list(struct spice_display *d, struct message *m)
{
    const uint16_t count = spice_read_u16(&m->r);
    for (uint16_t i = 0; i < count; i++) {
        const uint8_t type = spice_read_u8(&m->r);
        const uint64_t id = spice_read_u64(&m->r);
        if (m->r.bad)
            return message_bad(m, _("the list of images to forget ends early"));
        if (type == SPICE_RES_TYPE_PIXMAP)
            spice_pixmap_cache_drop(&d->cache, id);
    }
    if (m->r.bad)
        return message_bad(m, _("the list of images to forget ends early"));
    return 0;
}

static int on_inval_all_pixmaps(struct spice_display *d, struct message *m)
{
    (void)m; /* other channels to wait for: we have one display channel */
    spice_pixmap_cache_clear(&d->cache);
    return 0;
}

static int on_inval_palette(struct spice_display *d, struct message *m)
{
    const uint64_t id = spice_read_u64(&m->r);
    if (m->r.bad)
        return message_bad(m, _("the message about a palette's end ends early"));
    spice_palettes_drop(&d->palettes, id);
    return 0;
}

static int on_inval_all_palettes(struct spice_display *d, struct message *m)
{
    (void)m;
    spice_palettes_clear(&d->palettes);
    return 0;
}

/* We show the whole primary surface, whatever part of it the guest's monitors show. */
static int on_monitors(struct spice_display *d, struct message *m)
{
    (void)d;
    const uint16_t count = spice_read_u16(&m->r);
    (void)spice_read_u16(&m->r); /* how many there may be */
    (void)spice_read_bytes(&m->r, (size_t)count * 28);
    if (m->r.bad)
        return message_bad(m, _("the list of monitors ends early"));
    log_debug("the guest has %u monitors on this display", count);
    return 0;
}

/* ---- messages ---- */

static const struct {
    uint16_t type;
    int (*fn)(struct spice_display *d, struct message *m);
} messages[] = {
    { SPICE_MSG_DISPLAY_MODE, on_mode },
    { SPICE_MSG_DISPLAY_MARK, on_mark },
    { SPICE_MSG_DISPLAY_RESET, on_reset },
    { SPICE_MSG_DISPLAY_INVAL_LIST, on_inval_list },
    { SPICE_MSG_DISPLAY_INVAL_ALL_PIXMAPS, on_inval_all_pixmaps },
    { SPICE_MSG_DISPLAY_INVAL_PALETTE, on_inval_palette },
    { SPICE_MSG_DISPLAY_INVAL_ALL_PALETTES, on_inval_all_palettes },
    { SPICE_MSG_DISPLAY_SURFACE_CREATE, on_surface_create },
    { SPICE_MSG_DISPLAY_SURFACE_DESTROY, on_surface_destroy },
    { SPICE_MSG_DISPLAY_MONITORS_CONFIG, on_monitors },
};

static bool is_stream(uint16_t type)
{
    return (type >= SPICE_MSG_DISPLAY_STREAM_CREATE &&
            type <= SPICE_MSG_DISPLAY_STREAM_DESTROY_ALL) ||
           type == SPICE_MSG_DISPLAY_STREAM_DATA_SIZED;
}

static int dispatch(struct spice_display *d, uint16_t type, struct message *m)
{
    for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
        if (messages[i].type == type)
            return messages[i].fn(d, m);
    }
    if (is_stream(type))
        return display_stream(d, type, m);
    return display_draw(d, type, m);
}

int spice_display_message(struct spice_display *d, uint16_t type, const uint8_t *body,
                          size_t body_bytes, const char **why)
{
    struct message m = { .body = body,
                         .body_bytes = body_bytes,
                         .r = spice_reader_of(body, body_bytes) };
    const int err = dispatch(d, type, &m);
    if (err == -ENOTSUP) {
        if (d->listener.on_missing)
            d->listener.on_missing(d->listener.ctx, m.why);
        return 0;
    }
    if (err < 0)
        *why = m.why;
    return err;
}

/* ---- life ---- */

int spice_display_create(const struct spice_display_listener *listener, struct spice_display **out)
{
    struct spice_display *d = calloc(1, sizeof(*d));
    if (!d)
        return -ENOMEM;
    d->listener = *listener;
    *out = d;
    return 0;
}

void spice_display_destroy(struct spice_display *d)
{
    if (!d)
        return;
    d->listener = (struct spice_display_listener){ 0 };
    forget_everything(d);
    free(d);
}
