/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "win/desktop.h"

#include <errno.h>
#include <string.h>
#include <windows.h>

#include "base/utf16.h"

static void read_name(HDESK handle, char name[64])
{
    wchar_t wide[64];
    name[0] = '\0';
    if (GetUserObjectInformationW(handle, UOI_NAME, wide, sizeof(wide) - sizeof(wide[0]), NULL)) {
        wide[ARRAY_LEN(wide) - 1] = 0;
        utf16_to_utf8(wide, name, 64);
    }
}

void desktop_init(struct desktop *d)
{
    *d = (struct desktop){ .original = GetThreadDesktop(GetCurrentThreadId()) };
    read_name(d->original, d->name);
}

int desktop_enter(struct desktop *d)
{
    HDESK handle = OpenInputDesktop(0, FALSE, GENERIC_ALL);
    if (!handle)
        return GetLastError() == ERROR_ACCESS_DENIED ? -EACCES : -EIO;
    if (!SetThreadDesktop(handle)) {
        const DWORD error = GetLastError();
        CloseDesktop(handle);
        return error == ERROR_ACCESS_DENIED ? -EACCES : -EIO;
    }
    if (d->handle)
        CloseDesktop(d->handle);
    d->handle = handle;
    read_name(handle, d->name);
    return 0;
}

void desktop_leave(struct desktop *d)
{
    if (!d->handle)
        return;
    SetThreadDesktop(d->original);
    CloseDesktop(d->handle);
    d->handle = NULL;
    read_name(d->original, d->name);
}

bool desktop_is_secure(const struct desktop *d)
{
    return _stricmp(d->name, "Winlogon") == 0;
}
