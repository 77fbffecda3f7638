/* SPDX-License-Identifier: GPL-2.0-or-later
 * Which frames can be read in place, and as what. Expected formats are written as their four
 * letters in <drm/drm_fourcc.h>. */
#include "test.h"

#include "render/dmabuf/dmabuf_picture.h"

static struct frame_view frame_of(enum frame_format format, uint32_t width_px, uint32_t height_px)
{
    const struct frame_format_info *fmt = frame_format_find((uint32_t)format);
    CHECK(fmt);
    const uint32_t pitch_bytes = (width_px * fmt->bytes_per_pixel + 255) / 256 * 256;
    return (struct frame_view){
        .fmt = fmt,
        .width_px = width_px,
        .height_px = height_px,
        .rows_px = height_px,
        .pitch_bytes = pitch_bytes,
        .row_bytes = width_px * fmt->bytes_per_pixel,
        .pixels_bytes = (uint64_t)pitch_bytes * height_px,
        .pixels_offset_bytes = 8192,
    };
}

static uint32_t letters(const char *text)
{
    return (uint32_t)text[0] | (uint32_t)text[1] << 8 | (uint32_t)text[2] << 16 |
           (uint32_t)text[3] << 24;
}

TEST(pixel_types_have_their_formats)
{
    static const struct {
        enum frame_format format;
        const char *texture, *screen; /* NULL: none */
        uint32_t texture_width;       /* of 101 pixels */
    } rows[] = {
        { FRAME_FORMAT_BGRA, "XR24", "XR24", 101 },   { FRAME_FORMAT_RGBA, "XB24", "XB24", 101 },
        { FRAME_FORMAT_RGBA10, "XB30", "XB30", 101 }, { FRAME_FORMAT_RGBA16F, "XB4H", NULL, 101 },
        { FRAME_FORMAT_BGR_32, "AB24", "RG24", 76 }, /* 303 bytes are 75 units and a bit */
        { FRAME_FORMAT_RGB_24, "AB24", "BG24", 76 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct frame_view f = frame_of(rows[i].format, 101, 7);
        struct dmabuf_picture p;
        const char *why = dmabuf_picture_of(&f, DMABUF_FOR_TEXTURE, &p);
        CHECK_MSG(!why, "row %zu: %s", i, why);
        CHECK_INT(p.fourcc, letters(rows[i].texture));
        CHECK_INT(p.width, rows[i].texture_width);
        CHECK_INT(p.height, 7);
        CHECK_INT(p.pitch_bytes, f.pitch_bytes);
        CHECK_INT(p.offset_bytes, 8192);
        CHECK_INT(p.len_bytes, f.pixels_bytes);
        why = dmabuf_picture_of(&f, DMABUF_FOR_SCREEN, &p);
        CHECK_MSG(!why == (rows[i].screen != NULL), "row %zu: %s", i, why ? why : "taken");
        if (!why) {
            CHECK_INT(p.fourcc, letters(rows[i].screen));
            CHECK_INT(p.width, 101);
        }
    }
}

/* What the wire checker lets pass, and drivers may not like. */
TEST(odd_geometry_is_refused)
{
    static const struct {
        const char *name;
        enum frame_format format;
        uint32_t width_px, height_px, pitch_bytes, offset_bytes;
        bool texture, screen;
    } rows[] = {
        { "good", FRAME_FORMAT_BGRA, 64, 4, 256, 4096, true, true },
        { "pitch of half a pixel", FRAME_FORMAT_BGRA, 64, 4, 258, 4096, false, false },
        { "pitch beyond drivers", FRAME_FORMAT_BGRA, 64, 4, 1u << 21, 4096, false, false },
        { "pixels begin inside a word", FRAME_FORMAT_BGRA, 64, 4, 256, 4098, false, false },
        { "pixels begin inside a page", FRAME_FORMAT_BGRA, 64, 4, 256, 4100, true, true },
        { "too wide", FRAME_FORMAT_BGRA, 40000, 4, 160000, 4096, false, false },
        { "too high", FRAME_FORMAT_BGRA, 1, 40000, 4, 4096, false, false },
        { "half floats at half a pixel", FRAME_FORMAT_RGBA16F, 64, 4, 516, 4096, false, false },
        { "rows of 24 bits end inside a unit", FRAME_FORMAT_RGB_24, 101, 4, 303, 4096, false,
          false },
        { "rows of 24 bits end with their unit", FRAME_FORMAT_RGB_24, 101, 4, 304, 4096, true,
          true },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct frame_view f = frame_of(rows[i].format, rows[i].width_px, rows[i].height_px);
        struct dmabuf_picture p;
        f.pitch_bytes = rows[i].pitch_bytes;
        f.pixels_bytes = (uint64_t)f.pitch_bytes * f.rows_px;
        f.pixels_offset_bytes = rows[i].offset_bytes;
        CHECK_MSG(!dmabuf_picture_of(&f, DMABUF_FOR_TEXTURE, &p) == rows[i].texture, "%s",
                  rows[i].name);
        CHECK_MSG(!dmabuf_picture_of(&f, DMABUF_FOR_SCREEN, &p) == rows[i].screen, "%s",
                  rows[i].name);
    }
}

TEST(only_complete_pictures_of_sdr_go_to_the_screen)
{
    struct frame_view f = frame_of(FRAME_FORMAT_RGBA10, 64, 64);
    struct dmabuf_picture p;
    CHECK(!dmabuf_picture_of(&f, DMABUF_FOR_SCREEN, &p));
    f.flags = FRAME_FLAG_HDR;
    CHECK(strstr(dmabuf_picture_of(&f, DMABUF_FOR_SCREEN, &p), "HDR"));
    CHECK(!dmabuf_picture_of(&f, DMABUF_FOR_TEXTURE, &p));
    f.flags = FRAME_FLAG_HDR_PQ;
    CHECK(dmabuf_picture_of(&f, DMABUF_FOR_SCREEN, &p));
    f.flags = 0;
    f.rows_px = 40;
    CHECK(strstr(dmabuf_picture_of(&f, DMABUF_FOR_SCREEN, &p), "truncated"));
    CHECK(!dmabuf_picture_of(&f, DMABUF_FOR_TEXTURE, &p));
    CHECK_INT(p.height, 40);
}
