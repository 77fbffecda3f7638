/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "win/event_log.h"

#include <windows.h>

#include "test.h"

#define KEY L"SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\Espelho"

static LSTATUS read_value(const wchar_t *name, DWORD types, void *data, DWORD data_bytes)
{
    return RegGetValueW(HKEY_LOCAL_MACHINE, KEY, name, types, NULL, data, &data_bytes);
}

TEST(the_source_comes_and_goes)
{
    wchar_t file[200];
    DWORD types = 0;
    CHECK_INT(event_log_install(), 0);
    CHECK_INT(event_log_install(), 0); /* over an older version */
    CHECK_INT(
        read_value(L"EventMessageFile", RRF_RT_REG_EXPAND_SZ | RRF_NOEXPAND, file, sizeof(file)),
        0);
    CHECK(wcscmp(file, L"%SystemRoot%\\System32\\EventCreate.exe") == 0);
    CHECK_INT(read_value(L"TypesSupported", RRF_RT_REG_DWORD, &types, sizeof(types)), 0);
    CHECK_INT(types, 7);
    CHECK_INT(event_log_uninstall(), 0);
    CHECK(read_value(L"TypesSupported", RRF_RT_REG_DWORD, &types, sizeof(types)) != 0);
    CHECK_INT(event_log_uninstall(), 0);
}

TEST(entries_are_written)
{
    static char text[10000];
    memset(text, 'x', sizeof(text) - 1);
    for (int id = EVENT_LOG_STARTED; id <= EVENT_LOG_FATAL; id++)
        CHECK_INT(event_log_write((enum event_log_id)id, "caf\xc3\xa9"), 0);
    CHECK_INT(event_log_write(EVENT_LOG_FAILED, text), 0);
    CHECK_INT(event_log_write(EVENT_LOG_FAILED, ""), 0);
}
