/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/shm/region_problem.h - the words for everything that can be wrong with a region. Used by
 * region_*.c only. */
#ifndef ESPELHO_SHM_REGION_PROBLEM_H
#define ESPELHO_SHM_REGION_PROBLEM_H

#include <stdint.h>

#include "base/macros.h"
#include "shm/region.h"

/* Sets fault, errno value (positive or 0) and the message; the advice follows from the fault.
 * Returns the negative errno to hand on (-EINVAL where `err` is 0). `problem` may be NULL. */
int shm_problem_set(struct shm_problem *problem, const char *path, enum shm_fault fault, int err,
                    const char *fmt, ...) PRINTF_LIKE(5, 6);
/* shm_problem_set() for a failed system call: its errno chooses the fault. `what` is said of the
 * path: "cannot be opened". */
int shm_problem_from_errno(struct shm_problem *problem, const char *path, int err,
                           const char *what);

#ifndef _WIN32
/* The socket in "unix:PATH", or NULL: it names no server. */
const char *shm_server_path(const char *name);
#endif

#endif
