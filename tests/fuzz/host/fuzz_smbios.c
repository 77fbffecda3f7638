/* SPDX-License-Identifier: GPL-2.0-or-later
 * Arbitrary bytes as the table that Windows hands out. */
#include <stdlib.h>
#include <string.h>

#include "win/smbios.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
    static const uint8_t zeroes[16];
    uint8_t uuid[16] = { 0 };
    const int err = smbios_uuid(data, len_bytes, uuid);
    /* "Not set" is never handed on, and nothing is written besides a UUID. */
    if ((err == 0) == (memcmp(uuid, zeroes, sizeof(uuid)) == 0))
        abort();
    return 0;
}
