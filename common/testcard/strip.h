/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/testcard/strip.h - the serial as black and white blocks at the top left. Inside
 * common/testcard only. Pure functions. 48 bits, first bit top left: 32 of the serial, 16 of a
 * check code over it. */
#ifndef ESPELHO_TESTCARD_STRIP_H
#define ESPELHO_TESTCARD_STRIP_H

#include <stdbool.h>
#include <stdint.h>

enum {
    STRIP_BLOCK_PX = 4,
    STRIP_COLUMNS = 16,
    STRIP_ROWS = 3,
    STRIP_WIDTH_PX = STRIP_BLOCK_PX * STRIP_COLUMNS,
    STRIP_HEIGHT_PX = STRIP_BLOCK_PX * STRIP_ROWS,
};

/* 0xffffff or 0; x, y inside the strip. */
uint32_t strip_pixel(uint32_t serial, uint32_t x, uint32_t y);

#endif
