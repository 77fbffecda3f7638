/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * An arrow of each kind, drawn as text: what each letter means is the kind's own affair. */
#include "testcard/testcard.h"

#include <string.h>

enum { SIDE_PX = 32, MASK_PITCH_BYTES = SIDE_PX / 8 };

/* '#' outline, '+' body, ':' soft shadow, 'x' and 'o' parts that invert where the kind can, ' '
 * nothing. */
static const char *const arrow[SIDE_PX] = {
    "#                               ", "##                              ",
    "#+#                             ", "#++#                            ",
    "#+++#                           ", "#++++#                          ",
    "#+++++#                         ", "#++++++#                        ",
    "#+++++++#                       ", "#++++++++#                      ",
    "#+++++++++#                     ", "#++++++++++#                    ",
    "#+++++++++++#                   ", "#++++++++++++#                  ",
    "#+++++++++++++#                 ", "#++++++++++++++#                ",
    "#+++++++########:               ", "#+++#+++#::::::::               ",
    "#++# #+++#:                     ", "#+#  #+++#:     xxxxxxxxxxxxxxxx",
    "##    #+++#:    x              x", "#      #+++#:   x oooooooooooo x",
    "        #+++#:  x o          o x", "        #+++#:  x o ######## o x",
    "         #++#:  x o #++++++# o x", "          ##::  x o #++++++# o x",
    "           ::   x o ######## o x", "                x o          o x",
    "                x oooooooooooo x", "                x              x",
    "                xxxxxxxxxxxxxxxx", "                                ",
};

static uint8_t colour_data[SIDE_PX * SIDE_PX * 4];
static uint8_t masked_data[SIDE_PX * SIDE_PX * 4];
static uint8_t monochrome_data[2 * SIDE_PX * MASK_PITCH_BYTES]; /* AND rows, then XOR rows */

static const struct cursor_shape shapes[] = {
    [CURSOR_COLOUR] = { CURSOR_COLOUR, SIDE_PX, SIDE_PX, SIDE_PX * 4, 0, 0, sizeof(colour_data),
                        colour_data },
    [CURSOR_MONOCHROME] = { CURSOR_MONOCHROME, SIDE_PX, SIDE_PX, MASK_PITCH_BYTES, 0, 0,
                            sizeof(monochrome_data), monochrome_data },
    [CURSOR_MASKED_COLOUR] = { CURSOR_MASKED_COLOUR, SIDE_PX, SIDE_PX, SIDE_PX * 4, 0, 0,
                               sizeof(masked_data), masked_data },
};

struct ink {
    char letter;
    uint8_t bgra[4]; /* straight alpha */
    uint8_t bgrm[4]; /* M 0: this colour; 255: XOR with it */
    bool and_bit, xor_bit;
};
static const struct ink inks[] = {
    { '#', { 0x10, 0x10, 0x10, 0xff }, { 0x10, 0x10, 0x10, 0x00 }, false, false },
    { '+', { 0xff, 0xff, 0xff, 0xff }, { 0xff, 0xe0, 0x60, 0x00 }, false, true },
    { ':', { 0x00, 0x00, 0x00, 0x60 }, { 0x00, 0x00, 0x00, 0xff }, true, false },
    { 'x', { 0x20, 0x80, 0xff, 0xff }, { 0xff, 0xff, 0xff, 0xff }, true, true },
    { 'o', { 0x80, 0xff, 0x20, 0x80 }, { 0x00, 0xff, 0x80, 0xff }, true, true },
    { ' ', { 0x00, 0x00, 0x00, 0x00 }, { 0x00, 0x00, 0x00, 0xff }, true, false },
};

static const struct ink *ink_of(char letter)
{
    for (size_t i = 0; i < ARRAY_LEN(inks); i++)
        if (inks[i].letter == letter)
            return &inks[i];
    return &inks[ARRAY_LEN(inks) - 1];
}

/* Before main(), so that no two threads can meet here. */
__attribute__((constructor)) static void draw_pointers(void)
{
    for (uint32_t y = 0; y < SIDE_PX; y++) {
        for (uint32_t x = 0; x < SIDE_PX; x++) {
            const struct ink *ink = ink_of(arrow[y][x]);
            const uint8_t bit = (uint8_t)(0x80 >> x % 8);
            memcpy(colour_data + (y * SIDE_PX + x) * 4, ink->bgra, 4);
            memcpy(masked_data + (y * SIDE_PX + x) * 4, ink->bgrm, 4);
            if (ink->and_bit)
                monochrome_data[y * MASK_PITCH_BYTES + x / 8] |= bit;
            if (ink->xor_bit)
                monochrome_data[(y + SIDE_PX) * MASK_PITCH_BYTES + x / 8] |= bit;
        }
    }
}

const struct cursor_shape *testcard_cursor(enum cursor_type type)
{
    const bool known =
        type == CURSOR_COLOUR || type == CURSOR_MONOCHROME || type == CURSOR_MASKED_COLOUR;
    return known ? &shapes[type] : NULL;
}

/* 0..range..0 in `period_ns`. */
static int32_t sway(uint64_t t_ns, uint64_t period_ns, uint32_t range)
{
    const double phase = (double)(t_ns % period_ns) / (double)period_ns;
    const double way = phase < 0.5 ? phase * 2 : 2 - phase * 2;
    return (int32_t)(way * way * (3 - 2 * way) * range); /* slows down at both ends */
}

void testcard_cursor_position(uint32_t width_px, uint32_t height_px, uint64_t t_ns, int32_t *x_px,
                              int32_t *y_px)
{
    *x_px = sway(t_ns, UINT64_C(7000000000), width_px > SIDE_PX ? width_px - SIDE_PX : 0);
    *y_px = sway(t_ns, UINT64_C(5000000000), height_px > SIDE_PX ? height_px - SIDE_PX : 0);
}
