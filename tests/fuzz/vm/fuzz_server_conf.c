/* SPDX-License-Identifier: GPL-2.0-or-later
 * Arbitrary bytes as the options of an ivshmem server: what is told of them lies in them and in its
 * bounds, and a line that is replaced by another size is understood as that size. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/server_conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

static void check_replaced(const char *text, const struct server_conf *conf)
{
    char *changed = NULL;
    if (asprintf(&changed, "%.*ssize=64M%s", (int)(conf->size_line - text), text,
                 conf->size_line + conf->size_line_bytes) < 0)
        return;
    const struct server_conf now = server_conf_read(changed);
    if (now.size_bytes != 64U << 20)
        abort();
    free(changed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
    char *const text = malloc(len_bytes + 1);
    if (!text)
        return 0;
    memcpy(text, data, len_bytes);
    text[len_bytes] = '\0';
    const struct server_conf conf = server_conf_read(text);
    if (conf.width_px > 99999 || conf.height_px > 99999)
        abort();
    if (conf.size_line) {
        if (conf.size_line < text || conf.size_line + conf.size_line_bytes > text + strlen(text) ||
            memchr(conf.size_line, '\n', conf.size_line_bytes))
            abort();
        check_replaced(text, &conf);
    }
    free(text);
    return 0;
}
