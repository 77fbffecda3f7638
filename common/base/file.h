/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/base/file.h - opening files by their UTF-8 names, which on Windows plain open() does not
 * do. Any thread. */
#ifndef ESPELHO_BASE_FILE_H
#define ESPELHO_BASE_FILE_H

#include <stdbool.h>

#include "base/macros.h"

enum {
    FILE_PATH_BYTES = 1024
}; /* enough for every path that Windows takes without asking for long
      ones (260 units), and ours */

/* A descriptor, or -errno (-ENAMETOOLONG on Windows as well). Children do not inherit it; bytes are
 * never translated. `flags` of open(). */
int file_open(const char *path, int flags, int mode) MUST_CHECK;

#endif
