/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "frame/hdr.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

/* ST 2084 */
static const double pq_m1 = 2610.0 / 16384, pq_m2 = 2523.0 / 4096 * 128;
static const double pq_c1 = 3424.0 / 4096, pq_c2 = 2413.0 / 4096 * 32, pq_c3 = 2392.0 / 4096 * 32;

#define BUCKETS(bits) (13u << (bits))
static struct {
    struct hdr_bucket srgb8[BUCKETS(HDR_BUCKET_BITS_8)];
    struct hdr_bucket srgb10[BUCKETS(HDR_BUCKET_BITS_10)];
    struct hdr_tables tables;
} built; /* constant after build(), which runs once */
static pthread_once_t built_once = PTHREAD_ONCE_INIT;

enum hdr_kind hdr_kind_of(enum frame_format format, uint32_t flags)
{
    if (format == FRAME_FORMAT_RGBA16F ||
        (format == FRAME_FORMAT_RGBA10 && (flags & FRAME_FLAG_HDR)))
        return flags & FRAME_FLAG_HDR_PQ ? HDR_PQ : HDR_LINEAR;
    return HDR_NONE;
}

static double srgb_to_linear(double v)
{
    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

static double linear_to_srgb(double v)
{
    return v <= 0.0031308 ? v * 12.92 : 1.055 * pow(v, 1 / 2.4) - 0.055;
}

static double pq_to_light(double v)
{
    const double e = pow(v, 1 / pq_m2);
    const double top = fmax(e - pq_c1, 0);
    return pow(top / (pq_c2 - pq_c3 * e), 1 / pq_m1) * (HDR_PQ_PEAK / HDR_REFERENCE_WHITE);
}

/* Positive finite halves only. */
static double half_to_double(uint32_t half)
{
    const int exponent = (int)(half >> 10);
    const double mantissa = half & 0x3ff;
    return exponent == 0 ? ldexp(mantissa, -24) : ldexp(1024 + mantissa, exponent - 25);
}

static float bits_float(uint32_t u)
{
    float f;
    memcpy(&f, &u, sizeof(f));
    return f;
}

static void build_buckets(struct hdr_bucket *buckets, uint32_t mantissa_bits, double max)
{
    for (uint32_t i = 0; i < BUCKETS(mantissa_bits); i++) {
        const uint32_t first = ((uint32_t)HDR_LOWEST_EXPONENT << 23) + (i << (23 - mantissa_bits));
        const double value = floor(linear_to_srgb(bits_float(first)) * max + 0.5);
        buckets[i] = (struct hdr_bucket){ .step = (float)srgb_to_linear((value + 0.5) / max),
                                          .value = (uint32_t)value };
    }
}

static void build_tables(struct hdr_tables *t)
{
    for (uint32_t i = 0; i < 1024; i++) {
        const double v = i / 1023.0;
        t->pq10[i] = (float)pq_to_light(v);
        t->srgb8_of_10[i] = (uint8_t)lrint(linear_to_srgb(v) * 255);
        t->srgb10_of_10[i] = (uint16_t)lrint(linear_to_srgb(v) * 1023);
    }
    for (uint32_t i = 0; i < HDR_HALF_COUNT; i++) {
        const double v = half_to_double(i);
        t->pq_half[i] = (float)pq_to_light(v);
        t->srgb8_of_half[i] = (uint8_t)lrint(linear_to_srgb(v) * 255);
        t->srgb10_of_half[i] = (uint16_t)lrint(linear_to_srgb(v) * 1023);
    }
}

static void build(void)
{
    build_buckets(built.srgb8, HDR_BUCKET_BITS_8, 255);
    build_buckets(built.srgb10, HDR_BUCKET_BITS_10, 1023);
    build_tables(&built.tables);
}

const struct hdr_tables *hdr_get_tables(void)
{
    pthread_once(&built_once, build);
    return &built.tables;
}

struct hdr_encoder hdr_get_encoder(uint32_t bits)
{
    pthread_once(&built_once, build);
    if (bits == 10)
        return (struct hdr_encoder){ built.srgb10, HDR_BUCKET_BITS_10, 1023 };
    return (struct hdr_encoder){ built.srgb8, HDR_BUCKET_BITS_8, 255 };
}
