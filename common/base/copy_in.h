/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/base/copy_in.h - the one way to read structures a hostile peer can change under us.
 * Copy once, check the copy, use the copy. Any thread. */
#ifndef ESPELHO_BASE_COPY_IN_H
#define ESPELHO_BASE_COPY_IN_H

#include <stddef.h>
#include <stdint.h>

/* Reads every byte of `shared` exactly once (volatile, in words where both sides are 4-aligned). */
void copy_in(void *own, const volatile void *shared, size_t len_bytes);

#endif
