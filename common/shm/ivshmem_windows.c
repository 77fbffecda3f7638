/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shm/ivshmem_windows.h"

#include <assert.h>

/* After windows.h: these two define what they declare. */
#include <initguid.h>

#include <devpkey.h>
#include <setupapi.h>
#include <stdlib.h>
#include <winioctl.h>

/* {df576976-569d-4672-95a0-f57e4ea0b210} */
static const GUID ivshmem_guid = {
    0xdf576976, 0x569d, 0x4672, { 0x95, 0xa0, 0xf5, 0x7e, 0x4e, 0xa0, 0xb2, 0x10 }
};

enum ivshmem_code {
    IVSHMEM_SIZE = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x801, METHOD_BUFFERED, FILE_ANY_ACCESS),
    IVSHMEM_MAP = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x802, METHOD_BUFFERED, FILE_ANY_ACCESS),
    IVSHMEM_UNMAP = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x803, METHOD_BUFFERED, FILE_ANY_ACCESS),
    IVSHMEM_RING = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x804, METHOD_BUFFERED, FILE_ANY_ACCESS),
    IVSHMEM_EVENT = CTL_CODE(FILE_DEVICE_UNKNOWN, 0x805, METHOD_BUFFERED, FILE_ANY_ACCESS),
};
static_assert(IVSHMEM_SIZE == 0x222004 && IVSHMEM_EVENT == 0x222014, "driver interface");

enum { IVSHMEM_WRITE_COMBINED = 2 };

struct ivshmem_map_reply {
    uint16_t peer_id;
    uint64_t len_bytes;
    void *mem;
    uint16_t vectors;
};
static_assert(sizeof(struct ivshmem_map_reply) == 32, "driver interface");

struct ivshmem_ring_request {
    uint16_t peer, vector;
};
static_assert(sizeof(struct ivshmem_ring_request) == 4, "driver interface");

struct ivshmem_event_request {
    uint16_t vector;
    HANDLE event;
    uint8_t single_shot;
};
static_assert(sizeof(struct ivshmem_event_request) == 24, "driver interface");
static_assert(offsetof(struct ivshmem_event_request, single_shot) == 16, "driver interface");

/* By property: unlike SPDRP_BUSNUMBER and SPDRP_ADDRESS these work wherever properties do. */
static bool number_property(HDEVINFO set, SP_DEVINFO_DATA *info, const DEVPROPKEY *key,
                            uint32_t *out)
{
    DEVPROPTYPE type;
    DWORD value;
    if (!SetupDiGetDevicePropertyW(set, info, key, &type, (BYTE *)&value, sizeof(value), NULL, 0) ||
        type != DEVPROP_TYPE_UINT32)
        return false;
    *out = value;
    return true;
}

static bool read_path(HDEVINFO set, SP_DEVICE_INTERFACE_DATA *interface_data, SP_DEVINFO_DATA *info,
                      wchar_t path[IVSHMEM_PATH_UNITS])
{
    union {
        SP_DEVICE_INTERFACE_DETAIL_DATA_W detail;
        uint8_t
            room[sizeof(SP_DEVICE_INTERFACE_DETAIL_DATA_W) + IVSHMEM_PATH_UNITS * sizeof(wchar_t)];
    } u = { .detail.cbSize = sizeof(u.detail) };
    if (!SetupDiGetDeviceInterfaceDetailW(set, interface_data, &u.detail, sizeof(u), NULL, info) ||
        wcsnlen(u.detail.DevicePath, IVSHMEM_PATH_UNITS) == IVSHMEM_PATH_UNITS)
        return false;
    wcscpy(path, u.detail.DevicePath);
    return true;
}

/* False: there are no more. A device that cannot be described is left out. */
static bool add_device(HDEVINFO set, DWORD index, struct ivshmem_devices *out)
{
    SP_DEVICE_INTERFACE_DATA interface_data = { .cbSize = sizeof(interface_data) };
    SP_DEVINFO_DATA info = { .cbSize = sizeof(info) };
    if (!SetupDiEnumDeviceInterfaces(set, NULL, &ivshmem_guid, index, &interface_data))
        return false;
    struct ivshmem_device *d = &out->at[out->count];
    *d = (struct ivshmem_device){ 0 };
    if (!read_path(set, &interface_data, &info, d->path))
        return true;
    d->has_address = number_property(set, &info, &DEVPKEY_Device_BusNumber, &d->bus) &&
                     number_property(set, &info, &DEVPKEY_Device_Address, &d->address);
    out->count++;
    return true;
}

static uint64_t order_of(const struct ivshmem_device *d)
{
    return d->has_address ? (uint64_t)d->bus << 32 | d->address : UINT64_MAX;
}

static int compare_devices(const void *a, const void *b)
{
    const struct ivshmem_device *x = a, *y = b;
    if (order_of(x) != order_of(y))
        return order_of(x) < order_of(y) ? -1 : 1;
    return _wcsicmp(x->path, y->path);
}

DWORD ivshmem_find(struct ivshmem_devices *out)
{
    HDEVINFO set =
        SetupDiGetClassDevsW(&ivshmem_guid, NULL, NULL, DIGCF_PRESENT | DIGCF_DEVICEINTERFACE);
    if (set == INVALID_HANDLE_VALUE)
        return GetLastError();
    out->count = 0;
    for (DWORD i = 0; out->count < IVSHMEM_DEVICES_MAX && add_device(set, i, out); i++)
        ;
    SetupDiDestroyDeviceInfoList(set);
    qsort(out->at, out->count, sizeof(out->at[0]), compare_devices);
    return 0;
}

const struct ivshmem_device *ivshmem_choose(const struct ivshmem_devices *devices,
                                            const struct ivshmem_name *name)
{
    if (!name->by_address)
        return name->index < devices->count ? &devices->at[name->index] : NULL;
    for (size_t i = 0; i < devices->count; i++) {
        const struct ivshmem_device *d = &devices->at[i];
        if (d->has_address && d->bus == name->bus && d->address == name->address)
            return d;
    }
    return NULL;
}

static bool is_ivshmem_id(HDEVINFO set, SP_DEVINFO_DATA *info)
{
    wchar_t ids[1024] = { 0 }; /* several, each terminated; the first is the most specific one */
    if (!SetupDiGetDeviceRegistryPropertyW(set, info, SPDRP_HARDWAREID, NULL, (BYTE *)ids,
                                           sizeof(ids) - 2 * sizeof(wchar_t), NULL))
        return false;
    return wcsstr(ids, L"VEN_1AF4&DEV_1110") != NULL;
}

bool ivshmem_hardware_present(void)
{
    HDEVINFO set = SetupDiGetClassDevsW(NULL, L"PCI", NULL, DIGCF_PRESENT | DIGCF_ALLCLASSES);
    if (set == INVALID_HANDLE_VALUE)
        return false;
    bool found = false;
    SP_DEVINFO_DATA info = { .cbSize = sizeof(info) };
    for (DWORD i = 0; !found && SetupDiEnumDeviceInfo(set, i, &info); i++)
        found = is_ivshmem_id(set, &info);
    SetupDiDestroyDeviceInfoList(set);
    return found;
}

/* Its control codes need no access rights; asking for none works for every user that may open it.
 */
DWORD ivshmem_open(const struct ivshmem_device *device, HANDLE *out)
{
    HANDLE h = CreateFileW(device->path, 0, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING,
                           0, NULL);
    if (h == INVALID_HANDLE_VALUE)
        return GetLastError();
    *out = h;
    return 0;
}

static DWORD control(HANDLE device, enum ivshmem_code code, void *in, DWORD in_bytes, void *out,
                     DWORD out_bytes)
{
    DWORD got_bytes = 0;
    if (!DeviceIoControl(device, (DWORD)code, in, in_bytes, out, out_bytes, &got_bytes, NULL)) {
        const DWORD error = GetLastError();
        return error ? error : ERROR_GEN_FAILURE;
    }
    return got_bytes == out_bytes ? 0 : ERROR_BAD_LENGTH;
}

DWORD ivshmem_size(HANDLE device, uint64_t *out)
{
    return control(device, IVSHMEM_SIZE, NULL, 0, out, sizeof(*out));
}

DWORD ivshmem_map(HANDLE device, struct ivshmem_mapping *out)
{
    uint8_t mode = IVSHMEM_WRITE_COMBINED;
    struct ivshmem_map_reply reply = { 0 };
    const DWORD error = control(device, IVSHMEM_MAP, &mode, sizeof(mode), &reply, sizeof(reply));
    if (error)
        return error;
    const uintptr_t start = (uintptr_t)reply.mem;
    if (!start || start % 4096 != 0 || reply.len_bytes > UINTPTR_MAX - start) {
        ivshmem_unmap(device);
        return ERROR_INVALID_DATA;
    }
    *out = (struct ivshmem_mapping){ .mem = reply.mem,
                                     .len_bytes = reply.len_bytes,
                                     .peer_id = reply.peer_id,
                                     .vectors = reply.vectors };
    return 0;
}

void ivshmem_unmap(HANDLE device)
{
    (void)control(device, IVSHMEM_UNMAP, NULL, 0, NULL, 0);
}

DWORD ivshmem_ring(HANDLE device, uint16_t peer, uint16_t vector)
{
    struct ivshmem_ring_request request = { peer, vector };
    return control(device, IVSHMEM_RING, &request, sizeof(request), NULL, 0);
}

DWORD ivshmem_register_event(HANDLE device, uint16_t vector, HANDLE event)
{
    struct ivshmem_event_request request = { .vector = vector, .event = event };
    return control(device, IVSHMEM_EVENT, &request, sizeof(request), NULL, 0);
}
