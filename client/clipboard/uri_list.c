/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "clipboard/uri_list.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    const int lower = c | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static bool begins(const char *text, size_t bytes, const char *with)
{
    const size_t n = strlen(with);
    return bytes >= n && strncasecmp(text, with, n) == 0;
}

/* What follows "file:" and a host that is this machine; NULL: something else. */
static const char *path_of(const char *uri, size_t bytes)
{
    static const char *const heads[] = { "file:///", "file://localhost/", "file:/" };
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
        if (begins(uri, bytes, heads[i]) && (i != 2 || bytes < 7 || uri[6] != '/'))
            return uri + strlen(heads[i]) - 1;
    return NULL;
}

/* False: a broken escape or a zero byte. `out` has room for `bytes` and a terminator. */
static bool decode(const char *in, size_t bytes, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < bytes; i++) {
        int c = (unsigned char)in[i];
        if (c == '%') {
            const int high = bytes - i < 3 ? -1 : hex(in[i + 1]);
            const int low = high < 0 ? -1 : hex(in[i + 2]);
            if (low < 0)
                return false;
            c = high * 16 + low;
            i += 2;
        }
        if (c == 0)
            return false;
        out[n++] = (char)c;
    }
    out[n] = '\0';
    return true;
}

/* 1: a path was added; 0: the line names none; -ENOMEM. */
static int add_line(struct uri_list *list, const char *line, size_t bytes)
{
    const char *path = path_of(line, bytes);
    if (!path)
        return 0;
    const size_t path_bytes = bytes - (size_t)(path - line);
    if (path_bytes >= 3 * (size_t)PATH_MAX)
        return 0;
    char *decoded = malloc(path_bytes + 1);
    if (!decoded)
        return -ENOMEM;
    if (!decode(path, path_bytes, decoded) || strlen(decoded) >= PATH_MAX) {
        free(decoded);
        return 0;
    }
    list->paths[list->count++] = decoded;
    return 1;
}

int uri_list_parse(const char *text, size_t bytes, size_t max_paths, struct uri_list *out)
{
    struct uri_list list = { .paths = calloc(max_paths + 1, sizeof(char *)) };
    if (!list.paths)
        return -ENOMEM;
    for (size_t at = 0; at < bytes;) {
        const char *line = text + at, *lf = memchr(line, '\n', bytes - at);
        size_t n = lf ? (size_t)(lf - line) : bytes - at;
        at += n + 1;
        while (n > 0 && (line[n - 1] == '\r' || line[n - 1] == '\0'))
            n--;
        if (n == 0 || line[0] == '#')
            continue;
        const int added = list.count < max_paths ? add_line(&list, line, n) : 0;
        if (added < 0) {
            uri_list_free(&list);
            return added;
        }
        list.refused += added == 0;
    }
    *out = list;
    return 0;
}

void uri_list_free(struct uri_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->paths[i]);
    free((void *)list->paths);
    *list = (struct uri_list){ 0 };
}
