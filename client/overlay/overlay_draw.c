/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "overlay"

#include "overlay/overlay_draw.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/checked.h"
#include "base/text.h"
#include "overlay/text_api.h"

enum { MIN_SIDE_PX = 16, MAX_SIDE_PX = 16384 };

#define GROUND  0xd8000000u /* black, mostly opaque, pre-multiplied */
#define TEXT_PX 15.0        /* at scale 1 */

/* Columns of the list of bindings line up only in a font of one width. */
static const char *const families[OVERLAY_SLOT_COUNT] = {
    [OVERLAY_FIGURES] = "Monospace", [OVERLAY_HELP] = "Monospace", [OVERLAY_QUESTION] = "Sans",
    [OVERLAY_PROGRESS] = "Sans",     [OVERLAY_MIC] = "Sans",       [OVERLAY_NOTICE] = "Sans",
};

struct column {
    PangoLayout *layouts[OVERLAY_SLOT_COUNT];
    double y_px[OVERLAY_SLOT_COUNT];
    double width_px, height_px, margin_px;
};

static void lay_out(const struct text_api *api, cairo_t *cr,
                    const char *const texts[OVERLAY_SLOT_COUNT], double scale, double max_width_px,
                    struct column *c)
{
    *c = (struct column){ .margin_px = ceil(10 * scale) };
    c->height_px = c->margin_px;
    for (int i = 0; i < OVERLAY_SLOT_COUNT; i++) {
        if (!texts[i])
            continue;
        const struct text_style style = { .family = families[i],
                                          .size_px = TEXT_PX * scale,
                                          .spacing = 0.15 };
        int width_px, height_px;
        c->layouts[i] =
            text_api_lay_out(api, cr, texts[i], &style, max_width_px - 2 * c->margin_px);
        api->pango_layout_get_pixel_size(c->layouts[i], &width_px, &height_px);
        c->y_px[i] = c->height_px;
        c->height_px += height_px + c->margin_px;
        c->width_px = fmax(c->width_px, width_px + 2 * c->margin_px);
    }
}

static void free_column(const struct text_api *api, struct column *c)
{
    for (int i = 0; i < OVERLAY_SLOT_COUNT; i++)
        if (c->layouts[i])
            api->g_object_unref(c->layouts[i]);
}

static void show(const struct text_api *api, cairo_t *cr, const struct column *c)
{
    for (int i = 0; i < OVERLAY_SLOT_COUNT; i++) {
        if (!c->layouts[i])
            continue;
        if (i == OVERLAY_MIC)
            api->cairo_set_source_rgb(cr, 1.0, 0.45, 0.4);
        else
            api->cairo_set_source_rgb(cr, 0.94, 0.94, 0.94);
        api->cairo_move_to(cr, c->margin_px, c->y_px[i]);
        api->pango_cairo_show_layout(cr, c->layouts[i]);
    }
}

static cairo_t *draw_on(const struct text_api *api, uint32_t *pixels, uint32_t width_px,
                        uint32_t height_px)
{
    cairo_surface_t *surface =
        api->cairo_image_surface_create_for_data((unsigned char *)pixels, CAIRO_FORMAT_ARGB32,
                                                 (int)width_px, (int)height_px, (int)width_px * 4);
    cairo_t *cr =
        api->cairo_create(surface); /* keeps the surface; of a failed one: draws nothing */
    api->cairo_surface_destroy(surface);
    return cr;
}

/* Measured first: the picture's memory comes with its size. */
static int draw(const struct text_api *api, cairo_t *measure,
                const char *const texts[OVERLAY_SLOT_COUNT], uint32_t max_width_px,
                uint32_t max_height_px, double scale, struct overlay_picture *p)
{
    struct column c;
    lay_out(api, measure, texts, scale, max_width_px, &c);
    p->width_px = min_u32((uint32_t)ceil(c.width_px), max_width_px);
    p->height_px = min_u32((uint32_t)ceil(c.height_px), max_height_px);
    const size_t count = (size_t)p->width_px * p->height_px;
    p->argb = malloc(count * sizeof(*p->argb));
    for (size_t i = 0; p->argb && i < count; i++)
        p->argb[i] = GROUND;
    if (p->argb) {
        cairo_t *cr = draw_on(api, p->argb, p->width_px, p->height_px);
        show(api, cr, &c);
        api->cairo_destroy(cr);
    }
    free_column(api, &c);
    return p->argb ? 0 : -ENOMEM;
}

int overlay_draw(const char *const texts[OVERLAY_SLOT_COUNT], uint32_t max_width_px,
                 uint32_t max_height_px, uint32_t scale_120, struct overlay_picture *out)
{
    bool any = false;
    for (int i = 0; i < OVERLAY_SLOT_COUNT; i++)
        any |= texts[i] != NULL;
    if (!any || max_width_px < MIN_SIDE_PX || max_height_px < MIN_SIDE_PX ||
        max_width_px > MAX_SIDE_PX || max_height_px > MAX_SIDE_PX)
        return -EINVAL;
    struct text_api api;
    if (!text_api_load(&api, _("no text over the picture")))
        return -ENOTSUP;
    uint32_t scratch = 0;
    struct overlay_picture p;
    cairo_t *measure = draw_on(&api, &scratch, 1, 1);
    const int err = draw(&api, measure, texts, max_width_px, max_height_px, scale_120 / 120.0, &p);
    api.cairo_destroy(measure);
    if (err == 0)
        *out = p;
    return err;
}
