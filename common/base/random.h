/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/base/random.h - random numbers from the operating system. Any thread. */
#ifndef ESPELHO_BASE_RANDOM_H
#define ESPELHO_BASE_RANDOM_H

#include <stdint.h>

/* Never fails: where the system has no random source left, clock bits are returned instead (the ids
 * made from this are hints against mix-ups, not secrets). */
uint32_t random_u32(void);

#endif
