/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/machine/machine_private.h - the parts of machine_load(), one file each. */
#ifndef ESPELHO_MACHINE_MACHINE_PRIVATE_H
#define ESPELHO_MACHINE_MACHINE_PRIVATE_H

#include "machine/machine.h"

/* The parameters are there already: they tell about the boot loader. */
int distro_load(struct machine *m) MUST_CHECK;

int cpu_load(struct root *root, struct machine_cpu *out) MUST_CHECK;
void cpu_free(struct machine_cpu *cpu);

/* -ENOMEM, or why there is no list; then *out is empty. */
int pci_load(struct root *root, struct pci_function **out, size_t *count) MUST_CHECK;
/* Names from the first pci.ids that is there. */
void pci_names_load(struct root *root, struct pci_function *functions, size_t count);

/* Calls `on_cpu` for each number of a list as the kernel writes it, "0-3,8"; what is beyond
 * `limit`, no list, or one that names far more than that, ends it. */
void cpu_list_each(const char *list, uint32_t limit, void (*on_cpu)(void *ctx, uint32_t cpu),
                   void *ctx);
/* Whether `name` is an address of PCI, "0000:03:00.0". */
bool pci_is_address(const char *name);
/* Copies text that will be shown to a person: cut to `cap`, control characters as '?'. */
void copy_shown(const char *text, size_t len_bytes, char *out, size_t cap);

#endif
