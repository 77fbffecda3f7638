/* SPDX-License-Identifier: GPL-2.0-or-later
 * region_probe: a process beside a test that opens a region.
 *   hold EVENT HANDLE            maps "ivshmem", sets the named event, waits for the inherited
 * handle exchange PATH OFFSET READ WRITE the text READ must be at OFFSET; puts WRITE behind it
 * Status 1: it went wrong, and says how. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "shm/region.h"

static struct shm_region *open_region(const char *path)
{
    struct shm_region *r;
    struct shm_problem problem;
    if (shm_region_open(path, &r, &problem) < 0) {
        fprintf(stderr, "region_probe: %s\n%s\n", problem.message, problem.advice);
        exit(1);
    }
    return r;
}

static int hold(const char *event, const char *handle)
{
    struct shm_region *r = open_region("ivshmem");
    HANDLE held = OpenEventA(EVENT_MODIFY_STATE, FALSE, event);
    HANDLE stop = (HANDLE)(uintptr_t)strtoull(handle, NULL, 10);
    SetEvent(held);
    WaitForSingleObject(stop, 60000);
    CloseHandle(held);
    shm_region_close(r);
    return 0;
}

static int exchange(const char *path, const char *offset, const char *read, const char *write)
{
    struct shm_region *r = open_region(path);
    char *at = (char *)r->mem + strtoull(offset, NULL, 0);
    const size_t read_bytes = strlen(read);
    const int wrong = memcmp(at, read, read_bytes) != 0;
    if (wrong)
        fprintf(stderr, "region_probe: at %s of %s: '%.16s'\n", offset, path, at);
    memcpy(at + read_bytes, write, strlen(write));
    shm_region_close(r);
    return wrong;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "hold") == 0)
        return hold(argv[2], argv[3]);
    if (argc == 6 && strcmp(argv[1], "exchange") == 0)
        return exchange(argv[2], argv[3], argv[4], argv[5]);
    return 2;
}
