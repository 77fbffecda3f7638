/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/testcard/encode.h - 8-bit sRGB to wire pixels, and what a screen then shows. Inside
 * common/testcard only. Threads: an encoder is constant after encoder_init(). */
#ifndef ESPELHO_TESTCARD_ENCODE_H
#define ESPELHO_TESTCARD_ENCODE_H

#include <stddef.h>
#include <stdint.h>

#include "kvmfr/format.h"

struct encoder {
    enum frame_format format;
    uint32_t flags;       /* FRAME_FLAG_HDR*, those that matter for the format */
    uint16_t sample[256]; /* 8-bit sRGB -> 10-bit sample or half float; not for PQ, which mixes the
                             channels */
};
/* `flags`: FRAME_FLAG_HDR*. */
void encoder_init(struct encoder *e, enum frame_format format, uint32_t flags);
/* `rgb`: 0x00RRGGBB. Writes `count_px` pixels, `step_bytes` apart (negative: backwards), the first
 * at `out`. */
void encoder_write(const struct encoder *e, const uint32_t *rgb, uint32_t count_px, uint8_t *out,
                   ptrdiff_t step_bytes);
/* The colour after it went through encoder_write() and a viewer: quantised, tone-mapped.
 * 0x00RRGGBB. */
uint32_t encoder_seen(const struct encoder *e, uint32_t rgb);

#endif
