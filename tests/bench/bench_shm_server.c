/* SPDX-License-Identifier: GPL-2.0-or-later
 * The ivshmem server: how long a viewer takes from connecting to a mapped region with bells, and
 * how much memory the server needs beside the region. Argument: the server's program. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/macros.h"
#include "child.h"
#include "figure.h"
#include "shm/doorbell.h"
#include "shm/region.h"

enum { OPENS = 300, OTHERS = 8, START_MS = 10000 };

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static struct shm_region *open_or_die(const char *name)
{
    struct shm_region *r = NULL;
    struct shm_problem problem = { 0 };
    if (shm_region_open(name, &r, &problem) < 0) {
        fprintf(stderr, "%s\n", problem.message);
        exit(2);
    }
    return r;
}

static void wait_for_server(const char *name)
{
    const uint64_t end_ns = clock_ns() + START_MS * NS_PER_MS;
    struct shm_region *r = NULL;
    while (shm_region_open(name, &r, NULL) < 0 && clock_ns() < end_ns)
        clock_sleep_until_ns(clock_ns() + 5 * NS_PER_MS);
    shm_region_close(r);
}

/* Resident, without what of the region it may have mapped. */
static double resident_kib(pid_t pid)
{
    char path[64], line[128];
    long rss = 0, shared = 0;
    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof(line), f)) {
        (void)!sscanf(line, "VmRSS: %ld", &rss);
        (void)!sscanf(line, "RssShmem: %ld", &shared);
    }
    if (f)
        fclose(f);
    return rss > shared ? (double)(rss - shared) : 1e9;
}

static void measure(pid_t server, const char *name)
{
    static double ms[OPENS];
    struct shm_region *others[OTHERS];
    for (int i = 0; i < OTHERS; i++)
        others[i] = open_or_die(name);
    for (int i = 0; i < OPENS; i++) {
        const uint64_t start_ns = clock_ns();
        struct shm_region *r = open_or_die(name);
        ms[i] = (double)(clock_ns() - start_ns) / (double)NS_PER_MS;
        shm_region_close(r);
        for (int n = 0; n < OTHERS; n++)
            others[n]->doorbell->ops->refresh(others[n]->doorbell);
    }
    qsort(ms, OPENS, sizeof(ms[0]), by_value);
    figure_at_most("shm-server: connect to ready, median", ms[OPENS / 2], 2, "ms");
    figure_note("shm-server: connect to ready, p99", ms[OPENS * 99 / 100], "ms");
    figure_hard("shm-server: resident memory besides the region", resident_kib(server), 4096,
                "KiB");
    for (int i = 0; i < OTHERS; i++)
        shm_region_close(others[i]);
}

int main(int argc, char **argv)
{
    char dir[] = "/tmp/espelho-bench-XXXXXX", path[64], name[80];
    if (argc != 2 || !mkdtemp(dir))
        return 2;
    snprintf(path, sizeof(path), "%s/vm.sock", dir);
    snprintf(name, sizeof(name), "unix:%s", path);
    /* Without its log: thousands come and go. */
    const char *const words[] = { "/bin/sh", "-c",         "exec \"$0\" \"$@\" 2>/dev/null",
                                  argv[1],   "--size=64M", "--prefault",
                                  path,      NULL };
    const pid_t server = child_spawn(words, -1, -1);
    wait_for_server(name);
    do
        measure(server, name);
    while (bench_again());
    child_end(server);
    rmdir(dir);
    return bench_result();
}
