/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/doctor/domain_check.h - the checks of a VM's definition, which check_domain.c lists: one
 * file per part of it. doctor.c runs them only if there is a VM. Inside client/doctor only. */
#ifndef ESPELHO_DOCTOR_DOMAIN_CHECK_H
#define ESPELHO_DOCTOR_DOMAIN_CHECK_H

#include "doctor/check.h"

typedef void domain_check(const struct doctor_facts *facts, struct findings *out);

/* domain_cpu.c, domain_pinning.c */
domain_check domain_cpu_model, domain_topology, domain_pinning, domain_emulator;
/* domain_memory.c */
domain_check domain_memory, domain_hugepages, domain_memballoon;
/* domain_hyperv.c: what Windows and its drivers are told */
domain_check domain_code43, domain_hyperv;
/* domain_hostdev.c */
domain_check domain_hostdev, domain_rom;
/* domain_devices.c */
domain_check domain_video, domain_spice, domain_agent, domain_sound, domain_usb;
/* domain_input.c */
domain_check domain_input, domain_evdev;
/* domain_shmem.c */
domain_check domain_shmem, domain_shmem_size;

/* What computes it; heap text or NULL (domain_pinning.c). */
char *domain_pinning_advice(const struct doctor_facts *facts);
/* The passed-through function, or NULL: this machine has none at that address (or was not read). */
const struct pci_function *domain_function(const struct doctor_facts *facts,
                                           const struct vm_hostdev *dev);
/* Is one of the passed-through functions a GPU, or may it be one? */
bool domain_has_gpu(const struct doctor_facts *facts);

#endif
