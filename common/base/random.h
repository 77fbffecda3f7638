/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/base/random.h - random numbers from the operating system. Any thread. */
#ifndef ESPELHO_BASE_RANDOM_H
#define ESPELHO_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

/* Never fails: where the system has no random source left, clock bits are returned instead (the ids
 * made from this are hints against mix-ups, not secrets). */
uint32_t random_u32(void);
/* Fit for secrets. 0, or -EIO: the system has none to give; `out` is then not to be used. */
int random_bytes(void *out, size_t count) MUST_CHECK;

#endif
