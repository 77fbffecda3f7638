/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "win/instance.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

#include "base/file.h"
#include "base/utf16.h"

struct instance {
    HANDLE mutex;
    HANDLE note; /* a page with our process id, or NULL: not allowed */
    volatile DWORD *holder_id;
};

/* Regions are paths: as object names they must have no backslash, and no case. FNV-1a, as two of
 * the same name would only be taken for one. */
static uint64_t hash_of(const char *region)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *region; region++) {
        const int c = *region == '/' ? '\\' : tolower((unsigned char)*region);
        hash = (hash ^ (uint64_t)(unsigned char)c) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static void object_name(const char *region, const wchar_t *what, wchar_t name[64])
{
    _snwprintf(name, 64, L"Global\\EspelhoHost-%ls-%016llx", what,
               (unsigned long long)hash_of(region));
    name[63] = 0;
}

/* Its program, "C:\\...\\x.exe"; false: it does not run any more, or we may not know. */
static bool program_of(DWORD process_id, char *path, size_t path_bytes)
{
    wchar_t wide[FILE_PATH_BYTES];
    DWORD units = ARRAY_LEN(wide);
    HANDLE process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, process_id);
    if (!process)
        return false;
    const BOOL known = QueryFullProcessImageNameW(process, 0, wide, &units);
    CloseHandle(process);
    if (known)
        utf16_span_to_utf8(wide, units, path, path_bytes);
    return known;
}

/* Whoever may read processes at all gets an answer; the others "another process". */
static void name_holder(const char *region, char *holder, size_t holder_bytes)
{
    wchar_t name[64];
    char program[FILE_PATH_BYTES];
    DWORD id = 0;
    snprintf(holder, holder_bytes, "another process");
    object_name(region, L"note", name);
    HANDLE note = OpenFileMappingW(FILE_MAP_READ, FALSE, name);
    const volatile DWORD *page = note ? MapViewOfFile(note, FILE_MAP_READ, 0, 0, 0) : NULL;
    if (page) {
        id = *page;
        UnmapViewOfFile((const void *)page);
    }
    if (note)
        CloseHandle(note);
    if (id != 0 && program_of(id, program, sizeof(program)))
        snprintf(holder, holder_bytes, "%s, process %lu", program, id);
    else if (id != 0)
        snprintf(holder, holder_bytes, "process %lu", id);
}

/* Without it everything works but the name in the other's message. */
static void leave_note(struct instance *i, const char *region)
{
    wchar_t name[64];
    object_name(region, L"note", name);
    i->note = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 4096, name);
    i->holder_id = i->note ? MapViewOfFile(i->note, FILE_MAP_WRITE, 0, 0, 0) : NULL;
    if (i->holder_id)
        *i->holder_id = GetCurrentProcessId();
}

int instance_acquire(const char *region, struct instance **out, char *holder, size_t holder_bytes)
{
    wchar_t name[64];
    struct instance *i = calloc(1, sizeof(*i));
    if (!i)
        return -ENOMEM;
    object_name(region, L"mutex", name);
    /* Never owned: that it exists is what counts, and that lasts as long as the process. */
    i->mutex = CreateMutexW(NULL, FALSE, name);
    const DWORD error = GetLastError();
    if (i->mutex && error != ERROR_ALREADY_EXISTS) {
        leave_note(i, region);
        *out = i;
        return 0;
    }
    instance_release(i);
    /* Denied: another user's, the service's for one. */
    if (error != ERROR_ALREADY_EXISTS && error != ERROR_ACCESS_DENIED)
        return -EIO;
    name_holder(region, holder, holder_bytes);
    return -EBUSY;
}

void instance_release(struct instance *instance)
{
    if (!instance)
        return;
    if (instance->holder_id)
        UnmapViewOfFile((const void *)instance->holder_id);
    if (instance->note)
        CloseHandle(instance->note);
    if (instance->mutex)
        CloseHandle(instance->mutex);
    free(instance);
}
