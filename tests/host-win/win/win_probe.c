/* SPDX-License-Identifier: GPL-2.0-or-later
 * win_probe: a process beside a test.
 *   crash FOLDER null|stack|thread|abort|divide   installs the crash handler, logs to FOLDER,
 * crashes hold REGION EVENT HANDLE                      has the region's instance until the
 * inherited HANDLE is set; sets the named EVENT when it has Status 3: it could not even begin. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "win/crash.h"
#include "win/instance.h"
#include "win/log_file.h"

static volatile int zero, sum;
static volatile int *volatile nowhere;

static DWORD WINAPI crash_thread(void *arg)
{
    (void)arg;
    *nowhere = 1;
    return 0;
}

static void eat_stack(volatile char *before);
static void (*volatile again)(volatile char *) = eat_stack; /* the compiler must not see the loop */

static void eat_stack(volatile char *before)
{
    volatile char room[8192];
    room[0] = before ? before[0] : 0;
    again(room);
    sum += room[0]; /* so that it is no jump */
}

static void go_wrong(const char *how)
{
    if (strcmp(how, "stack") == 0)
        eat_stack(NULL);
    if (strcmp(how, "abort") == 0)
        abort();
    if (strcmp(how, "divide") == 0)
        sum = 7 / zero;
    if (strcmp(how, "thread") == 0)
        WaitForSingleObject(CreateThread(NULL, 0, crash_thread, NULL, 0, NULL), INFINITE);
    *nowhere = 1;
}

static int crash(const char *folder, const char *how)
{
    static struct log_file file;
    if (log_file_start(&file, folder, "probe", false, 0) < 0 || crash_install(folder, "probe") < 0)
        return 3;
    go_wrong(how);
    return 4; /* it did not crash */
}

static int hold(const char *region, const char *event, const char *handle)
{
    struct instance *instance;
    char holder[256];
    if (instance_acquire(region, &instance, holder, sizeof(holder)) < 0)
        return 3;
    HANDLE held = OpenEventA(EVENT_MODIFY_STATE, FALSE, event);
    SetEvent(held);
    WaitForSingleObject((HANDLE)(uintptr_t)strtoull(handle, NULL, 10), 60000);
    CloseHandle(held);
    instance_release(instance);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "crash") == 0)
        return crash(argv[2], argv[3]);
    if (argc == 5 && strcmp(argv[1], "hold") == 0)
        return hold(argv[2], argv[3], argv[4]);
    return 2;
}
