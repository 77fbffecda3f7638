/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "win/os_name.h"

#include <stdio.h>
#include <string.h>

enum { FIRST_BUILD_OF_11 = 22000 };

static const char ten[] = "Windows 10";

void os_name_format(const struct os_version *version, char *text, size_t text_bytes)
{
    char unknown[48];
    snprintf(unknown, sizeof(unknown), "Windows %u.%u", version->major, version->minor);
    const char *product = version->product[0] ? version->product : unknown;
    const char *begin = "";
    /* Microsoft left the name in the registry as it was. */
    if (version->build >= FIRST_BUILD_OF_11 && strncmp(product, ten, sizeof(ten) - 1) == 0) {
        begin = "Windows 11";
        product += sizeof(ten) - 1;
    }
    int used = snprintf(text, text_bytes, "%s%.80s%s%.16s (build %u", begin, product,
                        version->release[0] ? " " : "", version->release, version->build);
    if (used < 0 || (size_t)used >= text_bytes)
        return;
    if (version->revision)
        snprintf(text + used, text_bytes - (size_t)used, ".%u)", version->revision);
    else
        snprintf(text + used, text_bytes - (size_t)used, ")");
}
