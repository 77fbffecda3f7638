/* SPDX-License-Identifier: GPL-2.0-or-later
 * Coloured shapes on the wire: the pixels, the palette if there is one, and a plane of bits. A bit
 * that is 0 puts the pixel down, one that is 1 XORs it with the screen. */
#include "spice/cursor_shape.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <spice/enums.h>

#include "base/text.h"

struct cursor_pixels *cursor_pixels_ref(struct cursor_pixels *p)
{
    p->refs++;
    return p;
}

void cursor_pixels_unref(struct cursor_pixels *p)
{
    if (p && --p->refs == 0)
        free(p);
}

static const struct {
    uint32_t bits_per_px, colours;
} kinds[] = {
    [SPICE_CURSOR_TYPE_ALPHA] = { 32, 0 },   [SPICE_CURSOR_TYPE_MONO] = { 1, 0 },
    [SPICE_CURSOR_TYPE_COLOR4] = { 4, 16 },  [SPICE_CURSOR_TYPE_COLOR8] = { 8, 256 },
    [SPICE_CURSOR_TYPE_COLOR16] = { 16, 0 }, [SPICE_CURSOR_TYPE_COLOR24] = { 24, 0 },
    [SPICE_CURSOR_TYPE_COLOR32] = { 32, 0 },
};

static int cursor_alloc(const struct cursor_head *head, enum spice_cursor_kind kind,
                        uint32_t pitch_bytes, uint32_t rows, struct cursor_pixels **out)
{
    const uint32_t bytes = pitch_bytes * rows; /* within limits: the caller checked */
    struct cursor_pixels *p = calloc(1, sizeof(*p) + bytes);
    if (!p)
        return -ENOMEM;
    p->refs = 1;
    p->id = head->id;
    p->shape = (struct spice_cursor_shape){
        .kind = kind,
        .width_px = head->width_px,
        .height_px = head->height_px,
        .pitch_bytes = pitch_bytes,
        .hot_x_px = head->hot_x_px < head->width_px ? head->hot_x_px : head->width_px - 1,
        .hot_y_px = head->hot_y_px < head->height_px ? head->hot_y_px : head->height_px - 1,
        .data_bytes = bytes,
        .data = p->bytes,
    };
    *out = p;
    return 0;
}

static uint32_t wide5(uint32_t v)
{
    v &= 31;
    return v << 3 | v >> 2;
}

static uint32_t le32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t colour_at(uint8_t type, const uint8_t *row, const uint8_t *palette, uint32_t x)
{
    uint32_t v;
    switch (type) {
    case SPICE_CURSOR_TYPE_COLOR4:
        v = row[x / 2] >> (4 * (1 - x % 2)) & 15;
        return le32(palette + 4 * (size_t)v);
    case SPICE_CURSOR_TYPE_COLOR8:
        return le32(palette + 4 * (size_t)row[x]);
    case SPICE_CURSOR_TYPE_COLOR16:
        v = row[2 * x] | (uint32_t)row[2 * x + 1] << 8;
        return wide5(v >> 10) << 16 | wide5(v >> 5) << 8 | wide5(v);
    case SPICE_CURSOR_TYPE_COLOR24:
        return row[3 * x] | (uint32_t)row[3 * x + 1] << 8 | (uint32_t)row[3 * x + 2] << 16;
    default:
        return le32(row + 4 * (size_t)x);
    }
}

static int read_coloured(const struct cursor_head *head, uint32_t row_bytes, const uint8_t *data,
                         struct cursor_pixels **out)
{
    struct cursor_pixels *p;
    const uint32_t pitch_bytes = head->width_px * 4;
    const int err = cursor_alloc(head, SPICE_CURSOR_MASKED, pitch_bytes, head->height_px, &p);
    if (err < 0)
        return err;
    const uint8_t *palette = data + (size_t)row_bytes * head->height_px;
    const uint8_t *mask = palette + 4 * (size_t)kinds[head->type].colours;
    const size_t mask_pitch = (head->width_px + 7) / 8;
    for (uint32_t y = 0; y < head->height_px; y++) {
        for (uint32_t x = 0; x < head->width_px; x++) {
            const uint32_t rgb =
                colour_at(head->type, data + (size_t)row_bytes * y, palette, x) & 0x00ffffffu;
            const bool flips = mask[mask_pitch * y + x / 8] >> (7 - x % 8) & 1;
            spice_put_u32(p->bytes + (size_t)pitch_bytes * y + 4 * (size_t)x,
                          flips ? 0xff000000u | rgb : rgb);
        }
    }
    *out = p;
    return 0;
}

int cursor_pixels_read(const struct cursor_head *head, struct spice_reader *r,
                       struct cursor_pixels **out, const char **why)
{
    if (head->width_px == 0 || head->width_px > SPICE_CURSOR_MAX_PX || head->height_px == 0 ||
        head->height_px > SPICE_CURSOR_MAX_PX) {
        *why = _("a pointer shape is empty or too large");
        return -EPROTO;
    }
    if (head->type >= ARRAY_LEN(kinds)) {
        *why = _("a pointer shape of an unknown kind");
        return -EPROTO;
    }
    const uint32_t row_bytes = (head->width_px * kinds[head->type].bits_per_px + 7) / 8;
    const uint32_t plane_bytes = (head->width_px + 7) / 8 * head->height_px;
    const bool alpha = head->type == SPICE_CURSOR_TYPE_ALPHA;
    const size_t need = (size_t)row_bytes * head->height_px + 4 * kinds[head->type].colours +
                        (alpha ? 0 : plane_bytes);
    const uint8_t *data = spice_read_bytes(r, need);
    if (!data) {
        *why = _("a pointer shape ends early");
        return -EPROTO;
    }
    const bool mono = head->type == SPICE_CURSOR_TYPE_MONO;
    if (!alpha && !mono)
        return read_coloured(head, row_bytes, data, out);
    struct cursor_pixels *p;
    const int err = cursor_alloc(head, alpha ? SPICE_CURSOR_ALPHA : SPICE_CURSOR_MONO, row_bytes,
                                 mono ? 2 * head->height_px : head->height_px, &p);
    if (err < 0)
        return err;
    memcpy(p->bytes, data, need);
    *out = p;
    return 0;
}
