/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "display/geometry.h"

#include "base/checked.h"

enum { SCALE_ONE = 120 };

static uint32_t sane_scale(uint32_t scale_120)
{
    return scale_120 ? scale_120 : SCALE_ONE;
}

uint32_t geometry_to_px(uint32_t logical, uint32_t scale_120)
{
    const uint64_t px = ((uint64_t)logical * sane_scale(scale_120) + SCALE_ONE / 2) / SCALE_ONE;
    return px > INT32_MAX ? INT32_MAX : (uint32_t)px; /* positions in it are int32_t */
}

static uint32_t to_logical_up(uint32_t px, uint32_t scale_120)
{
    const uint64_t scale = sane_scale(scale_120);
    uint64_t logical = ((uint64_t)px * SCALE_ONE + scale - 1) / scale;
    /* geometry_to_px() rounds: one less may do, and then the window fits exactly instead of having
     * a black line */
    if (logical > 0 && geometry_to_px((uint32_t)(logical - 1), scale_120) >= px)
        logical--;
    return (uint32_t)logical;
}

static enum frame_rotation add_rotation(enum frame_rotation a, enum frame_rotation b)
{
    return (enum frame_rotation)(((unsigned)a + (unsigned)b) & 3u);
}

static bool is_sideways(enum frame_rotation r)
{
    return r == FRAME_ROTATE_90 || r == FRAME_ROTATE_270;
}

/* a * b / c, rounded to nearest, at least 1: sides of a picture that is not empty. */
static uint32_t scaled_side(uint32_t a, uint32_t b, uint32_t c)
{
    const uint64_t side = ((uint64_t)a * b + c / 2) / c;
    return side ? (uint32_t)side : 1;
}

struct extent {
    uint32_t width, height;
};

/* The largest size of the same aspect ratio inside the window. */
static struct extent fit_inside(struct extent picture, struct extent window)
{
    if ((uint64_t)window.width * picture.height <= (uint64_t)window.height * picture.width)
        return (struct extent){ window.width,
                                min_u32(window.height,
                                        scaled_side(picture.height, window.width, picture.width)) };
    return (struct extent){ min_u32(window.width,
                                    scaled_side(picture.width, window.height, picture.height)),
                            window.height };
}

/* No smaller window holds the picture. Under scales that do not divide its size it is some device
 * pixels larger: those stay black, for enlarging by less than a logical pixel would blur all of the
 * picture. */
static bool is_tight(struct extent picture, struct extent window, uint32_t scale_120)
{
    return window.width == geometry_to_px(to_logical_up(picture.width, scale_120), scale_120) &&
           window.height == geometry_to_px(to_logical_up(picture.height, scale_120), scale_120);
}

static struct extent picture_extent(const struct geometry_config *config, struct extent picture,
                                    struct extent window, uint32_t scale_120)
{
    const bool fits = picture.width <= window.width && picture.height <= window.height;
    if (fits && (config->no_upscale || is_tight(picture, window, scale_120)))
        return picture;
    if (fits && config->integer_upscale) {
        const uint32_t factor =
            min_u32(window.width / picture.width, window.height / picture.height);
        return (struct extent){ picture.width * factor, picture.height * factor };
    }
    return config->keep_aspect ? fit_inside(picture, window) : window;
}

void geometry_compute(const struct geometry_config *config, uint32_t logical_width,
                      uint32_t logical_height, uint32_t scale_120, uint32_t frame_width_px,
                      uint32_t frame_height_px, enum frame_rotation frame_rotation,
                      struct geometry *out)
{
    const struct extent window = { geometry_to_px(logical_width, scale_120),
                                   geometry_to_px(logical_height, scale_120) };
    const enum frame_rotation rotation = add_rotation(frame_rotation, config->rotation);
    const struct extent picture = is_sideways(rotation)
                                      ? (struct extent){ frame_height_px, frame_width_px }
                                      : (struct extent){ frame_width_px, frame_height_px };
    *out = (struct geometry){
        .window_width_px = window.width,
        .window_height_px = window.height,
        .rotation = rotation,
        .upright_width_px = picture.width,
        .upright_height_px = picture.height,
    };
    if (!window.width || !window.height || !picture.width || !picture.height)
        return;
    const struct extent shown = picture_extent(config, picture, window, scale_120);
    out->image_px = (struct geometry_rect){
        .x = (int32_t)((window.width - shown.width) / 2),
        .y = (int32_t)((window.height - shown.height) / 2),
        .width = shown.width,
        .height = shown.height,
    };
    out->exact = shown.width == picture.width && shown.height == picture.height;
}

void geometry_size_for_guest(const struct geometry_config *config, uint32_t scale_120,
                             uint32_t frame_width_px, uint32_t frame_height_px,
                             enum frame_rotation frame_rotation, uint32_t *logical_width,
                             uint32_t *logical_height)
{
    const bool sideways = is_sideways(add_rotation(frame_rotation, config->rotation));
    *logical_width = to_logical_up(sideways ? frame_height_px : frame_width_px, scale_120);
    *logical_height = to_logical_up(sideways ? frame_width_px : frame_height_px, scale_120);
}

static double map(double v, double from, double from_len, double to, double to_len)
{
    return from_len > 0 ? to + (v - from) * to_len / from_len : to;
}

void geometry_px_to_guest(const struct geometry *g, double x_px, double y_px, double *guest_x,
                          double *guest_y)
{
    *guest_x = map(x_px, g->image_px.x, g->image_px.width, 0, g->upright_width_px);
    *guest_y = map(y_px, g->image_px.y, g->image_px.height, 0, g->upright_height_px);
}

void geometry_guest_to_px(const struct geometry *g, double guest_x, double guest_y, double *x_px,
                          double *y_px)
{
    *x_px = map(guest_x, 0, g->upright_width_px, g->image_px.x, g->image_px.width);
    *y_px = map(guest_y, 0, g->upright_height_px, g->image_px.y, g->image_px.height);
}

bool geometry_equal(const struct geometry *a, const struct geometry *b)
{
    return a->window_width_px == b->window_width_px && a->window_height_px == b->window_height_px &&
           a->rotation == b->rotation && a->upright_width_px == b->upright_width_px &&
           a->upright_height_px == b->upright_height_px && a->image_px.x == b->image_px.x &&
           a->image_px.y == b->image_px.y && a->image_px.width == b->image_px.width &&
           a->image_px.height == b->image_px.height && a->exact == b->exact;
}
