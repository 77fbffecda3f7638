/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/setup/cpu_list.h - sets of CPUs as the kernel and libvirt write them: "0-1,8-9". Pure. */
#ifndef ESPELHO_SETUP_CPU_LIST_H
#define ESPELHO_SETUP_CPU_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

enum { CPU_SET_MAX = 1024, CPU_LIST_BYTES = 4096 };

struct cpu_set {
    bool has[CPU_SET_MAX];
};
/* Always whole: the longest list of CPU_SET_MAX fits into CPU_LIST_BYTES. "" for an empty set. */
void cpu_list_text(const struct cpu_set *set, char text[CPU_LIST_BYTES]);
/* The same as single words, "0 1 8 9", for scripts. */
void cpu_list_words(const struct cpu_set *set, char text[CPU_LIST_BYTES]);

#endif
