/* SPDX-License-Identifier: GPL-2.0-or-later
 * common/shm/region_problem_windows.h - region_problem.h's part that only region_windows.c needs.
 */
#ifndef ESPELHO_SHM_REGION_PROBLEM_WINDOWS_H
#define ESPELHO_SHM_REGION_PROBLEM_WINDOWS_H

#include <windows.h>

#include "shm/region_problem.h"

/* shm_problem_set() for a failed call of Windows: its error code chooses the fault, and is told
 * with the system's own words. */
int shm_problem_from_windows(struct shm_problem *problem, const char *path, DWORD error,
                             const char *what);

#endif
