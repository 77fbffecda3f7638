/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "overlay"

#include "overlay/text_api.h"

#include <dlfcn.h>

#include "base/log.h"

static bool load(const char *library, const char *name, const char *what, void **out)
{
    /* Stays open for the life of the process: GLib cannot be unloaded. */
    void *lib = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    *out = lib ? dlsym(lib, name) : NULL;
    if (!*out)
        log_info("%s: %s", what, dlerror());
    return *out != NULL;
}

bool text_api_load(struct text_api *api, const char *what)
{
#define LOAD(name, library)                                                                        \
    if (!load(library, #name, what, (void **)(void *)&api->name))                                  \
        return false;
    TEXT_API_FUNCTIONS(LOAD)
#undef LOAD
    return true;
}

PangoLayout *text_api_lay_out(const struct text_api *api, cairo_t *cr, const char *text,
                              const struct text_style *style, double max_width_px)
{
    PangoLayout *layout = api->pango_cairo_create_layout(cr);
    PangoFontDescription *font = api->pango_font_description_new();
    api->pango_font_description_set_family_static(font, style->family);
    api->pango_font_description_set_absolute_size(font, style->size_px * PANGO_SCALE);
    api->pango_layout_set_font_description(layout, font);
    api->pango_font_description_free(font);
    api->pango_layout_set_width(layout, (int)(max_width_px * PANGO_SCALE));
    api->pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
    api->pango_layout_set_alignment(layout, style->alignment);
    api->pango_layout_set_spacing(layout, (int)(style->size_px * style->spacing * PANGO_SCALE));
    api->pango_layout_set_text(layout, text, -1);
    return layout;
}
