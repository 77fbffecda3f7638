/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "win/paths.h"

#include <errno.h>
#include <windows.h>

#include "folder.h"
#include "test.h"

TEST(paths_of_this_program)
{
    struct win_paths p;
    CHECK_INT(win_paths_init(&p), 0);
    const size_t n = strlen(p.program_folder);
    CHECK(n > 0 && strncmp(p.program, p.program_folder, n) == 0);
    CHECK_STR(p.program + n, "\\test_paths.exe");
    CHECK_MSG(_stricmp(p.data_folder, "C:\\ProgramData\\Espelho") == 0, "%s", p.data_folder);
}

TEST(folders_are_made_once)
{
    struct folder f;
    char inside[400];
    folder_init(&f, 0);
    snprintf(inside, sizeof(inside), "%s\\a\\b", f.path);
    CHECK_INT(win_folder_create(inside), -ENOENT); /* no parent */
    CHECK_INT(win_folder_create(f.path), 0);
    CHECK_INT(win_folder_create(f.path), 0);
    folder_put(&f, "file", "");
    snprintf(inside, sizeof(inside), "%s\\file", f.path);
    CHECK_INT(win_folder_create(inside), -ENOTDIR);
    folder_fini(&f);
}

TEST(programs_of_processes)
{
    char path[FILE_PATH_BYTES];
    CHECK_INT(win_program_of(GetCurrentProcessId(), path, sizeof(path)), 0);
    CHECK_MSG(strstr(path, "test_paths.exe"), "%s", path);
    CHECK_INT(win_program_of(0x7FFFFFF0, path, sizeof(path)), -ESRCH);
}
