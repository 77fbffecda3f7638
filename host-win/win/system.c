/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "win/system.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "base/cleanup.h"
#include "base/utf16.h"
#include "win/os_name.h"
#include "win/smbios.h"

#define RSMB          0x52534D42u
#define TABLE_MAX     (UINT32_C(1) << 20) /* a real one has some kilobytes */
#define PROCESSOR_KEY L"HARDWARE\\DESCRIPTION\\System\\CentralProcessor\\0"
#define WINDOWS_KEY   L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"

static void find_uuid(uint8_t uuid[16])
{
    const UINT bytes = GetSystemFirmwareTable(RSMB, 0, NULL, 0);
    autofree uint8_t *raw = bytes && bytes <= TABLE_MAX ? malloc(bytes) : NULL;
    if (!raw)
        return;
    const UINT got_bytes = GetSystemFirmwareTable(RSMB, 0, raw, bytes);
    if (got_bytes <= bytes && smbios_uuid(raw, got_bytes, uuid) < 0)
        memset(uuid, 0, 16);
}

/* "" if it is not there. */
static void read_text(const wchar_t *key, const wchar_t *name, char *text, size_t text_bytes)
{
    wchar_t wide[256];
    DWORD bytes = sizeof(wide);
    text[0] = '\0';
    if (RegGetValueW(HKEY_LOCAL_MACHINE, key, name, RRF_RT_REG_SZ, NULL, wide, &bytes) == 0)
        utf16_span_to_utf8(wide, bytes / sizeof(wide[0]), text, text_bytes);
}

static uint32_t read_number(const wchar_t *key, const wchar_t *name)
{
    DWORD value = 0, bytes = sizeof(value);
    if (RegGetValueW(HKEY_LOCAL_MACHINE, key, name, RRF_RT_REG_DWORD, NULL, &value, &bytes) != 0)
        return 0;
    return value;
}

/* Makers pad their names with blanks. */
static void squeeze(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        if (*from != ' ' || (to > text && to[-1] != ' '))
            *to++ = *from;
    }
    while (to > text && to[-1] == ' ')
        to--;
    *to = '\0';
}

/* How many there are of a kind; 0: Windows does not say. */
static uint32_t count_processors(LOGICAL_PROCESSOR_RELATIONSHIP kind)
{
    DWORD bytes = 0;
    uint32_t count = 0;
    GetLogicalProcessorInformationEx(kind, NULL, &bytes);
    autofree uint8_t *list = bytes && bytes <= TABLE_MAX ? malloc(bytes) : NULL;
    if (!list || !GetLogicalProcessorInformationEx(kind, (void *)list, &bytes))
        return 0;
    for (DWORD at = 0; at + 2 * sizeof(DWORD) <= bytes; count++) {
        const SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX *entry = (const void *)(list + at);
        if (entry->Size == 0)
            break;
        at += entry->Size;
    }
    return count;
}

static void find_processors(struct kvmfr_session *session)
{
    session->cpus = GetActiveProcessorCount(ALL_PROCESSOR_GROUPS);
    session->cores = count_processors(RelationProcessorCore);
    session->sockets = count_processors(RelationProcessorPackage);
    read_text(PROCESSOR_KEY, L"ProcessorNameString", session->cpu_model,
              sizeof(session->cpu_model));
    squeeze(session->cpu_model);
}

/* GetVersionEx() tells programs what their manifest wants to hear. */
static void real_version(struct os_version *out)
{
    RTL_OSVERSIONINFOW info = { .dwOSVersionInfoSize = sizeof(info) };
    typedef LONG(WINAPI * get_version)(RTL_OSVERSIONINFOW *);
    const get_version call =
        (get_version)(void *)GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "RtlGetVersion");
    if (!call || call(&info) != 0)
        return;
    out->major = info.dwMajorVersion;
    out->minor = info.dwMinorVersion;
    out->build = info.dwBuildNumber;
}

static void find_os(struct kvmfr_session *session)
{
    char product[80], release[16];
    struct os_version version = { .product = product, .release = release };
    read_text(WINDOWS_KEY, L"ProductName", product, sizeof(product));
    read_text(WINDOWS_KEY, L"DisplayVersion", release, sizeof(release)); /* from 20H2 on */
    if (!release[0])
        read_text(WINDOWS_KEY, L"ReleaseId", release, sizeof(release));
    version.revision = read_number(WINDOWS_KEY, L"UBR");
    real_version(&version);
    os_name_format(&version, session->os_name, sizeof(session->os_name));
    session->os = KVMFR_OS_WINDOWS;
    session->has_os = true;
}

void system_describe(struct kvmfr_session *session)
{
    memset(session->uuid, 0, sizeof(session->uuid));
    find_uuid(session->uuid);
    find_processors(session);
    session->has_vm = true;
    find_os(session);
}
