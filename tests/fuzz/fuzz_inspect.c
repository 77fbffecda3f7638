/* SPDX-License-Identifier: GPL-2.0-or-later
 * `espelho inspect` over any image: it may list errors, but neither crash nor run without end. The
 * sanitizers are the judge; the tree has to print as JSON and as text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "inspect/inspect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *nowhere;
    if (!nowhere)
        nowhere = fopen("/dev/null", "we");
    struct inspect_image image = { .mem = malloc(size ? size : 1), .len_bytes = size };
    if (!image.mem || !nowhere)
        abort();
    memcpy(image.mem, data, size);
    cJSON *tree = inspect_decode(&image);
    if (!tree)
        abort();
    char *text = cJSON_PrintUnformatted(tree);
    if (!text)
        abort();
    free(text);
    inspect_print(tree, nowhere);
    cJSON_Delete(tree);
    free(image.mem);
    return 0;
}
