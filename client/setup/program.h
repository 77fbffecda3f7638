/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/setup/program.h - runs a program that changes the machine, and waits for it.
 *
 * Never a shell; found by PATH. It gets an empty input and the C locale; what it prints on both
 * outputs is kept, PROGRAM_MAX_BYTES at most. It is not ended by us: half a change would be worse
 * than waiting. Threads: any. */
#ifndef ESPELHO_SETUP_PROGRAM_H
#define ESPELHO_SETUP_PROGRAM_H

#include "base/macros.h"

enum { PROGRAM_MAX_BYTES = 4 << 20 };

/* *printed: heap text. 0, whatever its *status is (128 + signal if it was ended by one); -ENOENT:
 * not installed; -ENOMEM, -errno. */
int program_run(const char *const argv[], char **printed, int *status) MUST_CHECK;

#endif
