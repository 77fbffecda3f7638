/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/base/decimal.h - numbers with decimals as people write them: 1.5, in Portuguese 1,5.
 * printf() cannot: numbers keep the C locale (text/text.h), so that programs can read what is meant
 * for them. Whole numbers need none of this. Threads: any. */
#ifndef ESPELHO_BASE_DECIMAL_H
#define ESPELHO_BASE_DECIMAL_H

#define DECIMAL_BYTES 32u

/* `value` with so many decimals (cut off at DECIMAL_BYTES), in `text`, which is returned. */
const char *decimal_text(char text[DECIMAL_BYTES], double value, int decimals);

/* The same as an argument of printf's kin, for %s; it lives as long as the block around it. */
#define DECIMAL(value, decimals) decimal_text((char[DECIMAL_BYTES]){ 0 }, value, decimals)

#endif
