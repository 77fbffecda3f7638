/* SPDX-License-Identifier: GPL-2.0-or-later
 * host-win/win/paths.h - where the program and its data are. Texts are UTF-8. Any thread. */
#ifndef ESPELHO_WIN_PATHS_H
#define ESPELHO_WIN_PATHS_H

#include "base/file.h"
#include "base/macros.h"

struct win_paths {
    char program[FILE_PATH_BYTES];        /* C:\Program Files\Espelho\espelho-host.exe */
    char program_folder[FILE_PATH_BYTES]; /* without a backslash at the end, as is the next */
    char data_folder[FILE_PATH_BYTES];    /* C:\ProgramData\Espelho; need not exist */
};

/* 0; -ENOENT: Windows does not say; -ENAMETOOLONG. */
int win_paths_init(struct win_paths *out) MUST_CHECK;

/* Makes the folder if it is missing: for the system and administrators to write, for users to read.
 * Its parent exists. 0 or -errno. */
int win_folder_create(const char *path) MUST_CHECK;

/* The program of a running process, "C:\...\x.exe". 0; -ESRCH: it does not run, or we may not know.
 */
int win_program_of(unsigned long process_id, char *path, size_t path_bytes) MUST_CHECK;

#endif
