/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/domain/qemu_option.h - one argument of QEMU's command line, "driver,key=value,..." or the
 * flat JSON object that newer set-ups use. For client/domain and client/vm. Pure functions, any
 * thread. */
#ifndef ESPELHO_DOMAIN_QEMU_OPTION_H
#define ESPELHO_DOMAIN_QEMU_OPTION_H

#include <stdbool.h>
#include <stddef.h>

/* Copies the value of `key` into `out`, with escapes undone. `first`: the key that the first word
 * has when it is written without one ("driver" of -device, "qom-type" of -object), or NULL. False:
 * not there, or it does not fit. */
bool qemu_option_get(const char *text, const char *first, const char *key, char *out,
                     size_t out_bytes);
/* Is `key` there with the value `value`? */
bool qemu_option_is(const char *text, const char *first, const char *key, const char *value);

#endif
