/* SPDX-License-Identifier: GPL-2.0-or-later
 * Words for the kernel module's parameter `modes`: what is accepted is written back as it was. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kvmfr-sizing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1); /* exactly as long, so that reading on is seen */
    if (!text)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    struct kvmfr_mode mode;
    if (kvmfr_mode_parse(text, &mode)) {
        char again[48];
        struct kvmfr_mode same;
        snprintf(again, sizeof(again), "%ux%u%s", mode.width_px, mode.height_px,
                 mode.bytes_per_px == KVMFR_MODE_HDR_PX_BYTES ? "@hdr" : "");
        const unsigned mib = kvmfr_mode_mib(&mode);
        if (mib < 16 || (mib & (mib - 1)) != 0 || !kvmfr_mode_parse(again, &same) ||
            memcmp(&mode, &same, sizeof(mode)) != 0)
            abort();
    }
    free(text);
    return 0;
}
