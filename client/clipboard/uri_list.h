/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/clipboard/uri_list.h - the local files that a text/uri-list names (RFC 2483). The text is
 * another program's: hostile. Only file: URIs of this machine count; what is decoded is an absolute
 * path without a zero byte, nothing more is promised about it. No state, any thread. */
#ifndef ESPELHO_CLIPBOARD_URI_LIST_H
#define ESPELHO_CLIPBOARD_URI_LIST_H

#include <stddef.h>

#include "base/macros.h"

struct uri_list {
    char **paths; /* owned */
    size_t count;
    size_t refused; /* lines that are no files of this machine, or too many */
};

/* `text` need not be terminated. 0 (perhaps with no path), or -ENOMEM. */
int uri_list_parse(const char *text, size_t bytes, size_t max_paths,
                   struct uri_list *out) MUST_CHECK;
void uri_list_free(struct uri_list *list);

#endif
