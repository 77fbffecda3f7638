/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "picture/pixels.h"

#include <errno.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>

int pixels_init(struct pixels *p, uint32_t width_px, uint32_t height_px)
{
    *p = (struct pixels){ width_px, height_px,
                          calloc((size_t)width_px * height_px, sizeof(*p->px)) };
    return p->px ? 0 : -ENOMEM;
}

void pixels_fini(struct pixels *p)
{
    free(p->px);
    *p = (struct pixels){ 0 };
}

int pixels_load_png(struct pixels *p, const char *path)
{
    png_image png = { .version = PNG_IMAGE_VERSION };
    int err = -EIO;
    if (png_image_begin_read_from_file(&png, path)) {
        png.format = PNG_FORMAT_BGRA;
        err = pixels_init(p, png.width, png.height);
        if (err == 0 && !png_image_finish_read(&png, NULL, p->px, 0, NULL)) {
            pixels_fini(p);
            err = -EIO;
        }
    }
    if (err < 0)
        fprintf(stderr, "%s: %s\n", path, png.message);
    png_image_free(&png);
    return err;
}

int pixels_save_png(const struct pixels *p, const char *path)
{
    struct pixels opaque;
    int err = pixels_init(&opaque, p->width_px, p->height_px);
    if (err < 0)
        return err;
    for (size_t i = 0; i < (size_t)p->width_px * p->height_px; i++)
        opaque.px[i] = p->px[i] | 0xff000000u;
    png_image png = { .version = PNG_IMAGE_VERSION,
                      .width = p->width_px,
                      .height = p->height_px,
                      .format = PNG_FORMAT_BGRA };
    if (!png_image_write_to_file(&png, path, 0, opaque.px, 0, NULL)) {
        fprintf(stderr, "%s: %s\n", path, png.message);
        err = -EIO;
    }
    pixels_fini(&opaque);
    return err;
}

int pixels_turn(struct pixels *p, uint32_t quarter_turns)
{
    for (uint32_t i = 0; i < quarter_turns % 4; i++) {
        struct pixels out;
        const int err = pixels_init(&out, p->height_px, p->width_px);
        if (err < 0)
            return err;
        for (uint32_t y = 0; y < p->height_px; y++)
            for (uint32_t x = 0; x < p->width_px; x++)
                *pixels_at(&out, p->height_px - 1 - y, x) = *pixels_at(p, x, y);
        pixels_fini(p);
        *p = out;
    }
    return 0;
}

/* How much of source pixel `i` lies in the target pixel that covers [from, to). */
static double overlap(uint32_t i, double from, double to)
{
    const double left = from > i ? from : i, right = to < i + 1.0 ? to : i + 1.0;
    return right > left ? right - left : 0;
}

static uint32_t mean_of(const struct pixels *p, double x0, double x1, double y0, double y1)
{
    double sum[3] = { 0 }, area = 0;
    for (uint32_t y = (uint32_t)y0; y < p->height_px && y < y1; y++) {
        for (uint32_t x = (uint32_t)x0; x < p->width_px && x < x1; x++) {
            const double weight = overlap(x, x0, x1) * overlap(y, y0, y1);
            for (int c = 0; c < 3; c++)
                sum[c] += weight * (*pixels_at(p, x, y) >> 8 * c & 0xff);
            area += weight;
        }
    }
    uint32_t out = 0;
    for (int c = 0; c < 3; c++)
        out |= (uint32_t)(sum[c] / area + 0.5) << 8 * c;
    return out;
}

int pixels_resample(struct pixels *p, uint32_t width_px, uint32_t height_px)
{
    struct pixels out;
    const int err = pixels_init(&out, width_px, height_px);
    if (err < 0)
        return err;
    const double step_x = (double)p->width_px / width_px, step_y = (double)p->height_px / height_px;
    for (uint32_t y = 0; y < height_px; y++)
        for (uint32_t x = 0; x < width_px; x++)
            *pixels_at(&out, x, y) =
                mean_of(p, x * step_x, (x + 1) * step_x, y * step_y, (y + 1) * step_y);
    pixels_fini(p);
    *p = out;
    return 0;
}
