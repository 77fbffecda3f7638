/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/setup/qemu_argument.h - values of QEMU's options: "driver,key=value,..." or JSON with
 * either quotes, as people write them into <qemu:commandline>. Pure functions on untrusted text,
 * any thread. */
#ifndef ESPELHO_SETUP_QEMU_ARGUMENT_H
#define ESPELHO_SETUP_QEMU_ARGUMENT_H

#include <stdbool.h>
#include <stddef.h>

/* Where the value of `key` is in `arg`; false: there is none. */
bool qemu_argument_find(const char *arg, const char *key, const char **value, size_t *len_bytes);
/* The same, copied. False also if it is longer than the room. */
bool qemu_argument_get(const char *arg, const char *key, char *out, size_t out_bytes);
/* Whether it is of that kind: the first word, or the value of `key` in JSON. */
bool qemu_argument_is(const char *arg, const char *key, const char *kind);

#endif
