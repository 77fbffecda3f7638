/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/setup/place.h - text files below a folder prefix: read, written by rename, removed.
 *
 * Folders may be links as long as they stay below the prefix; the file itself may not be one. Only
 * regular files of at most PLACE_MAX_BYTES without NUL bytes are taken. Threads: any. Errors:
 * -EINVAL (not an absolute, simple path), -ENOENT, -ELOOP (a link, or no regular file), -EFBIG,
 * -EPROTO (NUL bytes), -ENOMEM, or what the system said. */
#ifndef ESPELHO_SETUP_PLACE_H
#define ESPELHO_SETUP_PLACE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/macros.h"

enum { PLACE_MAX_BYTES = 4 << 20 };

/* Heap text; *mode (may be NULL) gets its permission bits. */
int place_read(const char *prefix, const char *path, char **text, mode_t *mode) MUST_CHECK;
/* Its folder must be there. A file that is there keeps its owner and its SELinux label. The bytes
 * are on the disk when this returns. */
int place_write(const char *prefix, const char *path, const char *text, mode_t mode) MUST_CHECK;
int place_remove(const char *prefix, const char *path) MUST_CHECK;
/* Makes the folders above `path` that are missing (mode 0755), and tells of each. */
int place_make_folders(const char *prefix, const char *path,
                       void (*on_made)(void *ctx, const char *folder), void *ctx) MUST_CHECK;
/* Removes a folder if it is empty. 0 also if it is not. */
int place_remove_folder(const char *prefix, const char *path) MUST_CHECK;

#endif
