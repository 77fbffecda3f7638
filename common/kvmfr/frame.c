/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kvmfr/frame.h"

#include <errno.h>
#include <string.h>

#include "base/checked.h"
#include "base/copy_in.h"
#include "base/text.h"
#include "kvmfr/layout.h"

#define KNOWN_FLAGS                                                                                \
    (FRAME_FLAG_BLOCK_SCREENSAVER | FRAME_FLAG_REQUEST_ACTIVATION | FRAME_FLAG_TRUNCATED |         \
     FRAME_FLAG_HDR | FRAME_FLAG_HDR_PQ)
#define WRITE_POINTER_BYTES 4u

static bool size_valid(uint32_t width_px, uint32_t height_px)
{
    return width_px > 0 && width_px <= FRAME_MAX_PX && height_px > 0 && height_px <= FRAME_MAX_PX;
}

/* Rules of section 8 that need nothing but the header. NULL if all hold. */
static const char *header_fault(const struct kvmfr_wire_frame *w)
{
    if (!frame_format_find(w->frame_type))
        return _("unknown pixel type");
    if (!size_valid(w->frame_width, w->frame_height))
        return _("frame size is zero or too large");
    if (!size_valid(w->screen_width, w->screen_height))
        return _("screen size is zero or too large");
    if (w->rotation > FRAME_ROTATE_270)
        return _("unknown rotation");
    if (w->damage_count > FRAME_MAX_DAMAGE)
        return _("more than 64 damage rectangles");
    if (w->fb_offset < sizeof(*w) || w->fb_offset % 4 != 0)
        return _("frame buffer offset inside the header or misaligned");
    if (w->pitch < (uint64_t)w->frame_width * frame_format_find(w->frame_type)->bytes_per_pixel)
        return _("pitch smaller than a row");
    return NULL;
}

/* Damage may reach beyond the image (down-scaling) and is clipped. If nothing is left of it, the
 * host's idea of the picture is not ours: everything counts as damaged, which is always right. */
static void take_damage(const struct kvmfr_wire_frame *w, struct frame_view *out)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < w->damage_count; i++) {
        const struct kvmfr_wire_rect *r = &w->damage[i];
        if (r->x >= w->frame_width || r->y >= w->frame_height || r->width == 0 || r->height == 0)
            continue;
        out->damage[n++] = (struct frame_rect){
            .x_px = r->x,
            .y_px = r->y,
            .width_px = min_u32(r->width, w->frame_width - r->x),
            .height_px = min_u32(r->height, w->frame_height - r->y),
        };
    }
    out->damage_count = n;
}

/* Rows that are really there. The stored count may be zero (then it is all of them), more than the
 * picture has, or, with the truncated flag, more than the buffer holds (traps "overrun in truncated
 * mode" and "message size"). 0: reject. */
static uint32_t rows_present(const struct kvmfr_wire_frame *w, uint32_t payload_bytes)
{
    const uint64_t head_bytes = (uint64_t)w->fb_offset + WRITE_POINTER_BYTES;
    if (head_bytes > payload_bytes)
        return 0;
    const uint32_t rows =
        w->data_height ? min_u32(w->data_height, w->frame_height) : w->frame_height;
    const uint64_t fit = (payload_bytes - head_bytes) / w->pitch;
    if (rows <= fit)
        return rows;
    return w->flags & FRAME_FLAG_TRUNCATED ? (uint32_t)fit : 0;
}

int frame_view_from_wire(const void *region, size_t region_len_bytes, uint32_t offset_bytes,
                         uint32_t len_bytes, struct frame_view *out, const char **why)
{
    struct kvmfr_wire_frame w;
    if (!range_inside(offset_bytes, len_bytes, region_len_bytes) || len_bytes < sizeof(w) ||
        offset_bytes % 4 != 0) {
        *why = _("payload outside the region, misaligned or smaller than a frame header");
        return -EPROTO;
    }
    const uint8_t *payload = (const uint8_t *)region + offset_bytes;
    copy_in(&w, payload, sizeof(w));
    *why = header_fault(&w);
    if (*why)
        return -EPROTO;
    const uint32_t rows = rows_present(&w, len_bytes);
    if (rows == 0) {
        *why = _("pixels do not fit the message");
        return -EPROTO;
    }

    const struct frame_format_info *fmt = frame_format_find(w.frame_type);
    const uint32_t pixels_at = w.fb_offset + WRITE_POINTER_BYTES;
    *out = (struct frame_view){
        .fmt = fmt,
        .format_version = w.format_version,
        .serial = w.frame_serial,
        .width_px = w.frame_width,
        .height_px = w.frame_height,
        .rows_px = rows,
        .screen_width_px = w.screen_width,
        .screen_height_px = w.screen_height,
        .pitch_bytes = w.pitch,
        .row_bytes = w.frame_width * fmt->bytes_per_pixel,
        .rotation = (enum frame_rotation)w.rotation,
        .flags = w.flags & KNOWN_FLAGS,
        .pixels = payload + pixels_at,
        .pixels_bytes = (uint64_t)rows * w.pitch,
        .write_pointer = (const _Atomic uint32_t *)(const void *)(payload + w.fb_offset),
        .payload_offset_bytes = offset_bytes,
        .pixels_offset_bytes = offset_bytes + pixels_at,
    };
    take_damage(&w, out);
    return 0;
}

uint64_t frame_view_ready_bytes(const struct frame_view *view)
{
    /* acquire: pairs with the host's release in kvmfr_host_raise_rows(); the pixels below it are
     * visible */
    return min_u64(atomic_load_explicit(view->write_pointer, memory_order_acquire),
                   view->pixels_bytes);
}

uint32_t frame_view_ready_rows(const struct frame_view *view)
{
    return (uint32_t)(frame_view_ready_bytes(view) / view->pitch_bytes);
}

bool frame_view_same_layout(const struct frame_view *a, const struct frame_view *b)
{
    const uint32_t hdr = FRAME_FLAG_HDR | FRAME_FLAG_HDR_PQ;
    return a->fmt == b->fmt && a->width_px == b->width_px && a->height_px == b->height_px &&
           a->rows_px == b->rows_px && a->screen_width_px == b->screen_width_px &&
           a->screen_height_px == b->screen_height_px && a->pitch_bytes == b->pitch_bytes &&
           a->rotation == b->rotation && (a->flags & hdr) == (b->flags & hdr);
}
