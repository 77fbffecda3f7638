/* SPDX-License-Identifier: GPL-2.0-or-later
 * driver_tool install SYS SHMPATH... | stop | remove | ring PEER VECTOR | rings: driver_setup.h for
 * scripts. With ESPELHO_VECTORS in the environment, devices have doorbells, and the first is peer
 * ESPELHO_PEER. ring and rings: on device 0; the latter prints the number of all rings, then the
 * last of them as PEER.VECTOR. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver_setup.h"

static int report(const char *what, DWORD error)
{
    if (error)
        fprintf(stderr, "driver_tool: %s: Windows error %lu\n", what, error);
    return error ? 1 : 0;
}

static DWORD number_from(const char *name)
{
    const char *text = getenv(name);
    return text ? strtoul(text, NULL, 10) : 0;
}

static int print_rings(void)
{
    struct stand_in_rings r;
    const DWORD error = driver_rings(0, &r);
    if (error)
        return report("rings", error);
    printf("%u", r.count);
    for (unsigned i = 0; i < STAND_IN_RINGS_KEPT; i++)
        if (i + r.count >= STAND_IN_RINGS_KEPT)
            printf(" %u.%u", r.last[i].peer, r.last[i].vector);
    printf("\n");
    return 0;
}

int main(int argc, char **argv)
{
    if (argc >= 4 && argc - 3 <= STAND_IN_DEVICES_MAX && strcmp(argv[1], "install") == 0) {
        const struct driver_setup setup = { .sys = argv[2],
                                            .paths = (const char *const *)argv + 3,
                                            .count = (size_t)argc - 3,
                                            .vectors = number_from("ESPELHO_VECTORS"),
                                            .peer = number_from("ESPELHO_PEER") };
        return report("install", driver_install(&setup));
    }
    if (argc == 2 && strcmp(argv[1], "stop") == 0)
        return report("stop", driver_stop());
    if (argc == 2 && strcmp(argv[1], "remove") == 0) {
        driver_remove();
        return 0;
    }
    if (argc == 4 && strcmp(argv[1], "ring") == 0)
        return report("ring", driver_ring(0, (unsigned short)strtoul(argv[2], NULL, 10),
                                          (unsigned short)strtoul(argv[3], NULL, 10)));
    if (argc == 2 && strcmp(argv[1], "rings") == 0)
        return print_rings();
    fputs("driver_tool install SYS SHMPATH... | stop | remove | ring PEER VECTOR | rings\n",
          stderr);
    return 2;
}
