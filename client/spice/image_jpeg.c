/* SPDX-License-Identifier: GPL-2.0-or-later
 * libjpeg reports errors by not returning: the decoder's state that has to survive that lives in
 * one struct, outside the function that is left. */
#include <stdio.h> /* jpeglib.h wants it first */

#include <errno.h>
#include <setjmp.h>

#include <jpeglib.h>

#include "base/text.h"
#include "spice/image_codec.h"

struct decoder {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    jmp_buf away;
    struct spice_pixmap *pixmap; /* owned */
    int err;
    const char *why;
};

static void on_error(j_common_ptr jpeg)
{
    struct decoder *d = jpeg->client_data;
    longjmp(d->away, 1);
}

/* Warnings (a picture that ends early and such) spoil pixels: that is an error here. */
static void on_warning(j_common_ptr jpeg, int level)
{
    if (level < 0)
        on_error(jpeg);
}

static void on_message(j_common_ptr jpeg)
{
    (void)jpeg;
}

static void give_up(struct decoder *d, int err, const char *why)
{
    d->err = err;
    d->why = why;
    longjmp(d->away, 1);
}

static void decode(struct decoder *d, const uint8_t *data, size_t data_bytes)
{
    struct jpeg_decompress_struct *j = &d->jpeg;
    jpeg_create_decompress(j);
    /* A baseline picture needs little; a progressive one holds all coefficients. */
    j->mem->max_memory_to_use = 2L * SPICE_PIXMAP_MAX_BYTES;
    jpeg_mem_src(j, data, (unsigned long)data_bytes);
    (void)jpeg_read_header(j, TRUE);
    if (!spice_pixmap_fits(j->image_width, j->image_height))
        give_up(d, -EPROTO, _("a JPEG picture is empty or too large"));
    if (j->progressive_mode) /* servers send none, and one can cost a thousand passes */
        give_up(d, -ENOTSUP, _("a progressive JPEG picture"));
    j->out_color_space = JCS_EXT_BGRX;
    (void)jpeg_start_decompress(j);
    const int err = spice_pixmap_create(j->image_width, j->image_height, &d->pixmap);
    if (err < 0)
        give_up(d, err, NULL);
    while (j->output_scanline < j->output_height) {
        JSAMPROW row = (JSAMPROW)spice_pixmap_row(d->pixmap, j->output_scanline);
        (void)jpeg_read_scanlines(j, &row, 1);
    }
    (void)jpeg_finish_decompress(j);
}

/* The one function that is come back to. */
static void try_decode(struct decoder *d, const uint8_t *data, size_t data_bytes)
{
    if (setjmp(d->away) != 0)
        return;
    decode(d, data, data_bytes);
    d->err = 0;
}

static void make_opaque(struct spice_pixmap *p)
{
    const size_t count = (size_t)p->width_px * p->height_px;
    for (size_t i = 0; i < count; i++)
        p->pixels[i] |= 0xff000000u;
}

int image_jpeg_decode(const uint8_t *data, size_t data_bytes, struct spice_pixmap **out,
                      const char **why)
{
    struct decoder d = { .err = -EPROTO, .why = _("a JPEG picture is damaged") };
    if (data_bytes == 0) {
        *why = d.why;
        return d.err;
    }
    d.jpeg.err = jpeg_std_error(&d.errors);
    d.jpeg.client_data = &d;
    d.errors.error_exit = on_error;
    d.errors.emit_message = on_warning;
    d.errors.output_message = on_message;
    try_decode(&d, data, data_bytes);
    jpeg_destroy_decompress(&d.jpeg);
    if (d.err < 0) {
        spice_pixmap_unref(d.pixmap);
        *why = d.why;
        return d.err;
    }
    make_opaque(d.pixmap);
    *out = d.pixmap;
    return 0;
}
