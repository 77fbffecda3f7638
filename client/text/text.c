/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "text/text.h"

#include <locale.h>
#include <stdlib.h>
#include <unistd.h>

#define DOMAIN "espelho"

/* A locale that the system did not generate, as in most containers: our texts need its name only.
 */
static void without_locale(void)
{
    static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };
    if (!setlocale(LC_ALL, "C.UTF-8"))
        return;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *wanted = getenv(names[i]);
        if (!wanted || !*wanted)
            continue;
        setenv("LANGUAGE", wanted, 0);
        return;
    }
}

void text_init(void)
{
    if (!setlocale(LC_ALL, ""))
        without_locale();
    setlocale(LC_NUMERIC, "C");
    const char *folder =
        access(ESPELHO_BUILD_LOCALES, R_OK) == 0 ? ESPELHO_BUILD_LOCALES : ESPELHO_LOCALES;
    bindtextdomain(DOMAIN, folder);
    bind_textdomain_codeset(DOMAIN, "UTF-8");
    textdomain(DOMAIN);
}
