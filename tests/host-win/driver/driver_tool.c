/* SPDX-License-Identifier: GPL-2.0-or-later
 * driver_tool install SYS SHMPATH... | stop | remove: driver_setup.h for scripts. */
#include <stdio.h>
#include <string.h>

#include "driver_setup.h"

static int report(const char *what, DWORD error)
{
    if (error)
        fprintf(stderr, "driver_tool: %s: Windows error %lu\n", what, error);
    return error ? 1 : 0;
}

int main(int argc, char **argv)
{
    if (argc >= 4 && argc - 3 <= STAND_IN_DEVICES_MAX && strcmp(argv[1], "install") == 0) {
        const struct driver_setup setup = { .sys = argv[2],
                                            .paths = (const char *const *)argv + 3,
                                            .count = (size_t)argc - 3 };
        return report("install", driver_install(&setup));
    }
    if (argc == 2 && strcmp(argv[1], "stop") == 0)
        return report("stop", driver_stop());
    if (argc == 2 && strcmp(argv[1], "remove") == 0) {
        driver_remove();
        return 0;
    }
    fputs("driver_tool install SYS SHMPATH... | stop | remove\n", stderr);
    return 2;
}
