/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/overlay/text_api.h - Pango and Cairo, loaded when the first text is drawn: a viewer that
 * shows none never pays for them. Any thread, one at a time. */
#ifndef ESPELHO_OVERLAY_TEXT_API_H
#define ESPELHO_OVERLAY_TEXT_API_H

#include <pango/pangocairo.h>
#include <stdbool.h>

/* name, in which library */
#define TEXT_API_FUNCTIONS(X)                                                                      \
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
#define TEXT_API_MEMBER(name, library)                                                             \
    __typeof__(&(name)) name; /* NOLINT(bugprone-macro-parentheses) */
    TEXT_API_FUNCTIONS(TEXT_API_MEMBER)
#undef TEXT_API_MEMBER
};

/* Cheap after the first time. False: not installed; `what` ("no text on the waiting screen") goes
 * to the log then. */
bool text_api_load(struct text_api *api, const char *what);

/* How one text looks. */
struct text_style {
    const char *family;      /* static */
    double size_px, spacing; /* spacing: between lines, of size_px */
    PangoAlignment alignment;
};
/* Owned by the caller: g_object_unref(). Lines are broken at `max_width_px`. */
PangoLayout *text_api_lay_out(const struct text_api *api, cairo_t *cr, const char *text,
                              const struct text_style *style, double max_width_px);

#endif
