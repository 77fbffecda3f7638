/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/render/dmabuf/dmabuf_picture.h - a frame as others see it who read it in place: a DRM
 * format, sizes and a range of the region. Pure functions; any thread.
 *
 * What the guest said was checked when the frame was read (kvmfr/frame.h); here it is checked once
 * more against what a driver takes, since a driver is a place where surprises are expensive.
 * Formats: docs/protocol/kvmfr.md 3.1, and fourcc.h. */
#ifndef ESPELHO_RENDER_DMABUF_DMABUF_PICTURE_H
#define ESPELHO_RENDER_DMABUF_DMABUF_PICTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "kvmfr/frame.h"

/* Beyond these no driver is asked. */
#define DMABUF_MAX_PX          32768u
#define DMABUF_MAX_PITCH_BYTES (1u << 20)

enum dmabuf_use {
    DMABUF_FOR_TEXTURE, /* a shader of ours reads it: 24-bit pixels as units of four bytes, HDR */
    DMABUF_FOR_SCREEN,  /* a compositor shows it as it is: complete pictures of SDR */
};

struct dmabuf_picture {
    uint32_t fourcc;
    uint32_t width,
        height; /* in pixels of `fourcc`, which may be units of several of the guest's */
    uint32_t pitch_bytes;
    uint64_t offset_bytes, len_bytes; /* in the region */
};

/* NULL and *out; or why not, a static text. */
const char *dmabuf_picture_of(const struct frame_view *frame, enum dmabuf_use use,
                              struct dmabuf_picture *out);
bool dmabuf_picture_equal(const struct dmabuf_picture *a, const struct dmabuf_picture *b);

#endif
