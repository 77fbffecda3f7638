/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Pointers are drawn from the table of docs/protocol/kvmfr.md section 4 and not with the viewer's
 * functions, so that a mistake there cannot hide here. Colour shapes: straight alpha. */
#include "picture/expect.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool damage_by_name(const char *name, enum testcard_damage *out)
{
    static const char *const names[] = {
        [TESTCARD_DAMAGE_FULL] = "full",     [TESTCARD_DAMAGE_PARTIAL] = "partial",
        [TESTCARD_DAMAGE_STATIC] = "static", [TESTCARD_DAMAGE_SCROLL] = "scroll",
        [TESTCARD_DAMAGE_SMALL] = "small",
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (names[i] && strcmp(names[i], name) == 0) {
            *out = (enum testcard_damage)i;
            return true;
        }
    }
    return false;
}

bool expectation_parse_card(const char *text, struct expectation *e)
{
    char format[16], damage[16];
    unsigned width_px, height_px, rotation, flags, serial;
    if (sscanf(text, "%ux%u:%15[^:]:%u:%15[^:]:%u@%u", &width_px, &height_px, format, &rotation,
               damage, &flags, &serial) != 7)
        return false;
    const struct frame_format_info *fmt = frame_format_by_name(format);
    if (!fmt || rotation > 3 || !damage_by_name(damage, &e->card.damage))
        return false;
    e->card.format = fmt->format;
    e->card.width_px = width_px;
    e->card.height_px = height_px;
    e->card.rotation = (enum frame_rotation)rotation;
    e->card.flags = flags;
    e->card.hz = 60;
    e->serial = serial;
    return true;
}

bool expectation_parse_pointer(const char *text, struct expectation *e)
{
    char kind[16];
    if (sscanf(text, "%15[^,],%d,%d", kind, &e->pointer_x_px, &e->pointer_y_px) != 3)
        return false;
    if (strcmp(kind, "colour") == 0)
        e->pointer = CURSOR_COLOUR;
    else if (strcmp(kind, "monochrome") == 0)
        e->pointer = CURSOR_MONOCHROME;
    else if (strcmp(kind, "masked") == 0)
        e->pointer = CURSOR_MASKED_COLOUR;
    return e->pointer != CURSOR_NONE;
}

static uint32_t blend_colour(uint32_t screen, const uint8_t bgra[4])
{
    uint32_t out = 0;
    for (int c = 0; c < 3; c++) {
        const uint32_t under = screen >> 8 * c & 0xff, alpha = bgra[3];
        out |= ((bgra[c] * alpha + under * (255 - alpha) + 127) / 255) << 8 * c;
    }
    return out;
}

static uint32_t blend_masked(uint32_t screen, const uint8_t bgrm[4])
{
    const uint32_t bgr = (uint32_t)bgrm[0] | (uint32_t)bgrm[1] << 8 | (uint32_t)bgrm[2] << 16;
    return bgrm[3] == 0 ? bgr : screen ^ bgr;
}

static uint32_t mask_bit(const struct cursor_shape *s, uint32_t x, uint32_t row)
{
    return s->data[(size_t)row * s->pitch_bytes + x / 8] & (0x80u >> x % 8) ? 0xffffffu : 0;
}

static uint32_t blend(const struct cursor_shape *s, uint32_t x, uint32_t y, uint32_t screen)
{
    const uint8_t *quad = s->data + (size_t)y * s->pitch_bytes + (size_t)x * 4;
    switch (s->type) {
    case CURSOR_COLOUR:
        return blend_colour(screen, quad);
    case CURSOR_MASKED_COLOUR:
        return blend_masked(screen, quad);
    case CURSOR_MONOCHROME:
        return (screen & mask_bit(s, x, y)) ^ mask_bit(s, x, y + s->height_px);
    default:
        return screen;
    }
}

static void draw_pointer(const struct expectation *e, struct pixels *out)
{
    const struct cursor_shape *s = testcard_cursor(e->pointer);
    for (uint32_t y = 0; y < s->height_px; y++) {
        for (uint32_t x = 0; x < s->width_px; x++) {
            const int64_t at_x = (int64_t)e->pointer_x_px + x, at_y = (int64_t)e->pointer_y_px + y;
            if (at_x < 0 || at_y < 0 || at_x >= out->width_px || at_y >= out->height_px)
                continue;
            uint32_t *px = pixels_at(out, (uint32_t)at_x, (uint32_t)at_y);
            *px = blend(s, x, y, *px & 0xffffff);
        }
    }
}

int expectation_draw(const struct expectation *e, struct pixels *out)
{
    const bool sideways =
        e->card.rotation == FRAME_ROTATE_90 || e->card.rotation == FRAME_ROTATE_270;
    const uint32_t width_px = sideways ? e->card.height_px : e->card.width_px;
    const uint32_t height_px = sideways ? e->card.width_px : e->card.height_px;
    struct testcard *card = NULL;
    int err = testcard_create(&e->card, &card);
    if (err < 0)
        return err;
    err = pixels_init(out, width_px, height_px);
    if (err == 0) {
        testcard_expect_xrgb(card, e->serial, out->px, width_px * 4);
        if (e->pointer != CURSOR_NONE)
            draw_pointer(e, out);
        err = pixels_turn(out, e->turn);
    }
    testcard_destroy(card);
    return err;
}
