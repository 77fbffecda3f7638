/* SPDX-License-Identifier: GPL-2.0-or-later
 * tests/client/doctor/examine.h - runs one check over a made-up machine, a VM's XML and the tree
 * that the test wrote (machine/tree.h), and says what came of it. */
#ifndef ESPELHO_TESTS_DOCTOR_EXAMINE_H
#define ESPELHO_TESTS_DOCTOR_EXAMINE_H

#include "doctor/doctor.h"

/* A Debian with the user ana (1000; libvirt, kvm), 16 GiB, an AMD of 8 cores: CPUs 0-3 and their
 * second threads 8-11 on one L3 cache, 4-7 and 12-15 on the other. An NVIDIA card at 0000:01:00
 * (picture, sound, USB), vfio-pci has it; an AMD card at 0000:02:00.0, amdgpu has it. To be changed
 * by the test. */
struct machine *examine_machine(void);

/* Begins a tree and opens nothing yet. First call of each test. */
void examine_begin(void);
/* A line of .espelho/stat: "100660 1000 36 67108864 0:0 /dev/shm/x". */
void examine_stat(const char *line);
/* What a program prints; `line`: its words, parted by spaces. */
void examine_command(const char *line, int status, const char *text);

/* The VM of "<domain>" + body + "</domain>", or of a whole document. NULL body: no VM. */
void examine_vm(const char *body);
void examine_process(const char *words_parted_by_bars);
const struct doctor_probes **examine_probes(void);
/* The viewer's settings; NULL (as at first): not known. */
const struct doctor_viewer **examine_viewer(void);

/* "failure: what was found", one line per finding; kept until the next call. examine_fix(): the fix
 * of the first finding with one, or "". */
const char *examine(const char *id);
const char *examine_fix(void);

#endif
