/* SPDX-License-Identifier: GPL-2.0-or-later
 * client/spice/problem.h - filling in a struct spice_problem, and text of the other side made fit
 * for a person's terminal. No state, any thread. */
#ifndef ESPELHO_SPICE_PROBLEM_H
#define ESPELHO_SPICE_PROBLEM_H

#include "base/macros.h"
#include "spice/channel.h"

/* The text is cut if it is too long. */
void spice_problem_set(struct spice_problem *problem, enum spice_fault fault, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* Copies at most `count` bytes that the other side wrote, as a string: control characters and what
 * is not UTF-8 become '?', a cut falls between characters, a NUL ends it. */
void spice_text_clean(char *out, size_t out_bytes, const uint8_t *text, size_t count);

#endif
