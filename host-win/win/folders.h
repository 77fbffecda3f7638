/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/win/folders.h - where our files are: beside the program, and in ProgramData\Espelho.
 * Windows. Any thread. UTF-8, without a backslash at the end. */
#ifndef ESPELHO_WIN_FOLDERS_H
#define ESPELHO_WIN_FOLDERS_H

#include "base/file.h"
#include "base/macros.h"

enum { FOLDERS_COUNT = 2 };

struct folders {
    char program[FILE_PATH_BYTES]; /* that this program lies in */
    char data[FILE_PATH_BYTES];    /* settings and logs for all users; it need not exist */
};

/* 0; -ENAMETOOLONG; -EIO. */
int folders_find(struct folders *out) MUST_CHECK;

/* Makes a folder if it is missing: for the system and administrators to write, for users to read.
 * Its parent exists. 0; -ENOENT: no parent; -ENOTDIR: a file of that name; -EACCES; -ENAMETOOLONG;
 * -EIO. */
int folders_make(const char *path) MUST_CHECK;

#endif
