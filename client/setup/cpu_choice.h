/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/setup/cpu_choice.h - which cores a VM gets: whole cores (both threads), of as few L3
 * caches as possible, fast ones of a hybrid CPU, and never core 0, which has most of the host's
 * interrupts. Pure. */
#ifndef ESPELHO_SETUP_CPU_CHOICE_H
#define ESPELHO_SETUP_CPU_CHOICE_H

#include "machine/machine.h"
#include "setup/cpu_list.h"

struct cpu_choice {
    uint32_t vm[CPU_SET_MAX]; /* in the guest's order: the threads of a core behind each other */
    size_t vm_count;
    uint32_t cores, threads; /* as the guest shall see them */
    uint32_t caches;         /* how many L3 caches these cores share */
    struct cpu_set vm_set, host_set, all_set;
};
/* `cores` 0: one whole L3 cache where there are several, else all fast cores but two (but one of
 * up to three). -ERANGE: there are not so many, since the host keeps one; -ENOENT: the topology is
 * not known. */
int cpu_choose(const struct machine_cpu *cpu, uint32_t cores, struct cpu_choice *out) MUST_CHECK;
/* How many cores it can give at most. */
uint32_t cpu_choice_most(const struct machine_cpu *cpu);

#endif
