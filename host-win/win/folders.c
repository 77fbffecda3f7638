/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "win/folders.h"

#include <errno.h>
#include <string.h>
#include <windows.h>

#include <sddl.h>
#include <shlobj.h>

#include "base/utf16.h"

static int find_program(char *out, size_t out_bytes)
{
    wchar_t path[FILE_PATH_BYTES];
    const DWORD len = GetModuleFileNameW(NULL, path, ARRAY_LEN(path));
    if (len == 0)
        return -EIO;
    wchar_t *end = len < ARRAY_LEN(path) ? wcsrchr(path, L'\\') : NULL;
    if (!end)
        return -ENAMETOOLONG;
    *end = L'\0';
    return utf16_to_utf8((const uint16_t *)path, out, out_bytes);
}

/* From Windows and not from the environment, which whoever starts us could set. */
static int find_data(char *out, size_t out_bytes)
{
    static const char ours[] = "\\Espelho";
    wchar_t *path = NULL;
    int err = -EIO;
    if (SHGetKnownFolderPath(&FOLDERID_ProgramData, KF_FLAG_DONT_VERIFY, NULL, &path) == S_OK)
        err = utf16_to_utf8((const uint16_t *)path, out, out_bytes);
    CoTaskMemFree(path);
    if (err < 0)
        return err;
    const size_t len = strlen(out);
    if (len + sizeof(ours) > out_bytes)
        return -ENAMETOOLONG;
    memcpy(out + len, ours, sizeof(ours));
    return 0;
}

int folders_find(struct folders *out)
{
    struct folders found;
    int err = find_program(found.program, sizeof(found.program));
    if (err == 0)
        err = find_data(found.data, sizeof(found.data));
    if (err == 0)
        *out = found;
    return err;
}

int folders_make(const char *path)
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
