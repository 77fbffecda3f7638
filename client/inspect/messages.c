/* SPDX-License-Identifier: GPL-2.0-or-later
 * Pointer and frame payloads: the raw fields, and what a reader can derive once the checkers of
 * common/kvmfr accepted them. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "inspect/inspect_private.h"
#include "kvmfr/cursor.h"
#include "kvmfr/frame.h"
#include "kvmfr/layout.h"

/* ---- pointer ---- */

static const uint8_t backdrop[3] = { 0x20, 0x40, 0x60 }; /* R G B */

static void draw_mono(const struct cursor_shape *s, uint32_t x, uint32_t y, uint8_t rgb[3])
{
    const uint8_t *and_row = s->data + (size_t)y * s->pitch_bytes;
    const uint8_t *xor_row = and_row + (size_t)s->height_px * s->pitch_bytes;
    const bool a = and_row[x / 8] >> (7 - x % 8) & 1, b = xor_row[x / 8] >> (7 - x % 8) & 1;
    for (int i = 0; i < 3; i++)
        rgb[i] = (uint8_t)((backdrop[i] & (a ? 0xff : 0)) ^ (b ? 0xff : 0));
}

static void draw_colour(const struct cursor_shape *s, uint32_t x, uint32_t y, uint8_t rgb[3])
{
    const uint8_t *p = s->data + (size_t)y * s->pitch_bytes + (size_t)x * 4;
    for (int i = 0; i < 3; i++) {
        const uint8_t c = p[2 - i];
        if (s->type == CURSOR_MASKED_COLOUR)
            rgb[i] = p[3] ? backdrop[i] ^ c : c;
        else
            rgb[i] = (uint8_t)((c * p[3] + backdrop[i] * (255 - p[3]) + 127) / 255);
    }
}

static void add_composite(cJSON *o, const struct cursor_shape *s)
{
    const size_t bytes = (size_t)s->width_px * s->height_px * 3;
    uint8_t *rgb = malloc(bytes);
    if (!rgb)
        return;
    for (uint32_t y = 0; y < s->height_px; y++)
        for (uint32_t x = 0; x < s->width_px; x++) {
            uint8_t *to = rgb + ((size_t)y * s->width_px + x) * 3;
            if (s->type == CURSOR_MONOCHROME)
                draw_mono(s, x, y, to);
            else
                draw_colour(s, x, y, to);
        }
    add_sha256(o, "composited_over_20_40_60_rgb8_sha256", rgb, bytes);
    add_u64(o, "composited_bytes", bytes);
    free(rgb);
}

static void add_shape(struct decoder *d, cJSON *o, const struct found_message *m,
                      const struct kvmfr_wire_pointer *w)
{
    struct cursor_update u;
    const char *why = NULL;
    add_u64(o, "shape_type", w->shape_type);
    add_i64(o, "hot_x", (int8_t)w->hot_x);
    add_i64(o, "hot_y", (int8_t)w->hot_y);
    add_u64(o, "width", w->width);
    add_u64(o, "height", w->height);
    add_u64(o, "pitch", w->pitch);
    if (cursor_update_from_wire(d->image->mem, d->image->len_bytes, m->payload_offset, m->size,
                                m->udata, &u, &why) < 0) {
        add_error(d, "pointer message in slot %u: %s", m->slot, why ? why : "out of memory");
        return;
    }
    add_u64(o, "shape_data_offset", (uint64_t)m->payload_offset + sizeof(*w));
    add_u64(o, "shape_data_bytes", u.shape.data_bytes);
    if (take_budget(d, m->slot, u.shape.data_bytes)) {
        add_sha256(o, "shape_data_sha256", u.shape.data, u.shape.data_bytes);
        add_composite(o, &u.shape);
    }
    cursor_shape_fini(&u.shape);
}

/* What pointer and frame messages have in common. */
static cJSON *new_message(const struct found_message *m)
{
    cJSON *o = cJSON_CreateObject();
    add_u64(o, "slot", m->slot);
    add_u64(o, "payload_offset", m->payload_offset);
    add_u64(o, "payload_size", m->size);
    return o;
}

cJSON *decode_pointer_message(struct decoder *d, const struct found_message *m)
{
    struct kvmfr_wire_pointer w;
    if (m->size < sizeof(w)) {
        add_error(d, "pointer message in slot %u: %u bytes are less than the header", m->slot,
                  m->size);
        return NULL;
    }
    memcpy(&w, d->image->mem + m->payload_offset, sizeof(w));
    cJSON *o = new_message(m);
    add_u64(o, "flags", m->udata);
    cJSON_AddBoolToObject(o, "has_position", (m->udata & KVMFR_POINTER_POSITION) != 0);
    cJSON_AddBoolToObject(o, "visible", (m->udata & KVMFR_POINTER_VISIBLE) != 0);
    cJSON_AddBoolToObject(o, "has_shape", (m->udata & KVMFR_POINTER_SHAPE) != 0);
    if (m->udata & KVMFR_POINTER_POSITION) {
        add_i64(o, "x", w.x);
        add_i64(o, "y", w.y);
    }
    if (m->udata & KVMFR_POINTER_SHAPE)
        add_shape(d, o, m, &w);
    return o;
}

/* ---- frame ---- */

static void add_damage(cJSON *o, const struct kvmfr_wire_frame *w)
{
    cJSON *list = cJSON_AddArrayToObject(o, "damage");
    for (uint32_t i = 0; i < w->damage_count && i < FRAME_MAX_DAMAGE; i++) {
        const struct kvmfr_wire_rect *r = &w->damage[i];
        cJSON *rect = cJSON_CreateArray();
        const uint32_t v[4] = { r->x, r->y, r->width, r->height };
        for (int n = 0; n < 4; n++)
            cJSON_AddItemToArray(rect, cJSON_CreateNumber(v[n]));
        cJSON_AddItemToArray(list, rect);
    }
}

static void add_fields(cJSON *o, const struct kvmfr_wire_frame *w)
{
#define FIELD(name) add_u64(o, #name, w->name)
    FIELD(format_version);
    FIELD(frame_serial);
    FIELD(frame_type);
    FIELD(screen_width);
    FIELD(screen_height);
    FIELD(data_width);
    FIELD(data_height);
    FIELD(frame_width);
    FIELD(frame_height);
    FIELD(rotation);
    FIELD(stride);
    FIELD(pitch);
    FIELD(fb_offset);
    FIELD(damage_count);
    add_damage(o, w);
    FIELD(flags);
#undef FIELD
}

/* One pixel as R G B; 16-bit samples for the deep types. Returns bytes written. */
static size_t canonical_pixel(enum frame_format format, const uint8_t *p, uint8_t *out)
{
    uint32_t v;
    uint16_t deep[3];
    switch (format) {
    case FRAME_FORMAT_RGBA10:
        memcpy(&v, p, sizeof(v));
        deep[0] = v & 0x3ff;
        deep[1] = v >> 10 & 0x3ff;
        deep[2] = v >> 20 & 0x3ff;
        memcpy(out, deep, sizeof(deep));
        return sizeof(deep);
    case FRAME_FORMAT_RGBA16F:
        memcpy(out, p, sizeof(deep));
        return sizeof(deep);
    case FRAME_FORMAT_BGRA:
    case FRAME_FORMAT_BGR_32:
        out[0] = p[2];
        out[1] = p[1];
        out[2] = p[0];
        return 3;
    default:
        memcpy(out, p, 3);
        return 3;
    }
}

static void add_canonical(cJSON *o, const struct frame_view *v, uint32_t rows)
{
    const bool deep =
        v->fmt->format == FRAME_FORMAT_RGBA10 || v->fmt->format == FRAME_FORMAT_RGBA16F;
    const size_t bytes = (size_t)v->width_px * rows * (deep ? 6 : 3);
    uint8_t *out = malloc(bytes), *at = out;
    if (!out)
        return;
    for (uint32_t y = 0; y < rows; y++) {
        const uint8_t *row = v->pixels + (size_t)y * v->pitch_bytes;
        for (uint32_t x = 0; x < v->width_px; x++)
            at += canonical_pixel(v->fmt->format, row + (size_t)x * v->fmt->bytes_per_pixel, at);
    }
    add_sha256(o, deep ? "canonical_rgb_u16le_sha256" : "canonical_rgb8_sha256", out, bytes);
    add_u64(o, "canonical_bytes", bytes);
    free(out);
}

static void add_pixels(struct decoder *d, cJSON *o, const struct found_message *m)
{
    struct frame_view v;
    const char *why = NULL;
    if (frame_view_from_wire(d->image->mem, d->image->len_bytes, m->payload_offset, m->size, &v,
                             &why) < 0) {
        add_error(d, "frame message in slot %u: %s", m->slot, why);
        return;
    }
    const uint32_t raised = image_u32(d->image, v.pixels_offset_bytes - 4);
    const uint32_t rows = frame_view_ready_rows(&v);
    add_u64(o, "write_pointer_offset", v.pixels_offset_bytes - 4);
    add_u64(o, "write_pointer", raised);
    add_u64(o, "pixels_offset", v.pixels_offset_bytes);
    add_u64(o, "pixels_bytes", v.pixels_bytes);
    cJSON_AddBoolToObject(o, "complete", raised >= v.pixels_bytes);
    add_u64(o, "readable_rows", rows);
    if (rows == 0 || !take_budget(d, m->slot, (uint64_t)rows * v.pitch_bytes))
        return;
    add_sha256(o, "readable_pixels_sha256", v.pixels, (size_t)rows * v.pitch_bytes);
    add_canonical(o, &v, rows);
}

cJSON *decode_frame_message(struct decoder *d, const struct found_message *m)
{
    struct kvmfr_wire_frame w;
    if (m->size < sizeof(w)) {
        add_error(d, "frame message in slot %u: %u bytes are less than the header", m->slot,
                  m->size);
        return NULL;
    }
    memcpy(&w, d->image->mem + m->payload_offset, sizeof(w));
    cJSON *o = new_message(m);
    add_u64(o, "udata", m->udata);
    add_fields(o, &w);
    add_pixels(d, o, m);
    return o;
}
