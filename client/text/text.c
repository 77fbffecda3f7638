/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "text/text.h"

#include <locale.h>
#include <stdlib.h>
#include <unistd.h>

#define DOMAIN "espelho"

void text_init(void)
{
    setlocale(LC_ALL, "");
    setlocale(LC_NUMERIC, "C");
    const char *folder =
        access(ESPELHO_BUILD_LOCALES, R_OK) == 0 ? ESPELHO_BUILD_LOCALES : ESPELHO_LOCALES;
    bindtextdomain(DOMAIN, folder);
    bind_textdomain_codeset(DOMAIN, "UTF-8");
    textdomain(DOMAIN);
}
