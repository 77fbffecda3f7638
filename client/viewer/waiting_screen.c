/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "viewer"

#include "viewer/waiting_screen.h"

#include <dlfcn.h>
#include <errno.h>
#include <pango/pangocairo.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/checked.h"
#include "base/log.h"

#define BACKGROUND 0xff16181cu

enum { MAX_SIDE_PX = 16384 };

/* name, in which library */
#define TEXT_FUNCTIONS(X)                                                                          \
    X(cairo_image_surface_create_for_data, "libcairo.so.2")                                        \
    X(cairo_surface_destroy, "libcairo.so.2")                                                      \
    X(cairo_create, "libcairo.so.2")                                                               \
    X(cairo_destroy, "libcairo.so.2")                                                              \
    X(cairo_set_source_rgb, "libcairo.so.2")                                                       \
    X(cairo_move_to, "libcairo.so.2")                                                              \
    X(pango_cairo_create_layout, "libpangocairo-1.0.so.0")                                         \
    X(pango_cairo_show_layout, "libpangocairo-1.0.so.0")                                           \
    X(pango_font_description_new, "libpango-1.0.so.0")                                             \
    X(pango_font_description_set_family_static, "libpango-1.0.so.0")                               \
    X(pango_font_description_set_absolute_size, "libpango-1.0.so.0")                               \
    X(pango_font_description_free, "libpango-1.0.so.0")                                            \
    X(pango_layout_set_font_description, "libpango-1.0.so.0")                                      \
    X(pango_layout_set_text, "libpango-1.0.so.0")                                                  \
    X(pango_layout_set_width, "libpango-1.0.so.0")                                                 \
    X(pango_layout_set_wrap, "libpango-1.0.so.0")                                                  \
    X(pango_layout_set_alignment, "libpango-1.0.so.0")                                             \
    X(pango_layout_set_spacing, "libpango-1.0.so.0")                                               \
    X(pango_layout_get_pixel_size, "libpango-1.0.so.0")                                            \
    X(g_object_unref, "libgobject-2.0.so.0")

struct text_api {
#define MEMBER(name, library) __typeof__(&(name)) name; /* NOLINT(bugprone-macro-parentheses) */
    TEXT_FUNCTIONS(MEMBER)
#undef MEMBER
};

static bool load(const char *library, const char *name, void **out)
{
    /* Stays open for the life of the process: GLib cannot be unloaded. */
    void *lib = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    *out = lib ? dlsym(lib, name) : NULL;
    if (!*out)
        log_info("the waiting screen has no text: %s", dlerror());
    return *out != NULL;
}

static bool load_text_api(struct text_api *api)
{
#define LOAD(name, library)                                                                        \
    if (!load(library, #name, (void **)(void *)&api->name))                                        \
        return false;
    TEXT_FUNCTIONS(LOAD)
#undef LOAD
    return true;
}

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
    p->layout = api->pango_cairo_create_layout(cr);
    PangoFontDescription *font = api->pango_font_description_new();
    api->pango_font_description_set_family_static(font, p->family);
    api->pango_font_description_set_absolute_size(font, p->size_px * PANGO_SCALE);
    api->pango_layout_set_font_description(p->layout, font);
    api->pango_font_description_free(font);
    api->pango_layout_set_width(p->layout, (int)(max_width_px * PANGO_SCALE));
    api->pango_layout_set_wrap(p->layout, PANGO_WRAP_WORD_CHAR);
    api->pango_layout_set_alignment(p->layout, p->alignment);
    api->pango_layout_set_spacing(p->layout, (int)(p->size_px * 0.35 * PANGO_SCALE));
    api->pango_layout_set_text(p->layout, p->text, -1);
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
    if (load_text_api(&api)) /* cheap when loaded already, and this is drawn rarely */
        draw_all(&api, title, detail, scale_120, &s);
    *out = s;
    return 0;
}
