/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/decimal.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

const char *decimal_text(char text[DECIMAL_BYTES], double value, int decimals)
{
    /* Translators: one and a half, for the mark between the digits; three characters. */
    const char *half = _("1.5");
    snprintf(text, DECIMAL_BYTES, "%.*f", decimals, value);
    char *mark = strchr(text, '.');
    if (mark && strlen(half) == 3)
        *mark = half[1];
    return text;
}
