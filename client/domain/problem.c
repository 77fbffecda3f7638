/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/problem.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/printable.h"

int domain_problem_set(struct domain_problem *problem, enum domain_fault fault, int err,
                       const char *fmt, ...)
{
    if (!problem)
        return err;
    va_list args;
    va_start(args, fmt);
    vsnprintf(problem->message, sizeof(problem->message), fmt, args);
    va_end(args);
    make_printable(problem->message); /* words of the XML and of libvirt are quoted in it */
    problem->fault = fault;
    return err;
}
