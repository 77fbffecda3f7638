/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/problem.h"

#include <stdarg.h>
#include <stdio.h>

/* Words of the XML and of libvirt are quoted in messages: they may not move the terminal. */
static void calm(char *text)
{
    for (unsigned char *c = (unsigned char *)text; *c; c++)
        if (*c < ' ' || *c == 0x7f)
            *c = ' ';
}

int domain_problem_set(struct domain_problem *problem, enum domain_fault fault, int err,
                       const char *fmt, ...)
{
    if (!problem)
        return err;
    va_list args;
    va_start(args, fmt);
    vsnprintf(problem->message, sizeof(problem->message), fmt, args);
    va_end(args);
    calm(problem->message);
    problem->fault = fault;
    return err;
}
