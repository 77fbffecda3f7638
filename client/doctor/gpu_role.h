/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/doctor/gpu_role.h - which graphics card is whose: the desktop's, or the guest's.
 *
 * What the VM's definition and the drivers say counts first; else it is taken that the guest gets
 * what people pass through: the card in a slot and not the graphics in the processor; of two cards
 * the one with more memory; of equal ones that on which the firmware does not show its picture.
 * Threads: any one thread. */
#ifndef ESPELHO_DOCTOR_GPU_ROLE_H
#define ESPELHO_DOCTOR_GPU_ROLE_H

#include "doctor/check.h"

enum gpu_role {
    GPU_OF_HOST,
    GPU_OF_GUEST,
    GPU_ONLY_ONE /* desktop and guest must take turns */
};
enum gpu_role gpu_role_of(const struct doctor_facts *facts, const struct pci_function *gpu);

/* Part of the processor: not in a slot, and rarely passed through as a whole. */
bool gpu_is_integrated(const struct machine *m, const struct pci_function *gpu);
bool gpu_has_vfio(const struct pci_function *f);

/* "0000:03:00.0 NVIDIA GeForce RTX 3090", for finding_add(). */
struct gpu_subject {
    char text[208];
};
struct gpu_subject gpu_subject(const struct pci_function *f);

/* Calls for each GPU of that role, in the order of addresses. */
void gpu_each(const struct doctor_facts *facts, enum gpu_role role,
              void (*on_gpu)(const struct doctor_facts *facts, const struct pci_function *gpu,
                             struct findings *out),
              struct findings *out);

#endif
