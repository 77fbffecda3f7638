/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/bench/rowtag.h - frames that say which they are, in every row and at both ends of it, so
 * that a frame made of two is seen at a glance: four pixels per row are enough, the observer costs
 * nothing. 32-bit pixels with 8 bits per colour; the fourth byte is not looked at. Pure functions,
 * any thread. */
#ifndef ESPELHO_BENCH_ROWTAG_H
#define ESPELHO_BENCH_ROWTAG_H

#include <stdbool.h>
#include <stdint.h>

struct rowtag_area {
    uint32_t width_px, rows; /* the tagged area at the top left */
};

/* `pixels` is the area's first pixel. Tags are 24 bits. */
void rowtag_write(uint8_t *pixels, uint32_t stride_bytes, const struct rowtag_area *area,
                  uint32_t tag);
/* False: the first row carries no tag: not one of our pictures. */
bool rowtag_read(const uint8_t *pixels, const struct rowtag_area *area, uint32_t *tag);
/* Do all rows carry the same tag? */
bool rowtag_whole(const uint8_t *pixels, uint32_t stride_bytes, const struct rowtag_area *area,
                  uint32_t tag);

#endif
