/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "win/instance.h"

#include <errno.h>
#include <windows.h>

#include "base/clock.h"
#include "test.h"

static char region[64];
static char holder[1100];

static int acquire(const char *name, struct instance **out)
{
    holder[0] = '\0';
    return instance_acquire(name, out, holder, sizeof(holder));
}

TEST(one_per_region)
{
    struct instance *a, *b, *other;
    CHECK_INT(acquire("Z:\\dev\\shm\\Test-One", &a), 0);
    CHECK_INT(acquire("Z:\\dev\\shm\\Test-One", &b), -EBUSY);
    CHECK_MSG(strstr(holder, "test_instance.exe, process "), "%s", holder);
    CHECK_INT(acquire("z:/dev/shm/test-one", &b), -EBUSY); /* the same file */
    CHECK_INT(acquire("Z:\\dev\\shm\\Test-Two", &other), 0);
    instance_release(a);
    CHECK_INT(acquire("Z:\\dev\\shm\\Test-One", &a), 0); /* free again */
    instance_release(a);
    instance_release(other);
    instance_release(NULL);
}

static HANDLE start_holder(HANDLE *stop)
{
    char command[600], name[64];
    SECURITY_ATTRIBUTES inherited = { .nLength = sizeof(inherited), .bInheritHandle = TRUE };
    snprintf(region, sizeof(region), "region-%" PRIu64, clock_ns());
    snprintf(name, sizeof(name), "espelho-held-%" PRIu64, clock_ns());
    HANDLE held = CreateEventA(NULL, TRUE, FALSE, name);
    *stop = CreateEventA(&inherited, TRUE, FALSE, NULL);
    snprintf(command, sizeof(command), "\"%s\" hold %s %s %llu", WIN_PROBE, region, name,
             (unsigned long long)(uintptr_t)*stop);
    STARTUPINFOA startup = { .cb = sizeof(startup) };
    PROCESS_INFORMATION process;
    CHECK(CreateProcessA(WIN_PROBE, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &process));
    CloseHandle(process.hThread);
    const HANDLE both[] = { held, process.hProcess };
    CHECK(WaitForMultipleObjects(2, both, FALSE, 20000) == WAIT_OBJECT_0);
    CloseHandle(held);
    return process.hProcess;
}

TEST(another_process_has_it_until_it_dies)
{
    struct instance *mine;
    char id[32];
    HANDLE stop, process = start_holder(&stop);
    CHECK_INT(acquire(region, &mine), -EBUSY);
    snprintf(id, sizeof(id), "process %lu", GetProcessId(process));
    CHECK_MSG(strstr(holder, "win_probe.exe") && strstr(holder, id), "%s", holder);
    CHECK(TerminateProcess(process, 9));
    CHECK(WaitForSingleObject(process, 20000) == WAIT_OBJECT_0);
    CHECK_INT(acquire(region, &mine), 0);
    instance_release(mine);
    CloseHandle(process);
    CloseHandle(stop);
}
