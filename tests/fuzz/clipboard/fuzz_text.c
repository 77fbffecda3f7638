/* SPDX-License-Identifier: GPL-2.0-or-later
 * Lists of files, names of files, and line ends, which must not depend on how the text is cut. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "clipboard/file_transfer.h"
#include "clipboard/line_end.h"
#include "clipboard/uri_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

static void check_list(const uint8_t *data, size_t count)
{
    struct uri_list list;
    char name[FILE_TRANSFER_NAME_BYTES];
    if (uri_list_parse((const char *)data, count, 8, &list) < 0)
        return;
    if (list.count > 8)
        abort();
    for (size_t i = 0; i < list.count; i++) {
        if (list.paths[i][0] != '/')
            abort();
        file_transfer_name(list.paths[i], name);
        if (name[0] == '\0' || strpbrk(name, "/\\\n\r:") || strcmp(name, "..") == 0)
            abort();
    }
    uri_list_free(&list);
}

static size_t convert(enum line_end_mode mode, const uint8_t *in, size_t count, size_t cut,
                      uint8_t *out)
{
    struct line_end s = { .mode = mode };
    size_t n = line_end_convert(&s, in, cut, out);
    n += line_end_convert(&s, in + cut, count - cut, out + n);
    return n + line_end_finish(&s, out + n);
}

static void check_line_ends(const uint8_t *data, size_t count)
{
    if (count < 2)
        return;
    const enum line_end_mode mode = data[0] % 3;
    const size_t cut = data[1] % (count - 1);
    uint8_t *whole = malloc(LINE_END_OUT_BYTES(count)), *parts = malloc(LINE_END_OUT_BYTES(count));
    if (!whole || !parts)
        abort();
    const size_t n = convert(mode, data + 2, count - 2, 0, whole);
    if (n != convert(mode, data + 2, count - 2, cut < count - 2 ? cut : 0, parts) ||
        memcmp(whole, parts, n) != 0)
        abort();
    free(whole);
    free(parts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
    check_list(data, count);
    check_line_ends(data, count);
    return 0;
}
