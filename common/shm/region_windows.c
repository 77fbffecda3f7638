/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shm/region.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "base/utf16.h"
#include "shm/doorbell_windows.h"
#include "shm/guard.h"
#include "shm/ivshmem_name.h"
#include "shm/ivshmem_windows.h"
#include "shm/region_problem_windows.h"

#define SMALLEST_REGION_BYTES 5760u /* the header of lgmp.md table L1 */
#define PAGE_BYTES            4096u

struct shm_handles {
    HANDLE file;    /* the file, or the driver's device */
    HANDLE section; /* NULL for a device */
};

const char *shm_default_path(void)
{
    return "ivshmem";
}

static int check_size(const struct shm_region *r, uint64_t size_bytes, struct shm_problem *problem)
{
    const char *path = r->path;
    if (size_bytes < SMALLEST_REGION_BYTES)
        return shm_problem_set(problem, path, SHM_FAULT_SIZE, 0,
                               "%.150s has %" PRIu64 " bytes, too few for even the header (%u)",
                               path, size_bytes, SMALLEST_REGION_BYTES);
    if (size_bytes % PAGE_BYTES != 0)
        return shm_problem_set(problem, path, SHM_FAULT_SIZE, 0,
                               "%.150s has %" PRIu64
                               " bytes, which is not a multiple of the page size %u",
                               path, size_bytes, PAGE_BYTES);
    if (size_bytes > SHM_MAX_BYTES)
        return shm_problem_set(problem, path, SHM_FAULT_SIZE, 0,
                               "%.150s has %" PRIu64 " bytes; a region has less than 4 GiB", path,
                               size_bytes);
    return 0;
}

static int guard(struct shm_region *r, struct shm_problem *problem)
{
    const int err = shm_guard_add(r->mem, r->len_bytes, &r->guard);
    return err ? shm_problem_from_errno(problem, r->path, -err, "cannot be guarded") : 0;
}

/* "; there are ivshmem:0:4.0, ivshmem:0:16.0" */
static void list_text(const struct ivshmem_devices *devices, char *text, size_t text_bytes)
{
    text[0] = '\0';
    for (size_t i = 0; i < devices->count; i++) {
        const struct ivshmem_device *d = &devices->at[i];
        const size_t used = strlen(text);
        char *at = text + used;
        if (d->has_address)
            snprintf(at, text_bytes - used, "%sivshmem:%u:%u.%u", i ? ", " : "; there is ", d->bus,
                     d->address >> 16, d->address & 0xFFFF);
        else
            snprintf(at, text_bytes - used, "%sivshmem:%zu", i ? ", " : "; there is ", i);
    }
}

static int no_such_device(const struct ivshmem_devices *devices, const char *path,
                          struct shm_problem *problem)
{
    char text[128];
    if (devices->count == 0 && ivshmem_hardware_present())
        return shm_problem_set(problem, path, SHM_FAULT_DRIVER, ENXIO,
                               "this VM has an IVSHMEM device, but its driver is not installed");
    if (devices->count == 0)
        return shm_problem_set(problem, path, SHM_FAULT_MISSING, ENOENT,
                               "this VM has no IVSHMEM device");
    list_text(devices, text, sizeof(text));
    return shm_problem_set(problem, path, SHM_FAULT_MISSING, ENOENT,
                           "there is no IVSHMEM device %.60s%s", path, text);
}

static int choose_device(const char *path, struct ivshmem_device *out, struct shm_problem *problem)
{
    struct ivshmem_name name;
    struct ivshmem_devices devices;
    if (ivshmem_name_parse(path, &name) < 0)
        return shm_problem_set(problem, path, SHM_FAULT_TYPE, EINVAL,
                               "'%.60s' does not name an IVSHMEM device", path);
    const DWORD error = ivshmem_find(&devices);
    if (error)
        return shm_problem_from_windows(problem, path, error, "look for");
    const struct ivshmem_device *device = ivshmem_choose(&devices, &name);
    if (!device)
        return no_such_device(&devices, path, problem);
    *out = *device;
    return 0;
}

/* A device without vectors, or whose driver takes no events, is plain memory. */
static void find_doorbell(struct shm_region *r, const struct ivshmem_mapping *m)
{
    if (m->vectors == 0 || m->peer_id == SHM_DOORBELL_NO_PEER)
        return;
    if (driver_doorbell_create(r->handles->file, m->peer_id, m->vectors, &r->doorbell) != 0)
        r->doorbell = NULL;
}

static int map_device(struct shm_region *r, struct shm_problem *problem)
{
    uint64_t size_bytes;
    struct ivshmem_mapping m;
    DWORD error = ivshmem_size(r->handles->file, &size_bytes);
    if (error)
        return shm_problem_from_windows(problem, r->path, error, "ask for the size of");
    const int err = check_size(r, size_bytes, problem);
    if (err)
        return err;
    error = ivshmem_map(r->handles->file, &m);
    if (error)
        return shm_problem_from_windows(problem, r->path, error, "map");
    r->mem = m.mem;
    r->len_bytes = (size_t)size_bytes;
    if (m.len_bytes != size_bytes)
        return shm_problem_set(problem, r->path, SHM_FAULT_SYSTEM, EIO,
                               "the driver mapped %" PRIu64 " bytes of %.60s, which has %" PRIu64,
                               m.len_bytes, r->path, size_bytes);
    find_doorbell(r, &m);
    return guard(r, problem);
}

static int open_device(struct shm_region *r, struct shm_problem *problem)
{
    struct ivshmem_device device;
    const int err = choose_device(r->path, &device, problem);
    if (err)
        return err;
    const DWORD error = ivshmem_open(&device, &r->handles->file);
    if (error)
        return shm_problem_from_windows(problem, r->path, error, "cannot be opened");
    r->kind = SHM_KIND_DEVICE;
    return map_device(r, problem);
}

/* What the file's name leads to now. */
static bool identity(HANDLE file, uint64_t *volume, uint64_t *index, uint64_t *size_bytes)
{
    BY_HANDLE_FILE_INFORMATION info;
    if (!GetFileInformationByHandle(file, &info))
        return false;
    *volume = info.dwVolumeSerialNumber;
    *index = (uint64_t)info.nFileIndexHigh << 32 | info.nFileIndexLow;
    *size_bytes = (uint64_t)info.nFileSizeHigh << 32 | info.nFileSizeLow;
    return true;
}

static int map_file(struct shm_region *r, struct shm_problem *problem)
{
    uint64_t size_bytes;
    if (GetFileType(r->handles->file) != FILE_TYPE_DISK ||
        !identity(r->handles->file, &r->device, &r->inode, &size_bytes))
        return shm_problem_set(problem, r->path, SHM_FAULT_TYPE, 0, "%.200s is no regular file",
                               r->path);
    const int err = check_size(r, size_bytes, problem);
    if (err)
        return err;
    r->handles->section = CreateFileMappingW(r->handles->file, NULL, PAGE_READWRITE, 0, 0, NULL);
    if (!r->handles->section)
        return shm_problem_from_windows(problem, r->path, GetLastError(), "map");
    r->mem = MapViewOfFile(r->handles->section, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0,
                           (size_t)size_bytes);
    if (!r->mem)
        return shm_problem_from_windows(problem, r->path, GetLastError(), "map");
    r->len_bytes = (size_t)size_bytes;
    return guard(r, problem);
}

static HANDLE open_path(const char *path, DWORD access)
{
    wchar_t wide[sizeof(((struct shm_region *)0)->path)];
    utf16_from_utf8(path, wide, ARRAY_LEN(wide)); /* never longer in units than in bytes */
    return CreateFileW(wide, access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                       OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
}

static bool is_directory(const char *path)
{
    wchar_t wide[sizeof(((struct shm_region *)0)->path)];
    utf16_from_utf8(path, wide, ARRAY_LEN(wide));
    const DWORD attributes = GetFileAttributesW(wide);
    return attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY);
}

static int open_file(struct shm_region *r, struct shm_problem *problem)
{
    if (is_directory(r->path))
        return shm_problem_set(problem, r->path, SHM_FAULT_TYPE, 0, "%.200s is a directory",
                               r->path);
    HANDLE file = open_path(r->path, GENERIC_READ | GENERIC_WRITE);
    if (file == INVALID_HANDLE_VALUE)
        return shm_problem_from_windows(problem, r->path, GetLastError(), "cannot be opened");
    r->handles->file = file;
    r->kind = SHM_KIND_FILE;
    return map_file(r, problem);
}

int shm_region_open(const char *path, struct shm_region **out, struct shm_problem *problem)
{
    if (strlen(path) >= sizeof((*out)->path))
        return shm_problem_from_errno(problem, path, ENAMETOOLONG, "cannot be opened");
    struct shm_region *r = calloc(1, sizeof(*r));
    struct shm_handles *handles = calloc(1, sizeof(*handles));
    if (!r || !handles) {
        free(r);
        free(handles);
        return shm_problem_from_errno(problem, path, ENOMEM, "cannot be opened");
    }
    r->handles = handles;
    memcpy(r->path, path, strlen(path) + 1);
    const int err = ivshmem_name_is(path) ? open_device(r, problem) : open_file(r, problem);
    if (err) {
        shm_region_close(r);
        return err;
    }
    *out = r;
    return 0;
}

/* A device is let go before its handle is closed: the driver keeps the mapping until then. */
static void unmap(struct shm_region *r)
{
    if (!r->mem)
        return;
    if (shm_region_lost(r))
        VirtualFree(r->mem, 0, MEM_RELEASE); /* what the guard put in its place */
    else if (r->kind == SHM_KIND_DEVICE)
        ivshmem_unmap(r->handles->file);
    else
        UnmapViewOfFile(r->mem);
}

void shm_region_close(struct shm_region *region)
{
    if (!region)
        return;
    if (region->doorbell)
        region->doorbell->ops->destroy(region->doorbell);
    unmap(region);
    shm_guard_remove(region->guard);
    if (region->handles->section)
        CloseHandle(region->handles->section);
    if (region->handles->file)
        CloseHandle(region->handles->file);
    free(region->handles);
    free(region);
}

bool shm_region_lost(const struct shm_region *region)
{
    return region->guard && shm_guard_lost(region->guard);
}

static bool file_deleted(HANDLE file)
{
    FILE_STANDARD_INFO info;
    return GetFileInformationByHandleEx(file, FileStandardInfo, &info, sizeof(info)) &&
           (info.DeletePending || info.NumberOfLinks == 0);
}

static bool file_replaced(const struct shm_region *region)
{
    if (file_deleted(region->handles->file))
        return true;
    uint64_t volume, index, size_bytes;
    HANDLE file = open_path(region->path, 0);
    if (file == INVALID_HANDLE_VALUE) {
        const DWORD error = GetLastError();
        return error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND;
    }
    const bool known = identity(file, &volume, &index, &size_bytes);
    CloseHandle(file);
    return known &&
           (volume != region->device || index != region->inode || size_bytes != region->len_bytes);
}

bool shm_region_replaced(const struct shm_region *region)
{
    uint64_t size_bytes;
    if (region->kind == SHM_KIND_DEVICE)
        return ivshmem_size(region->handles->file, &size_bytes) != 0 ||
               size_bytes != region->len_bytes;
    return file_replaced(region);
}
