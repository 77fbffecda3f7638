/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "folder.h"

#include <windows.h>

#include "base/clock.h"
#include "test.h"

void folder_init(struct folder *f, int create)
{
    char temp[200];
    CHECK(GetTempPathA(sizeof(temp), temp));
    snprintf(f->path, sizeof(f->path), "%sespelho-test-%" PRIu64, temp, clock_ns());
    if (create)
        CHECK(CreateDirectoryA(f->path, NULL));
}

static void path_of(const struct folder *f, const char *name, char path[700])
{
    snprintf(path, 700, "%s\\%s", f->path, name);
}

void folder_fini(struct folder *f)
{
    char path[700], name[300];
    while (folder_count(f, "*", name) > 0) {
        path_of(f, name, path);
        CHECK_MSG(DeleteFileA(path), "%s stays: %lu", path, GetLastError());
    }
    CHECK(RemoveDirectoryA(f->path));
}

size_t folder_count(const struct folder *f, const char *pattern, char first[300])
{
    char path[700];
    WIN32_FIND_DATAA found;
    size_t count = 0;
    path_of(f, pattern, path);
    HANDLE search = FindFirstFileA(path, &found);
    if (search == INVALID_HANDLE_VALUE)
        return 0;
    do {
        if (found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)
            continue;
        if (first && (count == 0 || strcmp(found.cFileName, first) < 0))
            snprintf(first, 300, "%s", found.cFileName);
        count++;
    } while (FindNextFileA(search, &found));
    FindClose(search);
    return count;
}

void folder_put(const struct folder *f, const char *name, const char *text)
{
    char path[700];
    path_of(f, name, path);
    FILE *file = fopen(path, "wb");
    CHECK_MSG(file && fputs(text, file) >= 0 && fclose(file) == 0, "%s", path);
}

const char *folder_read(const struct folder *f, const char *name)
{
    static char text[65536];
    char path[700];
    path_of(f, name, path);
    FILE *file = fopen(path, "rb");
    CHECK_MSG(file, "%s", path);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    return text;
}
