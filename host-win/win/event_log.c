/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "win/event_log.h"

#include <errno.h>
#include <windows.h>

#include "base/utf16.h"

#define SOURCE     L"Espelho"
#define SOURCE_KEY L"SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\" SOURCE

/* Part of every Windows: its messages 1 to 1000 are nothing but the text that comes with the entry.
 * Entries stay readable when the program is gone. */
static const wchar_t message_file[] = L"%SystemRoot%\\System32\\EventCreate.exe";

static int error_of(LSTATUS status)
{
    return status == 0 ? 0 : status == ERROR_ACCESS_DENIED ? -EACCES : -EIO;
}

int event_log_install(void)
{
    const DWORD types = EVENTLOG_ERROR_TYPE | EVENTLOG_WARNING_TYPE | EVENTLOG_INFORMATION_TYPE;
    HKEY key;
    LSTATUS status = RegCreateKeyExW(HKEY_LOCAL_MACHINE, SOURCE_KEY, 0, NULL, 0, KEY_SET_VALUE,
                                     NULL, &key, NULL);
    if (status != 0)
        return error_of(status);
    status = RegSetValueExW(key, L"EventMessageFile", 0, REG_EXPAND_SZ, (const BYTE *)message_file,
                            sizeof(message_file));
    if (status == 0)
        status = RegSetValueExW(key, L"TypesSupported", 0, REG_DWORD, (const BYTE *)&types,
                                sizeof(types));
    RegCloseKey(key);
    return error_of(status);
}

int event_log_uninstall(void)
{
    const LSTATUS status = RegDeleteKeyW(HKEY_LOCAL_MACHINE, SOURCE_KEY);
    return status == ERROR_FILE_NOT_FOUND ? 0 : error_of(status);
}

static WORD type_of(enum event_log_id id)
{
    switch (id) {
    case EVENT_LOG_STARTED:
    case EVENT_LOG_STOPPED:
        return EVENTLOG_INFORMATION_TYPE;
    case EVENT_LOG_FAILED:
        return EVENTLOG_WARNING_TYPE;
    case EVENT_LOG_CRASHED:
    case EVENT_LOG_FATAL:
        break;
    }
    return EVENTLOG_ERROR_TYPE;
}

int event_log_write(enum event_log_id id, const char *text)
{
    wchar_t wide[2048];
    const wchar_t *strings[] = { wide };
    utf16_from_utf8(text, wide, ARRAY_LEN(wide)); /* a longer one is cut */
    HANDLE log = RegisterEventSourceW(NULL, SOURCE);
    if (!log)
        return -EIO;
    const BOOL done =
        ReportEventW(log, type_of(id), 0, (DWORD)id, NULL, ARRAY_LEN(strings), 0, strings, NULL);
    DeregisterEventSource(log);
    return done ? 0 : -EIO;
}
