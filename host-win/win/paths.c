/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "win/paths.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <windows.h>

#include <initguid.h>

#include <knownfolders.h>
#include <sddl.h>
#include <shlobj.h>

#include "base/utf16.h"

#define DATA_FOLDER_NAME "Espelho"

static int program_path(char path[FILE_PATH_BYTES])
{
    wchar_t wide[FILE_PATH_BYTES];
    const DWORD n = GetModuleFileNameW(NULL, wide, ARRAY_LEN(wide));
    if (n == 0)
        return -ENOENT;
    return n == ARRAY_LEN(wide) ? -ENAMETOOLONG : utf16_to_utf8(wide, path, FILE_PATH_BYTES);
}

/* From the system and not from the environment, which belongs to whoever started us. */
static int data_path(char path[FILE_PATH_BYTES])
{
    wchar_t *wide = NULL;
    char parent[FILE_PATH_BYTES];
    int err = -ENOENT;
    if (SUCCEEDED(SHGetKnownFolderPath(&FOLDERID_ProgramData, 0, NULL, &wide)))
        err = utf16_to_utf8(wide, parent, sizeof(parent));
    CoTaskMemFree(wide);
    if (err < 0)
        return err;
    const int len = snprintf(path, FILE_PATH_BYTES, "%s\\" DATA_FOLDER_NAME, parent);
    return len < 0 || len >= FILE_PATH_BYTES ? -ENAMETOOLONG : 0;
}

int win_paths_init(struct win_paths *out)
{
    struct win_paths p;
    int err = program_path(p.program);
    err = err < 0 ? err : data_path(p.data_folder);
    if (err < 0)
        return err;
    memcpy(p.program_folder, p.program, sizeof(p.program_folder));
    char *end = strrchr(p.program_folder, '\\');
    if (!end)
        return -ENOENT;
    *end = '\0';
    *out = p;
    return 0;
}

int win_folder_create(const char *path)
{
    /* Protected, full access for LocalSystem and administrators, reading for users: what runs as a
     * service must not take its settings from anybody. */
    static const wchar_t access[] = L"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)";
    wchar_t wide[FILE_PATH_BYTES];
    SECURITY_ATTRIBUTES security = { .nLength = sizeof(security) };
    if (utf16_from_utf8(path, wide, ARRAY_LEN(wide)) < 0)
        return -ENAMETOOLONG;
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(access, SDDL_REVISION_1,
                                                              &security.lpSecurityDescriptor, NULL))
        return -EIO;
    const DWORD error = CreateDirectoryW(wide, &security) ? 0 : GetLastError();
    LocalFree(security.lpSecurityDescriptor);
    const DWORD attributes = GetFileAttributesW(wide);
    if (attributes != INVALID_FILE_ATTRIBUTES)
        return attributes & FILE_ATTRIBUTE_DIRECTORY ? 0 : -ENOTDIR;
    return error == ERROR_ACCESS_DENIED ? -EACCES : -ENOENT;
}

int win_program_of(unsigned long process_id, char *path, size_t path_bytes)
{
    wchar_t wide[FILE_PATH_BYTES];
    DWORD units = ARRAY_LEN(wide);
    HANDLE process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, process_id);
    if (!process)
        return -ESRCH;
    const BOOL known = QueryFullProcessImageNameW(process, 0, wide, &units);
    CloseHandle(process);
    if (!known)
        return -ESRCH;
    utf16_span_to_utf8(wide, units, path, path_bytes);
    return 0;
}
