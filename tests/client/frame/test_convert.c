/* SPDX-License-Identifier: GPL-2.0-or-later
 * Pixel conversions against formulas in double precision, written from the standards and not from
 * convert.c. */
#include "frame/convert.h"

#include <math.h>

#include "golden.h"
#include "test.h"

static const struct frame_format_info infos[] = {
    { FRAME_FORMAT_BGRA, "bgra", 4, 4 },     { FRAME_FORMAT_RGBA, "rgba", 4, 4 },
    { FRAME_FORMAT_RGBA10, "rgba10", 4, 4 }, { FRAME_FORMAT_RGBA16F, "rgba16f", 8, 8 },
    { FRAME_FORMAT_BGR_32, "bgr32", 3, 4 },  { FRAME_FORMAT_RGB_24, "rgb24", 3, 3 },
};
static const enum pixel_out outs[] = { PIXEL_OUT_XRGB8888, PIXEL_OUT_XBGR8888,
                                       PIXEL_OUT_XBGR2101010 };

static const struct frame_format_info *info(enum frame_format format)
{
    return &infos[format - 1];
}

static uint32_t random_state = 1;
static uint32_t random_u32(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

/* Channels of an output pixel; checks its padding. */
static void unpack(enum pixel_out out, uint32_t v, uint32_t rgb[3])
{
    if (out == PIXEL_OUT_XBGR2101010) {
        CHECK_INT(v >> 30, 3);
        for (int c = 0; c < 3; c++)
            rgb[c] = v >> (10 * c) & 0x3ff;
        return;
    }
    CHECK_INT(v >> 24, 0xff);
    for (int c = 0; c < 3; c++)
        rgb[c] = v >> (out == PIXEL_OUT_XRGB8888 ? 16 - 8 * c : 8 * c) & 0xff;
}

static double max_of(enum pixel_out out)
{
    return out == PIXEL_OUT_XBGR2101010 ? 1023 : 255;
}

/* A row of 8-bit pixels R = r(i) ...: every format, every output, odd starts and lengths, unaligned
 * sources. */
TEST(eight_bit_types_are_exact)
{
    enum { COUNT = 777 };
    static uint8_t row[8 * COUNT + 16];
    static uint32_t out[COUNT + 1];
    static const struct {
        enum frame_format format;
        uint32_t bytes, r, g, b;
    } layouts[] = {
        { FRAME_FORMAT_BGRA, 4, 2, 1, 0 },
        { FRAME_FORMAT_RGBA, 4, 0, 1, 2 },
        { FRAME_FORMAT_BGR_32, 3, 2, 1, 0 },
        { FRAME_FORMAT_RGB_24, 3, 0, 1, 2 },
    };
    for (size_t l = 0; l < ARRAY_LEN(layouts); l++) {
        for (size_t o = 0; o < ARRAY_LEN(outs); o++) {
            for (uint32_t run = 0; run < 200; run++) {
                for (size_t i = 0; i < sizeof(row); i++)
                    row[i] = (uint8_t)random_u32();
                const uint32_t x = random_u32() % COUNT, count = random_u32() % (COUNT - x + 1);
                const uint8_t *start = row + random_u32() % 8;
                out[count] = 0x12345678;
                /* any flags: 8-bit types are never HDR */
                CHECK(convert_row(info(layouts[l].format), random_u32(), start, x, count, outs[o],
                                  out));
                CHECK_INT(out[count], 0x12345678);
                for (uint32_t i = 0; i < count; i++) {
                    const uint8_t *p = start + (size_t)(x + i) * layouts[l].bytes;
                    const uint8_t want[3] = { p[layouts[l].r], p[layouts[l].g], p[layouts[l].b] };
                    uint32_t got[3];
                    unpack(outs[o], out[i], got);
                    for (int c = 0; c < 3; c++)
                        CHECK_INT(got[c], lrint(want[c] / 255.0 * max_of(outs[o])));
                }
            }
        }
    }
}

TEST(ten_bit_sdr_rounds_to_nearest)
{
    for (size_t o = 0; o < ARRAY_LEN(outs); o++) {
        for (uint32_t v = 0; v < 1024; v++) {
            const uint32_t src = v | (1023 - v) << 10 | (v ^ 341) << 20 | random_u32() << 30;
            const uint32_t want[3] = { v, 1023 - v, v ^ 341 };
            uint32_t out, got[3];
            /* PQ without HDR is what a known faulty host sends for SDR */
            CHECK(convert_row(info(FRAME_FORMAT_RGBA10), v % 2 ? FRAME_FLAG_HDR_PQ : 0,
                              (const uint8_t *)&src, 0, 1, outs[o], &out));
            unpack(outs[o], out, got);
            for (int c = 0; c < 3; c++)
                CHECK_INT(got[c], lrint(want[c] / 1023.0 * max_of(outs[o])));
        }
    }
}

static double clamp01(double v)
{
    return v > 0 ? fmin(v, 1) : 0; /* NaN: 0 */
}

static double srgb_oetf(double v)
{
    return v <= 0.0031308 ? v * 12.92 : 1.055 * pow(v, 1 / 2.4) - 0.055;
}

/* ITU-R BT.2100 table 4 */
static double pq_eotf_cd(double v)
{
    const double m1 = 0.1593017578125, m2 = 78.84375, c1 = 0.8359375, c2 = 18.8515625, c3 = 18.6875;
    const double p = pow(v, 1 / m2);
    return 10000 * pow(fmax(p - c1, 0) / (c2 - c3 * p), 1 / m1);
}

static double half_value(uint16_t h)
{
    const int e = h >> 10 & 31, m = h & 1023;
    const double v = e == 0    ? m * pow(2, -24)
                     : e == 31 ? (m ? NAN : INFINITY)
                               : (1 + m / 1024.0) * pow(2, e - 15);
    return h & 0x8000 ? -v : v;
}

static void pq_reference(const double in[3], double out[3])
{
    double light[3], m = 0;
    for (int c = 0; c < 3; c++)
        light[c] = pq_eotf_cd(clamp01(in[c])) / 203;
    static const double to709[3][3] = {
        /* ITU-R BT.2087-0, inverse of M2 */
        { 1.6604910021, -0.5876411388, -0.0728498633 },
        { -0.1245504745, 1.1328998971, -0.0083494226 },
        { -0.0181507634, -0.1005788980, 1.1187296614 },
    };
    for (int c = 0; c < 3; c++) {
        out[c] = fmax(0, to709[c][0] * light[0] + to709[c][1] * light[1] + to709[c][2] * light[2]);
        m = fmax(m, out[c]);
    }
    const double t = (m - 0.8) / 0.2, mapped = m <= 0.8 ? m : 0.8 + 0.2 * t / (1 + t);
    for (int c = 0; c < 3; c++)
        out[c] = srgb_oetf(m > 0 ? out[c] * mapped / m : 0);
}

/* `got` is the nearest step to `want`, where float arithmetic (relative error `slack` of a step)
 * may tip an almost exact half. */
static void check_nearest(uint32_t got, double want, double max, double slack, const char *what)
{
    const double off = fabs(got - want * max);
    CHECK_MSG(off <= 0.5 + slack, "%s: %u for %.4f", what, got, want * max);
}

TEST(linear_halves_every_value)
{
    for (size_t o = 0; o < ARRAY_LEN(outs); o++) {
        for (uint32_t h = 0; h < 65536; h++) {
            const uint16_t src[4] = { (uint16_t)h, (uint16_t)(h ^ 0x8000), (uint16_t)(65535 - h),
                                      (uint16_t)random_u32() };
            uint32_t out, got[3];
            CHECK(convert_row(info(FRAME_FORMAT_RGBA16F), h % 2 ? FRAME_FLAG_HDR : 0,
                              (const uint8_t *)src, 0, 1, outs[o], &out));
            unpack(outs[o], out, got);
            for (int c = 0; c < 3; c++)
                check_nearest(got[c], srgb_oetf(clamp01(half_value(src[c]))), max_of(outs[o]), 1e-6,
                              "linear half");
        }
    }
}

TEST(linear_ten_bit_every_value)
{
    for (size_t o = 0; o < ARRAY_LEN(outs); o++) {
        for (uint32_t v = 0; v < 1024; v++) {
            const uint32_t src = v | (1023 - v) << 10 | (v ^ 341) << 20;
            const uint32_t want[3] = { v, 1023 - v, v ^ 341 };
            uint32_t out, got[3];
            CHECK(convert_row(info(FRAME_FORMAT_RGBA10), FRAME_FLAG_HDR, (const uint8_t *)&src, 0,
                              1, outs[o], &out));
            unpack(outs[o], out, got);
            for (int c = 0; c < 3; c++)
                check_nearest(got[c], srgb_oetf(want[c] / 1023.0), max_of(outs[o]), 1e-6,
                              "linear 10");
        }
    }
}

TEST(pq_ten_bit)
{
    for (size_t o = 0; o < ARRAY_LEN(outs); o++) {
        for (uint32_t run = 0; run < 200000; run++) {
            /* greys of every level first, then colours */
            const uint32_t src = run < 1024 ? run * 0x00100401u : random_u32();
            const double in[3] = { (src & 1023) / 1023.0, (src >> 10 & 1023) / 1023.0,
                                   (src >> 20 & 1023) / 1023.0 };
            double want[3];
            uint32_t out, got[3];
            pq_reference(in, want);
            CHECK(convert_row(info(FRAME_FORMAT_RGBA10), FRAME_FLAG_HDR | FRAME_FLAG_HDR_PQ,
                              (const uint8_t *)&src, 0, 1, outs[o], &out));
            unpack(outs[o], out, got);
            for (int c = 0; c < 3; c++)
                check_nearest(got[c], want[c], max_of(outs[o]), 0.02, "pq 10");
        }
    }
}

TEST(pq_halves)
{
    for (size_t o = 0; o < ARRAY_LEN(outs); o++) {
        for (uint32_t run = 0; run < 200000; run++) {
            uint16_t src[4];
            double in[3], want[3];
            for (int c = 0; c < 4; c++) /* half of the runs inside 0..1, the rest anything: NaN,
                                           infinities, negatives */
                src[c] = run % 2 ? (uint16_t)(random_u32() % 0x3c01) : (uint16_t)random_u32();
            for (int c = 0; c < 3; c++)
                in[c] = half_value(src[c]);
            pq_reference(in, want);
            uint32_t out, got[3];
            CHECK(convert_row(info(FRAME_FORMAT_RGBA16F), FRAME_FLAG_HDR_PQ, (const uint8_t *)src,
                              0, 1, outs[o], &out));
            unpack(outs[o], out, got);
            for (int c = 0; c < 3; c++)
                check_nearest(got[c], want[c], max_of(outs[o]), 0.02, "pq half");
        }
    }
}

TEST(documented_white_levels)
{
    /* 203 cd/m2 in PQ is 0.5807 (BT.2408): 594 of 1023. Becomes 0.9 of white = sRGB 243. */
    const uint32_t reference = 594u * 0x00100401u, peak = 1023u * 0x00100401u, black = 0;
    const uint32_t flags = FRAME_FLAG_HDR | FRAME_FLAG_HDR_PQ;
    uint32_t out, rgb[3];
    CHECK(convert_row(info(FRAME_FORMAT_RGBA10), flags, (const uint8_t *)&reference, 0, 1,
                      PIXEL_OUT_XRGB8888, &out));
    unpack(PIXEL_OUT_XRGB8888, out, rgb);
    CHECK(rgb[0] == rgb[1] && rgb[1] == rgb[2]);
    CHECK_INT(rgb[0], lrint(255 * srgb_oetf(0.9)));
    CHECK(convert_row(info(FRAME_FORMAT_RGBA10), flags, (const uint8_t *)&peak, 0, 1,
                      PIXEL_OUT_XRGB8888, &out));
    CHECK_INT(out, 0xffffffff);
    CHECK(convert_row(info(FRAME_FORMAT_RGBA10), flags, (const uint8_t *)&black, 0, 1,
                      PIXEL_OUT_XRGB8888, &out));
    CHECK_INT(out, 0xff000000);
    /* linear: SDR white stays white */
    CHECK(convert_row(info(FRAME_FORMAT_RGBA10), FRAME_FLAG_HDR, (const uint8_t *)&peak, 0, 1,
                      PIXEL_OUT_XRGB8888, &out));
    CHECK_INT(out, 0xffffffff);
}

TEST(copies_are_told_apart)
{
    for (size_t f = 0; f < ARRAY_LEN(infos); f++) {
        for (size_t o = 0; o < ARRAY_LEN(outs); o++) {
            const enum frame_format format = infos[f].format;
            const bool want = (format == FRAME_FORMAT_BGRA && outs[o] == PIXEL_OUT_XRGB8888) ||
                              (format == FRAME_FORMAT_RGBA && outs[o] == PIXEL_OUT_XBGR8888) ||
                              (format == FRAME_FORMAT_RGBA10 && outs[o] == PIXEL_OUT_XBGR2101010);
            CHECK_INT(convert_is_copy(&infos[f], 0, outs[o]), want);
            CHECK_INT(convert_is_copy(&infos[f], FRAME_FLAG_HDR, outs[o]),
                      want && format != FRAME_FORMAT_RGBA10);
        }
    }
}

TEST(unknown_combinations_are_refused)
{
    static const struct frame_format_info none = { FRAME_FORMAT_INVALID, "none", 4, 4 },
                                          huge = { (enum frame_format)99, "99", 4, 4 };
    const uint8_t px[8] = { 0 };
    uint32_t out = 7;
    CHECK(!convert_row(&none, 0, px, 0, 1, PIXEL_OUT_XRGB8888, &out));
    CHECK(!convert_row(&huge, 0, px, 0, 1, PIXEL_OUT_XRGB8888, &out));
    CHECK(!convert_row(NULL, 0, px, 0, 1, PIXEL_OUT_XRGB8888, &out));
    CHECK(!convert_row(info(FRAME_FORMAT_BGRA), 0, px, 0, 1, PIXEL_OUT_NONE, &out));
    CHECK(!convert_row(info(FRAME_FORMAT_BGRA), 0, px, 0, 1, (enum pixel_out)9, &out));
    CHECK(!convert_is_copy(&huge, 0, PIXEL_OUT_XRGB8888));
    CHECK_INT(out, 7);
}

/* Pixels written by the reference release: the expectation files have the SHA-256 of what they
 * mean. */
TEST(golden_frames)
{
    enum { W = 64, H = 48 };
    static const char rgb8[] = "723454d0a67af4563c2be6602d6dadb7917c12a52637fc8cbd8fde1c74f1b718";
    static const char rgb16[] = "aacb872d9453d4e45cab84a789c8e8a4bc9e1e10680ddea6ac564195377900be";
    static const struct {
        const char *name;
        size_t offset_bytes;
        enum frame_format format;
        uint32_t pitch_bytes, flags;
    } rows[] = {
        { "09-frame-bgra-complete", 61440, FRAME_FORMAT_BGRA, 256, 0 },
        { "11-frame-rgba10", 557056, FRAME_FORMAT_RGBA10, 256,
          0 }, /* samples as they are, not as HDR */
        { "13-frame-rgb24", 557056, FRAME_FORMAT_RGB_24, 768, 0 },
        { "14-frame-bgr32", 61440, FRAME_FORMAT_BGR_32, 256, 0 },
        { "15-frame-queue-full-damage", 61440, FRAME_FORMAT_BGRA, 256,
          27 }, /* HDR flags on 8 bits mean nothing */
        { "26-dirty-memory", 61440, FRAME_FORMAT_BGRA, 256, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        static uint8_t px[768 * H], bytes[W * H * 3];
        static uint16_t words[W * H * 3];
        const bool deep = rows[i].format == FRAME_FORMAT_RGBA10;
        golden_read(rows[i].name, rows[i].offset_bytes, px, (size_t)rows[i].pitch_bytes * H);
        for (uint32_t y = 0; y < H; y++) {
            uint32_t out[W], rgb[3];
            const enum pixel_out to = deep ? PIXEL_OUT_XBGR2101010 : PIXEL_OUT_XRGB8888;
            CHECK(convert_row(info(rows[i].format), rows[i].flags,
                              px + (size_t)y * rows[i].pitch_bytes, 0, W, to, out));
            for (uint32_t x = 0; x < W; x++) {
                unpack(to, out[x], rgb);
                for (uint32_t c = 0; c < 3; c++) {
                    words[(y * W + x) * 3 + c] = (uint16_t)rgb[c];
                    bytes[(y * W + x) * 3 + c] = (uint8_t)rgb[c];
                }
            }
        }
        golden_check_sha256(deep ? (void *)words : bytes, deep ? sizeof(words) : sizeof(bytes),
                            deep ? rgb16 : rgb8, rows[i].name);
    }
}
