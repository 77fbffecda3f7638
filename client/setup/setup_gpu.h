/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/setup/setup_gpu.h - what the two ways of `espelho setup gpu` share. */
#ifndef ESPELHO_SETUP_SETUP_GPU_H
#define ESPELHO_SETUP_SETUP_GPU_H

#include "setup/setup.h"

enum { SLOT_FUNCTIONS_MAX = 8 };

/* The functions that go to the VM together, in order; borrowed from the machine. */
struct slot {
    const struct pci_function *function[SLOT_FUNCTIONS_MAX];
    size_t count;
    const struct pci_function *gpu;
};

/* From the boot on; refused where the desktop would lose its GPU by that. */
int setup_gpu_early(const struct setup *setup, const struct slot *slot) MUST_CHECK;

#endif
