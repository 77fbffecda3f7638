/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/machine/program.h - runs a program of the machine's: one that changes something, or one
 * that is only asked.
 *
 * Never a shell; found by PATH, and in /usr/sbin, which users' PATH often lacks. It gets an empty
 * input and, but for our own program, the C locale. *printed is heap text. Threads: any. Errors of
 * all: -ENOENT (not installed), -ENOMEM, -errno. */
#ifndef ESPELHO_MACHINE_PROGRAM_H
#define ESPELHO_MACHINE_PROGRAM_H

#include <stdint.h>

#include "base/macros.h"

enum { PROGRAM_MAX_BYTES = 8 << 20 };

/* One that changes the machine. It is not ended by us: half a change would be worse than waiting.
 * What it prints on both outputs is kept, what is beyond PROGRAM_MAX_BYTES forgotten. 0, whatever
 * its *status is (128 + signal if it was ended by one). */
int program_run(const char *const argv[], char **printed, int *status) MUST_CHECK;
/* One that is asked; its errors' output is dropped. *status: its exit status. -ETIMEDOUT: ended
 * after `limit_ms`, with all that it started; -EFBIG: more than PROGRAM_MAX_BYTES; -EINTR: it was
 * ended by a signal. */
int program_ask(const char *const argv[], uint32_t limit_ms, char **printed,
                int *status) MUST_CHECK;
/* The same of this very program, by another of its verbs. It speaks the user's language,
 * since what it says is shown. */
int program_ask_ourselves(const char *verb, const char *word, uint32_t limit_ms, char **printed,
                          int *status) MUST_CHECK;

#endif
