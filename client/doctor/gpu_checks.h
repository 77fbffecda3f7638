/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/doctor/gpu_checks.h - the functions of the graphics cards' checks, which are too many for
 * one file; check_gpu.c has their table. */
#ifndef ESPELHO_DOCTOR_GPU_CHECKS_H
#define ESPELHO_DOCTOR_GPU_CHECKS_H

#include "doctor/check.h"

/* ---- gpu_binding.c: which driver has the card ---- */
void gpu_check_vfio(const struct doctor_facts *facts, struct findings *out);
void gpu_check_functions(const struct doctor_facts *facts, struct findings *out);
void gpu_check_same_ids(const struct doctor_facts *facts, struct findings *out);
void gpu_check_blacklist(const struct doctor_facts *facts, struct findings *out);

/* "sudo espelho setup gpu ..." for the VM at hand, or for NAME; `more`: "" or further options.
 * NULL: no memory. */
char *gpu_setup_command(const struct doctor_facts *facts, const struct pci_function *gpu,
                        const char *more);

/* ---- gpu_bars.c: the windows to the card's memory ---- */
void gpu_check_bars(const struct doctor_facts *facts, struct findings *out);
void gpu_check_bar2(const struct doctor_facts *facts, struct findings *out);

/* ---- gpu_sriov.c: cards that part themselves ---- */
void gpu_check_sriov(const struct doctor_facts *facts, struct findings *out);

#endif
