/* SPDX-License-Identifier: GPL-2.0-or-later
 * The microphone file: any text; after an edit the answer is found, and a second edit changes no
 * more. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "audio/mic_memory.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    char *text = malloc(size), *once, *twice;
    size_t once_bytes, twice_bytes;
    if (size > 0)
        memcpy(text, data, size);
    (void)mic_memory_find(text, size, "vm");
    if (mic_memory_edit(text, size, "vm", MIC_ANSWER_DENY, &once, &once_bytes) == 0) {
        assert(mic_memory_find(once, once_bytes, "vm") == MIC_ANSWER_DENY);
        assert(once_bytes <= size + 1 + strlen("deny vm\n"));
        assert(mic_memory_find(once, once_bytes, "a") == mic_memory_find(text, size, "a"));
        if (mic_memory_edit(once, once_bytes, "vm", MIC_ANSWER_DENY, &twice, &twice_bytes) == 0) {
            assert(twice_bytes == once_bytes && memcmp(once, twice, once_bytes) == 0);
            free(twice);
        }
        free(once);
    }
    free(text);
    return 0;
}
