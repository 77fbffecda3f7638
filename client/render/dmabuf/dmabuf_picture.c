/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/dmabuf/dmabuf_picture.h"

#include "base/macros.h"
#include "base/text.h"
#include "render/dmabuf/fourcc.h"

/* 0: not for that use. The 24-bit ones: texture units need all four bytes, so their fourth is not
 * X; on a screen they are packed pixels. */
static const struct {
    uint32_t texture, screen;
    uint32_t unit_bytes;
} formats[] = {
    [FRAME_FORMAT_BGRA] = { FOURCC_XRGB8888, FOURCC_XRGB8888, 4 },
    [FRAME_FORMAT_RGBA] = { FOURCC_XBGR8888, FOURCC_XBGR8888, 4 },
    [FRAME_FORMAT_RGBA10] = { FOURCC_XBGR2101010, FOURCC_XBGR2101010, 4 },
    [FRAME_FORMAT_RGBA16F] = { FOURCC_XBGR16161616F, 0, 8 },
    [FRAME_FORMAT_BGR_32] = { FOURCC_ABGR8888, FOURCC_RGB888, 4 },
    [FRAME_FORMAT_RGB_24] = { FOURCC_ABGR8888, FOURCC_BGR888, 4 },
};

static const char *why_not_on_screen(const struct frame_view *f)
{
    if (f->flags & (FRAME_FLAG_HDR | FRAME_FLAG_HDR_PQ))
        return _("HDR has to be converted");
    if (f->rows_px < f->height_px)
        return _("the picture is truncated: the region is too small for it");
    return NULL;
}

const char *dmabuf_picture_of(const struct frame_view *f, enum dmabuf_use use,
                              struct dmabuf_picture *out)
{
    const size_t i = (size_t)f->fmt->format;
    const uint32_t fourcc = i >= ARRAY_LEN(formats)     ? 0
                            : use == DMABUF_FOR_TEXTURE ? formats[i].texture
                                                        : formats[i].screen;
    const char *why = use == DMABUF_FOR_SCREEN ? why_not_on_screen(f) : NULL;
    if (why)
        return why;
    if (!fourcc)
        return _("there is no DRM format for its pixels");
    const bool units = use == DMABUF_FOR_TEXTURE && f->fmt->bytes_per_pixel == 3;
    const uint32_t width = units ? (uint32_t)((3 * (uint64_t)f->width_px + 3) / 4) : f->width_px;
    if (width == 0 || f->rows_px == 0 || width > DMABUF_MAX_PX || f->rows_px > DMABUF_MAX_PX)
        return _("its size is beyond what drivers take");
    /* units: the last one may reach past the pixels, but not past the row */
    if (f->pitch_bytes % formats[i].unit_bytes != 0 || f->pitch_bytes > DMABUF_MAX_PITCH_BYTES ||
        (units && f->pitch_bytes / 4 < width))
        return _("its rows do not lie as drivers want them");
    if (f->pixels_offset_bytes % formats[i].unit_bytes != 0)
        return _("its pixels begin at an odd place");
    *out = (struct dmabuf_picture){
        .fourcc = fourcc,
        .width = width,
        .height = f->rows_px,
        .pitch_bytes = f->pitch_bytes,
        .offset_bytes = f->pixels_offset_bytes,
        .len_bytes = f->pixels_bytes,
    };
    return NULL;
}

bool dmabuf_picture_equal(const struct dmabuf_picture *a, const struct dmabuf_picture *b)
{
    return a->fourcc == b->fourcc && a->width == b->width && a->height == b->height &&
           a->pitch_bytes == b->pitch_bytes && a->offset_bytes == b->offset_bytes &&
           a->len_bytes == b->len_bytes;
}
