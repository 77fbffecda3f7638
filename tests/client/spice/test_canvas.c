/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <spice/enums.h>

#include "spice/canvas.h"

#define GREY 0xff202020u

static struct spice_pixmap *filled(uint32_t width, uint32_t height, uint32_t colour)
{
    struct spice_pixmap *p;
    CHECK_INT(spice_pixmap_create(width, height, &p), 0);
    for (uint32_t i = 0; i < width * height; i++)
        p->pixels[i] = colour;
    return p;
}

/* Every pixel tells where it was. */
static struct spice_pixmap *numbered(uint32_t width, uint32_t height)
{
    struct spice_pixmap *p = filled(width, height, 0);
    for (uint32_t i = 0; i < width * height; i++)
        p->pixels[i] = 0xff000000u | i;
    return p;
}

static uint32_t count_of(const struct spice_pixmap *p, uint32_t colour)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->width_px * p->height_px; i++)
        n += p->pixels[i] == colour;
    return n;
}

TEST(sizes_beyond_the_limits)
{
    static const struct {
        uint32_t width, height;
        bool fits;
    } rows[] = {
        { 0, 10, false },        { 10, 0, false },      { 16385, 1, false },
        { 1, 16385, false },     { 8192, 4096, false }, { UINT32_MAX, UINT32_MAX, false },
        { 65536, 65536, false }, { 4096, 4096, true },  { 16384, 1024, true },
        { 16384, 1025, false },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_INT(spice_pixmap_fits(rows[i].width, rows[i].height), rows[i].fits);
    struct spice_pixmap *p = NULL;
    CHECK(spice_pixmap_create(UINT32_MAX, 2, &p) < 0);
    CHECK(!p);
}

TEST(rectangles_of_any_coordinates)
{
    static const struct {
        struct spice_rect r;
        uint32_t painted;
    } rows[] = {
        { { INT32_MIN, INT32_MIN, INT32_MAX, INT32_MAX }, 48 },
        { { INT32_MAX, INT32_MAX, INT32_MIN, INT32_MIN }, 0 },
        { { 5, 5, 5, 6 }, 0 },
        { { -3, -3, 1, 1 }, 1 },
        { { 7, 5, INT32_MAX, INT32_MAX }, 1 },
        { { 8, 0, 9, 6 }, 0 },
        { { INT32_MIN, 0, INT32_MIN, 6 }, 0 },
        { { 0, 0, 8, 6 }, 48 },
        { { 2, 1, 4, 3 }, 4 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct spice_pixmap *p = filled(8, 6, GREY);
        canvas_fill(p, &rows[i].r, 0x123456, (struct canvas_rop){ .op = CANVAS_PUT });
        CHECK_INT(count_of(p, 0xff123456u), rows[i].painted);
        CHECK_INT(count_of(p, GREY), 48 - rows[i].painted);
        spice_pixmap_unref(p);
    }
}

TEST(sources_are_never_read_outside)
{
    static const struct spice_rect areas[] = {
        { INT32_MIN, INT32_MIN, INT32_MAX, INT32_MAX },
        { -100, -100, 4, 4 },
        { 3, 3, 1000, 1000 },
        { 1000, 1000, 2000, 2000 },
        { INT32_MAX - 1, 0, INT32_MAX, 1 },
    };
    static const struct spice_rect boxes[] = {
        { INT32_MIN, INT32_MIN, INT32_MAX, INT32_MAX },
        { -50, -50, 8, 8 },
        { 0, 0, 8, 6 },
    };
    struct spice_pixmap *src = filled(4, 4, 0xff00ff00u);
    for (size_t a = 0; a < ARRAY_LEN(areas); a++) {
        for (size_t b = 0; b < ARRAY_LEN(boxes); b++) {
            struct spice_pixmap *dst = filled(8, 6, GREY);
            const struct canvas_source from = { .pixmap = src, .area = areas[a], .box = boxes[b] };
            const struct spice_rect all = { INT32_MIN, INT32_MIN, INT32_MAX, INT32_MAX };
            canvas_copy(dst, &all, &from, (struct canvas_rop){ .op = CANVAS_PUT });
            CHECK_INT(count_of(dst, 0xff00ff00u), 48);
            canvas_blend(dst, &all, &from, true, 255);
            canvas_copy_keyed(dst, &all, &from, 0);
            canvas_opaque(dst, &all, &from, false, 0, (struct canvas_rop){ .op = CANVAS_OR });
            CHECK_INT(count_of(dst, 0xff00ff00u), 48);
            spice_pixmap_unref(dst);
        }
    }
    spice_pixmap_unref(src);
}

TEST(empty_source_paints_nothing)
{
    struct spice_pixmap *src = filled(4, 4, 1), *dst = filled(4, 4, GREY);
    const struct canvas_source none = { .pixmap = src,
                                        .area = { 2, 2, 2, 3 },
                                        .box = { 0, 0, 4, 4 } };
    canvas_copy(dst, &none.box, &none, (struct canvas_rop){ .op = CANVAS_PUT });
    CHECK_INT(count_of(dst, GREY), 16);
    spice_pixmap_unref(src);
    spice_pixmap_unref(dst);
}

TEST(copy_places_pixels)
{
    struct spice_pixmap *src = numbered(8, 8), *dst = filled(8, 8, GREY);
    const struct canvas_source from = { .pixmap = src,
                                        .area = { 2, 3, 5, 6 },
                                        .box = { 4, 1, 7, 4 } };
    canvas_copy(dst, &from.box, &from, (struct canvas_rop){ .op = CANVAS_PUT });
    for (uint32_t y = 0; y < 8; y++) {
        for (uint32_t x = 0; x < 8; x++) {
            const bool inside = x >= 4 && x < 7 && y >= 1 && y < 4;
            CHECK_INT(dst->pixels[8 * y + x], inside ? 0xff000000u | (8 * (y + 2) + x - 2) : GREY);
        }
    }
    spice_pixmap_unref(src);
    spice_pixmap_unref(dst);
}

TEST(stretched_copy_takes_the_nearest)
{
    struct spice_pixmap *src = numbered(2, 2), *dst = filled(4, 4, GREY);
    const struct canvas_source from = { .pixmap = src,
                                        .area = { 0, 0, 2, 2 },
                                        .box = { 0, 0, 4, 4 } };
    canvas_copy(dst, &from.box, &from, (struct canvas_rop){ .op = CANVAS_PUT });
    for (uint32_t y = 0; y < 4; y++) {
        for (uint32_t x = 0; x < 4; x++)
            CHECK_INT(dst->pixels[4 * y + x], 0xff000000u | (2 * (y / 2) + x / 2));
    }
    spice_pixmap_unref(src);
    spice_pixmap_unref(dst);
}

TEST(raster_operations)
{
    static const struct {
        uint16_t ropd;
        bool good;
        uint32_t want; /* of source 0x0f0f0f on destination 0x333333 */
    } rows[] = {
        { 0, false, 0 },
        { SPICE_ROPD_OP_PUT | SPICE_ROPD_OP_OR, false, 0 },
        { SPICE_ROPD_INVERS_SRC, false, 0 },
        { SPICE_ROPD_OP_PUT, true, 0x0f0f0f },
        { SPICE_ROPD_OP_PUT | SPICE_ROPD_INVERS_SRC, true, 0xf0f0f0 },
        { SPICE_ROPD_OP_PUT | SPICE_ROPD_INVERS_RES, true, 0xf0f0f0 },
        { SPICE_ROPD_OP_OR, true, 0x3f3f3f },
        { SPICE_ROPD_OP_AND, true, 0x030303 },
        { SPICE_ROPD_OP_XOR, true, 0x3c3c3c },
        { SPICE_ROPD_OP_XOR | SPICE_ROPD_INVERS_DEST, true, 0xc3c3c3 },
        { SPICE_ROPD_OP_BLACKNESS, true, 0 },
        { SPICE_ROPD_OP_WHITENESS, true, 0xffffff },
        { SPICE_ROPD_OP_INVERS, true, 0xcccccc },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct canvas_rop rop;
        const bool good =
            canvas_rop_from_wire(rows[i].ropd, SPICE_ROPD_INVERS_SRC, SPICE_ROPD_INVERS_DEST, &rop);
        CHECK_INT(good, rows[i].good);
        if (!good)
            continue;
        struct spice_pixmap *dst = filled(1, 1, 0xff333333u), *src = filled(1, 1, 0xff0f0f0fu);
        const struct canvas_source from = { .pixmap = src,
                                            .area = { 0, 0, 1, 1 },
                                            .box = { 0, 0, 1, 1 } };
        canvas_copy(dst, &from.box, &from, rop);
        CHECK_INT(dst->pixels[0], 0xff000000u | rows[i].want);
        dst->pixels[0] = 0xff333333u;
        canvas_fill(dst, &from.box, 0x0f0f0f, rop);
        CHECK_INT(dst->pixels[0], 0xff000000u | rows[i].want);
        spice_pixmap_unref(src);
        spice_pixmap_unref(dst);
    }
}

TEST(keyed_pixels_stay)
{
    struct spice_pixmap *src = numbered(4, 1), *dst = filled(4, 1, GREY);
    const struct canvas_source from = { .pixmap = src,
                                        .area = { 0, 0, 4, 1 },
                                        .box = { 0, 0, 4, 1 } };
    canvas_copy_keyed(dst, &from.box, &from, 0x77000002u);
    for (uint32_t x = 0; x < 4; x++)
        CHECK_INT(dst->pixels[x], x == 2 ? GREY : (0xff000000u | x));
    spice_pixmap_unref(src);
    spice_pixmap_unref(dst);
}

TEST(blend)
{
    static const struct {
        uint32_t source;
        bool source_alpha;
        uint8_t alpha;
        uint32_t want; /* on white */
    } rows[] = {
        { 0xff000000u, false, 0, 0xffffffff },  { 0x00000000u, false, 255, 0xff000000 },
        { 0x00000000u, true, 255, 0xffffffff }, { 0x80000080u, true, 255, 0xff7f7fff },
        { 0xff0000ffu, true, 128, 0xff7f7fff }, { 0xffffffffu, true, 255, 0xffffffff },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct spice_pixmap *src = filled(1, 1, rows[i].source), *dst = filled(1, 1, ~0u);
        const struct canvas_source from = { .pixmap = src,
                                            .area = { 0, 0, 1, 1 },
                                            .box = { 0, 0, 1, 1 } };
        canvas_blend(dst, &from.box, &from, rows[i].source_alpha, rows[i].alpha);
        CHECK_MSG(dst->pixels[0] == rows[i].want, "row %zu: %08x, expected %08x", i, dst->pixels[0],
                  rows[i].want);
        spice_pixmap_unref(src);
        spice_pixmap_unref(dst);
    }
}
