/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/shm/guard.h - keeps a mapping readable when its file is truncated or its device goes away.
 * Used by region_*.c only.
 *
 * Touching a page behind the end of a mapped file raises SIGBUS. The handler finds the mapping in a
 * fixed table of atomics, puts zero pages in place of what vanished, and marks it lost; the access
 * that failed is then repeated by the CPU and succeeds. On Windows a vectored handler does the same
 * for access violations, with all of the mapping: as VirtualAlloc() memory, to be released by
 * VirtualFree(). Threads: add and remove from any; the
 * handler runs on whichever thread touched the page. */
#ifndef ESPELHO_SHM_GUARD_H
#define ESPELHO_SHM_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"

struct shm_guard;

/* Watches [mem, mem + len_bytes), page-aligned. 0; -ENFILE: the table is full; -errno of sigaction.
 */
int shm_guard_add(void *mem, size_t len_bytes, struct shm_guard **out) MUST_CHECK;
/* To be called before the memory is unmapped. NULL is fine. */
void shm_guard_remove(struct shm_guard *guard);
bool shm_guard_lost(const struct shm_guard *guard);

#endif
