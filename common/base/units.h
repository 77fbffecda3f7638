/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/base/units.h - amounts of memory, in bytes. */
#ifndef ESPELHO_BASE_UNITS_H
#define ESPELHO_BASE_UNITS_H

#include <stdint.h>

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

#endif
