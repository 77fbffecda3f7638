/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/stop_event.h"

#include <errno.h>
#include <stdio.h>
#include <windows.h>

#include "control/control_security.h"

enum { NAME_CHARS = 48 };

static void make_name(unsigned long process_id, wchar_t name[NAME_CHARS])
{
    swprintf(name, NAME_CHARS, L"Global\\EspelhoHostStop-%lu", process_id);
}

int stop_event_create(unsigned long process_id, void **out)
{
    wchar_t name[NAME_CHARS];
    struct control_security *security = NULL;
    const int err = control_security_create(CONTROL_SECURITY_EVENT, &security);
    if (err < 0)
        return err;
    make_name(process_id, name);
    HANDLE event = CreateEventW(control_security_attributes(security), TRUE, FALSE, name);
    const DWORD error = GetLastError();
    control_security_destroy(security);
    if (!event)
        return error == ERROR_ACCESS_DENIED ? -EEXIST : -EIO;
    if (error == ERROR_ALREADY_EXISTS) {
        CloseHandle(event);
        return -EEXIST;
    }
    *out = event;
    return 0;
}

void *stop_event_open(void)
{
    wchar_t name[NAME_CHARS];
    make_name(GetCurrentProcessId(), name);
    return OpenEventW(SYNCHRONIZE, FALSE, name);
}
