/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "viewer"

#include "viewer/waiting_screen.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/checked.h"
#include "base/text.h"
#include "overlay/text_api.h"

#define BACKGROUND 0xff16181cu

enum { MAX_SIDE_PX = 16384 };

/* One paragraph: how it looks, and where it is. */
struct paragraph {
    const char *text;
    const char *family;
    double size_px;
    double grey;
    PangoAlignment alignment;
    PangoLayout *layout;
    int width_px, height_px;
};

static void lay_out(const struct text_api *api, cairo_t *cr, struct paragraph *p,
                    double max_width_px)
{
    const struct text_style style = {
        .family = p->family, .size_px = p->size_px, .spacing = 0.35, .alignment = p->alignment
    };
    p->layout = text_api_lay_out(api, cr, p->text, &style, max_width_px);
    api->pango_layout_get_pixel_size(p->layout, &p->width_px, &p->height_px);
}

static void show(const struct text_api *api, cairo_t *cr, const struct paragraph *p, double x,
                 double y)
{
    api->cairo_set_source_rgb(cr, p->grey, p->grey, p->grey);
    api->cairo_move_to(cr, x, y);
    api->pango_cairo_show_layout(cr, p->layout);
}

/* Lays both out in a column of the size that `unit` (device pixels for one at scale 1) allows.
 * Returns the height in all. */
static double lay_out_column(const struct text_api *api, cairo_t *cr, struct paragraph p[2],
                             double unit, double column_px)
{
    p[0].size_px = 24 * unit > 9 ? 24 * unit : 9;
    p[1].size_px = 14 * unit > 8 ? 14 * unit : 8;
    for (int i = 0; i < 2; i++) {
        if (p[i].layout)
            api->g_object_unref(p[i].layout);
        lay_out(api, cr, &p[i], column_px);
    }
    return p[1].text[0] ? p[0].height_px + 18 * unit + p[1].height_px : p[0].height_px;
}

static void draw_text(const struct text_api *api, cairo_t *cr, const char *title,
                      const char *detail, double width, double height, double scale)
{
    struct paragraph p[2] = {
        { .text = title, .family = "Sans", .grey = 0.92, .alignment = PANGO_ALIGN_CENTER },
        { .text = detail, .family = "Sans", .grey = 0.62, .alignment = PANGO_ALIGN_LEFT },
    };
    /* In a small window the text becomes smaller, so that a paste-ready line stays a line where it
     * can; and smaller again until long advice fits into a low one, as long as it can be read. */
    double unit = width / 900 < scale ? width / 900 : scale;
    double column_px = 0, total_px = 0;
    for (int attempt = 0; attempt < 4; attempt++) {
        column_px = width * 0.86 < 640 * unit ? width * 0.86 : 640 * unit;
        total_px = lay_out_column(api, cr, p, unit, column_px);
        if (total_px < height * 0.94)
            break;
        unit *= 0.85;
    }
    const double top = total_px < height ? (height - total_px) / 2 : 0;
    show(api, cr, &p[0], (width - column_px) / 2, top);
    /* The lines of the advice begin at one edge, and the block as a whole is centred. */
    show(api, cr, &p[1], (width - p[1].width_px) / 2, top + total_px - p[1].height_px);
    for (int i = 0; i < 2; i++)
        api->g_object_unref(p[i].layout);
}

static void draw_all(const struct text_api *api, const char *title, const char *detail,
                     uint32_t scale_120, const struct still *still)
{
    cairo_surface_t *surface = api->cairo_image_surface_create_for_data(
        (unsigned char *)still->pixels, CAIRO_FORMAT_RGB24, (int)still->width_px,
        (int)still->height_px, (int)still->stride_bytes);
    cairo_t *cr = api->cairo_create(surface); /* of a failed surface: draws nothing */
    draw_text(api, cr, title, detail, still->width_px, still->height_px, scale_120 / 120.0);
    api->cairo_destroy(cr);
    api->cairo_surface_destroy(surface);
}

int waiting_screen_draw(const char *title, const char *detail, uint32_t width_px,
                        uint32_t height_px, uint32_t scale_120, struct still *out)
{
    if (!width_px || !height_px || width_px > MAX_SIDE_PX || height_px > MAX_SIDE_PX)
        return -EINVAL;
    struct still s = { .width_px = width_px, .height_px = height_px, .stride_bytes = width_px * 4 };
    s.pixels = malloc((size_t)s.stride_bytes * s.height_px);
    if (!s.pixels)
        return -ENOMEM;
    for (size_t i = 0; i < (size_t)width_px * height_px; i++)
        s.pixels[i] = BACKGROUND;
    struct text_api api;
    if (text_api_load(&api, _("no text on the waiting screen")))
        draw_all(&api, title, detail, scale_120, &s);
    *out = s;
    return 0;
}
