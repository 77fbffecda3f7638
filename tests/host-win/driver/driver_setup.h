/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/host-win/driver/driver_setup.h - installs the stand-in driver into a Wine prefix and takes
 * it out again. One thread; one prefix has one of it. All return 0 or a Windows error code. */
#ifndef ESPELHO_TESTS_DRIVER_SETUP_H
#define ESPELHO_TESTS_DRIVER_SETUP_H

#include <windows.h>

#include <stddef.h>

#include "stand_in.h"

struct driver_setup {
    const char *sys;          /* path of the driver; forward slashes are fine */
    const char *const *paths; /* Linux paths of the memory, one per device */
    size_t count;             /* at most STAND_IN_DEVICES_MAX */
    DWORD lie;                /* STAND_IN_LIE_* */
    DWORD vectors, peer;      /* STAND_IN_VECTORS, STAND_IN_PEER */
};

/* Registers devices and driver, and starts it. What was there before is taken out first. Device N
 * gets the PCI address 0:(16 - N).0, so that their order is not that of their names. */
DWORD driver_install(const struct driver_setup *setup);
DWORD driver_stop(void); /* unplugged: the devices are gone, their registration stays */
void driver_remove(void);

/* On device N, through a handle that the call opens: rings somebody, itself if `peer` is its own;
 * tells what others rang through it. */
DWORD driver_ring(unsigned n, unsigned short peer, unsigned short vector);
DWORD driver_rings(unsigned n, struct stand_in_rings *out);

/* Whether the system knows an IVSHMEM device that has no driver. */
void driver_set_bare_hardware(BOOL present);

#endif
