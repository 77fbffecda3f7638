/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/frame/hdr.h - how HDR samples become sRGB ones: constants and tables shared by convert.c,
 * the GL shaders and the tests. Any thread; the tables are built at the first use.
 *
 * Two kinds of HDR frame exist (docs/protocol/kvmfr.md 3.5):
 *  - linear: scRGB samples, BT.709 primaries, 1.0 = SDR white as the host scaled it. Desktop white
 * has to stay white, so values are clipped to 0..1 and only the sRGB curve is applied; highlights
 * above SDR white are lost.
 *  - PQ: ST 2084 samples, BT.2020 primaries. Light is measured in units of the reference white (203
 * cd/m2, ITU-R BT.2408); primaries are converted to BT.709, negative (out of gamut) parts become 0,
 * and the brightest channel m of a pixel above HDR_KNEE is compressed to k + (1 - k) t / (1 + t), t
 * = (m - k) / (1 - k), which leaves the knee with slope 1 and never reaches 1; the other channels
 * are scaled by the same factor, so hues stay. Reference white becomes 0.9 of SDR white. NaN, and
 * everything below 0, is 0; everything above the range, and infinity, is its end. */
#ifndef ESPELHO_FRAME_HDR_H
#define ESPELHO_FRAME_HDR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "kvmfr/frame.h"

#define HDR_REFERENCE_WHITE 203.0   /* cd/m2 that become linear 1.0 */
#define HDR_PQ_PEAK         10000.0 /* cd/m2 of the PQ sample 1.0 */
#define HDR_KNEE            0.8

enum hdr_kind {
    HDR_NONE, /* SDR samples, sRGB already */
    HDR_LINEAR,
    HDR_PQ,
};

/* What a frame of this type with these flags is. 8-bit types are always SDR, RGBA10 is SDR without
 * FRAME_FLAG_HDR (hosts exist that set PQ alone), RGBA16F is never SDR. */
enum hdr_kind hdr_kind_of(enum frame_format format, uint32_t flags);

enum {
    HDR_HALF_ONE = 0x3c00, /* the half float 1.0: samples above it are cut to it */
    HDR_HALF_COUNT = HDR_HALF_ONE + 1,
};
struct hdr_tables {
    float pq10[1024];              /* RGBA10 sample -> light, 1.0 = reference white */
    float pq_half[HDR_HALF_COUNT]; /* half float sample -> the same */
    uint16_t srgb10_of_10[1024];   /* linear RGBA10 sample -> 10-bit sRGB */
    uint16_t srgb10_of_half[HDR_HALF_COUNT];
    uint8_t srgb8_of_10[1024];
    uint8_t srgb8_of_half[HDR_HALF_COUNT];
};
const struct hdr_tables *hdr_get_tables(void);

/* sRGB encoder: floats are sorted into buckets by exponent and leading mantissa bits, fine enough
 * that no bucket holds more than one step of the output. A bucket knows the value at its start and
 * where the step is: exact rounding for one compare. */
enum {
    HDR_LOWEST_EXPONENT = 127 - 13, /* below 2^-13 the curve is a straight line: no buckets */
    HDR_BUCKET_BITS_8 = 7,
    HDR_BUCKET_BITS_10 = 9,
};
struct hdr_bucket {
    float step; /* from here on it is value + 1 */
    uint32_t value;
};
struct hdr_encoder {
    const struct hdr_bucket *buckets; /* 13 exponents, each divided by `bits` mantissa bits */
    uint32_t bits;
    float max; /* 255 or 1023 */
};
/* `bits` of the output: 8 or 10. Constant; the table behind it is static. */
struct hdr_encoder hdr_get_encoder(uint32_t bits);

/* Linear light (any float) to sRGB, rounded to nearest. */
static inline uint32_t hdr_encode_srgb(const struct hdr_encoder *e, float linear)
{
    const uint32_t lowest = (uint32_t)HDR_LOWEST_EXPONENT << 23;
    uint32_t bits;
    if (!(linear > 0)) /* NaN too */
        return 0;
    if (linear >= 1)
        return (uint32_t)e->max;
    memcpy(&bits, &linear, sizeof(bits));
    if (bits < lowest)
        return (uint32_t)(linear * 12.92f * e->max + 0.5f);
    const struct hdr_bucket *b = &e->buckets[(bits - lowest) >> (23 - e->bits)];
    return b->value + (linear >= b->step);
}

/* PQ light of one pixel (units of reference white, BT.2020) to linear BT.709 in 0..1: gamut, then
 * roll-off. In place. */
static inline void hdr_tone_map(float rgb[3])
{
    /* ITU-R BT.2087, BT.2020 to BT.709 primaries, linear light */
    const float r = 1.660491f * rgb[0] - 0.587641f * rgb[1] - 0.072850f * rgb[2];
    const float g = -0.124550f * rgb[0] + 1.132900f * rgb[1] - 0.008349f * rgb[2];
    const float b = -0.018151f * rgb[0] - 0.100579f * rgb[1] + 1.118730f * rgb[2];
    rgb[0] = r > 0 ? r : 0;
    rgb[1] = g > 0 ? g : 0;
    rgb[2] = b > 0 ? b : 0;
    const float k = (float)HDR_KNEE;
    const float rg = rgb[0] > rgb[1] ? rgb[0] : rgb[1], m = rg > rgb[2] ? rg : rgb[2];
    if (m <= k)
        return;
    const float t = (m - k) / (1 - k), scale = (k + (1 - k) * t / (1 + t)) / m;
    for (int i = 0; i < 3; i++)
        rgb[i] *= scale;
}

/* Half float bits to 0..HDR_HALF_ONE as described above. */
static inline uint32_t hdr_clip_half(uint32_t half)
{
    if (half <= HDR_HALF_ONE)
        return half;
    return half <= 0x7c00 ? HDR_HALF_ONE : 0; /* above 1 up to infinity; else NaN or negative */
}

#endif
