/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "win/folders.h"

#include <errno.h>
#include <windows.h>

#include "folder.h"
#include "test.h"

TEST(folders_of_this_program)
{
    struct folders f;
    char path[MAX_PATH];
    CHECK_INT(folders_find(&f), 0);
    CHECK(GetModuleFileNameA(NULL, path, sizeof(path)));
    *strrchr(path, '\\') = '\0';
    CHECK_STR(f.program, path);
    CHECK_MSG(_stricmp(f.data, "C:\\ProgramData\\Espelho") == 0, "%s", f.data);
}

TEST(folders_are_made_once)
{
    struct folder f;
    char inside[400];
    folder_init(&f, 0);
    snprintf(inside, sizeof(inside), "%s\\a\\b", f.path);
    CHECK_INT(folders_make(inside), -ENOENT); /* no parent */
    CHECK_INT(folders_make(f.path), 0);
    CHECK_INT(folders_make(f.path), 0);
    folder_put(&f, "file", "");
    snprintf(inside, sizeof(inside), "%s\\file", f.path);
    CHECK_INT(folders_make(inside), -ENOTDIR);
    folder_fini(&f);
}
