/* SPDX-License-Identifier: GPL-2.0-or-later
 * Arbitrary bytes through the taking out of secrets: no MAC address but ours and no name of the
 * user stays. */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/redact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

static int is_inside_word(const char *text, size_t at)
{
    return at > 0 && (isalnum((unsigned char)text[at - 1]) || text[at - 1] == '_');
}

static void check_macs(const char *text, size_t len_bytes)
{
    static const char ours[] = "02:00:00:00:00:00";
    const size_t mac_bytes = sizeof(ours) - 1;
    for (size_t at = 0; at + mac_bytes <= len_bytes; at++) {
        size_t fits = 0;
        while (fits < mac_bytes && (fits % 3 == 2 ? text[at + fits] == ':' || text[at + fits] == '-'
                                                  : isxdigit((unsigned char)text[at + fits]) != 0))
            fits++;
        if (fits == mac_bytes && !is_inside_word(text, at) &&
            memcmp(text + at, ours, mac_bytes) != 0)
            abort();
    }
}

static void check_name(const char *text, size_t len_bytes, const char *name)
{
    const size_t name_bytes = strlen(name);
    for (size_t at = 0; at + name_bytes <= len_bytes; at++) {
        const char after = at + name_bytes < len_bytes ? text[at + name_bytes] : ' ';
        if (memcmp(text + at, name, name_bytes) == 0 && !is_inside_word(text, at) &&
            !isalnum((unsigned char)after) && after != '_')
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
    struct redact r;
    char *once = NULL;
    size_t once_bytes = 0;
    redact_init(&r, "joana", "casa-01");
    if (redact_text(&r, (const char *)data, len_bytes, &once, &once_bytes) == 0) {
        check_macs(once, once_bytes);
        check_name(once, once_bytes, "joana");
        free(once);
    }
    redact_fini(&r);
    return 0;
}
