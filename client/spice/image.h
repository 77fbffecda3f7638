/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/spice/image.h - pictures inside display messages, decoded: raw bitmaps, LZ4, LZ (true
 * colour), JPEG, JPEG with alpha. Not spoken: QUIC, GLZ, zlib-GLZ, LZ with palette or 16 bits;
 * servers are asked to send none (display.h), and the caller is told which one came.
 *
 * Everything is checked against the bytes at hand and the limits of pixmap.h before memory is
 * taken. Pure functions of their bytes, any thread. */
#ifndef ESPELHO_SPICE_IMAGE_H
#define ESPELHO_SPICE_IMAGE_H

#include <stdint.h>

#include "base/macros.h"
#include "spice/pixmap.h"
#include "spice/reader.h"

struct spice_image_head {
    uint64_t id;
    uint8_t type, flags; /* SPICE_IMAGE_TYPE_*, SPICE_IMAGE_FLAGS_* */
    uint32_t width_px, height_px;
};

struct spice_palette {
    uint64_t id;
    uint32_t count;
    uint32_t colours[256];
};

/* What palette entries and 16-bit pixels mean on the surface that is drawn on. */
enum spice_depth { SPICE_DEPTH_NONE, SPICE_DEPTH_32, SPICE_DEPTH_555, SPICE_DEPTH_565 };
/* A colour as the server writes it for a surface of this depth, as 0xffRRGGBB. */
uint32_t spice_depth_colour(enum spice_depth depth, uint32_t colour);

/* Palettes that the server wants kept. All zero: empty. The server keeps count of as many. */
enum { SPICE_PALETTES_MAX = 128 };
struct spice_palettes {
    struct spice_palette *kept[SPICE_PALETTES_MAX]; /* owned; oldest first */
    uint32_t count;
};
void spice_palettes_drop(struct spice_palettes *p, uint64_t id);
void spice_palettes_clear(struct spice_palettes *p);

/* One message: palettes lie anywhere in it. */
struct spice_image_context {
    const uint8_t *body;
    size_t body_bytes;
    enum spice_depth depth;
    struct spice_palettes *palettes;
};

/* The descriptor in front of every image. 0; -EPROTO: it ends early or its size is beyond the
 * limits
 * (*why: static text). */
int spice_image_read_head(struct spice_reader *r, struct spice_image_head *out,
                          const char **why) MUST_CHECK;
/* What follows the descriptor, at `r`, of every type that holds its own pixels. 0: the caller owns
 * a reference of *out. -EPROTO malformed; -ENOTSUP a kind we cannot decode; both with a static text
 * in *why. -ENOMEM. */
int spice_image_decode(const struct spice_image_context *context,
                       const struct spice_image_head *head, struct spice_reader *r,
                       struct spice_pixmap **out, const char **why) MUST_CHECK;
/* A JPEG picture of any size within the limits (streams). As above. */
int spice_image_decode_jpeg(const uint8_t *data, size_t data_bytes, struct spice_pixmap **out,
                            const char **why) MUST_CHECK;

#endif
