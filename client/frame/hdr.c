/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "frame/hdr.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

/* ST 2084 */
static const double pq_m1 = 2610.0 / 16384, pq_m2 = 2523.0 / 4096 * 128;
static const double pq_c1 = 3424.0 / 4096, pq_c2 = 2413.0 / 4096 * 32, pq_c3 = 2392.0 / 4096 * 32;

/* sRGB encoder: floats are sorted into buckets by exponent and leading mantissa bits, fine enough
 * that no bucket holds more than one step of the output. A bucket knows the value at its start and
 * where the step is: exact rounding for one compare. */
enum {
    LOWEST_EXPONENT = 127 - 13
}; /* below 2^-13 everything is 0 or 1 (10 bits): one straight line, no buckets */
#define BUCKETS(mantissa_bits) (13u << (mantissa_bits))
struct bucket {
    float step; /* from here on it is value + 1 */
    uint32_t value;
};
static struct {
    struct bucket srgb8[BUCKETS(7)];
    struct bucket srgb10[BUCKETS(9)];
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

static uint32_t float_bits(float f)
{
    uint32_t u;
    memcpy(&u, &f, sizeof(u));
    return u;
}

static float bits_float(uint32_t u)
{
    float f;
    memcpy(&f, &u, sizeof(f));
    return f;
}

static void build_buckets(struct bucket *buckets, uint32_t mantissa_bits, double max)
{
    for (uint32_t i = 0; i < BUCKETS(mantissa_bits); i++) {
        const uint32_t first = ((uint32_t)LOWEST_EXPONENT << 23) + (i << (23 - mantissa_bits));
        const double value = floor(linear_to_srgb(bits_float(first)) * max + 0.5);
        buckets[i] = (struct bucket){ .step = (float)srgb_to_linear((value + 0.5) / max),
                                      .value = (uint32_t)value };
    }
}

static uint32_t encode(const struct bucket *buckets, uint32_t mantissa_bits, float max, float v)
{
    if (!(v > 0)) /* NaN too */
        return 0;
    if (v >= 1)
        return (uint32_t)max;
    const uint32_t bits = float_bits(v);
    if (bits < (uint32_t)LOWEST_EXPONENT << 23)
        return (uint32_t)(v * 12.92f * max + 0.5f);
    const struct bucket *b =
        &buckets[(bits - ((uint32_t)LOWEST_EXPONENT << 23)) >> (23 - mantissa_bits)];
    return b->value + (v >= b->step);
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
    build_buckets(built.srgb8, 7, 255);
    build_buckets(built.srgb10, 9, 1023);
    build_tables(&built.tables);
}

const struct hdr_tables *hdr_get_tables(void)
{
    pthread_once(&built_once, build);
    return &built.tables;
}

uint32_t hdr_encode_srgb(float linear, uint32_t bits)
{
    pthread_once(&built_once, build);
    return bits == 10 ? encode(built.srgb10, 9, 1023, linear) : encode(built.srgb8, 7, 255, linear);
}

void hdr_tone_map(float rgb[3])
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
