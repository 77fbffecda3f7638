/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/vm/scaled_size.h - numbers with units, as libvirt takes them and people write them.
 * Threads: any. */
#ifndef ESPELHO_VM_SCALED_SIZE_H
#define ESPELHO_VM_SCALED_SIZE_H

#include <stdbool.h>
#include <stdint.h>

/* Bytes of one: "b", "byte", "bytes"; "K", "KiB" are 1024, "KB" is 1000, and so on to E; in any
 * case of letters. 0: no unit. */
uint64_t scaled_unit(const char *unit);
/* A decimal number, white space around it or not, of that unit ("": bytes). False: not a number,
 * not a unit, or too large; *bytes stays. */
bool scaled_size(const char *number, const char *unit, uint64_t *bytes);
/* "16G", "512M", "16 GiB": a number and, behind it, a unit, which has to be there. */
bool scaled_size_of_text(const char *text, uint64_t *bytes);

#endif
