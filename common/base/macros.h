/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/base/macros.h - the few macros that every folder uses. No state, no threads. */
#ifndef ESPELHO_BASE_MACROS_H
#define ESPELHO_BASE_MACROS_H

#include <stddef.h>

#define ARRAY_LEN(a)                    (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#if defined(__MINGW32__)
#define PRINTF_LIKE(fmt, args) __attribute__((format(gnu_printf, fmt, args)))
#else
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#endif
#define MUST_CHECK __attribute__((warn_unused_result))
#define UNUSED     __attribute__((unused))

#endif
