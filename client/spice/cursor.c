/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "spice"

#include "spice/cursor.h"

#include <errno.h>
#include <stdlib.h>

#include <spice/enums.h>

#include "base/log.h"
#include "base/text.h"
#include "spice/cursor_private.h"
#include "spice/reader.h"

/* ---- kept shapes ---- */

static void forget(struct spice_cursor *c, uint32_t index)
{
    c->kept_bytes -= c->kept[index]->shape.data_bytes;
    cursor_pixels_unref(c->kept[index]);
    c->kept_count--;
    for (uint32_t i = index; i < c->kept_count; i++)
        c->kept[i] = c->kept[i + 1];
}

static void forget_id(struct spice_cursor *c, uint64_t id)
{
    for (uint32_t i = c->kept_count; i-- > 0;) {
        if (c->kept[i]->id == id)
            forget(c, i);
    }
}

static void forget_all(struct spice_cursor *c)
{
    while (c->kept_count > 0)
        forget(c, c->kept_count - 1);
}

static void keep(struct spice_cursor *c, struct cursor_pixels *p)
{
    forget_id(c, p->id);
    while (c->kept_count > 0 && (c->kept_count == SPICE_CURSORS_MAX ||
                                 c->kept_bytes + p->shape.data_bytes > SPICE_CURSORS_MAX_BYTES))
        forget(c, 0);
    c->kept[c->kept_count++] = cursor_pixels_ref(p);
    c->kept_bytes += p->shape.data_bytes;
}

static struct cursor_pixels *find(const struct spice_cursor *c, uint64_t id)
{
    for (uint32_t i = 0; i < c->kept_count; i++) {
        if (c->kept[i]->id == id)
            return c->kept[i];
    }
    return NULL;
}

/* ---- messages ---- */

static void tell(const struct spice_cursor *c, bool shape_changed)
{
    const struct spice_cursor_state state = {
        .visible = c->visible && c->shape,
        .x_px = c->x_px,
        .y_px = c->y_px,
        .shape = c->shape ? &c->shape->shape : NULL,
        .shape_changed = shape_changed && c->shape,
    };
    if (c->listener.on_pointer)
        c->listener.on_pointer(c->listener.ctx, &state);
}

static void set_shape(struct spice_cursor *c, struct cursor_pixels *p)
{
    cursor_pixels_unref(c->shape);
    c->shape = p;
}

/* Sets *changed if there is another shape now. */
static int read_shape(struct spice_cursor *c, struct spice_reader *r, bool *changed,
                      const char **why)
{
    const uint16_t flags = spice_read_u16(r);
    if (r->bad || flags & SPICE_CURSOR_FLAGS_NONE)
        return 0;
    struct cursor_head head = { .id = spice_read_u64(r), .type = spice_read_u8(r) };
    head.width_px = spice_read_u16(r);
    head.height_px = spice_read_u16(r);
    head.hot_x_px = spice_read_u16(r);
    head.hot_y_px = spice_read_u16(r);
    if (r->bad)
        return 0; /* the caller looks */
    if (flags & SPICE_CURSOR_FLAGS_FROM_CACHE) {
        struct cursor_pixels *kept = find(c, head.id);
        if (!kept) {
            log_every(10000, LOG_LEVEL_WARN,
                      "the SPICE server shows a pointer shape that it has not sent; the last one "
                      "stays");
            return 0;
        }
        set_shape(c, cursor_pixels_ref(kept));
        *changed = true;
        return 0;
    }
    struct cursor_pixels *p;
    const int err = cursor_pixels_read(&head, r, &p, why);
    if (err < 0)
        return err;
    if (flags & SPICE_CURSOR_FLAGS_CACHE_ME)
        keep(c, p);
    set_shape(c, p);
    *changed = true;
    return 0;
}

static void read_place(struct spice_cursor *c, struct spice_reader *r)
{
    const int16_t x = (int16_t)spice_read_u16(r), y = (int16_t)spice_read_u16(r);
    if (r->bad)
        return;
    c->x_px = x;
    c->y_px = y;
}

static void on_set(struct spice_cursor *c, struct spice_reader *r, bool *changed, const char **why,
                   int *err)
{
    read_place(c, r);
    const bool visible = spice_read_u8(r) != 0;
    if (!r->bad)
        *err = read_shape(c, r, changed, why);
    c->visible = visible;
}

static void on_init(struct spice_cursor *c, struct spice_reader *r, bool *changed, const char **why,
                    int *err)
{
    forget_all(c);
    read_place(c, r);
    (void)spice_read_u32(r); /* length and frequency of a trail: not drawn */
    const bool visible = spice_read_u8(r) != 0;
    if (!r->bad)
        *err = read_shape(c, r, changed, why);
    c->visible = visible;
}

static void on_reset(struct spice_cursor *c)
{
    forget_all(c);
    set_shape(c, NULL);
    c->visible = false;
}

int spice_cursor_message(struct spice_cursor *c, uint16_t type, const uint8_t *body,
                         size_t body_bytes, const char **why)
{
    struct spice_reader r = spice_reader_of(body, body_bytes);
    bool changed = false;
    int err = 0;
    switch (type) {
    case SPICE_MSG_CURSOR_INIT:
        on_init(c, &r, &changed, why, &err);
        break;
    case SPICE_MSG_CURSOR_SET:
        on_set(c, &r, &changed, why, &err);
        break;
    case SPICE_MSG_CURSOR_MOVE:
        read_place(c, &r);
        c->visible = true;
        break;
    case SPICE_MSG_CURSOR_HIDE:
        c->visible = false;
        break;
    case SPICE_MSG_CURSOR_RESET:
        on_reset(c);
        break;
    case SPICE_MSG_CURSOR_INVAL_ONE:
        forget_id(c, spice_read_u64(&r));
        break;
    case SPICE_MSG_CURSOR_INVAL_ALL:
        forget_all(c);
        break;
    default:
        return 0; /* trails, and what newer servers may say */
    }
    if (err == 0 && r.bad) {
        *why = _("a pointer message ends early");
        err = -EPROTO;
    }
    if (err == 0)
        tell(c, changed);
    return err;
}

/* ---- life ---- */

int spice_cursor_create(const struct spice_cursor_listener *listener, struct spice_cursor **out)
{
    struct spice_cursor *c = calloc(1, sizeof(*c));
    if (!c)
        return -ENOMEM;
    c->listener = *listener;
    *out = c;
    return 0;
}

void spice_cursor_destroy(struct spice_cursor *c)
{
    if (!c)
        return;
    forget_all(c);
    set_shape(c, NULL);
    free(c);
}
