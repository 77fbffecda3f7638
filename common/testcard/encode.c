/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a viewer does with HDR (kept apart from its own code, so that each can be checked against
 * the other): linear samples are BT.709 with 1.0 = SDR white; PQ samples are BT.2020, 203 cd/m2 =
 * reference white, and the brightest channel is rolled off above 0.8. Formulas: ITU-R BT.2100,
 * BT.2087, IEC 61966-2-1. */
#include "testcard/encode.h"

#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "kvmfr/frame.h"

#define PQ_PEAK_UNITS (10000.0 / 203.0) /* of reference white */
#define KNEE          0.8

static double srgb_to_linear(double v)
{
    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

static double linear_to_srgb(double v)
{
    return v <= 0.0031308 ? v * 12.92 : 1.055 * pow(v, 1 / 2.4) - 0.055;
}

static double pq_encode(double units)
{
    const double y = pow(units / PQ_PEAK_UNITS, 2610.0 / 16384);
    return pow((3424.0 / 4096 + 2413.0 / 128 * y) / (1 + 2392.0 / 128 * y), 2523.0 / 32);
}

static double pq_decode(double sample)
{
    const double e = pow(sample, 32 / 2523.0);
    const double above = e - 3424.0 / 4096;
    return above <= 0
               ? 0
               : PQ_PEAK_UNITS * pow(above / (2413.0 / 128 - 2392.0 / 128 * e), 16384 / 2610.0);
}

static void multiply(const double m[3][3], double v[3])
{
    const double in[3] = { v[0], v[1], v[2] };
    for (int i = 0; i < 3; i++)
        v[i] = m[i][0] * in[0] + m[i][1] * in[1] + m[i][2] * in[2];
}

static const double bt2020_of_bt709[3][3] = { { 0.6274039, 0.3292830, 0.0433131 },
                                              { 0.0690973, 0.9195404, 0.0113623 },
                                              { 0.0163914, 0.0880133, 0.8955953 } };
static const double bt709_of_bt2020[3][3] = { { 1.6604910, -0.5876411, -0.0728499 },
                                              { -0.1245505, 1.1328999, -0.0083494 },
                                              { -0.0181508, -0.1005789, 1.1187297 } };

/* Positive finite doubles up to 1, rounded to nearest even. */
static uint16_t half_of(double v)
{
    if (v < 0x1p-25)
        return 0;
    int exponent;
    frexp(v, &exponent);                                    /* v = m * 2^exponent, m in [0.5, 1) */
    const int scale = exponent < -13 ? -24 : exponent - 11; /* of the last bit */
    const double mantissa = nearbyint(ldexp(v, -scale));
    if (scale == -24)
        return (uint16_t)mantissa; /* subnormal, or just the smallest normal */
    return (uint16_t)((uint32_t)(scale + 24) * 1024 +
                      (uint32_t)mantissa); /* a carry moves into the exponent as it should */
}

static double double_of(uint16_t half)
{
    const int exponent = half >> 10, mantissa = half & 1023;
    return exponent == 0 ? ldexp(mantissa, -24) : ldexp(mantissa + 1024, exponent - 25);
}

/* Samples 0..1 as they go onto the wire, before quantisation. */
static void samples_of(const struct encoder *e, uint32_t rgb, double out[3])
{
    for (int i = 0; i < 3; i++) {
        out[i] = (double)(rgb >> (16 - 8 * i) & 0xff) / 255;
        if (e->flags & FRAME_FLAG_HDR)
            out[i] = srgb_to_linear(out[i]);
    }
    if (!(e->flags & FRAME_FLAG_HDR_PQ))
        return;
    multiply(bt2020_of_bt709, out);
    for (int i = 0; i < 3; i++)
        out[i] = pq_encode(out[i]);
}

static uint16_t quantise(const struct encoder *e, double sample)
{
    return e->format == FRAME_FORMAT_RGBA16F ? half_of(sample) : (uint16_t)nearbyint(sample * 1023);
}

static double sample_value(const struct encoder *e, uint16_t quantised)
{
    return e->format == FRAME_FORMAT_RGBA16F ? double_of(quantised) : quantised / 1023.0;
}

/* The three quantised samples of a colour. */
static void deep_samples(const struct encoder *e, uint32_t rgb, uint16_t out[3])
{
    double v[3];
    if (e->flags & FRAME_FLAG_HDR_PQ) {
        samples_of(e, rgb, v);
        for (int i = 0; i < 3; i++)
            out[i] = quantise(e, v[i]);
    } else {
        for (int i = 0; i < 3; i++)
            out[i] = e->sample[rgb >> (16 - 8 * i) & 0xff];
    }
}

static void roll_off(double v[3])
{
    const double brightest = fmax(v[0], fmax(v[1], v[2]));
    if (brightest <= KNEE)
        return;
    const double t = (brightest - KNEE) / (1 - KNEE);
    const double factor = (KNEE + (1 - KNEE) * t / (1 + t)) / brightest;
    for (int i = 0; i < 3; i++)
        v[i] *= factor;
}

void encoder_init(struct encoder *e, enum frame_format format, uint32_t flags)
{
    *e = (struct encoder){ .format = format };
    if (format == FRAME_FORMAT_RGBA16F)
        e->flags = FRAME_FLAG_HDR | (flags & FRAME_FLAG_HDR_PQ); /* half floats are never SDR */
    else if (format == FRAME_FORMAT_RGBA10 && (flags & FRAME_FLAG_HDR))
        e->flags = flags & (FRAME_FLAG_HDR | FRAME_FLAG_HDR_PQ);
    if ((format == FRAME_FORMAT_RGBA16F || format == FRAME_FORMAT_RGBA10) &&
        !(e->flags & FRAME_FLAG_HDR_PQ)) {
        for (uint32_t i = 0; i < ARRAY_LEN(e->sample); i++) {
            double v[3];
            samples_of(e, i << 16, v);
            e->sample[i] = quantise(e, v[0]);
        }
    }
}

uint32_t encoder_seen(const struct encoder *e, uint32_t rgb)
{
    if (!(e->flags & FRAME_FLAG_HDR))
        return rgb & 0xffffff; /* 8 bits survive all of these types */
    uint16_t samples[3];
    double v[3];
    deep_samples(e, rgb, samples);
    for (int i = 0; i < 3; i++)
        v[i] = sample_value(e, samples[i]);
    if (e->flags & FRAME_FLAG_HDR_PQ) {
        for (int i = 0; i < 3; i++)
            v[i] = pq_decode(v[i]);
        multiply(bt709_of_bt2020, v);
        for (int i = 0; i < 3; i++)
            v[i] = fmax(v[i], 0);
        roll_off(v);
    }
    uint32_t out = 0;
    for (int i = 0; i < 3; i++)
        out = out << 8 | (uint32_t)(linear_to_srgb(fmin(v[i], 1)) * 255 + 0.5);
    return out;
}

static void write_one(const struct encoder *e, uint32_t rgb, uint8_t *out)
{
    const uint8_t r = (uint8_t)(rgb >> 16), g = (uint8_t)(rgb >> 8), b = (uint8_t)rgb;
    uint16_t deep[4];
    switch (e->format) {
    case FRAME_FORMAT_BGRA:
        memcpy(out, (const uint8_t[4]){ b, g, r, 0xff }, 4);
        break;
    case FRAME_FORMAT_RGBA:
        memcpy(out, (const uint8_t[4]){ r, g, b, 0xff }, 4);
        break;
    case FRAME_FORMAT_RGBA10:
        deep_samples(e, rgb, deep);
        const uint32_t word =
            (uint32_t)deep[0] | (uint32_t)deep[1] << 10 | (uint32_t)deep[2] << 20 | 3u << 30;
        memcpy(out, &word, 4);
        break;
    case FRAME_FORMAT_RGBA16F:
        deep_samples(e, rgb, deep);
        deep[3] = 0x3c00;
        memcpy(out, deep, 8);
        break;
    case FRAME_FORMAT_BGR_32:
        memcpy(out, (const uint8_t[3]){ b, g, r }, 3);
        break;
    case FRAME_FORMAT_RGB_24:
        memcpy(out, (const uint8_t[3]){ r, g, b }, 3);
        break;
    case FRAME_FORMAT_INVALID:
        break;
    }
}

void encoder_write(const struct encoder *e, const uint32_t *rgb, uint32_t count_px, uint8_t *out,
                   ptrdiff_t step_bytes)
{
    for (uint32_t i = 0; i < count_px; i++)
        write_one(e, rgb[i], out + (ptrdiff_t)i * step_bytes);
}
