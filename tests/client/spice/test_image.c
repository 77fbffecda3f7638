/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h> /* jpeglib.h wants it first */

#include "bytes.h"

#include <errno.h>

#include <jpeglib.h>
#include <lz4.h>
#include <spice/enums.h>

#include "spice/image.h"

static struct spice_palettes palettes;

static void put_head(struct bytes *b, uint8_t type, uint32_t width, uint32_t height)
{
    put_u64(b, 77);
    put_u8(b, type);
    put_u8(b, 0);
    put_u32(b, width);
    put_u32(b, height);
}

/* The image at the start of `b`. */
static int decode(const struct bytes *b, enum spice_depth depth, struct spice_pixmap **out,
                  const char **why)
{
    const struct spice_image_context context = {
        .body = b->at, .body_bytes = b->count, .depth = depth, .palettes = &palettes
    };
    struct spice_reader r = spice_reader_of(b->at, b->count);
    struct spice_image_head head;
    *why = NULL;
    const int err = spice_image_read_head(&r, &head, why);
    return err < 0 ? err : spice_image_decode(&context, &head, &r, out, why);
}

static void put_bitmap(struct bytes *b, uint8_t format, uint8_t flags, uint32_t width,
                       uint32_t height, uint32_t stride)
{
    put_head(b, SPICE_IMAGE_TYPE_BITMAP, width, height);
    put_u8(b, format);
    put_u8(b, flags);
    put_u32(b, width);
    put_u32(b, height);
    put_u32(b, stride);
}

TEST(every_cut_of_a_bitmap_is_refused)
{
    struct bytes whole = { 0 };
    put_bitmap(&whole, SPICE_BITMAP_FMT_32BIT, SPICE_BITMAP_FLAGS_TOP_DOWN, 2, 2, 8);
    put_u32(&whole, 0);
    for (uint32_t i = 0; i < 4; i++)
        put_u32(&whole, i);
    struct spice_pixmap *p;
    const char *why;
    CHECK_INT(decode(&whole, SPICE_DEPTH_32, &p, &why), 0);
    CHECK_INT(p->pixels[3], 0xff000003u);
    spice_pixmap_unref(p);
    for (size_t cut = 0; cut < whole.count; cut++) {
        struct bytes part = whole;
        part.count = cut;
        CHECK_INT(decode(&part, SPICE_DEPTH_32, &p, &why), -EPROTO);
        CHECK(why != NULL);
    }
}

TEST(hostile_bitmaps)
{
    static const struct {
        const char *name;
        uint8_t format;
        uint32_t width, height, said_width, stride;
        int want;
    } rows[] = {
        { "no width", SPICE_BITMAP_FMT_32BIT, 0, 1, 0, 4, -EPROTO },
        { "huge", SPICE_BITMAP_FMT_32BIT, 0xffffffff, 0xffffffff, 0xffffffff, 4, -EPROTO },
        { "too much memory", SPICE_BITMAP_FMT_1BIT_BE, 16384, 16384, 16384, 2048, -EPROTO },
        { "another size", SPICE_BITMAP_FMT_32BIT, 2, 1, 3, 12, -EPROTO },
        { "short rows", SPICE_BITMAP_FMT_32BIT, 2, 1, 2, 7, -EPROTO },
        { "rows of nothing", SPICE_BITMAP_FMT_32BIT, 2, 1, 2, 0, -EPROTO },
        { "rows beyond the message", SPICE_BITMAP_FMT_32BIT, 2, 2, 2, 0xffffffff, -EPROTO },
        { "unknown format", 99, 2, 1, 2, 8, -ENOTSUP },
        { "no format", 0, 2, 1, 2, 8, -EPROTO },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct bytes b = { 0 };
        put_head(&b, SPICE_IMAGE_TYPE_BITMAP, rows[i].width, rows[i].height);
        put_u8(&b, rows[i].format);
        put_u8(&b, 0);
        put_u32(&b, rows[i].said_width);
        put_u32(&b, rows[i].height);
        put_u32(&b, rows[i].stride);
        put_u32(&b, 0);
        put_u64(&b, 0);
        put_u64(&b, 0);
        struct spice_pixmap *p = NULL;
        const char *why;
        const int got = decode(&b, SPICE_DEPTH_32, &p, &why);
        if (rows[i].format == 0)
            CHECK(got < 0);
        else
            CHECK_MSG(got == rows[i].want, "%s: %d, expected %d", rows[i].name, got, rows[i].want);
        CHECK(!p && why);
    }
}

TEST(pixel_formats)
{
    static const struct {
        uint8_t format;
        enum spice_depth depth;
        uint8_t data[16];
        uint32_t want[2];
    } rows[] = {
        { SPICE_BITMAP_FMT_16BIT,
          SPICE_DEPTH_32,
          { 0x00, 0x7c, 0x1f, 0x00 },
          { 0xffff0000, 0xff0000ff } },
        { SPICE_BITMAP_FMT_16BIT,
          SPICE_DEPTH_565,
          { 0x00, 0xf8, 0xe0, 0x07 },
          { 0xffff0000, 0xff00ff00 } },
        { SPICE_BITMAP_FMT_24BIT,
          SPICE_DEPTH_32,
          { 1, 2, 3, 4, 5, 6 },
          { 0xff030201, 0xff060504 } },
        { SPICE_BITMAP_FMT_32BIT,
          SPICE_DEPTH_32,
          { 1, 2, 3, 4, 5, 6, 7, 8 },
          { 0xff030201, 0xff070605 } },
        { SPICE_BITMAP_FMT_RGBA,
          SPICE_DEPTH_32,
          { 1, 2, 3, 4, 5, 6, 7, 8 },
          { 0x04030201, 0x08070605 } },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct bytes b = { 0 };
        put_bitmap(&b, rows[i].format, SPICE_BITMAP_FLAGS_TOP_DOWN, 2, 1, 8);
        put_u32(&b, 0);
        put_bytes(&b, rows[i].data, 8);
        struct spice_pixmap *p;
        const char *why;
        CHECK_INT(decode(&b, rows[i].depth, &p, &why), 0);
        CHECK_INT(p->pixels[0], rows[i].want[0]);
        CHECK_INT(p->pixels[1], rows[i].want[1]);
        CHECK_INT(p->has_alpha, rows[i].format == SPICE_BITMAP_FMT_RGBA);
        spice_pixmap_unref(p);
    }
}

TEST(rows_from_the_bottom)
{
    struct bytes b = { 0 };
    put_bitmap(&b, SPICE_BITMAP_FMT_32BIT, 0, 1, 2, 4);
    put_u32(&b, 0);
    put_u32(&b, 1);
    put_u32(&b, 2);
    struct spice_pixmap *p;
    const char *why;
    CHECK_INT(decode(&b, SPICE_DEPTH_32, &p, &why), 0);
    CHECK_INT(p->pixels[0], 0xff000002u);
    CHECK_INT(p->pixels[1], 0xff000001u);
    spice_pixmap_unref(p);
}

/* An indexed bitmap of 2 pixels: 1 and 0; its palette behind it. */
static size_t put_indexed(struct bytes *b, uint8_t format, uint8_t flags, uint32_t row)
{
    put_bitmap(b, format, flags, 2, 1, 4);
    const size_t offset_at = b->count;
    put_u32(b, 0);
    put_u32(b, row);
    set_u32(b, offset_at, (uint32_t)b->count);
    return offset_at;
}

static void put_palette(struct bytes *b, uint32_t count)
{
    put_u64(b, 5);
    put_u16(b, count);
    for (uint32_t i = 0; i < 2; i++)
        put_u32(b, 0x102030 * (i + 1));
}

TEST(indexed_bitmaps)
{
    static const struct {
        uint8_t format;
        uint32_t row;
    } rows[] = {
        { SPICE_BITMAP_FMT_1BIT_LE, 0x01 }, { SPICE_BITMAP_FMT_1BIT_BE, 0x80 },
        { SPICE_BITMAP_FMT_4BIT_LE, 0x01 }, { SPICE_BITMAP_FMT_4BIT_BE, 0x10 },
        { SPICE_BITMAP_FMT_8BIT, 0x0001 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct bytes b = { 0 };
        put_indexed(&b, rows[i].format, SPICE_BITMAP_FLAGS_PAL_CACHE_ME, rows[i].row);
        put_palette(&b, 2);
        struct spice_pixmap *p;
        const char *why;
        CHECK_INT(decode(&b, SPICE_DEPTH_32, &p, &why), 0);
        CHECK_INT(p->pixels[0], 0xff204060u);
        CHECK_INT(p->pixels[1], 0xff102030u);
        spice_pixmap_unref(p);
    }
    CHECK_INT(palettes.count, 1);
    struct bytes again = { 0 };
    put_bitmap(&again, SPICE_BITMAP_FMT_8BIT, SPICE_BITMAP_FLAGS_PAL_FROM_CACHE, 2, 1, 4);
    put_u64(&again, 5);
    put_u32(&again, 0x0001);
    struct spice_pixmap *p;
    const char *why;
    CHECK_INT(decode(&again, SPICE_DEPTH_32, &p, &why), 0);
    CHECK_INT(p->pixels[0], 0xff204060u);
    spice_pixmap_unref(p);
    spice_palettes_drop(&palettes, 5);
    CHECK_INT(decode(&again, SPICE_DEPTH_32, &p, &why), -ENOTSUP);
    for (uint64_t id = 0; id < 1000; id++) { /* a server that never forgets any */
        struct bytes b = { 0 };
        put_indexed(&b, SPICE_BITMAP_FMT_8BIT, SPICE_BITMAP_FLAGS_PAL_CACHE_ME, 1);
        put_u64(&b, id);
        put_u16(&b, 0);
        CHECK_INT(decode(&b, SPICE_DEPTH_32, &p, &why), 0);
        CHECK_INT(p->pixels[0], 0xff000000u); /* index beyond the palette */
        spice_pixmap_unref(p);
    }
    CHECK_INT(palettes.count, SPICE_PALETTES_MAX);
    spice_palettes_clear(&palettes);
}

TEST(hostile_palettes)
{
    struct bytes b = { 0 };
    const size_t offset_at = put_indexed(&b, SPICE_BITMAP_FMT_8BIT, 0, 1);
    put_palette(&b, 2);
    static const struct {
        bool set_count;
        uint32_t value;
    } rows[] = { { false, 0 }, { false, 0xffffffff }, { true, 3 }, { true, 257 }, { true, 65535 } };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct bytes bad = b;
        if (rows[i].set_count)
            bad.at[b.count - 10] = (uint8_t)rows[i].value,
                             bad.at[b.count - 9] = (uint8_t)(rows[i].value >> 8);
        else
            set_u32(&bad, offset_at, rows[i].value);
        struct spice_pixmap *p;
        const char *why;
        CHECK_INT(decode(&bad, SPICE_DEPTH_32, &p, &why), -EPROTO);
    }
}

/* ---- LZ ---- */

static void put_lz(struct bytes *b, uint32_t type, uint32_t width, uint32_t height, bool top_down,
                   const uint8_t *codes, size_t count)
{
    put_head(b, SPICE_IMAGE_TYPE_LZ_RGB, width, height);
    put_u32(b, (uint32_t)(28 + count));
    put_be32(b, 0x20205a4c);
    put_be32(b, 0x00010001);
    put_be32(b, type);
    put_be32(b, width);
    put_be32(b, height);
    put_be32(b, width * 4);
    put_be32(b, top_down);
    put_bytes(b, codes, count);
}

TEST(lz_literals_and_runs)
{
    /* two literals; a run of 3 from 2 back; a run of 9 + 255 + 6 from 1 back */
    static const uint8_t codes[] = { 1, 1, 2, 3, 4, 5, 6, 3 << 5, 1, 7 << 5, 255, 6, 0 };
    struct bytes b = { 0 };
    put_lz(&b, 8, 273, 1, true, codes, sizeof(codes));
    struct spice_pixmap *p;
    const char *why;
    CHECK_INT(decode(&b, SPICE_DEPTH_32, &p, &why), 0);
    CHECK_INT(p->pixels[0], 0xff030201u);
    CHECK_INT(p->pixels[1], 0xff060504u);
    CHECK_INT(p->pixels[2], 0xff030201u);
    CHECK_INT(p->pixels[4], 0xff030201u);
    CHECK_INT(p->pixels[272], 0xff030201u);
    CHECK(!p->has_alpha);
    spice_pixmap_unref(p);
}

TEST(lz_alpha_and_direction)
{
    /* colours: 1 literal, a run of 3; alpha: 1 literal, run of 1 + 2 */
    static const uint8_t codes[] = { 0, 9, 9, 9, 3 << 5, 0, 1, 0x10, 0x20, 0, 0x30, 0, 0x40 };
    struct bytes b = { 0 };
    put_lz(&b, 9, 1, 4, false, codes, sizeof(codes));
    struct spice_pixmap *p;
    const char *why;
    CHECK_INT(decode(&b, SPICE_DEPTH_32, &p, &why), 0);
    CHECK(p->has_alpha);
    CHECK_INT(p->pixels[0], 0x40090909u);
    CHECK_INT(p->pixels[3], 0x10090909u);
    spice_pixmap_unref(p);
}

TEST(hostile_lz)
{
    static const struct {
        const char *name;
        uint32_t type;
        uint8_t codes[8];
        size_t count;
        int want;
    } rows[] = {
        { "nothing", 8, { 0 }, 0, -EPROTO },
        { "a run from before the start", 8, { 1 << 5, 0 }, 2, -EPROTO },
        { "a run beyond the end", 8, { 0, 1, 2, 3, 6 << 5, 0 }, 6, -EPROTO },
        { "literals beyond the end", 8, { 31, 1, 2, 3 }, 4, -EPROTO },
        { "cut literal", 8, { 0, 1, 2 }, 3, -EPROTO },
        { "endless length", 8, { 7 << 5, 255, 255, 255, 255, 255, 255, 255 }, 8, -EPROTO },
        { "palette", 5, { 0 }, 1, -ENOTSUP },
        { "16 bits", 6, { 0 }, 1, -ENOTSUP },
        { "alpha alone", 10, { 0 }, 1, -ENOTSUP },
        { "alpha missing", 9, { 3, 0, 0, 0, 0, 0, 0, 0 }, 8, -EPROTO },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct bytes b = { 0 };
        put_lz(&b, rows[i].type, 2, 2, true, rows[i].codes, rows[i].count);
        struct spice_pixmap *p;
        const char *why;
        const int got = decode(&b, SPICE_DEPTH_32, &p, &why);
        CHECK_MSG(got == rows[i].want, "%s: %d, expected %d", rows[i].name, got, rows[i].want);
    }
}

/* ---- LZ4 ---- */

/* Two blocks of one stream, two rows each: the second refers to the first. */
static void put_lz4(struct bytes *b, uint8_t format, const uint8_t *pixels, size_t row_bytes)
{
    LZ4_stream_t *stream = LZ4_createStream();
    put_head(b, SPICE_IMAGE_TYPE_LZ4, 16, 4);
    const size_t size_at = b->count;
    put_u32(b, 0);
    put_u8(b, 1);
    put_u8(b, format);
    for (size_t block = 0; block < 2; block++) {
        char packed[1024];
        const int count =
            LZ4_compress_fast_continue(stream, (const char *)pixels + 2 * row_bytes * block, packed,
                                       (int)(2 * row_bytes), sizeof(packed), 1);
        CHECK(count > 0);
        put_be32(b, (uint32_t)count);
        put_bytes(b, packed, (size_t)count);
    }
    set_u32(b, size_at, (uint32_t)(b->count - size_at - 4));
    LZ4_freeStream(stream);
}

TEST(lz4)
{
    uint8_t pixels[16 * 4 * 4];
    for (size_t i = 0; i < sizeof(pixels); i++)
        pixels[i] = (uint8_t)(i % 60);
    struct bytes b = { 0 };
    put_lz4(&b, SPICE_BITMAP_FMT_RGBA, pixels, 64);
    struct spice_pixmap *p;
    const char *why;
    CHECK_INT(decode(&b, SPICE_DEPTH_32, &p, &why), 0);
    CHECK(p->has_alpha && memcmp(p->pixels, pixels, sizeof(pixels)) == 0);
    spice_pixmap_unref(p);
    for (size_t cut = 0; cut < b.count - 1; cut++) { /* the announced size then is too large */
        struct bytes part = b;
        part.count = cut;
        CHECK_INT(decode(&part, SPICE_DEPTH_32, &p, &why), -EPROTO);
    }
    struct bytes short_one = b;
    set_u32(&short_one, 18, 40); /* ends inside the first block */
    CHECK_INT(decode(&short_one, SPICE_DEPTH_32, &p, &why), -EPROTO);
    struct bytes strange = b;
    strange.at[23] = SPICE_BITMAP_FMT_8BIT;
    CHECK_INT(decode(&strange, SPICE_DEPTH_32, &p, &why), -ENOTSUP);
}

/* ---- JPEG ---- */

static void put_jpeg(struct bytes *b, uint32_t width, uint32_t height)
{
    struct jpeg_compress_struct j;
    struct jpeg_error_mgr errors;
    unsigned char *out = NULL;
    unsigned long out_bytes = 0;
    j.err = jpeg_std_error(&errors);
    jpeg_create_compress(&j);
    jpeg_mem_dest(&j, &out, &out_bytes);
    j.image_width = width;
    j.image_height = height;
    j.input_components = 3;
    j.in_color_space = JCS_RGB;
    jpeg_set_defaults(&j);
    jpeg_set_quality(&j, 95, TRUE);
    jpeg_start_compress(&j, TRUE);
    uint8_t *line = malloc((size_t)width * 3);
    for (uint32_t y = 0; y < height; y++) {
        JSAMPROW row = line;
        for (uint32_t x = 0; x < width; x++)
            memcpy(line + 3 * (size_t)x, y < height / 2 ? "\xff\0\0" : "\0\0\xff", 3);
        jpeg_write_scanlines(&j, &row, 1);
    }
    jpeg_finish_compress(&j);
    jpeg_destroy_compress(&j);
    put_bytes(b, out, out_bytes);
    free(line);
    free(out);
}

static bool is_near(uint32_t a, uint32_t b)
{
    for (int shift = 0; shift < 32; shift += 8) {
        const int d = (int)(a >> shift & 255) - (int)(b >> shift & 255);
        if (d < -12 || d > 12)
            return false;
    }
    return true;
}

TEST(jpeg)
{
    struct bytes picture = { 0 }, b = { 0 };
    put_jpeg(&picture, 32, 32);
    put_head(&b, SPICE_IMAGE_TYPE_JPEG, 32, 32);
    put_u32(&b, (uint32_t)picture.count);
    put_bytes(&b, picture.at, picture.count);
    struct spice_pixmap *p;
    const char *why;
    CHECK_INT(decode(&b, SPICE_DEPTH_32, &p, &why), 0);
    CHECK(is_near(p->pixels[0], 0xffff0000u) && is_near(p->pixels[1023], 0xff0000ffu));
    spice_pixmap_unref(p);
    set_u32(&b, 10, 31); /* the descriptor says another width */
    CHECK_INT(decode(&b, SPICE_DEPTH_32, &p, &why), -EPROTO);
}

TEST(damaged_jpeg)
{
    struct bytes picture = { 0 };
    put_jpeg(&picture, 32, 32);
    struct spice_pixmap *p;
    const char *why;
    for (size_t cut = 0; cut < picture.count - 2; cut += 3)
        CHECK(spice_image_decode_jpeg(picture.at, cut, &p, &why) < 0);
    /* The frame header's size, at most 64 MiB as pixels. */
    size_t sof = 0;
    for (size_t i = 0; i + 1 < picture.count && !sof; i++)
        sof = picture.at[i] == 0xff && picture.at[i + 1] == 0xc0 ? i : 0;
    CHECK(sof != 0);
    memset(picture.at + sof + 5, 0xff, 4);
    CHECK_INT(spice_image_decode_jpeg(picture.at, picture.count, &p, &why), -EPROTO);
}

TEST(jpeg_with_alpha)
{
    static const uint8_t codes[] = { 0, 0x80, 7 << 5, 0, 0 }; /* 1 literal, a run of 9 */
    struct bytes picture = { 0 }, b = { 0 };
    put_jpeg(&picture, 5, 2);
    put_head(&b, SPICE_IMAGE_TYPE_JPEG_ALPHA, 5, 2);
    put_u8(&b, SPICE_JPEG_ALPHA_FLAGS_TOP_DOWN);
    put_u32(&b, (uint32_t)picture.count);
    put_u32(&b, (uint32_t)(picture.count + 28 + sizeof(codes)));
    put_bytes(&b, picture.at, picture.count);
    const uint32_t words[] = { 0x20205a4c, 0x00010001, 10, 5, 2, 20, 1 };
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        put_be32(&b, words[i]);
    put_bytes(&b, codes, sizeof(codes));
    struct spice_pixmap *p;
    const char *why;
    CHECK_INT(decode(&b, SPICE_DEPTH_32, &p, &why), 0);
    CHECK(p->has_alpha);
    CHECK_INT(p->pixels[0] >> 24, 0x80);
    CHECK_INT(p->pixels[9] >> 24, 0x80);
    spice_pixmap_unref(p);
    set_u32(&b, 19, 0xffffffff);
    CHECK_INT(decode(&b, SPICE_DEPTH_32, &p, &why), -EPROTO);
}

TEST(kinds_we_do_not_speak_are_named)
{
    static const struct {
        uint8_t type;
        const char *word;
    } rows[] = { { SPICE_IMAGE_TYPE_QUIC, "QUIC" },
                 { SPICE_IMAGE_TYPE_GLZ_RGB, "GLZ" },
                 { SPICE_IMAGE_TYPE_ZLIB_GLZ_RGB, "zlib" },
                 { SPICE_IMAGE_TYPE_LZ_PLT, "LZ" },
                 { 200, "unknown" } };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct bytes b = { 0 };
        put_head(&b, rows[i].type, 4, 4);
        put_u64(&b, 0);
        struct spice_pixmap *p;
        const char *why;
        CHECK_INT(decode(&b, SPICE_DEPTH_32, &p, &why), -ENOTSUP);
        CHECK(strstr(why, rows[i].word) != NULL);
    }
}
