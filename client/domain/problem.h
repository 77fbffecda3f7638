/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/domain/problem.h - fills in a domain_problem. Inside client/domain only. Any thread. */
#ifndef ESPELHO_DOMAIN_PROBLEM_H
#define ESPELHO_DOMAIN_PROBLEM_H

#include "domain/domain.h"

/* Returns `err`, to be handed on. `problem` may be NULL. */
int domain_problem_set(struct domain_problem *problem, enum domain_fault fault, int err,
                       const char *fmt, ...) PRINTF_LIKE(4, 5);

#endif
