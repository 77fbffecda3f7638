/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One function per source kind and output. Integer conversions are written so that the compiler
 * turns them into SSE2; 24-bit sources use a byte shuffle where the CPU has one. HDR (what the
 * curves are: frame/hdr.h) goes through tables: linear samples one look-up per channel, PQ one
 * look-up per channel, a matrix and one exact sRGB look-up. Sources may change while they are read:
 * every sample that becomes a table index is loaded once, through a volatile. */
#include "frame/convert.h"

#include <string.h>

#include "base/macros.h"
#include "frame/hdr.h"
#if defined(__x86_64__)
#include <tmmintrin.h>
#endif

/* -O2 of gcc 12 leaves loops with unknown counts scalar; these few are worth more. clang vectorises
 * at -O2. */
#if defined(__GNUC__) && !defined(__clang__)
#define VECTORISED __attribute__((optimize("O3")))
#else
#define VECTORISED
#endif

#define OPAQUE_8  0xff000000u
#define OPAQUE_10 0xc0000000u

struct unaligned_u64 {
    uint64_t v;
} __attribute__((packed, may_alias));
struct unaligned_u32 {
    uint32_t v;
} __attribute__((packed, may_alias));

static uint64_t load_once_u64(const uint8_t *p)
{
    return ((const volatile struct unaligned_u64 *)(const void *)p)->v;
}

static uint32_t load_u32(const uint8_t *p)
{
    return ((const struct unaligned_u32 *)(const void *)p)->v;
}

/* `src` is at the first pixel wanted. */
typedef void (*convert_fn)(const uint8_t *src, uint32_t count_px, uint32_t *out);

/* 0..255 -> 0..1023, rounded to nearest: v * 1023 / 255 = 4 v + v * 3 / 255 */
static inline uint32_t widen(uint32_t v)
{
    return 4 * v + (v * 3 + 127) / 255;
}

/* 0..1023 -> 0..255, rounded to nearest: floor((255 v + 511) / 1023), the division as a shift
 * (exact for these values). */
static inline uint32_t narrow(uint32_t v)
{
    const uint32_t n = (v << 8) - v + 512;
    return (n + (n >> 10)) >> 10;
}

static inline uint32_t swap_red_blue(uint32_t v)
{
    return (v & 0xff00ff00u) | (v >> 16 & 0xff) | (v & 0xff) << 16;
}

/* 8-bit 4-byte pixels. "Same": the output has the channels in the order of the source. */
static VECTORISED void convert_8888_same(const uint8_t *restrict src, uint32_t count_px,
                                         uint32_t *restrict out)
{
    for (uint32_t i = 0; i < count_px; i++)
        out[i] = load_u32(src + 4 * (size_t)i) | OPAQUE_8;
}

static VECTORISED void convert_8888_swapped(const uint8_t *restrict src, uint32_t count_px,
                                            uint32_t *restrict out)
{
    for (uint32_t i = 0; i < count_px; i++)
        out[i] = swap_red_blue(load_u32(src + 4 * (size_t)i)) | OPAQUE_8;
}

static VECTORISED void convert_bgra_to_10(const uint8_t *restrict src, uint32_t count_px,
                                          uint32_t *restrict out)
{
    for (uint32_t i = 0; i < count_px; i++) {
        const uint32_t v = load_u32(src + 4 * (size_t)i);
        out[i] =
            OPAQUE_10 | widen(v & 0xff) << 20 | widen(v >> 8 & 0xff) << 10 | widen(v >> 16 & 0xff);
    }
}

static VECTORISED void convert_rgba_to_10(const uint8_t *restrict src, uint32_t count_px,
                                          uint32_t *restrict out)
{
    for (uint32_t i = 0; i < count_px; i++) {
        const uint32_t v = load_u32(src + 4 * (size_t)i);
        out[i] =
            OPAQUE_10 | widen(v >> 16 & 0xff) << 20 | widen(v >> 8 & 0xff) << 10 | widen(v & 0xff);
    }
}

/* 24-bit pixels. "Same": bytes 0, 1, 2 go to bits 0, 8, 16. */
static void convert_24_same_plain(const uint8_t *src, uint32_t count_px, uint32_t *out)
{
    for (uint32_t i = 0; i < count_px; i++, src += 3)
        out[i] = OPAQUE_8 | (uint32_t)src[2] << 16 | (uint32_t)src[1] << 8 | src[0];
}

static void convert_24_swapped_plain(const uint8_t *src, uint32_t count_px, uint32_t *out)
{
    for (uint32_t i = 0; i < count_px; i++, src += 3)
        out[i] = OPAQUE_8 | (uint32_t)src[0] << 16 | (uint32_t)src[1] << 8 | src[2];
}

#if defined(__x86_64__)
/* Four pixels a step. A step reads 16 bytes for 12: it stops where those 4 would lie behind the
 * last pixel. Returns pixels done. */
__attribute__((target("ssse3"))) static uint32_t shuffle_24(const uint8_t *src, uint32_t count_px,
                                                            uint32_t *out, __m128i order)
{
    const __m128i opaque = _mm_set1_epi32((int)OPAQUE_8);
    uint32_t i = 0;
    for (; i + 6 <= count_px; i += 4) {
        const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(src + 3 * (size_t)i));
        _mm_storeu_si128((__m128i *)(void *)(out + i),
                         _mm_or_si128(_mm_shuffle_epi8(v, order), opaque));
    }
    return i;
}

static void convert_24_same(const uint8_t *src, uint32_t count_px, uint32_t *out)
{
    const __m128i order = _mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1);
    const uint32_t done =
        __builtin_cpu_supports("ssse3") ? shuffle_24(src, count_px, out, order) : 0;
    convert_24_same_plain(src + 3 * (size_t)done, count_px - done, out + done);
}

static void convert_24_swapped(const uint8_t *src, uint32_t count_px, uint32_t *out)
{
    const __m128i order = _mm_setr_epi8(2, 1, 0, -1, 5, 4, 3, -1, 8, 7, 6, -1, 11, 10, 9, -1);
    const uint32_t done =
        __builtin_cpu_supports("ssse3") ? shuffle_24(src, count_px, out, order) : 0;
    convert_24_swapped_plain(src + 3 * (size_t)done, count_px - done, out + done);
}
#else
static void convert_24_same(const uint8_t *src, uint32_t count_px, uint32_t *out)
{
    convert_24_same_plain(src, count_px, out);
}

static void convert_24_swapped(const uint8_t *src, uint32_t count_px, uint32_t *out)
{
    convert_24_swapped_plain(src, count_px, out);
}
#endif

static void convert_bgr24_to_10(const uint8_t *src, uint32_t count_px, uint32_t *out)
{
    for (uint32_t i = 0; i < count_px; i++, src += 3)
        out[i] = OPAQUE_10 | widen(src[0]) << 20 | widen(src[1]) << 10 | widen(src[2]);
}

static void convert_rgb24_to_10(const uint8_t *src, uint32_t count_px, uint32_t *out)
{
    for (uint32_t i = 0; i < count_px; i++, src += 3)
        out[i] = OPAQUE_10 | widen(src[2]) << 20 | widen(src[1]) << 10 | widen(src[0]);
}

/* 10-bit SDR */
static VECTORISED void convert_10_to_xrgb(const uint8_t *restrict src, uint32_t count_px,
                                          uint32_t *restrict out)
{
    for (uint32_t i = 0; i < count_px; i++) {
        const uint32_t v = load_u32(src + 4 * (size_t)i);
        out[i] = OPAQUE_8 | narrow(v & 0x3ff) << 16 | narrow(v >> 10 & 0x3ff) << 8 |
                 narrow(v >> 20 & 0x3ff);
    }
}

static VECTORISED void convert_10_to_xbgr(const uint8_t *restrict src, uint32_t count_px,
                                          uint32_t *restrict out)
{
    for (uint32_t i = 0; i < count_px; i++) {
        const uint32_t v = load_u32(src + 4 * (size_t)i);
        out[i] = OPAQUE_8 | narrow(v >> 20 & 0x3ff) << 16 | narrow(v >> 10 & 0x3ff) << 8 |
                 narrow(v & 0x3ff);
    }
}

static VECTORISED void convert_10_to_10(const uint8_t *restrict src, uint32_t count_px,
                                        uint32_t *restrict out)
{
    for (uint32_t i = 0; i < count_px; i++)
        out[i] = load_u32(src + 4 * (size_t)i) | OPAQUE_10;
}

static uint32_t pack(enum pixel_out out_format, uint32_t r, uint32_t g, uint32_t b)
{
    switch (out_format) {
    case PIXEL_OUT_XRGB8888:
        return OPAQUE_8 | r << 16 | g << 8 | b;
    case PIXEL_OUT_XBGR8888:
        return OPAQUE_8 | b << 16 | g << 8 | r;
    default:
        return OPAQUE_10 | b << 20 | g << 10 | r;
    }
}

/* The three samples of a pixel as table indices. */
static void indices_of_10(const uint8_t *src, uint32_t index[3])
{
    const uint32_t v = ((const volatile struct unaligned_u32 *)(const void *)src)->v;
    index[0] = v & 0x3ff;
    index[1] = v >> 10 & 0x3ff;
    index[2] = v >> 20 & 0x3ff;
}

static void indices_of_half(const uint8_t *src, uint32_t index[3])
{
    const uint64_t v = load_once_u64(src);
    index[0] = hdr_clip_half(v & 0xffff);
    index[1] = hdr_clip_half(v >> 16 & 0xffff);
    index[2] = hdr_clip_half(v >> 32 & 0xffff);
}

/* The loops below are inlined into one copy per source and output by the callers' constants. */
static inline __attribute__((always_inline)) void convert_linear(const uint8_t *src,
                                                                 uint32_t count_px, uint32_t *out,
                                                                 bool is_half,
                                                                 enum pixel_out out_format)
{
    const struct hdr_tables *t = hdr_get_tables();
    const uint8_t *to8 = is_half ? t->srgb8_of_half : t->srgb8_of_10;
    const uint16_t *to10 = is_half ? t->srgb10_of_half : t->srgb10_of_10;
    for (uint32_t i = 0; i < count_px; i++, src += is_half ? 8 : 4) {
        uint32_t index[3];
        if (is_half)
            indices_of_half(src, index);
        else
            indices_of_10(src, index);
        out[i] = out_format == PIXEL_OUT_XBGR2101010
                     ? pack(out_format, to10[index[0]], to10[index[1]], to10[index[2]])
                     : pack(out_format, to8[index[0]], to8[index[1]], to8[index[2]]);
    }
}

static inline __attribute__((always_inline)) void convert_pq(const uint8_t *src, uint32_t count_px,
                                                             uint32_t *out, bool is_half,
                                                             enum pixel_out out_format)
{
    const struct hdr_tables *t = hdr_get_tables();
    const float *light = is_half ? t->pq_half : t->pq10;
    const struct hdr_encoder encoder =
        hdr_get_encoder(out_format == PIXEL_OUT_XBGR2101010 ? 10 : 8);
    for (uint32_t i = 0; i < count_px; i++, src += is_half ? 8 : 4) {
        uint32_t index[3];
        if (is_half)
            indices_of_half(src, index);
        else
            indices_of_10(src, index);
        float rgb[3] = { light[index[0]], light[index[1]], light[index[2]] };
        hdr_tone_map(rgb);
        out[i] = pack(out_format, hdr_encode_srgb(&encoder, rgb[0]),
                      hdr_encode_srgb(&encoder, rgb[1]), hdr_encode_srgb(&encoder, rgb[2]));
    }
}

#define HDR_CONVERTER(name, loop, is_half, out_format)                                             \
    static void name(const uint8_t *src, uint32_t count_px, uint32_t *out)                         \
    {                                                                                              \
        loop(src, count_px, out, is_half, out_format);                                             \
    }
HDR_CONVERTER(convert_linear10_to_xrgb, convert_linear, false, PIXEL_OUT_XRGB8888)
HDR_CONVERTER(convert_linear10_to_xbgr, convert_linear, false, PIXEL_OUT_XBGR8888)
HDR_CONVERTER(convert_linear10_to_10, convert_linear, false, PIXEL_OUT_XBGR2101010)
HDR_CONVERTER(convert_linear16_to_xrgb, convert_linear, true, PIXEL_OUT_XRGB8888)
HDR_CONVERTER(convert_linear16_to_xbgr, convert_linear, true, PIXEL_OUT_XBGR8888)
HDR_CONVERTER(convert_linear16_to_10, convert_linear, true, PIXEL_OUT_XBGR2101010)
HDR_CONVERTER(convert_pq10_to_xrgb, convert_pq, false, PIXEL_OUT_XRGB8888)
HDR_CONVERTER(convert_pq10_to_xbgr, convert_pq, false, PIXEL_OUT_XBGR8888)
HDR_CONVERTER(convert_pq10_to_10, convert_pq, false, PIXEL_OUT_XBGR2101010)
HDR_CONVERTER(convert_pq16_to_xrgb, convert_pq, true, PIXEL_OUT_XRGB8888)
HDR_CONVERTER(convert_pq16_to_xbgr, convert_pq, true, PIXEL_OUT_XBGR8888)
HDR_CONVERTER(convert_pq16_to_10, convert_pq, true, PIXEL_OUT_XBGR2101010)

enum { OUT_COUNT = PIXEL_OUT_XBGR2101010 + 1 };

static const convert_fn sdr_converters[][OUT_COUNT] = {
    [FRAME_FORMAT_BGRA] = { NULL, convert_8888_same, convert_8888_swapped, convert_bgra_to_10 },
    [FRAME_FORMAT_RGBA] = { NULL, convert_8888_swapped, convert_8888_same, convert_rgba_to_10 },
    [FRAME_FORMAT_RGBA10] = { NULL, convert_10_to_xrgb, convert_10_to_xbgr, convert_10_to_10 },
    [FRAME_FORMAT_RGBA16F] = { NULL }, /* never SDR */
    [FRAME_FORMAT_BGR_32] = { NULL, convert_24_same, convert_24_swapped, convert_bgr24_to_10 },
    [FRAME_FORMAT_RGB_24] = { NULL, convert_24_swapped, convert_24_same, convert_rgb24_to_10 },
};

static const convert_fn hdr_converters[2][2][OUT_COUNT] = {
    /* [is 16F][is PQ] */
    { { NULL, convert_linear10_to_xrgb, convert_linear10_to_xbgr, convert_linear10_to_10 },
      { NULL, convert_pq10_to_xrgb, convert_pq10_to_xbgr, convert_pq10_to_10 } },
    { { NULL, convert_linear16_to_xrgb, convert_linear16_to_xbgr, convert_linear16_to_10 },
      { NULL, convert_pq16_to_xrgb, convert_pq16_to_xbgr, convert_pq16_to_10 } },
};

static convert_fn find_converter(const struct frame_format_info *fmt, uint32_t flags,
                                 enum pixel_out out_format)
{
    if (!fmt || (unsigned)fmt->format >= ARRAY_LEN(sdr_converters) ||
        (unsigned)out_format >= OUT_COUNT)
        return NULL;
    const enum hdr_kind hdr = hdr_kind_of(fmt->format, flags);
    if (hdr == HDR_NONE)
        return sdr_converters[fmt->format][out_format];
    return hdr_converters[fmt->format == FRAME_FORMAT_RGBA16F][hdr == HDR_PQ][out_format];
}

bool convert_row(const struct frame_format_info *fmt, uint32_t flags, const uint8_t *row,
                 uint32_t x_px, uint32_t count_px, enum pixel_out out_format, uint32_t *out)
{
    const convert_fn fn = find_converter(fmt, flags, out_format);
    if (!fn)
        return false;
    fn(row + (size_t)x_px * fmt->bytes_per_pixel, count_px, out);
    return true;
}

bool convert_is_copy(const struct frame_format_info *fmt, uint32_t flags, enum pixel_out out_format)
{
    const convert_fn fn = find_converter(fmt, flags, out_format);
    return fn == convert_8888_same || fn == convert_10_to_10;
}
