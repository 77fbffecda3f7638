/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Colour shapes carry straight alpha here: that is what Windows cursors hold (the release's
 * renderers disagree among themselves, docs/protocol/kvmfr.md section 4); shapes whose alpha is 0
 * with RGB 0, or 255, look the same either way. */
#include "frame/cursor_image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OPAQUE_BLACK 0xff000000u
#define OPAQUE_WHITE 0xffffffffu
#define RGB_MASK     0x00ffffffu

/* c * a / 255, rounded to nearest; c, a: 0..255. */
static uint32_t scale_u8(uint32_t c, uint32_t a)
{
    return (c * a + 127) / 255;
}

static uint32_t read_le32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t premultiply(uint32_t argb)
{
    const uint32_t a = argb >> 24;
    return a << 24 | scale_u8(argb >> 16 & 0xff, a) << 16 | scale_u8(argb >> 8 & 0xff, a) << 8 |
           scale_u8(argb & 0xff, a);
}

static bool bit_at(const uint8_t *row, uint32_t x)
{
    return row[x / 8] >> (7 - x % 8) & 1;
}

/* Each fills one pixel of both planes. */
static void colour_px(const struct cursor_shape *s, uint32_t x, uint32_t y, uint32_t *argb,
                      uint32_t *xor_rgb)
{
    *argb = premultiply(read_le32(s->data + (size_t)y * s->pitch_bytes + 4 * (size_t)x));
    *xor_rgb = 0;
}

static void masked_px(const struct cursor_shape *s, uint32_t x, uint32_t y, uint32_t *argb,
                      uint32_t *xor_rgb)
{
    const uint32_t v = read_le32(s->data + (size_t)y * s->pitch_bytes + 4 * (size_t)x);
    const bool replaces = v >> 24 == 0;
    *argb = replaces ? OPAQUE_BLACK | (v & RGB_MASK) : 0;
    *xor_rgb = replaces ? 0 : v & RGB_MASK;
}

static void monochrome_px(const struct cursor_shape *s, uint32_t x, uint32_t y, uint32_t *argb,
                          uint32_t *xor_rgb)
{
    const bool keep = bit_at(s->data + (size_t)y * s->pitch_bytes, x);
    const bool flip = bit_at(s->data + ((size_t)y + s->height_px) * s->pitch_bytes, x);
    *argb = keep ? 0 : flip ? OPAQUE_WHITE : OPAQUE_BLACK;
    *xor_rgb = keep && flip ? RGB_MASK : 0;
}

typedef void (*pixel_fn)(const struct cursor_shape *s, uint32_t x, uint32_t y, uint32_t *argb,
                         uint32_t *xor_rgb);

static const struct {
    pixel_fn fn;
    uint32_t bits_per_px, rows_per_px;
} kinds[] = {
    [CURSOR_COLOUR] = { colour_px, 32, 1 },
    [CURSOR_MONOCHROME] = { monochrome_px, 1, 2 },
    [CURSOR_MASKED_COLOUR] = { masked_px, 32, 1 },
};

/* The shape was checked when it came in; this costs nothing and keeps a wrong caller inside its
 * buffer. */
static bool shape_is_sound(const struct cursor_shape *s)
{
    if ((unsigned)s->type >= ARRAY_LEN(kinds) || !kinds[s->type].fn || !s->data)
        return false;
    if (s->width_px == 0 || s->width_px > CURSOR_MAX_PX || s->height_px == 0 ||
        s->height_px > CURSOR_MAX_PX)
        return false;
    if (s->pitch_bytes < (s->width_px * kinds[s->type].bits_per_px + 7) / 8)
        return false;
    return (uint64_t)s->pitch_bytes * s->height_px * kinds[s->type].rows_per_px <= s->data_bytes;
}

/* Both planes, zeroed. */
static int image_alloc(uint32_t width_px, uint32_t height_px, bool with_xor,
                       struct cursor_image *out)
{
    const size_t count = (size_t)width_px * height_px;
    struct cursor_image image = { .width_px = width_px, .height_px = height_px };
    image.argb = calloc(count, sizeof(*image.argb));
    if (with_xor)
        image.xor_rgb = calloc(count, sizeof(*image.xor_rgb));
    if (!image.argb || (with_xor && !image.xor_rgb)) {
        cursor_image_fini(&image);
        return -ENOMEM;
    }
    *out = image;
    return 0;
}

int cursor_image_from_shape(const struct cursor_shape *shape, struct cursor_image *out)
{
    if (!shape_is_sound(shape))
        return -EINVAL;
    struct cursor_image image;
    const int err =
        image_alloc(shape->width_px, shape->height_px, shape->type != CURSOR_COLOUR, &image);
    if (err < 0)
        return err;
    uint32_t any_xor = 0;
    for (uint32_t y = 0; y < image.height_px; y++) {
        for (uint32_t x = 0; x < image.width_px; x++) {
            const size_t at = (size_t)y * image.width_px + x;
            uint32_t xor_rgb;
            kinds[shape->type].fn(shape, x, y, &image.argb[at], &xor_rgb);
            if (image.xor_rgb)
                image.xor_rgb[at] = xor_rgb;
            any_xor |= xor_rgb;
        }
    }
    if (any_xor == 0) {
        free(image.xor_rgb);
        image.xor_rgb = NULL;
    }
    *out = image;
    return 0;
}

void cursor_image_fini(struct cursor_image *image)
{
    free(image->argb);
    free(image->xor_rgb);
    *image = (struct cursor_image){ 0 };
}

/* dst = src + dst * (1 - alpha), each channel rounded to nearest. Sources with alpha 255 replace,
 * with alpha 0 they add nothing. */
static uint32_t blend(uint32_t dst, uint32_t src)
{
    const uint32_t rest = 255 - (src >> 24);
    uint32_t out = OPAQUE_BLACK;
    for (uint32_t shift = 0; shift < 24; shift += 8) {
        const uint32_t c = (src >> shift & 0xff) + scale_u8(dst >> shift & 0xff, rest);
        out |= (c > 255 ? 255 : c) << shift;
    }
    return out;
}

void cursor_image_draw(const struct cursor_image *image, uint32_t *dst, uint32_t dst_stride_bytes,
                       uint32_t dst_width_px, uint32_t dst_height_px, int32_t x_px, int32_t y_px)
{
    const int64_t x0 = x_px > 0 ? x_px : 0, y0 = y_px > 0 ? y_px : 0;
    const int64_t right = (int64_t)x_px + image->width_px,
                  bottom = (int64_t)y_px + image->height_px;
    const int64_t x1 = right < dst_width_px ? right : dst_width_px,
                  y1 = bottom < dst_height_px ? bottom : dst_height_px;
    for (int64_t y = y0; y < y1; y++) {
        uint32_t *row = (uint32_t *)(void *)((uint8_t *)dst + (size_t)y * dst_stride_bytes);
        const size_t src_row = (size_t)(y - y_px) * image->width_px;
        for (int64_t x = x0; x < x1; x++) {
            const size_t at = src_row + (size_t)(x - x_px);
            row[x] = blend(row[x], image->argb[at]) ^ (image->xor_rgb ? image->xor_rgb[at] : 0);
        }
    }
}

/* Where pixel x, y of the source lands after `turns` clockwise quarter turns. */
static size_t turned_index(const struct cursor_image *src, uint32_t turns, uint32_t x, uint32_t y)
{
    const size_t w = src->width_px, h = src->height_px;
    switch (turns) {
    case 1:
        return x * h + (h - 1 - y);
    case 2:
        return (h - 1 - y) * w + (w - 1 - x);
    case 3:
        return (w - 1 - x) * h + y;
    default:
        return y * w + x;
    }
}

int cursor_image_rotate(const struct cursor_image *image, uint32_t quarter_turns,
                        struct cursor_image *out)
{
    const uint32_t turns = quarter_turns % 4;
    const bool sideways = turns % 2 == 1;
    struct cursor_image turned;
    const int err =
        image_alloc(sideways ? image->height_px : image->width_px,
                    sideways ? image->width_px : image->height_px, image->xor_rgb != NULL, &turned);
    if (err < 0)
        return err;
    for (uint32_t y = 0; y < image->height_px; y++) {
        for (uint32_t x = 0; x < image->width_px; x++) {
            const size_t from = (size_t)y * image->width_px + x,
                         to = turned_index(image, turns, x, y);
            turned.argb[to] = image->argb[from];
            if (image->xor_rgb)
                turned.xor_rgb[to] = image->xor_rgb[from];
        }
    }
    *out = turned;
    return 0;
}
