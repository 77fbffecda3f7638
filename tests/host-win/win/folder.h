/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/host-win/win/folder.h - a folder of a test's own, and what is in it. Windows. */
#ifndef ESPELHO_TESTS_FOLDER_H
#define ESPELHO_TESTS_FOLDER_H

#include <stddef.h>

struct folder {
    char path[300];
};

/* Names one below the temporary folder that does not exist yet; `create` makes it. */
void folder_init(struct folder *f, int create);
void folder_fini(struct folder *f); /* with all that is in it */
/* Files in it that match "*.log"; the first one's name (sorted) to `first`, which may be NULL. */
size_t folder_count(const struct folder *f, const char *pattern, char first[300]);
void folder_put(const struct folder *f, const char *name, const char *text);
/* Text of a file, with a terminator. Static. */
const char *folder_read(const struct folder *f, const char *name);

#endif
