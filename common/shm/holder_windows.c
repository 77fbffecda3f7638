/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shm/holder_windows.h"

#include <stdbool.h>
#include <stdio.h>
#include <windows.h>

#include <tlhelp32.h>

#include "base/macros.h"
#include "base/utf16.h"

/* Programs that map the device as long as they run. Ours are not among them: service and tray have
 * the same name and do not, and host-win/win/instance.h tells of a second one. */
static const wchar_t *const known[] = { L"looking-glass-host.exe", L"lookingglass-host.exe" };

static bool is_known(const wchar_t *program)
{
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (_wcsicmp(program, known[i]) == 0)
            return true;
    }
    return false;
}

void shm_holder_text(char *text, size_t text_bytes)
{
    snprintf(text, text_bytes, "another program");
    HANDLE list = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    if (list == INVALID_HANDLE_VALUE)
        return;
    PROCESSENTRY32W entry = { .dwSize = sizeof(entry) };
    for (BOOL more = Process32FirstW(list, &entry); more; more = Process32NextW(list, &entry)) {
        char name[128];
        if (!is_known(entry.szExeFile))
            continue;
        utf16_to_utf8(entry.szExeFile, name, sizeof(name));
        snprintf(text, text_bytes, "%s (process %lu)", name, entry.th32ProcessID);
        break;
    }
    CloseHandle(list);
}
