/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/host-win/driver/stand_in.c - a driver with the IVSHMEM driver's interface for Wine: its
 * memory is a Linux file, which it maps into the caller. Source of the interface:
 * docs/protocol/kvmfr.md section 9.2; the code is ours.
 *
 * Wine runs drivers in a process of their own (winedevice.exe), one request at a time: nothing here
 * needs a lock. Several devices: one per ShmPathN in the service's key. With vectors they are
 * ivshmem-doorbell devices: what is rung is remembered, and who rings the device's own peer (from
 * another handle) sets its events. Without, rings and events are refused. */
#include <ntifs.h>

#include <ntddk.h>

#include "stand_in.h"

#define CODE(n)     CTL_CODE(FILE_DEVICE_UNKNOWN, (n), METHOD_BUFFERED, FILE_ANY_ACCESS)
#define IOCTL_PEER  CODE(0x800)
#define IOCTL_SIZE  CODE(0x801)
#define IOCTL_MAP   CODE(0x802)
#define IOCTL_UNMAP CODE(0x803)
#define IOCTL_RING  CODE(0x804)
#define IOCTL_EVENT CODE(0x805)

struct map_reply {
    USHORT peer_id;
    ULONG64 len_bytes;
    void *mem;
    USHORT vectors;
};

struct ring_request {
    USHORT peer, vector;
};

struct event_request {
    USHORT vector;
    HANDLE event;
    UCHAR single_shot;
};

struct event {
    FILE_OBJECT *file; /* with which it was registered; NULL: a free entry */
    HANDLE handle;     /* ours: a duplicate */
    USHORT vector;
    UCHAR single_shot;
};

struct stand_in {
    UNICODE_STRING link;
    WCHAR link_text[128];
    HANDLE file, section;
    ULONG64 len_bytes;
    ULONG lie;
    FILE_OBJECT *owner; /* whose handle has mapped it; NULL: nobody */
    HANDLE owner_pid;
    void *view; /* in the owner's process */
    USHORT peer, vectors;
    struct event events[STAND_IN_EVENTS_MAX];
    struct stand_in_rings rings;
};

NTSTATUS WINAPI DriverEntry(DRIVER_OBJECT *driver, UNICODE_STRING *key);

static NTSTATUS finish(IRP *irp, NTSTATUS status, ULONG_PTR len_bytes)
{
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = len_bytes;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

static NTSTATUS open_process(HANDLE pid, HANDLE *out)
{
    OBJECT_ATTRIBUTES attributes;
    CLIENT_ID id = { pid, 0 };
    InitializeObjectAttributes(&attributes, NULL, 0, NULL, NULL);
    return ZwOpenProcess(out, PROCESS_ALL_ACCESS, &attributes, &id);
}

static void let_go(struct stand_in *s)
{
    HANDLE process;
    if (s->owner && open_process(s->owner_pid, &process) == STATUS_SUCCESS) {
        ZwUnmapViewOfSection(process, s->view);
        ZwClose(process);
    }
    s->owner = NULL;
}

static NTSTATUS map_into_caller(struct stand_in *s, FILE_OBJECT *file)
{
    HANDLE process;
    void *view = NULL;
    SIZE_T view_bytes = 0;
    NTSTATUS status = open_process(PsGetCurrentProcessId(), &process);
    if (status != STATUS_SUCCESS)
        return status;
    status = ZwMapViewOfSection(s->section, process, &view, 0, 0, NULL, &view_bytes, ViewUnmap, 0,
                                PAGE_READWRITE);
    ZwClose(process);
    if (status != STATUS_SUCCESS)
        return status;
    s->owner = file;
    s->owner_pid = PsGetCurrentProcessId();
    s->view = view;
    return STATUS_SUCCESS;
}

static struct map_reply reply_of(const struct stand_in *s)
{
    struct map_reply reply = {
        .peer_id = s->peer, .len_bytes = s->len_bytes, .mem = s->view, .vectors = s->vectors
    };
    if (s->lie == STAND_IN_LIE_MAPPED_BYTES)
        reply.len_bytes *= 2;
    if (s->lie == STAND_IN_LIE_NULL)
        reply.mem = NULL;
    if (s->lie == STAND_IN_LIE_UNALIGNED)
        reply.mem = (char *)s->view + 8;
    return reply;
}

static NTSTATUS on_map(struct stand_in *s, IRP *irp, const IO_STACK_LOCATION *at)
{
    if (s->owner)
        return finish(irp, STATUS_DEVICE_ALREADY_ATTACHED, 0);
    if (at->Parameters.DeviceIoControl.InputBufferLength != 1 ||
        at->Parameters.DeviceIoControl.OutputBufferLength != sizeof(struct map_reply))
        return finish(irp, STATUS_INVALID_BUFFER_SIZE, 0);
    if (*(const UCHAR *)irp->AssociatedIrp.SystemBuffer > 2) /* the cache mode */
        return finish(irp, STATUS_INVALID_PARAMETER, 0);
    const NTSTATUS status = map_into_caller(s, at->FileObject);
    if (status != STATUS_SUCCESS)
        return finish(irp, status, 0);
    *(struct map_reply *)irp->AssociatedIrp.SystemBuffer = reply_of(s);
    return finish(irp, STATUS_SUCCESS,
                  s->lie == STAND_IN_LIE_SHORT_MAP ? 8 : sizeof(struct map_reply));
}

static NTSTATUS on_size(struct stand_in *s, IRP *irp, const IO_STACK_LOCATION *at)
{
    if (at->Parameters.DeviceIoControl.OutputBufferLength != sizeof(ULONG64))
        return finish(irp, STATUS_INVALID_BUFFER_SIZE, 0);
    *(ULONG64 *)irp->AssociatedIrp.SystemBuffer =
        s->lie == STAND_IN_LIE_HUGE ? 1ull << 63 : s->len_bytes;
    return finish(irp, STATUS_SUCCESS, s->lie == STAND_IN_LIE_SHORT_SIZE ? 4 : sizeof(ULONG64));
}

static NTSTATUS on_peer(const struct stand_in *s, IRP *irp, const IO_STACK_LOCATION *at)
{
    if (at->Parameters.DeviceIoControl.OutputBufferLength != sizeof(USHORT))
        return finish(irp, STATUS_INVALID_BUFFER_SIZE, 0);
    *(USHORT *)irp->AssociatedIrp.SystemBuffer = s->peer;
    return finish(irp, STATUS_SUCCESS, sizeof(USHORT));
}

/* ---- doorbells ---- */

static void forget_event(struct event *e)
{
    ZwClose(e->handle);
    e->file = NULL;
}

static void set_events(struct stand_in *s, USHORT vector)
{
    for (int i = 0; i < STAND_IN_EVENTS_MAX; i++) {
        struct event *e = &s->events[i];
        if (!e->file || e->vector != vector)
            continue;
        ZwSetEvent(e->handle, NULL);
        if (e->single_shot)
            forget_event(e);
    }
}

static void remember_ring(struct stand_in_rings *r, struct ring_request w)
{
    memmove(&r->last[0], &r->last[1], sizeof(r->last) - sizeof(r->last[0]));
    r->last[STAND_IN_RINGS_KEPT - 1].peer = w.peer;
    r->last[STAND_IN_RINGS_KEPT - 1].vector = w.vector;
    r->count++;
}

static NTSTATUS on_ring(struct stand_in *s, IRP *irp, const IO_STACK_LOCATION *at)
{
    struct ring_request w;
    if (s->vectors == 0)
        return finish(irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    if (at->Parameters.DeviceIoControl.InputBufferLength != sizeof(w))
        return finish(irp, STATUS_INVALID_BUFFER_SIZE, 0);
    memcpy(&w, irp->AssociatedIrp.SystemBuffer, sizeof(w));
    if (w.peer == s->peer)
        set_events(s, w.vector);
    else
        remember_ring(&s->rings, w);
    return finish(irp, STATUS_SUCCESS, 0);
}

/* The caller's handle becomes one of ours. */
static NTSTATUS take_event(const struct event_request *w, HANDLE *out)
{
    HANDLE process;
    NTSTATUS status = open_process(PsGetCurrentProcessId(), &process);
    if (status != STATUS_SUCCESS)
        return status;
    status =
        ZwDuplicateObject(process, w->event, NtCurrentProcess(), out, EVENT_MODIFY_STATE, 0, 0);
    ZwClose(process);
    return status;
}

static NTSTATUS on_event(struct stand_in *s, IRP *irp, const IO_STACK_LOCATION *at)
{
    struct event_request w;
    struct event *e = s->events;
    HANDLE handle;
    if (s->vectors == 0 || s->lie == STAND_IN_LIE_NO_EVENTS)
        return finish(irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    if (at->Parameters.DeviceIoControl.InputBufferLength != sizeof(w))
        return finish(irp, STATUS_INVALID_BUFFER_SIZE, 0);
    memcpy(&w, irp->AssociatedIrp.SystemBuffer, sizeof(w));
    if (w.vector >= s->vectors)
        return finish(irp, STATUS_INVALID_PARAMETER, 0);
    while (e < s->events + STAND_IN_EVENTS_MAX && e->file)
        e++;
    if (e == s->events + STAND_IN_EVENTS_MAX)
        return finish(irp, STATUS_INSUFFICIENT_RESOURCES, 0);
    const NTSTATUS status = take_event(&w, &handle);
    if (status == STATUS_SUCCESS)
        *e = (struct event){ at->FileObject, handle, w.vector, w.single_shot };
    return finish(irp, status, 0);
}

static NTSTATUS on_rings(const struct stand_in *s, IRP *irp, const IO_STACK_LOCATION *at)
{
    if (at->Parameters.DeviceIoControl.OutputBufferLength != sizeof(s->rings))
        return finish(irp, STATUS_INVALID_BUFFER_SIZE, 0);
    memcpy(irp->AssociatedIrp.SystemBuffer, &s->rings, sizeof(s->rings));
    return finish(irp, STATUS_SUCCESS, sizeof(s->rings));
}

static NTSTATUS WINAPI on_control(DEVICE_OBJECT *device, IRP *irp)
{
    struct stand_in *s = device->DeviceExtension;
    const IO_STACK_LOCATION *at = IoGetCurrentIrpStackLocation(irp);
    switch (at->Parameters.DeviceIoControl.IoControlCode) {
    case IOCTL_PEER:
        return on_peer(s, irp, at);
    case IOCTL_SIZE:
        return on_size(s, irp, at);
    case IOCTL_MAP:
        return on_map(s, irp, at);
    case IOCTL_UNMAP:
        if (s->owner != at->FileObject)
            return finish(irp, STATUS_INVALID_DEVICE_REQUEST, 0);
        let_go(s);
        return finish(irp, STATUS_SUCCESS, 0);
    case IOCTL_RING:
        return on_ring(s, irp, at);
    case IOCTL_EVENT:
        return on_event(s, irp, at);
    case STAND_IN_IOCTL_RINGS:
        return on_rings(s, irp, at);
    default:
        return finish(irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
}

static NTSTATUS WINAPI on_open(DEVICE_OBJECT *device, IRP *irp)
{
    (void)device;
    return finish(irp, STATUS_SUCCESS, 0);
}

/* The handle's process may be gone already, and its view with it. */
static NTSTATUS WINAPI on_close(DEVICE_OBJECT *device, IRP *irp)
{
    struct stand_in *s = device->DeviceExtension;
    const FILE_OBJECT *file = IoGetCurrentIrpStackLocation(irp)->FileObject;
    for (int i = 0; i < STAND_IN_EVENTS_MAX; i++)
        if (s->events[i].file == file)
            forget_event(&s->events[i]);
    if (s->owner == file)
        let_go(s);
    return finish(irp, STATUS_SUCCESS, 0);
}

/* A value of the service's key. */
static BOOLEAN read_value(HANDLE key, const WCHAR *name, void *data, ULONG data_bytes)
{
    union {
        KEY_VALUE_PARTIAL_INFORMATION info;
        UCHAR room[sizeof(KEY_VALUE_PARTIAL_INFORMATION) + STAND_IN_PATH_UNITS * sizeof(WCHAR)];
    } u;
    UNICODE_STRING value;
    ULONG got_bytes;
    RtlInitUnicodeString(&value, name);
    if (ZwQueryValueKey(key, &value, KeyValuePartialInformation, &u, sizeof(u), &got_bytes) !=
            STATUS_SUCCESS ||
        u.info.DataLength > data_bytes)
        return FALSE;
    memcpy(data, u.info.Data, u.info.DataLength);
    return TRUE;
}

static NTSTATUS open_memory(struct stand_in *s, const WCHAR *path)
{
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io;
    FILE_STANDARD_INFORMATION info;
    RtlInitUnicodeString(&name, path);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    NTSTATUS status = ZwOpenFile(&s->file, GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE, &attributes,
                                 &io, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                                 FILE_SYNCHRONOUS_IO_NONALERT);
    if (status != STATUS_SUCCESS)
        return status;
    status = ZwQueryInformationFile(s->file, &io, &info, sizeof(info), FileStandardInformation);
    if (status != STATUS_SUCCESS)
        return status;
    s->len_bytes = (ULONG64)info.EndOfFile.QuadPart;
    return ZwCreateSection(&s->section, SECTION_ALL_ACCESS, NULL, NULL, PAGE_READWRITE, SEC_COMMIT,
                           s->file);
}

static void link_name(struct stand_in *s, ULONG index)
{
    static const WCHAR text[] = L"\\??\\ROOT#" STAND_IN_INSTANCE L"#0000#" STAND_IN_GUID;
    static const WCHAR zeroes[] = L"#0000#";
    memcpy(s->link_text, text, sizeof(text));
    for (WCHAR *p = s->link_text; *p; p++) {
        if (memcmp(p, zeroes, sizeof(zeroes) - sizeof(WCHAR)) == 0)
            p[4] = (WCHAR)(L'0' + index);
    }
    RtlInitUnicodeString(&s->link, s->link_text);
}

static void remove_device(DEVICE_OBJECT *device)
{
    struct stand_in *s = device->DeviceExtension;
    let_go(s);
    for (int i = 0; i < STAND_IN_EVENTS_MAX; i++)
        if (s->events[i].file)
            forget_event(&s->events[i]);
    if (s->link.Buffer)
        IoDeleteSymbolicLink(&s->link);
    if (s->section)
        ZwClose(s->section);
    if (s->file)
        ZwClose(s->file);
    IoDeleteDevice(device);
}

static NTSTATUS add_device(DRIVER_OBJECT *driver, HANDLE key, ULONG index)
{
    WCHAR value[] = STAND_IN_SHM_PATH L"0", path[STAND_IN_PATH_UNITS] = { 0 };
    WCHAR name_text[] = L"\\Device\\EspelhoIvshmem0";
    UNICODE_STRING name;
    DEVICE_OBJECT *device;
    value[sizeof(value) / sizeof(WCHAR) - 2] = (WCHAR)(L'0' + index);
    if (!read_value(key, value, path, sizeof(path) - sizeof(WCHAR)))
        return STATUS_NO_MORE_ENTRIES;
    name_text[sizeof(name_text) / sizeof(WCHAR) - 2] = (WCHAR)(L'0' + index);
    RtlInitUnicodeString(&name, name_text);
    NTSTATUS status = IoCreateDevice(driver, sizeof(struct stand_in), &name, FILE_DEVICE_UNKNOWN, 0,
                                     FALSE, &device);
    if (status != STATUS_SUCCESS)
        return status;
    struct stand_in *s = device->DeviceExtension;
    memset(s, 0, sizeof(*s));
    ULONG vectors = 0, peer = 0;
    read_value(key, STAND_IN_LIE, &s->lie, sizeof(s->lie));
    read_value(key, STAND_IN_VECTORS, &vectors, sizeof(vectors));
    read_value(key, STAND_IN_PEER, &peer, sizeof(peer));
    s->vectors = (USHORT)vectors;
    s->peer = (USHORT)(peer + index);
    status = open_memory(s, path);
    if (status == STATUS_SUCCESS) {
        link_name(s, index);
        status = IoCreateSymbolicLink(&s->link, &name);
    }
    if (status != STATUS_SUCCESS)
        remove_device(device);
    return status;
}

static void WINAPI on_unload(DRIVER_OBJECT *driver)
{
    while (driver->DeviceObject)
        remove_device(driver->DeviceObject);
}

NTSTATUS WINAPI DriverEntry(DRIVER_OBJECT *driver, UNICODE_STRING *key_name)
{
    OBJECT_ATTRIBUTES attributes;
    HANDLE key;
    InitializeObjectAttributes(&attributes, key_name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    NTSTATUS status = ZwOpenKey(&key, KEY_READ, &attributes);
    if (status != STATUS_SUCCESS)
        return status;
    driver->MajorFunction[IRP_MJ_CREATE] = on_open;
    driver->MajorFunction[IRP_MJ_CLEANUP] = on_open;
    driver->MajorFunction[IRP_MJ_CLOSE] = on_close;
    driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = on_control;
    driver->DriverUnload = on_unload;
    for (ULONG i = 0; status == STATUS_SUCCESS && i < STAND_IN_DEVICES_MAX; i++)
        status = add_device(driver, key, i);
    ZwClose(key);
    if (status == STATUS_NO_MORE_ENTRIES)
        status = STATUS_SUCCESS;
    if (status != STATUS_SUCCESS)
        on_unload(driver);
    return status;
}
