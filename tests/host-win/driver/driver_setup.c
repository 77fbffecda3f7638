/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "driver_setup.h"

#include <stdio.h>
#include <wchar.h>

#include "base/macros.h"
#include "base/utf16.h"

#define ENUM_KEY     L"System\\CurrentControlSet\\Enum\\"
#define ROOT_KEY     ENUM_KEY L"ROOT\\" STAND_IN_INSTANCE
#define BARE_KEY     ENUM_KEY L"PCI\\VEN_1AF4&DEV_1110&SUBSYS_11001AF4&REV_01\\3&11583659&0&80"
#define CLASSES_KEY  L"System\\CurrentControlSet\\Control\\DeviceClasses\\" STAND_IN_GUID
#define SERVICE_KEY  L"System\\CurrentControlSet\\Services\\" STAND_IN_SERVICE
#define DEVICE_PROPS L"Properties\\{a45c254e-df1c-4efd-8020-67d146a850e0}" /* DEVPKEY_Device_* */
#define SYSTEM_CLASS L"{4d36e97d-e325-11ce-bfc1-08002be10318}"

/* `type` of a device property is stored like this. */
#define PROPERTY_UINT32 0xFFFF0007u

static DWORD set_value(const wchar_t *key_path, const wchar_t *name, DWORD type, const void *data,
                       size_t data_bytes)
{
    HKEY key;
    DWORD error = (DWORD)RegCreateKeyExW(HKEY_LOCAL_MACHINE, key_path, 0, NULL, 0, KEY_ALL_ACCESS,
                                         NULL, &key, NULL);
    if (error)
        return error;
    error = (DWORD)RegSetValueExW(key, name, 0, type, data, (DWORD)data_bytes);
    RegCloseKey(key);
    return error;
}

static DWORD set_text(const wchar_t *key_path, const wchar_t *name, const wchar_t *text)
{
    return set_value(key_path, name, REG_SZ, text, (wcslen(text) + 1) * sizeof(*text));
}

static DWORD set_number(const wchar_t *key_path, const wchar_t *name, DWORD type, DWORD number)
{
    return set_value(key_path, name, type, &number, sizeof(number));
}

/* The device, its address, its interface and the link of that. */
static DWORD register_device(unsigned n)
{
    wchar_t root[128], class_key[300], key[400], text[256];
    swprintf(root, ARRAY_LEN(root), ROOT_KEY L"\\%04u", n);
    swprintf(class_key, ARRAY_LEN(class_key),
             CLASSES_KEY L"\\##?#ROOT#" STAND_IN_INSTANCE L"#%04u#" STAND_IN_GUID, n);
    DWORD error = set_text(root, L"ClassGUID", SYSTEM_CLASS);
    swprintf(key, ARRAY_LEN(key), L"%ls\\" DEVICE_PROPS L"\\0017", root); /* BusNumber: 23 */
    error = error ? error : set_number(key, NULL, PROPERTY_UINT32, 0);
    swprintf(key, ARRAY_LEN(key), L"%ls\\" DEVICE_PROPS L"\\001E", root); /* Address: 30 */
    error = error ? error : set_number(key, NULL, PROPERTY_UINT32, (16 - n) << 16);
    swprintf(text, ARRAY_LEN(text), L"ROOT\\" STAND_IN_INSTANCE L"\\%04u", n);
    error = error ? error : set_text(class_key, L"DeviceInstance", text);
    swprintf(key, ARRAY_LEN(key), L"%ls\\#", class_key);
    swprintf(text, ARRAY_LEN(text), L"\\\\?\\ROOT#" STAND_IN_INSTANCE L"#%04u#" STAND_IN_GUID, n);
    error = error ? error : set_text(key, L"SymbolicLink", text);
    swprintf(key, ARRAY_LEN(key), L"%ls\\#\\Control", class_key);
    return error ? error : set_number(key, L"Linked", REG_DWORD, 1);
}

static DWORD register_memory(unsigned n, const char *path)
{
    wchar_t name[16], wide[STAND_IN_PATH_UNITS - 16], nt_path[STAND_IN_PATH_UNITS];
    if (utf16_from_utf8(path, wide, ARRAY_LEN(wide)) < 0)
        return ERROR_FILENAME_EXCED_RANGE;
    swprintf(name, ARRAY_LEN(name), STAND_IN_SHM_PATH L"%u", n);
    swprintf(nt_path, ARRAY_LEN(nt_path), L"\\??\\Z:%ls", wide);
    for (wchar_t *p = nt_path; *p; p++)
        *p = *p == L'/' ? L'\\' : *p;
    return set_text(SERVICE_KEY, name, nt_path);
}

static DWORD copy_driver(const char *sys, wchar_t to[MAX_PATH])
{
    wchar_t from[MAX_PATH];
    if (utf16_from_utf8(sys, from, ARRAY_LEN(from)) < 0)
        return ERROR_FILENAME_EXCED_RANGE;
    GetSystemDirectoryW(to, MAX_PATH - 64);
    wcscat(to, L"\\drivers\\" STAND_IN_SERVICE L".sys");
    return CopyFileW(from, to, FALSE) ? 0 : GetLastError();
}

static DWORD create_service(const wchar_t *sys, SC_HANDLE *out)
{
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_ALL_ACCESS);
    if (!manager)
        return GetLastError();
    *out = CreateServiceW(manager, STAND_IN_SERVICE, NULL, SERVICE_ALL_ACCESS,
                          SERVICE_KERNEL_DRIVER, SERVICE_DEMAND_START, SERVICE_ERROR_NORMAL, sys,
                          NULL, NULL, NULL, NULL, NULL);
    const DWORD error = *out ? 0 : GetLastError();
    CloseServiceHandle(manager);
    return error;
}

static DWORD start_service(SC_HANDLE service)
{
    SERVICE_STATUS status = { 0 };
    if (!StartServiceW(service, 0, NULL))
        return GetLastError();
    for (int i = 0; i < 500; i++) {
        if (!QueryServiceStatus(service, &status))
            return GetLastError();
        if (status.dwCurrentState != SERVICE_START_PENDING)
            break;
        Sleep(10);
    }
    return status.dwCurrentState == SERVICE_RUNNING ? 0 : ERROR_SERVICE_NOT_ACTIVE;
}

DWORD driver_install(const struct driver_setup *setup)
{
    wchar_t sys[MAX_PATH];
    SC_HANDLE service;
    driver_remove();
    DWORD error = copy_driver(setup->sys, sys);
    error = error ? error : create_service(sys, &service);
    if (error)
        return error;
    for (unsigned n = 0; !error && n < setup->count; n++) {
        error = register_device(n);
        error = error ? error : register_memory(n, setup->paths[n]);
    }
    error = error ? error : set_number(SERVICE_KEY, STAND_IN_LIE, REG_DWORD, setup->lie);
    error = error ? error : set_number(SERVICE_KEY, STAND_IN_VECTORS, REG_DWORD, setup->vectors);
    error = error ? error : set_number(SERVICE_KEY, STAND_IN_PEER, REG_DWORD, setup->peer);
    error = error ? error : start_service(service);
    CloseServiceHandle(service);
    return error;
}

static SC_HANDLE open_service(void)
{
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_ALL_ACCESS);
    SC_HANDLE service = OpenServiceW(manager, STAND_IN_SERVICE, SERVICE_ALL_ACCESS);
    CloseServiceHandle(manager);
    return service;
}

/* Waits until it has really stopped: the control call itself returns when it likes. */
static DWORD stop_service(SC_HANDLE service)
{
    SERVICE_STATUS status = { 0 };
    if (!QueryServiceStatus(service, &status))
        return GetLastError();
    if (status.dwCurrentState == SERVICE_STOPPED)
        return 0;
    ControlService(service, SERVICE_CONTROL_STOP, &status);
    for (int i = 0; i < 500; i++) {
        if (QueryServiceStatus(service, &status) && status.dwCurrentState == SERVICE_STOPPED)
            return 0;
        Sleep(10);
    }
    return ERROR_SERVICE_REQUEST_TIMEOUT;
}

DWORD driver_stop(void)
{
    SC_HANDLE service = open_service();
    if (!service)
        return GetLastError();
    const DWORD error = stop_service(service);
    CloseServiceHandle(service);
    return error;
}

void driver_remove(void)
{
    SC_HANDLE service = open_service();
    if (service) {
        stop_service(service);
        DeleteService(service);
        CloseServiceHandle(service);
    }
    RegDeleteTreeW(HKEY_LOCAL_MACHINE, CLASSES_KEY);
    RegDeleteTreeW(HKEY_LOCAL_MACHINE, ROOT_KEY);
    driver_set_bare_hardware(FALSE);
}

static DWORD control(unsigned n, DWORD code, const void *in, DWORD in_bytes, void *out,
                     DWORD out_bytes)
{
    wchar_t path[128];
    DWORD got_bytes = 0;
    swprintf(path, ARRAY_LEN(path), L"\\\\?\\ROOT#" STAND_IN_INSTANCE L"#%04u#" STAND_IN_GUID, n);
    HANDLE device =
        CreateFileW(path, 0, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
    if (device == INVALID_HANDLE_VALUE)
        return GetLastError();
    const DWORD error = DeviceIoControl(device, code, (void *)(uintptr_t)in, in_bytes, out,
                                        out_bytes, &got_bytes, NULL)
                            ? 0
                            : GetLastError();
    CloseHandle(device);
    return error;
}

DWORD driver_ring(unsigned n, unsigned short peer, unsigned short vector)
{
    const unsigned short request[] = { peer, vector };
    return control(n, 0x222010, request, sizeof(request), NULL, 0);
}

DWORD driver_rings(unsigned n, struct stand_in_rings *out)
{
    return control(n, STAND_IN_IOCTL_RINGS, NULL, 0, out, sizeof(*out));
}

void driver_set_bare_hardware(BOOL present)
{
    static const wchar_t ids[] = L"PCI\\VEN_1AF4&DEV_1110&SUBSYS_11001AF4&REV_01\0"
                                 L"PCI\\VEN_1AF4&DEV_1110\0";
    if (!present) {
        RegDeleteTreeW(HKEY_LOCAL_MACHINE, BARE_KEY);
        return;
    }
    set_text(BARE_KEY, L"ClassGUID", SYSTEM_CLASS);
    set_value(BARE_KEY, L"HardwareID", REG_MULTI_SZ, ids, sizeof(ids));
}
