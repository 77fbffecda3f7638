/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/base/printable.h - texts of others that are shown on a terminal, which a control character
 * could move. Bytes from 0x80 on are fine. Pure, any thread. */
#ifndef ESPELHO_BASE_PRINTABLE_H
#define ESPELHO_BASE_PRINTABLE_H

#include <stdbool.h>

static inline bool printable(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    return true;
}

/* Control characters become spaces. */
static inline void make_printable(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = ' ';
}

#endif
