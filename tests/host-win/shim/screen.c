/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shim/screen.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"

static uint32_t mix(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    uint32_t h = a * 0x9E3779B1u ^ b * 0x85EBCA77u ^ c * 0xC2B2AE3Du ^ d * 0x27D4EB2Fu;
    h = (h ^ h >> 15) * 0x2C1B3C6Du;
    h = (h ^ h >> 12) * 0x297A2D39u;
    return h ^ h >> 15;
}

static uint32_t pattern_at(const struct shim_screen *s, uint32_t event, uint32_t x, uint32_t y)
{
    const uint32_t shift = s->pattern == SHIM_PATTERN_BLOCKS ? 3 : 0;
    return mix(x >> shift, y >> shift, event, s->output) & 0xFFFFFF;
}

/* Round to nearest, ties to even; for 0 <= value < 65504. */
static uint16_t half_of(double value)
{
    if (value < 0x1p-24 / 2)
        return 0;
    int exponent;
    frexp(value, &exponent); /* value = m * 2^exponent, 0.5 <= m < 1 */
    exponent = exponent - 1 < -14 ? -14 : exponent - 1;
    const double units = nearbyint(ldexp(value, 10 - exponent)); /* of the last mantissa bit */
    /* A normal number has bit 10 set, which adds one to the exponent field of a subnormal (0); a
     * mantissa that rounded up to 2048 carries into it, as it should. */
    return (uint16_t)((uint32_t)(exponent + 14) * 1024 + (uint32_t)units);
}

static void make_halves(struct shim_screen *s)
{
    for (uint32_t i = 0; i < 256; i++) {
        const double c = i / 255.0;
        const double linear = c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
        s->half[i] = half_of(linear * s->white_nits / 80);
    }
}

static struct shim_rect clipped(const struct shim_screen *s, struct shim_rect r)
{
    const int32_t width = (int32_t)s->width_px, height = (int32_t)s->height_px;
    r.left = r.left < 0 ? 0 : r.left;
    r.top = r.top < 0 ? 0 : r.top;
    r.right = r.right > width ? width : r.right;
    r.bottom = r.bottom > height ? height : r.bottom;
    return r.left < r.right && r.top < r.bottom ? r : (struct shim_rect){ 0 };
}

static struct shim_rect whole(const struct shim_screen *s)
{
    return (struct shim_rect){ 0, 0, (int32_t)s->width_px, (int32_t)s->height_px };
}

static struct shim_rect rect_of(const int32_t n[4])
{
    return (struct shim_rect){ n[0], n[1], n[0] + n[2], n[1] + n[3] };
}

/* colour < 0: the pattern. */
static void paint(struct shim_screen *s, struct shim_rect r, uint32_t event, int32_t colour)
{
    r = clipped(s, r);
    for (int32_t y = r.top; y < r.bottom; y++)
        for (int32_t x = r.left; x < r.right; x++)
            s->pixels[(size_t)y * s->width_px + (size_t)x] =
                colour >= 0 ? (uint32_t)colour : pattern_at(s, event, (uint32_t)x, (uint32_t)y);
}

/* Only what lies inside at both places moves. */
static bool move_pixels(struct shim_screen *s, const int32_t n[6], struct shim_move *out)
{
    const int32_t dx = n[4] - n[0], dy = n[5] - n[1];
    const struct shim_rect from = clipped(s, rect_of(n));
    struct shim_rect to = { from.left + dx, from.top + dy, from.right + dx, from.bottom + dy };
    to = clipped(s, to);
    if (to.left == to.right)
        return false;
    const int32_t rows = to.bottom - to.top;
    for (int32_t i = 0; i < rows; i++) {
        const int32_t y = dy > 0 ? to.bottom - 1 - i : to.top + i; /* rows may overlap */
        memmove(s->pixels + (size_t)y * s->width_px + to.left,
                s->pixels + (size_t)(y - dy) * s->width_px + (to.left - dx),
                (size_t)(to.right - to.left) * sizeof(*s->pixels));
    }
    *out = (struct shim_move){ to.left - dx, to.top - dy, to };
    return true;
}

static void add_painted(struct shim_screen *s, struct shim_news *news, struct shim_rect r)
{
    struct shim_rect *all = &news->painted;
    r = clipped(s, r);
    if (r.left == r.right)
        return;
    if (all->left == all->right) {
        *all = r;
        return;
    }
    all->left = r.left < all->left ? r.left : all->left;
    all->top = r.top < all->top ? r.top : all->top;
    all->right = r.right > all->right ? r.right : all->right;
    all->bottom = r.bottom > all->bottom ? r.bottom : all->bottom;
}

static void add_dirty(struct shim_news *news, struct shim_rect r)
{
    news->frame = true;
    if (news->dirty_count < SHIM_MAX_RECTS)
        news->dirty[news->dirty_count++] = r;
}

static void paint_reported(struct shim_screen *s, struct shim_rect r, uint32_t event,
                           int32_t colour, struct shim_news *news)
{
    paint(s, r, event, colour);
    add_painted(s, news, r);
    add_dirty(news, r);
}

static void paint_random(struct shim_screen *s, uint32_t event, uint32_t count,
                         struct shim_news *news)
{
    for (uint32_t i = 0; i < count && i < SHIM_MAX_RECTS; i++) {
        const uint32_t place = mix(i, event, 7, s->output), size = mix(i, event, 8, s->output);
        const int32_t n[4] = { (int32_t)(place % s->width_px),
                               (int32_t)(place / 65536 % s->height_px), (int32_t)(1 + size % 48),
                               (int32_t)(1 + size / 65536 % 48) };
        paint_reported(s, clipped(s, rect_of(n)), event, -1, news);
    }
}

static void move_reported(struct shim_screen *s, const int32_t n[6], struct shim_news *news)
{
    struct shim_move move;
    if (news->move_count == SHIM_MAX_RECTS || !move_pixels(s, n, &move))
        return;
    news->frame = true;
    news->moves[news->move_count++] = move;
    add_painted(s, news, move.to);
}

void shim_pointer_shape(struct shim_pointer *p, const struct shim_command *c, uint32_t event)
{
    const uint32_t max = SHIM_MAX_SHAPE_PX;
    p->shape = (enum cursor_type)c->n[0];
    p->width_px = (uint32_t)c->n[1] > max ? max : (uint32_t)c->n[1];
    p->height_px = (uint32_t)c->n[2] > max ? max : (uint32_t)c->n[2];
    p->hot_x_px = (uint32_t)c->n[3];
    p->hot_y_px = (uint32_t)c->n[4];
    p->shape_event = event;
}

/* Commands about the layout: true if it was one. */
static bool set_layout(struct shim_screen *s, const struct shim_command *c)
{
    switch (c->op) {
    case SHIM_OP_MODE:
        s->width_px = (uint32_t)c->n[0];
        s->height_px = (uint32_t)c->n[1];
        return true;
    case SHIM_OP_ROTATION:
        s->quarter_turns = c->n[0];
        return true;
    case SHIM_OP_FORMAT:
        s->format = (enum frame_format)c->n[0];
        return true;
    case SHIM_OP_COLOUR:
        s->colour = (enum shim_colour)c->n[0];
        return true;
    case SHIM_OP_WHITE:
        s->white_nits = (uint32_t)c->n[0];
        return true;
    case SHIM_OP_PATTERN:
        s->pattern = (enum shim_pattern)c->n[0];
        return true;
    default:
        return false;
    }
}

static void obey(struct shim_screen *s, const struct shim_command *c, uint32_t event,
                 struct shim_news *news)
{
    switch (c->op) {
    case SHIM_OP_FULL:
        paint_reported(s, whole(s), event, -1, news);
        break;
    case SHIM_OP_PAINT:
        paint_reported(s, rect_of(c->n), event, c->n[4], news);
        break;
    case SHIM_OP_RANDOM:
        paint_random(s, event, (uint32_t)c->n[0], news);
        break;
    case SHIM_OP_DIRTY:
        add_dirty(news, rect_of(c->n));
        break;
    case SHIM_OP_SECRET:
        paint(s, rect_of(c->n), event, -1);
        add_painted(s, news, rect_of(c->n));
        news->frame = true;
        break;
    case SHIM_OP_MOVE:
        move_reported(s, c->n, news);
        break;
    case SHIM_OP_BARE:
        news->bare = news->frame = true;
        break;
    case SHIM_OP_ACCUMULATED:
        news->accumulated = c->n[0];
        break;
    case SHIM_OP_PROTECTED:
        news->protected_content = news->frame = true;
        break;
    case SHIM_OP_METADATA:
        news->metadata_bytes = c->n[0];
        break;
    case SHIM_OP_POINTER:
        news->pointer_moved = true;
        s->pointer.x_px = c->n[0];
        s->pointer.y_px = c->n[1];
        s->pointer.visible = c->n[2] != 0;
        break;
    case SHIM_OP_SHAPE:
        news->shape = true;
        shim_pointer_shape(&s->pointer, c, event);
        break;
    default:
        break; /* of time, of calls, of outputs: not the screen's */
    }
}

int shim_screen_resize(struct shim_screen *s, uint32_t width_px, uint32_t height_px, uint32_t event)
{
    uint32_t *pixels = calloc((size_t)width_px * height_px, sizeof(*pixels));
    if (!pixels)
        return -ENOMEM;
    free(s->pixels);
    s->pixels = pixels;
    s->width_px = width_px;
    s->height_px = height_px;
    paint(s, whole(s), event, -1);
    return 0;
}

int shim_screen_apply(struct shim_screen *s, const struct shim_script *script, uint32_t event,
                      struct shim_news *news)
{
    const struct shim_event *e = &script->events[event];
    const struct shim_command *commands = script->commands + e->first_command;
    *news = (struct shim_news){ .accumulated = -1, .metadata_bytes = -1 };
    for (uint32_t i = 0; i < e->command_count; i++)
        news->remade |= set_layout(s, &commands[i]);
    if (news->remade) {
        make_halves(s);
        const int err = shim_screen_resize(s, s->width_px, s->height_px, event);
        if (err < 0)
            return err;
    }
    for (uint32_t i = 0; i < e->command_count; i++)
        obey(s, &commands[i], event, news);
    return 0;
}

int shim_screen_init(struct shim_screen *s, const struct shim_script *script, uint32_t output)
{
    *s = (struct shim_screen){ .output = output,
                               .width_px = 800,
                               .height_px = 600,
                               .format = FRAME_FORMAT_BGRA,
                               .white_nits = 80 };
    make_halves(s);
    struct shim_news *news = malloc(sizeof(*news));
    int err = news ? shim_screen_resize(s, s->width_px, s->height_px, 0) : -ENOMEM;
    if (err == 0)
        err = shim_screen_apply(s, script, 0, news);
    free(news);
    if (err < 0)
        shim_screen_fini(s);
    return err;
}

void shim_screen_fini(struct shim_screen *s)
{
    free(s->pixels);
    s->pixels = NULL;
}

static uint32_t ten_bits(uint32_t c)
{
    return c << 2 | c >> 6;
}

static uint32_t word_of(uint32_t rgb, enum frame_format format)
{
    const uint32_t r = rgb >> 16 & 255, g = rgb >> 8 & 255, b = rgb & 255;
    if (format == FRAME_FORMAT_RGBA)
        return 0xFF000000u | b << 16 | g << 8 | r;
    if (format == FRAME_FORMAT_RGBA10)
        return 3u << 30 | ten_bits(b) << 20 | ten_bits(g) << 10 | ten_bits(r);
    return 0xFF000000u | rgb;
}

void shim_screen_row(const struct shim_screen *s, enum frame_format format, uint32_t x_px,
                     uint32_t y_px, uint32_t count_px, void *out)
{
    const uint32_t *in = s->pixels + (size_t)y_px * s->width_px + x_px;
    uint8_t *to = out;
    for (uint32_t i = 0; i < count_px; i++) {
        if (format == FRAME_FORMAT_RGBA16F) {
            const uint16_t p[4] = { s->half[in[i] >> 16 & 255], s->half[in[i] >> 8 & 255],
                                    s->half[in[i] & 255], 0x3C00 };
            memcpy(to + (size_t)i * 8, p, 8);
        } else {
            const uint32_t p = word_of(in[i], format);
            memcpy(to + (size_t)i * 4, &p, 4);
        }
    }
}

uint32_t shim_pointer_pitch_bytes(const struct shim_pointer *p)
{
    return p->shape == CURSOR_MONOCHROME ? (p->width_px + 7) / 8 : p->width_px * 4;
}

uint32_t shim_pointer_rows(const struct shim_pointer *p)
{
    return p->shape == CURSOR_MONOCHROME ? p->height_px * 2 : p->height_px;
}

void shim_pointer_bytes(const struct shim_pointer *p, uint8_t *out)
{
    const uint32_t pitch = shim_pointer_pitch_bytes(p), rows = shim_pointer_rows(p);
    for (uint32_t y = 0; y < rows; y++)
        for (uint32_t x = 0; x < pitch; x++)
            out[(size_t)y * pitch + x] = (uint8_t)mix(x, y, p->shape_event, 77);
    if (p->shape != CURSOR_MASKED_COLOUR)
        return;
    for (uint32_t i = 3; i < pitch * rows; i += 4)
        out[i] = out[i] & 1 ? 255 : 0; /* the mask has no other values */
}
