/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/vm/vm_text.h - untrusted words into the fields of a struct vm: texts, sizes, sets of CPUs,
 * entries of its arrays. What cannot be kept is left out and vm->truncated set. Inside client/vm
 * only. Pure functions, any thread. */
#ifndef ESPELHO_VM_VM_TEXT_H
#define ESPELHO_VM_VM_TEXT_H

#include "vm/vm.h"

/* Copies the text (NULL counts as ""); one that is too long, or could move a terminal, gives "". */
void vm_put(struct vm *vm, char *out, size_t cap, const char *text);

/* Is there room for one more of `max`? Counts it if so. */
bool vm_grow(struct vm *vm, size_t *count, size_t max);

/* A decimal number up to 2^32-1; else `otherwise`. */
uint32_t vm_number(const char *text, uint32_t otherwise);

/* "16777216" of `unit` ("KiB", "M", "GB", "b" ...; NULL or "": `default_unit`), as libvirt counts:
 * "KB" is 1000, "K" and "KiB" are 1024. 0: no number, no unit, or too large. */
uint64_t vm_scaled(const char *number, const char *unit, const char *default_unit);
/* As QEMU writes it in one word: "64M", "16g", "4194304k", "1073741824". A bare number counts
 * `bare` bytes each. 0: nothing sensible. */
uint64_t vm_qemu_bytes(const char *word, uint64_t bare);

/* "0-3,^2,8" into bits. False: not such a list, or a CPU beyond VM_CPUS; `cpus` may hold a part. */
bool vm_cpu_set(const char *list, uint8_t cpus[VM_CPUS / 8]);

/* "0000:03:00.0" of its parts, or of "03:00.0"; `out` is "" if they are none. */
void vm_pci_address(uint32_t domain, uint32_t bus, uint32_t slot, uint32_t function, char out[16]);
void vm_pci_address_of(const char *text, char out[16]);

/* A path of hugetlbfs, by its usual places. */
bool vm_is_hugepage_path(const char *path);

/* A feature of the CPU, or of Hyper-V, into the lists; one that is there already is not doubled. */
void vm_add_feature(struct vm *vm, const char *name, bool on);
void vm_add_hyperv(struct vm *vm, const char *name);

/* Fills in *problem (may be NULL), with control characters made spaces; returns `err`. */
int vm_problem_set(struct vm_problem *problem, int err, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
