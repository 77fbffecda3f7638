/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "publish/bands.h"

#include "base/checked.h"

#define BAND_BYTES (1u << 20)

struct band_copy {
    const struct kvmfr_frame_writer *writer;
    const struct capture_picture *picture;
    uint32_t bytes_per_pixel;
    struct frame_rect rects[2 * DAMAGE_MAX_RECTS]; /* disjoint, inside the rows that fit */
    uint32_t count;
};

/* The rows top..bottom of `r`. Returns the bytes. */
static uint64_t copy_part(const struct band_copy *c, const struct frame_rect *r, uint32_t top,
                          uint32_t bottom)
{
    const uint32_t from = max_u32(r->y_px, top), to = min_u32(r->y_px + r->height_px, bottom);
    if (from >= to)
        return 0;
    const size_t x_bytes = (size_t)r->x_px * c->bytes_per_pixel;
    const size_t row_bytes = (size_t)r->width_px * c->bytes_per_pixel;
    const uint32_t to_pitch = c->writer->pitch_bytes, from_pitch = c->picture->pitch_bytes;
    kvmfr_copy_rows(c->writer->pixels + (size_t)from * to_pitch + x_bytes, to_pitch,
                    c->picture->pixels + (size_t)from * from_pitch + x_bytes, from_pitch, row_bytes,
                    to - from);
    return (uint64_t)row_bytes * (to - from);
}

/* The first row at or below `y` that has something to copy; UINT32_MAX: none. */
static uint32_t next_row(const struct band_copy *c, uint32_t y)
{
    uint32_t next = UINT32_MAX;
    for (uint32_t i = 0; i < c->count; i++)
        if (c->rects[i].y_px + c->rects[i].height_px > y)
            next = min_u32(next, max_u32(c->rects[i].y_px, y));
    return next;
}

uint64_t bands_copy(struct kvmfr_host *host, const struct kvmfr_frame_writer *writer,
                    const struct capture_picture *picture, const struct damage *lacks)
{
    const struct capture_layout *l = &picture->layout;
    struct band_copy c = {
        .writer = writer,
        .picture = picture,
        .bytes_per_pixel = frame_format_find((uint32_t)l->format)->bytes_per_pixel,
    };
    const uint32_t band_px = BAND_BYTES / writer->pitch_bytes + 1;
    uint64_t bytes = 0;
    c.count = damage_sorted_by_bottom(lacks, l->width_px, min_u32(l->height_px, writer->rows_px),
                                      c.rects, ARRAY_LEN(c.rects));
    for (uint32_t top = next_row(&c, 0); top != UINT32_MAX;) {
        const uint32_t bottom = min_u32(top + band_px, writer->rows_px);
        for (uint32_t i = 0; i < c.count; i++)
            bytes += copy_part(&c, &c.rects[i], top, bottom);
        top = next_row(&c, bottom);
        /* everything above the next row to copy is final */
        kvmfr_host_raise_rows(host, writer, min_u32(top, writer->rows_px));
    }
    return bytes;
}
