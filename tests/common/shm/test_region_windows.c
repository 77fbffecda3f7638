/* SPDX-License-Identifier: GPL-2.0-or-later
 * Files, and devices of the stand-in driver (tests/host-win/driver). The cases change the prefix's
 * registry and run alone. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <windows.h>

#include "base/clock.h"
#include "base/file.h"
#include "driver_setup.h"
#include "shm/region.h"

enum { REGION_BYTES = 1 << 20 };

static char memory[STAND_IN_DEVICES_MAX][64]; /* Linux paths */

static void remove_all(void)
{
    driver_remove();
    for (size_t i = 0; i < ARRAY_LEN(memory); i++) {
        if (memory[i][0])
            remove(memory[i]);
    }
}

/* Again the same name, if there was one. */
static const char *make_memory(unsigned n, uint64_t len_bytes)
{
    static bool registered;
    if (!registered)
        atexit(remove_all);
    registered = true;
    /* By the clock: process ids of two Wine prefixes are the same. */
    if (!memory[n][0])
        snprintf(memory[n], sizeof(memory[n]), "/dev/shm/espelho-test-%" PRIu64 "-%u", clock_ns(),
                 n);
    const int fd = file_open(memory[n], O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0);
    HANDLE h = (HANDLE)_get_osfhandle(fd);
    const LARGE_INTEGER end = { .QuadPart = (LONGLONG)len_bytes };
    CHECK(SetFilePointerEx(h, end, NULL, FILE_BEGIN) && SetEndOfFile(h));
    close(fd);
    return memory[n];
}

static void install_lying(size_t count, DWORD lie)
{
    const char *paths[STAND_IN_DEVICES_MAX];
    for (size_t i = 0; i < count; i++)
        paths[i] = memory[i];
    const struct driver_setup setup = {
        .sys = STAND_IN_SYS, .paths = paths, .count = count, .lie = lie
    };
    const DWORD error = driver_install(&setup);
    CHECK_MSG(error == 0, "the stand-in driver does not start: %lu", error);
}

static struct shm_region *open_good(const char *path)
{
    struct shm_region *r;
    struct shm_problem problem;
    const int err = shm_region_open(path, &r, &problem);
    CHECK_MSG(err == 0, "%s: %s", path, problem.message);
    return r;
}

static void expect_fault(const char *path, enum shm_fault fault, int want_err,
                         const char *in_message, const char *in_advice)
{
    struct shm_region *r = NULL;
    struct shm_problem problem;
    const int err = shm_region_open(path, &r, &problem);
    CHECK_MSG(err < 0 && !r, "%s was opened", path);
    CHECK_MSG(problem.fault == fault, "%s: fault %d, expected %d: %s", path, problem.fault, fault,
              problem.message);
    CHECK_MSG(err == want_err, "%s: %d, expected %d", path, err, want_err);
    CHECK_MSG(strstr(problem.message, in_message), "no '%s' in: %s", in_message, problem.message);
    CHECK_MSG(strstr(problem.advice, in_advice), "no '%s' in: %s", in_advice, problem.advice);
    CHECK(shm_region_open(path, &r, NULL) == err); /* the problem is optional */
}

TEST(files_that_are_none)
{
    expect_fault("C:\\windows", SHM_FAULT_TYPE, -EINVAL, "directory", "regular file");
    expect_fault("NUL", SHM_FAULT_TYPE, -EINVAL, "no regular file", "ivshmem");
    expect_fault("/dev/shm/espelho-test-absent", SHM_FAULT_MISSING, -ENOENT, "does not exist",
                 "<shmem");
    expect_fault("Z:\\absent\\x", SHM_FAULT_MISSING, -ENOENT, "does not exist", "<shmem");
    char path[300];
    memset(path, 'x', sizeof(path));
    path[sizeof(path) - 1] = '\0';
    expect_fault(path, SHM_FAULT_SYSTEM, -ENAMETOOLONG, "xxx", "Try again");
}

TEST(file_sizes)
{
    static const struct {
        uint64_t len_bytes;
        const char *in_message;
    } rows[] = {
        { 0, "0 bytes, too few" },
        { 4096, "too few" },
        { REGION_BYTES + 1, "not a multiple" },
        { (uint64_t)1 << 32, "less than 4 GiB" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        expect_fault(make_memory(0, rows[i].len_bytes), SHM_FAULT_SIZE, -EINVAL, rows[i].in_message,
                     "<size unit='M'>");
}

TEST(file_is_shared_and_its_end_noticed)
{
    const char *path = make_memory(0, REGION_BYTES);
    struct shm_region *a = open_good(path), *b = open_good(path);
    CHECK_INT(a->len_bytes, REGION_BYTES);
    CHECK_INT(a->kind, SHM_KIND_FILE);
    *(volatile uint32_t *)a->mem = 0x12345678;
    CHECK_INT(*(volatile uint32_t *)b->mem, 0x12345678);
    CHECK(!shm_region_lost(a) && !shm_region_replaced(a));
    char old[80];
    snprintf(old, sizeof(old), "%s-old", path);
    CHECK(MoveFileA(path, old));
    CHECK(shm_region_replaced(a));
    make_memory(0, REGION_BYTES);
    CHECK(shm_region_replaced(a)); /* another file of that name */
    CHECK_INT(*(volatile uint32_t *)a->mem, 0x12345678);
    shm_region_close(a);
    shm_region_close(b);
    shm_region_close(NULL);
    CHECK(remove(old) == 0);
}

TEST(no_device_at_all)
{
    driver_remove();
    expect_fault("ivshmem", SHM_FAULT_MISSING, -ENOENT, "no IVSHMEM device",
                 "<model type='ivshmem-plain'/>");
    expect_fault("ivshmem:0:16.0", SHM_FAULT_MISSING, -ENOENT, "no IVSHMEM device", "virsh edit");
    expect_fault("ivshmem:x", SHM_FAULT_TYPE, -EINVAL, "'ivshmem:x' does not name", "ivshmem:1");
}

TEST(device_without_its_driver)
{
    driver_remove();
    driver_set_bare_hardware(TRUE);
    struct shm_region *r = NULL;
    struct shm_problem problem;
    const int err = shm_region_open("ivshmem", &r, &problem);
    driver_set_bare_hardware(FALSE);
    CHECK_INT(err, -ENXIO);
    CHECK_INT(problem.fault, SHM_FAULT_DRIVER);
    CHECK(strstr(problem.message, "its driver is not installed"));
    CHECK(strstr(problem.advice, "PCI standard RAM Controller") &&
          strstr(problem.advice, "https://fedorapeople.org/groups/virt/virtio-win/"));
}

TEST(device_is_the_memory_behind_it)
{
    struct shm_region *file = open_good(make_memory(0, REGION_BYTES));
    install_lying(1, STAND_IN_LIE_NONE);
    for (int round = 0; round < 3; round++) {
        struct shm_region *r = open_good("ivshmem");
        CHECK_INT(r->kind, SHM_KIND_DEVICE);
        CHECK_INT(r->len_bytes, REGION_BYTES);
        uint32_t *mine = r->mem, *its = file->mem;
        mine[round] = 0xC0FFEE00u + (uint32_t)round;
        its[REGION_BYTES / 4 - 1] = 1000u + (uint32_t)round;
        CHECK_INT(its[round], 0xC0FFEE00u + (uint32_t)round);
        CHECK_INT(mine[REGION_BYTES / 4 - 1], 1000 + round);
        CHECK(!shm_region_lost(r) && !shm_region_replaced(r));
        MEMORY_BASIC_INFORMATION info;
        void *was = r->mem;
        shm_region_close(r); /* and nothing stays mapped */
        CHECK(VirtualQuery(was, &info, sizeof(info)) && info.State == MEM_FREE);
    }
    shm_region_close(file);
}

TEST(devices_in_the_order_of_their_addresses)
{
    struct shm_region *files[3];
    for (unsigned i = 0; i < 3; i++) {
        files[i] = open_good(make_memory(i, REGION_BYTES));
        *(uint32_t *)files[i]->mem = i; /* device i is at 0:(16 - i).0 */
    }
    install_lying(3, STAND_IN_LIE_NONE);
    static const struct {
        const char *path;
        uint32_t memory;
    } rows[] = {
        { "ivshmem", 2 },        { "ivshmem:0", 2 },      { "ivshmem:1", 1 },
        { "ivshmem:2", 0 },      { "ivshmem:0:16.0", 0 }, { "ivshmem:0:0xf.0", 1 },
        { "ivshmem:0:14.0", 2 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct shm_region *r = open_good(rows[i].path);
        CHECK_MSG(*(uint32_t *)r->mem == rows[i].memory, "%s is memory %u", rows[i].path,
                  *(uint32_t *)r->mem);
        shm_region_close(r);
    }
    expect_fault("ivshmem:3", SHM_FAULT_MISSING, -ENOENT,
                 "no IVSHMEM device ivshmem:3; there is ivshmem:0:14.0, ivshmem:0:15.0, "
                 "ivshmem:0:16.0",
                 "virsh edit");
    expect_fault("ivshmem:1:16.0", SHM_FAULT_MISSING, -ENOENT, "ivshmem:0:15.0", "virsh edit");
    for (unsigned i = 0; i < 3; i++)
        shm_region_close(files[i]);
}

TEST(device_too_small)
{
    make_memory(0, 4096);
    install_lying(1, STAND_IN_LIE_NONE);
    expect_fault("ivshmem", SHM_FAULT_SIZE, -EINVAL, "4096 bytes, too few", "<size unit='M'>64");
}

/* Another process holds it: a copy of the probe under the name of a known program. */
static HANDLE start_holder(const char *program, HANDLE *stop)
{
    char command[256], name[64];
    SECURITY_ATTRIBUTES inherited = { .nLength = sizeof(inherited), .bInheritHandle = TRUE };
    snprintf(name, sizeof(name), "espelho-test-held-%lu", GetCurrentProcessId());
    HANDLE held = CreateEventA(NULL, TRUE, FALSE, name);
    *stop = CreateEventA(&inherited, TRUE, FALSE, NULL);
    snprintf(command, sizeof(command), "\"%s\" hold %s %llu", program, name,
             (unsigned long long)(uintptr_t)*stop);
    STARTUPINFOA startup = { .cb = sizeof(startup) };
    PROCESS_INFORMATION process;
    CHECK(CreateProcessA(program, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &process));
    CloseHandle(process.hThread);
    const HANDLE both[] = { held, process.hProcess };
    CHECK_MSG(WaitForMultipleObjects(2, both, FALSE, 20000) == WAIT_OBJECT_0,
              "the other process could not map the device");
    CloseHandle(held);
    return process.hProcess;
}

static void with_holder(const char *program, const char *in_message)
{
    HANDLE stop, process = start_holder(program, &stop);
    expect_fault("ivshmem", SHM_FAULT_BUSY, -EBUSY, in_message, "One program at a time");
    SetEvent(stop);
    CHECK(WaitForSingleObject(process, 20000) == WAIT_OBJECT_0);
    CloseHandle(process);
    CloseHandle(stop);
    shm_region_close(open_good("ivshmem")); /* and now it is free again */
}

TEST(device_mapped_by_another_process)
{
    make_memory(0, REGION_BYTES);
    install_lying(1, STAND_IN_LIE_NONE);
    with_holder(REGION_PROBE, "in use by another program");
    char folder[MAX_PATH], copy[MAX_PATH + 32];
    CHECK(GetTempPathA(sizeof(folder), folder));
    snprintf(copy, sizeof(copy), "%slooking-glass-host.exe", folder);
    CHECK(CopyFileA(REGION_PROBE, copy, FALSE));
    with_holder(copy, "in use by looking-glass-host.exe (process ");
    DeleteFileA(copy);
}

TEST(device_whose_holder_was_killed_is_free)
{
    make_memory(0, REGION_BYTES);
    install_lying(1, STAND_IN_LIE_NONE);
    HANDLE stop, process = start_holder(REGION_PROBE, &stop);
    CHECK(TerminateProcess(process, 9));
    CHECK(WaitForSingleObject(process, 20000) == WAIT_OBJECT_0);
    struct shm_region *r = NULL;
    for (int i = 0; !r && i < 100; i++, Sleep(20)) /* the driver hears of it a little later */
        if (shm_region_open("ivshmem", &r, NULL) < 0)
            r = NULL;
    CHECK(r);
    shm_region_close(r);
    CloseHandle(process);
    CloseHandle(stop);
}

TEST(device_unplugged_while_mapped)
{
    make_memory(0, REGION_BYTES);
    install_lying(1, STAND_IN_LIE_NONE);
    struct shm_region *r = open_good("ivshmem");
    volatile uint32_t *words = r->mem;
    words[5] = 5;
    CHECK_INT(driver_stop(), 0);
    CHECK(shm_region_replaced(r));
    CHECK(!shm_region_lost(r)); /* nobody touched it yet */
    words[REGION_BYTES / 4 - 1] = 7;
    CHECK(shm_region_lost(r));
    CHECK_INT(words[5], 0);
    CHECK_INT(words[REGION_BYTES / 4 - 1], 7);
    shm_region_close(r);
    struct shm_problem problem;
    CHECK_INT(shm_region_open("ivshmem", &r, &problem), -ENOENT);
    CHECK_INT(problem.fault, SHM_FAULT_MISSING);
}

static const struct {
    DWORD lie;
    const char *in_message;
    enum shm_fault fault;
} lies[] = {
    { STAND_IN_LIE_HUGE, "less than 4 GiB", SHM_FAULT_SIZE },
    { STAND_IN_LIE_SHORT_SIZE, "ask for the size of", SHM_FAULT_SYSTEM },
    { STAND_IN_LIE_SHORT_MAP, "cannot map ivshmem", SHM_FAULT_SYSTEM },
    { STAND_IN_LIE_NULL, "cannot map ivshmem", SHM_FAULT_SYSTEM },
    { STAND_IN_LIE_UNALIGNED, "cannot map ivshmem", SHM_FAULT_SYSTEM },
    { STAND_IN_LIE_MAPPED_BYTES, "the driver mapped 2097152 bytes", SHM_FAULT_SYSTEM },
};

TEST(driver_that_lies)
{
    make_memory(0, REGION_BYTES);
    for (size_t i = 0; i < ARRAY_LEN(lies); i++) {
        install_lying(1, lies[i].lie);
        struct shm_problem problem;
        struct shm_region *r = NULL;
        for (int again = 0; again < 2; again++) { /* and it is let go each time */
            CHECK_MSG(shm_region_open("ivshmem", &r, &problem) < 0 && !r, "lie %lu", lies[i].lie);
            CHECK_MSG(problem.fault == lies[i].fault && strstr(problem.message, lies[i].in_message),
                      "lie %lu: %s", lies[i].lie, problem.message);
        }
    }
}

TEST(region_without_a_device_is_the_default)
{
    CHECK_STR(shm_default_path(), "ivshmem");
}
