/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Layers, top first: serial strip, clock, box, scrolled text, colour ramps, ground. The ground is
 * the bitwise OR of a part that depends on the column and one that depends on the row, so that a
 * whole moving screen can be drawn at the speed of a copy. */
#include "testcard/picture.h"

#include "testcard/strip.h"

enum {
    BOX_PX = 64,
    CLOCK_X_PX = STRIP_WIDTH_PX + 8, /* beside the strip */
    DIGIT_WIDTH_PX = 12,
    DIGIT_HEIGHT_PX = 20,
    CLOCK_DIGITS = 6, /* minutes, seconds, hundredths */
    CELL_WIDTH_PX = 8,
    CELL_HEIGHT_PX = 16,
    SCROLL_STEP_PX = 2,
    RAMP_PX = 8,
};

#define RGB_WHITE 0xffffffu
#define RGB_INK   0x102030u
#define RGB_PAPER 0xf4f0e8u

static struct frame_rect clip(const struct picture *p, uint32_t x, uint32_t y, uint32_t width,
                              uint32_t height)
{
    struct frame_rect r = { 0 };
    if (x < p->width_px && y < p->height_px) {
        r.x_px = x;
        r.y_px = y;
        r.width_px = width < p->width_px - x ? width : p->width_px - x;
        r.height_px = height < p->height_px - y ? height : p->height_px - y;
    }
    return r;
}

static uint32_t mix(uint32_t a, uint32_t b)
{
    uint32_t h = a * 0x9e3779b1u ^ b * 0x85ebca77u;
    h ^= h >> 15;
    h *= 0x2c1b3c6du;
    return h ^ h >> 13;
}

/* 0..255..0 with period 512 */
static uint32_t triangle(uint32_t v)
{
    v &= 511;
    return v < 256 ? v : 511 - v;
}

static uint32_t ground_column(uint32_t x)
{
    return (24 + triangle(x) / 4) << 16 | (x % 32 == 0 ? 0x404040 : 0);
}

static uint32_t ground_row(uint32_t y)
{
    return (48 + triangle(y + 128) / 4) << 8 | (96 + triangle(y * 2) / 4) |
           (y % 32 == 0 ? 0x404040 : 0);
}

/* Every value of each channel, at the bottom: red, green, blue, grey. */
static uint32_t ramp_pixel(const struct picture *p, const struct frame_rect *r, uint32_t moved,
                           uint32_t x, uint32_t y)
{
    (void)p;
    static const uint32_t channels[] = { 0x010000, 0x000100, 0x000001, 0x010101 };
    return (x + moved) % 256 * channels[(y - r->y_px) / RAMP_PX % ARRAY_LEN(channels)];
}

static struct frame_rect ramp_rect(const struct picture *p)
{
    const uint32_t height_px = 4 * RAMP_PX;
    return p->height_px < 3 * height_px
               ? (struct frame_rect){ 0 }
               : clip(p, 0, p->height_px - height_px, p->width_px, height_px);
}

/* Walks to and fro between 0 and `span`. */
static uint32_t bounce(uint32_t way, uint32_t span)
{
    if (span == 0)
        return 0;
    way %= 2 * span;
    return way < span ? way : 2 * span - way;
}

static struct frame_rect box_rect(const struct picture *p, uint32_t serial)
{
    if (p->damage == TESTCARD_DAMAGE_SCROLL)
        return (struct frame_rect){ 0 };
    if (p->damage == TESTCARD_DAMAGE_SMALL)
        return clip(p, 0, 0, BOX_PX, BOX_PX);
    const uint32_t span_x = p->width_px > BOX_PX ? p->width_px - BOX_PX : 0;
    const uint32_t span_y = p->height_px > BOX_PX ? p->height_px - BOX_PX : 0;
    return clip(p, bounce(span_x / 2 + serial * 5, span_x), bounce(span_y / 2 + serial * 3, span_y),
                BOX_PX, BOX_PX);
}

static uint32_t box_pixel(const struct picture *p, const struct frame_rect *r, uint32_t serial,
                          uint32_t x, uint32_t y)
{
    (void)p;
    const uint32_t in_x = x - r->x_px, in_y = y - r->y_px;
    if (in_x < 2 || in_y < 2 || in_x >= BOX_PX - 2 || in_y >= BOX_PX - 2)
        return RGB_WHITE;
    return mix((in_x + serial) / 8, in_y / 8) & RGB_WHITE;
}

static struct frame_rect clock_rect(const struct picture *p)
{
    if (p->damage == TESTCARD_DAMAGE_STATIC || p->damage == TESTCARD_DAMAGE_SMALL)
        return (struct frame_rect){ 0 };
    return clip(p, CLOCK_X_PX, 0, CLOCK_DIGITS * DIGIT_WIDTH_PX, DIGIT_HEIGHT_PX);
}

/* Seven segments: bit 0 top, 1 upper right, 2 lower right, 3 bottom, 4 lower left, 5 upper left, 6
 * middle. */
static bool digit_pixel(uint32_t digit, uint32_t x, uint32_t y)
{
    static const uint8_t segments[10] = {
        0x3f, 0x06, 0x5b, 0x4f, 0x66, 0x6d, 0x7d, 0x07, 0x7f, 0x6f
    };
    const uint8_t on = segments[digit];
    const bool left = x >= 1 && x < 3, right = x >= 8 && x < 10, across = x >= 2 && x < 9;
    const bool upper = y >= 2 && y < 10, lower = y >= 9 && y < 18;
    return (on & 0x01 && across && y >= 1 && y < 3) || (on & 0x40 && across && y >= 9 && y < 11) ||
           (on & 0x08 && across && y >= 17 && y < 19) || (on & 0x02 && right && upper) ||
           (on & 0x04 && right && lower) || (on & 0x20 && left && upper) ||
           (on & 0x10 && left && lower);
}

static uint32_t clock_pixel(const struct picture *p, const struct frame_rect *r, uint32_t serial,
                            uint32_t x, uint32_t y)
{
    const uint64_t hundredths = (uint64_t)serial * 100 / (p->hz ? p->hz : 60);
    const uint32_t place = (x - r->x_px) / DIGIT_WIDTH_PX;
    static const uint32_t divisor[CLOCK_DIGITS] = { 60000, 6000, 1000, 100, 10, 1 };
    static const uint32_t base[CLOCK_DIGITS] = { 6, 10, 6, 10, 10, 10 };
    const uint32_t digit = (uint32_t)(hundredths / divisor[place] % base[place]);
    return digit_pixel(digit, (x - r->x_px) % DIGIT_WIDTH_PX, y - r->y_px) ? RGB_PAPER : RGB_INK;
}

static struct frame_rect scroll_rect(const struct picture *p)
{
    if (p->damage != TESTCARD_DAMAGE_SCROLL)
        return (struct frame_rect){ 0 };
    return clip(p, p->width_px / 8, p->height_px / 4, p->width_px - p->width_px / 4,
                p->height_px / 2);
}

/* Something like lines of text: a cell is a letter of 4 x 8 strokes, or a space. */
static uint32_t scroll_pixel(const struct picture *p, const struct frame_rect *r, uint32_t serial,
                             uint32_t x, uint32_t y)
{
    (void)p;
    (void)r;
    const uint32_t line_y = y + serial * SCROLL_STEP_PX;
    const uint32_t letter = mix(x / CELL_WIDTH_PX, line_y / CELL_HEIGHT_PX);
    const uint32_t in_x = x % CELL_WIDTH_PX, in_y = line_y % CELL_HEIGHT_PX;
    if (letter % 6 == 0 || in_x >= 6 || in_y < 3 || in_y >= 13)
        return RGB_PAPER;
    return letter >> (in_x / 2 + in_y / 2 * 3) & 1 ? RGB_INK : RGB_PAPER;
}

typedef uint32_t (*pixel_fn)(const struct picture *p, const struct frame_rect *r, uint32_t serial,
                             uint32_t x, uint32_t y);

/* A stretch of a row: `count_px` pixels from x, y on. */
struct stretch {
    uint32_t x, y, count_px;
    uint32_t *out;
};

static void paint(const struct picture *p, struct frame_rect r, pixel_fn pixel, uint32_t serial,
                  struct stretch s)
{
    if (s.y - r.y_px >= r.height_px) /* unsigned: also true above it */
        return;
    for (uint32_t i = 0; i < s.count_px; i++)
        if (s.x + i - r.x_px < r.width_px)
            s.out[i] = pixel(p, &r, serial, s.x + i, s.y);
}

void picture_row(const struct picture *p, uint32_t serial, uint32_t x, uint32_t y,
                 uint32_t count_px, uint32_t *out)
{
    if (p->damage == TESTCARD_DAMAGE_STATIC)
        serial = 0;
    const uint32_t moved = p->damage == TESTCARD_DAMAGE_FULL ? serial : 0;
    const uint32_t row = ground_row(y + moved * 2);
    for (uint32_t i = 0; i < count_px; i++)
        out[i] = ground_column(x + i + moved * 3) | row;
    const struct stretch stretch = { x, y, count_px, out };
    paint(p, ramp_rect(p), ramp_pixel, moved * 3, stretch);
    paint(p, scroll_rect(p), scroll_pixel, serial, stretch);
    paint(p, box_rect(p, serial), box_pixel, serial, stretch);
    paint(p, clock_rect(p), clock_pixel, serial, stretch);
    for (uint32_t i = 0; i < count_px && y < STRIP_HEIGHT_PX && x + i < STRIP_WIDTH_PX; i++)
        out[i] = strip_pixel(serial, x + i, y);
}

uint32_t picture_damage(const struct picture *p, uint32_t serial, struct frame_rect out[8])
{
    if (serial == 0 || p->damage == TESTCARD_DAMAGE_FULL)
        return 0;
    const struct frame_rect rects[] = { clip(p, 0, 0, STRIP_WIDTH_PX, STRIP_HEIGHT_PX),
                                        clock_rect(p), scroll_rect(p), box_rect(p, serial),
                                        box_rect(p, serial - 1) };
    uint32_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(rects); i++)
        if (rects[i].width_px != 0)
            out[count++] = rects[i];
    if (p->damage == TESTCARD_DAMAGE_SMALL) { /* the box does not move, and the strip lies inside */
        out[0] = box_rect(p, serial);
        count = 1;
    }
    return count;
}
