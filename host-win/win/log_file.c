/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LOG_MODULE "log"
#include "win/log_file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <windows.h>

#include "base/err.h"
#include "base/log.h"
#include "base/utf16.h"
#include "win/folders.h"

static const char extension[] = "log";

int log_file_name(const char *folder, const char *program, const char *kind, uint32_t serial,
                  char path[FILE_PATH_BYTES])
{
    SYSTEMTIME t;
    char name[LOG_NAME_BYTES];
    GetLocalTime(&t);
    const struct log_time now = { t.wYear, t.wMonth, t.wDay, t.wHour, t.wMinute, t.wSecond };
    log_rotation_name(program, kind, &now, GetCurrentProcessId(), serial, name);
    const int len = snprintf(path, FILE_PATH_BYTES, "%s\\%s", folder, name);
    return len < 0 || len >= FILE_PATH_BYTES ? -ENAMETOOLONG : 0;
}

/* `path` becomes folder\name in UTF-16; false: too long. */
static bool wide_path(const char *folder, const char *name, wchar_t path[FILE_PATH_BYTES])
{
    char utf8[FILE_PATH_BYTES];
    const int len = snprintf(utf8, sizeof(utf8), "%s\\%s", folder, name);
    return len > 0 && len < FILE_PATH_BYTES && utf16_from_utf8(utf8, path, FILE_PATH_BYTES) == 0;
}

void log_file_prune(const char *folder, const char *program, const char *kind, size_t keep)
{
    struct log_rotation r;
    WIN32_FIND_DATAW found;
    wchar_t path[FILE_PATH_BYTES];
    char name[LOG_NAME_BYTES], victim[LOG_NAME_BYTES];
    log_rotation_init(&r, program, kind, keep);
    HANDLE search =
        wide_path(folder, "*", path) ? FindFirstFileW(path, &found) : INVALID_HANDLE_VALUE;
    if (search == INVALID_HANDLE_VALUE)
        return;
    do {
        const bool plain = !(found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY);
        /* Another process may still write to it: then it stays, and is a victim the next time. */
        if (plain && utf16_to_utf8(found.cFileName, name, sizeof(name)) == 0 &&
            log_rotation_add(&r, name, victim) && wide_path(folder, victim, path))
            DeleteFileW(path);
    } while (FindNextFileW(search, &found));
    FindClose(search);
}

static int open_next(struct log_file *file)
{
    char path[FILE_PATH_BYTES];
    int err = log_file_name(file->folder, file->program, extension, file->serial, path);
    err = err < 0 ? err : log_open_file(path);
    if (err < 0)
        return err;
    file->serial++;
    memcpy(file->path, path, sizeof(path));
    log_file_prune(file->folder, file->program, extension, LOG_FILE_KEEP);
    return 0;
}

int log_file_start(struct log_file *file, const char *folder, const char *program, bool echo,
                   uint64_t max_bytes)
{
    *file = (struct log_file){ .max_bytes = max_bytes ? max_bytes : LOG_FILE_MAX_BYTES };
    if (strlen(folder) >= sizeof(file->folder) || strlen(program) >= sizeof(file->program))
        return -ENAMETOOLONG;
    memcpy(file->folder, folder, strlen(folder) + 1);
    memcpy(file->program, program, strlen(program) + 1);
    int err = folders_make(folder);
    err = err < 0 ? err : open_next(file);
    if (err < 0)
        return err;
    log_set_stamp(true);
    log_set_echo(echo);
    return 0;
}

void log_file_header(struct log_file *file, const char *fmt, ...)
{
    char line[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    const size_t used = strlen(file->header), more = strlen(line);
    if (used + more + 2 <= sizeof(file->header)) {
        memcpy(file->header + used, line, more);
        memcpy(file->header + used + more, "\n", 2);
    }
    log_info("%s", line);
}

static void repeat_header(const struct log_file *file)
{
    for (const char *line = file->header; *line;) {
        const size_t n = strcspn(line, "\n");
        log_info("%.*s", (int)n, line);
        line += n + 1;
    }
}

void log_file_tick(struct log_file *file)
{
    if (!file->path[0] || log_file_bytes() < file->max_bytes)
        return;
    const int err = open_next(file);
    if (err < 0) {
        log_every(600000, LOG_LEVEL_WARN, "the next log file in %s: %s", file->folder,
                  err_str(err));
        return;
    }
    repeat_header(file);
}
