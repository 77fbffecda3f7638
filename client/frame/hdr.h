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

/* Linear light (any float) to sRGB with `bits` 8 or 10, rounded to nearest. */
uint32_t hdr_encode_srgb(float linear, uint32_t bits);
/* PQ light of one pixel (units of reference white, BT.2020) to linear BT.709 in 0..1: gamut, then
 * roll-off. In place. */
void hdr_tone_map(float rgb[3]);

/* Half float bits to 0..HDR_HALF_ONE as described above. */
static inline uint32_t hdr_clip_half(uint32_t half)
{
    if (half <= HDR_HALF_ONE)
        return half;
    return half <= 0x7c00 ? HDR_HALF_ONE : 0; /* above 1 up to infinity; else NaN or negative */
}

#endif
